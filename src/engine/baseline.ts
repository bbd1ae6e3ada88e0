/** The state of the project that `changed` checks compare with: noted before the agent first sees the step. */
import { AppError } from "../errors.ts";
import { currentStep } from "../transition.ts";
import type { Outcome } from "./outcome.ts";
import { commit, type Parts } from "./parts.ts";

/** Notes what git shows before a step with `changed` checks is handed out for the first time. */
export async function withBaseline(parts: Parts, outcome: Outcome): Promise<Outcome> {
  const { instance } = outcome;
  const globs = instance.status === "RUNNING" && instance.baseline === null ? globsOf(parts, outcome) : [];
  if (globs.length === 0) return outcome;
  const baseline = await parts.checker.baseline(instance.project, globs);
  try {
    const noted = await commit(await parts.store(), { instance: { ...instance, baseline }, entries: [] });
    return { ...outcome, instance: noted };
  } catch (error) {
    if (error instanceof AppError && error.code === "CONFLICT") return outcome; // who was first has noted it
    throw error;
  }
}

function globsOf(parts: Parts, { instance, workflow, trusted }: Outcome): string[] {
  const checks = currentStep(workflow, instance)?.checks ?? [];
  return checks.flatMap((check) =>
    check.kind === "changed" && parts.checker.refusal(check, trusted) === null ? [check.glob] : [],
  );
}
