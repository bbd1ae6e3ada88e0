/** The colours of a drawing, for the style sheet of whoever shows it: a drawing itself has classes alone. */

const LIGHT =
  "--g-paper:#fff;--g-ink:#1f2328;--g-soft:#59636e;--g-line:#7d8590;--g-box:#f6f8fa;--g-server:#ddf4ff;" +
  "--g-branches:#fbefff;--g-person:#fff8c5;--g-no:#cf222e;--g-walked:#0969da;--g-here:#1a7f37";
const DARK =
  "--g-paper:#0d1117;--g-ink:#e6edf3;--g-soft:#9198a1;--g-line:#7d8590;--g-box:#161b22;--g-server:#0c2d4a;" +
  "--g-branches:#2d1b45;--g-person:#332a06;--g-no:#ff7b72;--g-walked:#58a6ff;--g-here:#3fb950";

/** Rules for `.graph`: light, and dark as the system is. Its variables are there to be set by a page with a choice of its own. */
export const GRAPH_CSS = `.graph{${LIGHT};color:var(--g-ink);font-family:system-ui,-apple-system,"Segoe UI",sans-serif}
@media(prefers-color-scheme:dark){.graph{${DARK}}}
.graph .g-paper{fill:var(--g-paper)}
.graph text{fill:var(--g-ink)}
.graph .g-small{fill:var(--g-soft)}
.graph .g-label{fill:var(--g-soft);stroke:var(--g-paper)}
.graph .g-box{fill:var(--g-box);stroke:var(--g-line)}
.graph .g-server .g-box{fill:var(--g-server)}
.graph .g-branches .g-box{fill:var(--g-branches)}
.graph .g-approval .g-box{fill:var(--g-person)}
.graph .g-line{stroke:var(--g-line)}
.graph .g-head{fill:var(--g-line)}
.graph .g-denied .g-line{stroke:var(--g-no)}
.graph .g-denied .g-head,.graph .g-denied .g-label{fill:var(--g-no)}
.graph .g-taken .g-line{stroke:var(--g-walked)}
.graph .g-taken .g-head,.graph .g-taken .g-label{fill:var(--g-walked)}
.graph .g-visited .g-box{stroke:var(--g-walked)}
.graph .g-current .g-box{stroke:var(--g-here)}
.graph .g-badge{fill:var(--g-walked)}
.graph .g-current .g-badge{fill:var(--g-here)}
.graph .g-badge-text{fill:var(--g-paper)}
.graph a:focus-visible .g-box{stroke:var(--g-ink);stroke-width:3}`;
