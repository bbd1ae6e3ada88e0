/** Keeps the words of relative times true, and says the exact ones as the reader's own clock has them. */
import { ago, since } from "../ago.ts";

const EVERY_MS = 30_000;

const WORDS = new Map([
  ["ago", ago],
  ["since", since],
]);

export function keepTimes(): void {
  tellTimes();
  setInterval(tellTimes, EVERY_MS);
}

/** Once, after the page became another one too. */
export function tellTimes(): void {
  const now = serversNow();
  for (const time of document.querySelectorAll("time[data-words]")) {
    const at = time.getAttribute("datetime") ?? "";
    const words = WORDS.get(time.getAttribute("data-words") ?? "")?.(at, now);
    if (words !== undefined && words !== time.textContent) time.textContent = words;
    time.setAttribute("title", `${new Date(at).toLocaleString()} (${at.slice(0, 19).replace("T", " ")} UTC)`);
  }
}

/** By how much the clock of the server is ahead of ours: known of each page that it sent. */
let ahead: { page: string; ms: number } | null = null;

function serversNow(): number {
  const page = document.getElementById("main")?.dataset["now"] ?? "";
  if (page && ahead?.page !== page) ahead = { page, ms: Date.parse(page) - Date.now() };
  return Date.now() + (ahead?.ms ?? 0);
}
