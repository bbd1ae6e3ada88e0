/** Times: relative in words, the exact one in `datetime` and `title`. The page's script keeps the words true. */
import { duration } from "../words.ts";
import { ago, since } from "./ago.ts";

/** An ISO time, and what time it is now. */
interface Moment {
  at: string;
  now: Date;
}

/** `3 min ago`, `in 2 h`. */
export function Ago({ at, now }: Moment) {
  return (
    <time datetime={at} title={exactTime(at)} data-words="ago">
      {ago(at, now.getTime())}
    </time>
  );
}

/** `3 min`: how long it has lasted, which goes on. */
export function Since({ at, now }: Moment) {
  return (
    <time datetime={at} title={`since ${exactTime(at)}`} data-words="since">
      {since(at, now.getTime())}
    </time>
  );
}

/** `850 ms`, `2.4 s`, `45 s`, `12 min`: how long something took. */
export function tookWords(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 10_000 ? `${(milliseconds / 1_000).toFixed(1)} s` : duration(milliseconds);
}

/** `2026-11-27 10:02:03 UTC`. */
export function exactTime(at: string): string {
  return `${at.slice(0, 19).replace("T", " ")} UTC`;
}
