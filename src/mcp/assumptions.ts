/** What was decided on the user's behalf, in words. */
import type { Assumption } from "../assumption.ts";
import { oneLine, quoted } from "../words.ts";
import { bytesOf } from "./fit.ts";

/** Assumptions that a recap names, and the most characters of each there. */
const MAX_RECALLED = 5;
const MAX_QUOTE = 120;
/** Most characters of one; older databases may hold any text. */
const MAX_SHOWN = 300;

/** The last ones, as many as there is room for, oldest first, and how many are left. */
export function assumptionsWithin(all: Assumption[], mostBytes: number) {
  let room = mostBytes;
  const first = all.findLastIndex((each) => {
    room -= bytesOf(each);
    return room < 0;
  });
  return { shown: all.slice(first + 1), left: first + 1 };
}

/** `Decided on the user's behalf: the CSV column keeps its name (visit 3).`; empty where nothing was. */
export function assumptionsLine({ shown, left }: ReturnType<typeof assumptionsWithin>): string {
  const words = shown.map(({ text, visit }) => `${oneLine(text, MAX_SHOWN).replace(/\.$/, "")} (visit ${visit})`);
  return lineOf(words, left);
}

/** The same in short, for whoever resumes: what agents said is quoted. */
export function recalledLine(all: Assumption[]): string {
  const shown = all.slice(-MAX_RECALLED);
  return lineOf(
    shown.map(({ text, visit }) => `${quoted(text, MAX_QUOTE)} (visit ${visit})`),
    all.length - shown.length,
  );
}

function lineOf(words: string[], left: number): string {
  if (words.length + left === 0) return "";
  const more = left > 0 ? [`${left} earlier: get_workflow_status`] : [];
  return `Decided on the user's behalf: ${[...more, ...words].join("; ")}.`;
}
