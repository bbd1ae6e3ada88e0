/** `<button data-copy="ID">` copies the text of that element. */
import { say } from "./say.ts";

const SHOWN_MS = 2_000;

export function offerCopies(): void {
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLElement>("[data-copy]") : null;
    const source = button && document.getElementById(button.dataset["copy"] ?? "");
    if (button && source) void copy(button, source);
  });
}

async function copy(button: HTMLElement, source: HTMLElement): Promise<void> {
  const done = await write(source);
  const words = button.textContent;
  const told = done ? "Copied" : "Not copied: select it";
  button.textContent = told;
  say(told);
  setTimeout(() => {
    if (button.textContent === told) button.textContent = words;
  }, SHOWN_MS);
}

/** The clipboard is closed to pages that come without TLS from another machine; what is selected can be copied there too. */
async function write(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return document.execCommand("copy");
  }
}
