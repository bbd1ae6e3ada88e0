/** Collects what is wrong with one workflow, each thing once, so that an author sees all of it at a time. */
import { closest, distance } from "fastest-levenshtein";
import type { Problem } from "../workflow.ts";

/** A place in a file as its author sees it. `line` counts from 1. */
export interface Origin {
  file: string;
  line: number;
}

/** Problems in the order in which they were found. */
export interface ProblemList {
  /** Does nothing if the same code with the same hint stands at the same place already, or the list is full. */
  add(code: string, at: Origin, text: { message: string; hint: string }): void;
  readonly all: readonly Problem[];
  /** MAX_PROBLEMS were found and the last entry says so: looking for more is in vain. */
  readonly isFull: boolean;
}

/** Most problems of one workflow that are listed. */
export const MAX_PROBLEMS = 500;
export const TOO_MANY_PROBLEMS = "TOO_MANY_PROBLEMS";

const TOO_MANY = {
  message: `Only the first ${MAX_PROBLEMS} problems of this workflow are listed`,
  hint: "Repair these first",
};

/** An empty list. */
export function createProblemList(): ProblemList {
  const all: Problem[] = [];
  const seen = new Set<string>();
  return {
    all,
    add(code, at, text) {
      const message = onOneLine(text.message);
      const hint = onOneLine(text.hint);
      const key = JSON.stringify([code, at.file, at.line, hint]);
      if (seen.has(key)) return;
      seen.add(key);
      if (all.length < MAX_PROBLEMS) all.push({ code, file: at.file, line: at.line, message, hint });
      else if (all.length === MAX_PROBLEMS) all.push({ code: TOO_MANY_PROBLEMS, ...at, ...TOO_MANY });
    },
    get isFull() {
      return all.length > MAX_PROBLEMS;
    },
  };
}

/** What authors wrote may stand in a message, line breaks and all. */
function onOneLine(text: string): string {
  return text.replace(/\s*[\n\r]\s*/g, " ");
}

/**
 * The candidate that was probably meant, case aside; undefined if none is within `limit` edits, by default two in five
 * characters.
 */
export function nearest(
  text: string,
  candidates: readonly string[],
  limit = Math.max(2, Math.ceil(text.length * 0.4)),
): string | undefined {
  if (candidates.length === 0) return undefined;
  const wanted = text.toLowerCase();
  const lowered = candidates.map((candidate) => candidate.toLowerCase());
  const found = closest(wanted, lowered);
  return distance(wanted, found) <= limit ? candidates[lowered.indexOf(found)] : undefined;
}
