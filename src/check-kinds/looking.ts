/** What a look at a check is given, what it may use, and what it tells. */
import { z } from "zod";
import type { Files } from "../project.ts";
import { oneLine } from "../words.ts";

/** How a look went. */
export const Finding = z.object({
  outcome: z.enum(["passed", "failed", "unchecked"]),
  /** Why it failed or was not looked at, in one line; absent where it passed. */
  reason: z.string().optional(),
  exit_code: z.int().optional(),
  milliseconds: z.int().optional(),
  /** The end of what the program printed, without control characters; absent where there was none. */
  output: z.string().optional(),
  /** The file that has all of it, absolute; or why there is none although it printed something. */
  output_file: z.string().optional(),
  output_fault: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;

/** By key of the files: what git showed of them when the visit was first handed out; null if it could not tell. */
export const Baseline = z.record(z.string(), z.string().nullable());
export type Baseline = z.infer<typeof Baseline>;

/** Which visit of which run a look is for. */
export interface OfVisit {
  instance_id: string;
  visit: number;
}

/** Where checks look, and when they stop. */
export interface Looking extends OfVisit {
  /** The instance's project directory, absolute. */
  project: string;
  baseline: Baseline | null;
  /** Names this attempt: everything that it starts bears the name, so that it can be found and ended. */
  attempt: string;
  signal: AbortSignal;
}

/** What `checks/` can do for one look. What it starts ends when the look is aborted. */
export interface Tools {
  /** Runs the words in the project, without a shell; passed if they exit with 0. `timeout` in seconds. */
  run(program: { words: string[]; timeout: number }): Promise<Finding>;
  /** The words of a command that whoever started the server named. */
  namedCommand(name: string): string[] | undefined;
  /** Why no file that has something in it can be read at the path in the project; null where one can. */
  fileFault(path: string): Promise<string | null>;
  /** How files of the project stand now, by git; null if git cannot tell. */
  state(files: Files): Promise<FilesState | null>;
}

export interface FilesState {
  /** Another one if, and only if, a file came, went or has other content. */
  digest: string;
  paths(): string[];
  /** Those that came, went or changed since they were noted; null if that was not kept, or not with their names. */
  changed(): Promise<string[] | null>;
}

/** Files that are noted before a step is handed out. */
export interface Noted {
  files: Files;
  /** Whether to keep what is needed to name those that change. */
  withNames: boolean;
}

/** Under which key files stand in a baseline. */
export function keyOf({ glob, except = [] }: Files): string {
  return except.length > 0 ? `${glob} without ${except.join(" ")}` : glob;
}

/** Files that are named in a reason, and characters of each. */
const MAX_NAMED = 5;
const MAX_PATH = 120;

/** The first of the paths, on one line. */
export function namesOf(paths: string[]): string {
  const named = paths.slice(0, MAX_NAMED).map((path) => oneLine(path, MAX_PATH));
  return `${named.join(", ")}${paths.length > MAX_NAMED ? ` (+${paths.length - MAX_NAMED})` : ""}`;
}

export function failed(reason: string): Finding {
  return { outcome: "failed", reason };
}
