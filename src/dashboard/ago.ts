/** How long ago a time was, in words: for the server, and for the page's script, which keeps them true. */
import { duration } from "../words.ts";

/** Nearer than this is now, in milliseconds. */
const NOW_MS = 10_000;

/** `just now`, `3 min ago`, `in 2 h`; `at` is an ISO time, `now` milliseconds. */
export function ago(at: string, now: number): string {
  const passed = now - Date.parse(at);
  if (Math.abs(passed) < NOW_MS) return passed < 0 ? "now" : "just now";
  return passed > 0 ? `${duration(passed)} ago` : `in ${duration(-passed)}`;
}

/** `3 min`: how long it lasts by now. */
export function since(at: string, now: number): string {
  return duration(now - Date.parse(at));
}
