/** The state of the project that `changed` checks compare with: noted before the agent first sees the step. */
import { AppError } from "../errors.ts";
import { currentStep } from "../instance.ts";
import type { Outcome } from "./outcome.ts";
import { commit, type Parts } from "./parts.ts";

/**
 * Notes what git shows before a step with `changed` checks is handed out for the first time; of one that a newer definition
 * brought, when it is handed out with it. What was noted stays.
 */
export async function withBaseline(parts: Parts, outcome: Outcome): Promise<Outcome> {
  const { instance } = outcome;
  const noted = instance.baseline ?? {};
  const globs =
    instance.status === "RUNNING" ? globsOf(parts, outcome).filter((glob) => !Object.hasOwn(noted, glob)) : [];
  if (globs.length === 0) return outcome;
  const baseline = { ...noted, ...(await parts.checker.baseline(instance.project, globs)) };
  try {
    const now = await commit(await parts.store(), { instance: { ...instance, baseline }, entries: [] });
    return { ...outcome, instance: now };
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
