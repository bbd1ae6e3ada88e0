/** The theme: the system's, or the one that was chosen here and is remembered by the browser. */

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

const KEY = "theme";

/** Before anything is painted. */
export function applyTheme(): void {
  show(chosen());
}

/** The button goes from one theme to the next. */
export function offerThemes(): void {
  const button = document.getElementById("theme");
  if (!button) return;
  const tell = (theme: Theme) => {
    button.textContent = `Theme: ${theme}`;
  };
  tell(chosen());
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length] ?? "auto";
    remember(next);
    show(next);
    tell(next);
  });
  // Another window of the page chose.
  addEventListener("storage", () => {
    show(chosen());
    tell(chosen());
  });
}

function show(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** For as long as the window stands, if the browser keeps nothing. */
let kept: Theme = "auto";

function chosen(): Theme {
  const stored = storage()?.getItem(KEY);
  return THEMES.find((theme) => theme === stored) ?? kept;
}

function remember(theme: Theme): void {
  kept = theme;
  storage()?.setItem(KEY, theme);
}

/** Null if the browser was told to keep nothing. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
