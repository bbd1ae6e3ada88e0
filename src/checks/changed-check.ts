/** Files that must have changed since the step was handed out, as git tells it. */
import type { Looking } from "../check.ts";
import type { ChangeProbe } from "../project.ts";
import type { Finding } from "./finding.ts";

/** Compares what the files are now with what they were when the baseline was taken. */
export async function checkChanged(
  glob: string,
  { project, baseline, signal }: Looking,
  { environment, changes }: { environment: Record<string, string>; changes: ChangeProbe },
): Promise<Finding> {
  const before = baseline?.[glob] ?? null;
  if (before === null) {
    return failed(`git could not tell what ${glob} was when the step was handed out: is the project a git repository?`);
  }
  const now = await changes.fingerprint(project, glob, { environment, signal });
  if (signal.aborted) return failed("stopped");
  if (now === null) return failed(`git cannot tell what ${glob} is now; see that "git status" works in the project`);
  if (now === before) return failed(`git shows no change in ${glob} since the step was handed out`);
  return { outcome: "passed" };
}

function failed(reason: string): Finding {
  return { outcome: "failed", reason };
}
