/** Files that must have changed since the step was handed out, as git tells it. */
import type { Looking } from "../check.ts";
import type { ChangeProbe } from "../project.ts";
import type { Finding } from "./finding.ts";
import { endMarked, MARK } from "./marked-processes.ts";

interface Git {
  environment: Record<string, string>;
  changes: ChangeProbe;
}

/** The files' digest. A project's settings can let git start programs (filters): none of them is left when this is told. */
export async function fingerprintOf(
  glob: string,
  { project, attempt, signal }: Pick<Looking, "project" | "attempt"> & Partial<Looking>,
  { environment, changes }: Git,
): Promise<string | null> {
  const marked = { ...environment, [MARK]: attempt };
  const found = await changes.fingerprint(project, glob, { environment: marked, ...(signal ? { signal } : {}) });
  await endMarked(attempt);
  return found;
}

/** Compares what the files are now with what they were when the baseline was taken. */
export async function checkChanged(
  glob: string,
  { project, baseline, attempt, signal }: Looking,
  git: Git,
): Promise<Finding> {
  const before = baseline?.[glob] ?? null;
  if (before === null) {
    return failed(`git could not tell what ${glob} was when the step was handed out: is the project a git repository?`);
  }
  const now = await fingerprintOf(glob, { project, attempt, signal }, git);
  if (signal.aborted) return failed("stopped");
  if (now === null) return failed(`git cannot tell what ${glob} is now; see that "git status" works in the project`);
  if (now === before) return failed(`in ${project}, git shows no change in ${glob} since the step was handed out`);
  return { outcome: "passed" };
}

function failed(reason: string): Finding {
  return { outcome: "failed", reason };
}
