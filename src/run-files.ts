/** The place for the files that an agent makes for its run: long output, copies of tickets, texts for a pull request. */
import type { Step } from "./workflow.ts";

/** Absolute; or why there is none, in one line. */
export type FilesPlace = { path: string } | { fault: string };

/** A directory for each run, for this user alone, that goes with its run. A branch uses its root's: ids are those of roots. */
export interface RunFiles {
  /** Whether agents can reach it, so that answers offer it without being asked. */
  readonly offered: boolean;
  /** Makes the directory unless it is there. Never throws. */
  open(rootId: string): Promise<FilesPlace>;
  /** Writes a value there as JSON, in a file of that name; its path, or null if there is no place. Never throws. */
  keep(rootId: string, name: string, value: unknown): Promise<string | null>;
  /** Null if it was not made, or something else stands in its place. */
  find(rootId: string): Promise<string | null>;
}

const NAMED = /\{\{\s*run\.files\s*\}\}/;

/** By step, since a pinned workflow and its steps stay the same objects. */
const known = new WeakMap<Step, boolean>();

/** Whether the step's instructions name the directory. Of a template in a language of its own, whether they may. */
export function namesFiles(step: Step): boolean {
  const found = known.get(step) ?? looksNamed(step);
  known.set(step, found);
  return found;
}

function looksNamed({ instructions, template }: Step): boolean {
  return template ? /\brun\b/.test(instructions) && /\bfiles\b/.test(instructions) : NAMED.test(instructions);
}
