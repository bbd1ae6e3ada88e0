/**
 * What a person is about to say yes or no to is not changed under their eyes: that it has changed is told, and it is shown when
 * they ask for it. `<section data-bound="HASH">` holds it. A yes to what still stands here is refused by the server.
 */
import { say } from "./say.ts";

const WORDS = "What you are asked about has changed since it was shown here.";

/** Whether the page that came asks about something else than the one here; if so, it is told. */
export function isAskedAnew(here: Element, coming: Element): boolean {
  const shown = here.querySelector<HTMLElement>("[data-bound]");
  const now = coming.querySelector<HTMLElement>("[data-bound]");
  if (!shown || !now || shown.dataset["bound"] === now.dataset["bound"]) return false;
  if (!document.getElementById("asked-anew")) here.prepend(notice());
  return true;
}

function notice(): HTMLElement {
  const place = document.createElement("p");
  place.id = "asked-anew";
  place.className = "notice asks";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show it";
  button.addEventListener("click", () => location.reload());
  place.append(`${WORDS} `, button);
  say(WORDS);
  return place;
}
