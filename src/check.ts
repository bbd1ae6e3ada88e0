/** Proofs that the server looks at before it believes a report: what a definition may ask for, how each went, and who looks. */
import { z } from "zod";

/** How long a program may take where the definition names no time, in seconds. */
export const DEFAULT_TIMEOUT_S = 300;
/** The longest time that a definition may give a program, in seconds. */
export const MAX_TIMEOUT_S = 3_600;
/** Most checks of one step. */
export const MAX_CHECKS = 20;
/** Most characters of a program's output that are kept: its end. */
export const MAX_OUTPUT = 4_000;

const timeout = z.int().min(1).max(MAX_TIMEOUT_S);

export const Check = z.discriminatedUnion("kind", [
  /** A program that must exit with 0. `text` as the author wrote it, `words` as they are started, without a shell. */
  z.object({ kind: z.literal("run"), text: z.string(), words: z.array(z.string()).min(1), timeout }),
  /** A program that whoever started the server gave this name. */
  z.object({ kind: z.literal("command"), name: z.string(), timeout }),
  /** A file in the project that must exist and not be empty. */
  z.object({ kind: z.literal("file"), path: z.string() }),
  /** Files in the project that git must say changed since the visit was first handed out. */
  z.object({ kind: z.literal("changed"), glob: z.string() }),
]);
export type Check = z.infer<typeof Check>;

export const CheckResult = z.object({
  /** As `labelOf` names it. */
  check: z.string(),
  outcome: z.enum(["passed", "failed", "unchecked"]),
  /** Why it failed or was not looked at, in one line; absent where it passed. */
  reason: z.string().optional(),
  exit_code: z.int().optional(),
  milliseconds: z.int().optional(),
  /** The end of what the program printed, without control characters; absent where there was none. */
  output: z.string().optional(),
});
export type CheckResult = z.infer<typeof CheckResult>;

/**
 * What the checks of a visit showed, in the order of the definition; the first that fails ends them. None: the visit ended
 * as a failure, which has nothing to prove.
 */
export const Evidence = z.array(CheckResult);
export type Evidence = z.infer<typeof Evidence>;

/** By the glob of each `changed` check: what git showed when the visit was first handed out; null where it could not tell. */
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

/** Looks at what a definition asks for. Programs run in the project with a time limit and an environment of their own. */
export interface Checker {
  /** Why this check may not be looked at here, in one line; null where it may. `trusted`: the definition's source is. */
  refusal(check: Check, trusted: boolean): string | null;
  /** Looks; resolves whatever happens. Aborted, it ends what it started, with all children, and says "stopped". */
  look(check: Check, at: Looking): Promise<CheckResult>;
  baseline(project: string, globs: string[]): Promise<Baseline>;
  /** Ends what an attempt of a process that is gone may have left running on this machine. */
  endLeftovers(attempt: string): Promise<void>;
}

/** How a check is called in answers and in the history. */
export function labelOf(check: Check): string {
  switch (check.kind) {
    case "run":
      return check.text;
    case "command":
      return check.name;
    case "file":
      return `file ${check.path}`;
    case "changed":
      return `changed ${check.glob}`;
    default:
      return check satisfies never;
  }
}

/** Whether it starts a program that a definition, or whoever started the server, names. */
export function startsProgram({ kind }: Check): boolean {
  return kind === "run" || kind === "command";
}

/** Whether it may take long: git does, in a large project. */
export function mayTakeLong(check: Check): boolean {
  return startsProgram(check) || check.kind === "changed";
}

/** Whether all was looked at and found to be so. */
export function proves(evidence: Evidence | undefined): boolean {
  return evidence !== undefined && evidence.length > 0 && evidence.every(({ outcome }) => outcome === "passed");
}
