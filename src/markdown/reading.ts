/** What the parts of the parser share while one workflow is read, and how a file that cannot be read is reported. */
import { posix } from "node:path";
import { MAX_DEFINITION_BYTES } from "../workflow.ts";
import { type Files, isInside, type ReadFailure } from "./files.ts";
import type { Judges } from "./judges.ts";
import type { ParseResult } from "./parse-result.ts";
import { nearest, type Origin, type ProblemList } from "./problems.ts";

export interface Reading {
  /** The workflow's directory, relative to the definitions directory. */
  directory: string;
  files: Files;
  problems: ProblemList;
  /** What is legal but odd. */
  warnings: ProblemList;
  judges: Judges;
  /** By name: what became of each private workflow that this one uses, or one of these. They share it. */
  privates: Map<string, ParseResult>;
  /** How many workflows stand above this private one; 0 for one of the list. */
  level: number;
  /** Whether reading took too long: a file may be made so that it takes minutes. */
  isOver: () => boolean;
}

interface Reference {
  /** What was referred to, relative to the definitions directory. */
  path: string;
  /** Where the reference stands. */
  at: Origin;
  /** First word of the codes for a missing file and for one that is outside. */
  kind: "STEP_FILE" | "INCLUDE" | "INDEX";
  /** The message's beginning, and what stands after the reason. */
  subject: string;
  context: string;
}

/**
 * Adds the problem: at the reference if another path is the way out, in the file itself if that is at fault. Always
 * returns false, for the caller to return.
 */
export function reportReadFailure(failure: ReadFailure, reading: Reading, reference: Reference): false {
  const { path, at, kind } = reference;
  const add = (code: string, where: Origin, why: string, hint: string): false => {
    reading.problems.add(code, where, { message: `${reference.subject}: ${why}${reference.context}`, hint });
    return false;
  };
  switch (failure.reason) {
    case "missing":
      return add(`${kind}_MISSING`, at, `there is no file "${path}"`, missingHint(reading, reference));
    case "outside":
      return add(`${kind}_OUTSIDE`, at, "it is outside the definitions directory", OUTSIDE_HINT);
    case "too-large":
      return add(
        "TOO_LARGE",
        { file: path, line: 1 },
        `"${path}" exceeds ${MAX_DEFINITION_BYTES} bytes`,
        "Shorten it, or let the step's instructions name a file that the agent reads itself",
      );
    case "not-utf8":
      return add(
        "NOT_UTF8",
        { file: path, line: failure.line },
        `line ${failure.line} of "${path}" is not valid UTF-8`,
        "Save the file as UTF-8",
      );
    case "unreadable":
      return add(
        "FILE_UNREADABLE",
        { file: path, line: 1 },
        `"${path}" cannot be read (${failure.detail})`,
        "Make it a regular file that this user may read",
      );
    default:
      return failure satisfies never;
  }
}

/** The way out for a path that leads outside. */
export const OUTSIDE_HINT =
  "Put the file inside the definitions directory and name it relative to the file that refers to it; symbolic links must not lead out";

/** The nearest file, as it would be written in the file that refers to it. */
function missingHint({ directory, files }: Reading, { path, at, kind }: Reference): string {
  const from = posix.dirname(at.file);
  const directories = [...new Set([directory, posix.dirname(path)])].filter(isInside);
  const candidates = directories.flatMap((each) => files.list(each)).map((each) => posix.relative(from, each));
  const base = posix.basename(path);
  const sameName = candidates.find((each) => posix.basename(each).toLowerCase() === base.toLowerCase());
  const wanted = posix.relative(from, path);
  const near = sameName ?? nearest(wanted, candidates, Math.ceil((wanted.length - ".md".length) * 0.3));
  if (!near) return `Create "${path}", or correct the path`;
  const written = kind === "STEP_FILE" && /[\s()]/.test(near) ? `<${near}>` : near;
  return `Did you mean "${written}"? Otherwise create "${path}"`;
}

/** Whether that many milliseconds passed since, and the process worked as long. The first question is the cheap one. */
export function afterWork(milliseconds: number): () => boolean {
  const until = performance.now() + milliseconds;
  const from = process.cpuUsage();
  return () => {
    if (performance.now() <= until) return false;
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000 > milliseconds;
  };
}
