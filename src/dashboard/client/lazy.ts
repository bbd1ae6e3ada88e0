/**
 * Parts that are fetched when they are looked at. `<details data-src="ADDRESS">`, once opened, is followed by what lies there: a
 * page's part, or what a program printed (JSON with `text`, and `cut` if it is only the end). With `data-live` it is fetched
 * again whenever the page changed, and when it is opened again.
 */
import { Idiomorph } from "idiomorph";
import { visible } from "../../words.ts";
import { get } from "./say.ts";
import { tellTimes } from "./times.ts";

export function loadWhenOpened(): void {
  // It does not bubble.
  document.addEventListener(
    "toggle",
    ({ target }) => void (target instanceof HTMLDetailsElement && load(target)),
    true,
  );
}

/** A link that leads to a folded part opens it. */
export function openTargets(): void {
  const open = () => {
    const target = document.querySelector(":target");
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  open();
  window.addEventListener("hashchange", open);
}

/** After the page became another one. */
export function loadAgain(): void {
  for (const details of document.querySelectorAll<HTMLDetailsElement>("details[data-live][open]")) void load(details);
}

async function load(details: HTMLDetailsElement): Promise<void> {
  const { src, live } = details.dataset;
  const known = details.querySelector(":scope > [data-loaded]");
  if (!src || !details.open || (known && live === undefined)) return;
  const place = known ?? placeIn(details);
  try {
    const content = document.createElement("div");
    content.append(...(await contentOf(await get(src))));
    Idiomorph.morph(place, content.innerHTML, { morphStyle: "innerHTML" });
    place.ariaBusy = null;
    tellTimes();
  } catch (error) {
    if (known) return;
    // Opened again, it is tried again.
    place.removeAttribute("data-loaded");
    place.role = "alert";
    place.ariaBusy = null;
    place.textContent = error instanceof Error ? error.message : String(error);
    details.addEventListener("toggle", () => place.remove(), { once: true });
  }
}

function placeIn(details: HTMLDetailsElement): Element {
  const place = document.createElement("div");
  place.setAttribute("data-loaded", "");
  place.ariaBusy = "true";
  place.textContent = "Loading…";
  details.append(place);
  return place;
}

async function contentOf(response: Response): Promise<Node[]> {
  if (response.headers.get("Content-Type")?.startsWith("application/json")) return printed(await response.json());
  return [...new DOMParser().parseFromString(await response.text(), "text/html").body.childNodes];
}

function printed({ text, cut }: { text?: string; cut?: boolean }): Node[] {
  const figure = document.createElement("figure");
  figure.className = "code";
  figure.tabIndex = 0;
  figure.ariaLabel = "Output";
  const lines = document.createElement("pre");
  lines.textContent = visible(text || "Nothing was printed.");
  figure.append(lines);
  if (!cut) return [figure];
  const note = document.createElement("p");
  note.className = "muted small";
  note.textContent = "Only the end of it is shown.";
  return [note, figure];
}
