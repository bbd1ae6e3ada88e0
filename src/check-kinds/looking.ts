/** What a look at a check is given, what it may use, and what it tells. */
import { z } from "zod";

/** How a look went. */
export const Finding = z.object({
  outcome: z.enum(["passed", "failed", "unchecked"]),
  /** Why it failed or was not looked at, in one line; absent where it passed. */
  reason: z.string().optional(),
  exit_code: z.int().optional(),
  milliseconds: z.int().optional(),
  /** The end of what the program printed, without control characters; absent where there was none. */
  output: z.string().optional(),
});
export type Finding = z.infer<typeof Finding>;

/** By glob: what git showed of its files when the visit was first handed out; null where it could not tell. */
export const Baseline = z.record(z.string(), z.string().nullable());
export type Baseline = z.infer<typeof Baseline>;

/** Where checks look, and when they stop. */
export interface Looking {
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
  /** The digest of the project's files that the glob matches, by git; null where git cannot tell. */
  fingerprint(glob: string): Promise<string | null>;
}

export function failed(reason: string): Finding {
  return { outcome: "failed", reason };
}
