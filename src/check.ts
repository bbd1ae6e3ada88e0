/** Proofs that the server looks at before it believes a report: what a definition may ask for, how each went, and who looks. */
import { z } from "zod";
import type { CheckKind, CheckSchema } from "./check-kinds/kind.ts";
import { KINDS } from "./check-kinds/kinds.ts";
import { type Baseline, Finding, type Looking, type Noted, type OfVisit } from "./check-kinds/looking.ts";

/** Most checks of one step. */
export const MAX_CHECKS = 20;
/** Most characters of a program's output that are kept: its end. */
export const MAX_OUTPUT = 4_000;

const [first, ...others] = KINDS;

/** A check of a step, of any kind; each kind has a file in `check-kinds/`. */
export const Check = z.discriminatedUnion("kind", [first.schema, ...others.map(({ schema }) => schema)]);
export type Check = z.infer<typeof Check>;

/** How a check went; `check` as `labelOf` names it. */
export const CheckResult = z.object({
  check: z.string(),
  /** The program that was started, as its text; absent if the check is named by it. */
  command: z.string().optional(),
  ...Finding.shape,
  /** `waived`: nobody looked, because a person does not demand it of that visit. */
  outcome: z.enum([...Finding.shape.outcome.options, "waived"]),
  /** With the last check of a proof: how the project's files stood after it, as `ProjectFiles` notes it. */
  project_files: z.string().optional(),
});
export type CheckResult = z.infer<typeof CheckResult>;

/**
 * What the checks of a visit showed, in the order of the definition; the first that fails ends them. None: the visit ended
 * as a failure, which has nothing to prove.
 */
export const Evidence = z.array(CheckResult);
export type Evidence = z.infer<typeof Evidence>;

/** Looks at what a definition asks for. Programs run in the project with a time limit and an environment of their own. */
export interface Checker {
  /** Why this check may not be looked at here, in one line; null where it may. `trusted`: the definition's source is. */
  refusal(check: Check, trusted: boolean): string | null;
  /** The program that it starts, as text; undefined if it starts none, or nobody named it. */
  command(check: Check): string | undefined;
  /** Looks; resolves whatever happens. Aborted, it ends what it started, with all children, and says "stopped". */
  look(check: Check, at: Looking): Promise<CheckResult>;
  /** How files stand, for later looks of that visit. */
  baseline(at: OfVisit & { project: string }, noted: Noted[]): Promise<Baseline>;
  projectFiles: ProjectFiles;
  /** Ends what an attempt of a process that is gone may have left running on this machine. */
  endLeftovers(attempt: string): Promise<void>;
}

/** How the files of a project stand, tracked and untracked, ignored ones aside, as git tells it. Starts nothing else. */
export interface ProjectFiles {
  /**
   * The result with a digest of them, another one if a file came, went or changed; as it is if that cannot be told, or not
   * in 2 s.
   */
  note(result: CheckResult, at: { instance_id: string; project: string; signal: AbortSignal }): Promise<CheckResult>;
  /**
   * Of these digests those that are not true any more, with the paths that came, went or changed since; null if these were
   * not kept. Empty if it cannot be told. `now` is the result that was noted last: if it was noted in this process and is
   * still the same object, nobody looks again.
   */
  since(
    at: { instance_id: string; project: string },
    digests: string[],
    now: CheckResult | undefined,
  ): Promise<Map<string, string[] | null>>;
}

/** All that is to be known of the check's kind. */
export function kindOf({ kind }: Check): CheckKind<CheckSchema> {
  const found = KINDS.find((each) => each.kind === kind);
  if (!found) throw new Error(`there is no kind of check "${kind}"`);
  return found;
}

/** How a check is called in answers and in the history: a program by itself, anything else after its kind. */
export function labelOf(check: Check): string {
  const kind = kindOf(check);
  return kind.startsProgram ? kind.subject(check) : `${kind.kind} ${kind.subject(check)}`;
}

/** Whether all was looked at and found to be so. */
export function proves(evidence: Evidence | undefined): boolean {
  return evidence !== undefined && evidence.length > 0 && evidence.every(({ outcome }) => outcome === "passed");
}
