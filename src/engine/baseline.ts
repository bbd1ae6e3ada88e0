/** The state of the project that checks compare with: noted before the agent first sees the step. */
import { kindOf } from "../check.ts";
import { AppError } from "../errors.ts";
import { currentStep } from "../instance.ts";
import { callOn, write } from "./call.ts";
import type { Outcome } from "./outcome.ts";
import type { Caller, Parts } from "./parts.ts";

/**
 * Notes what git shows before a step with such checks is handed out for the first time, or for the first time with such
 * checks of a newer definition. What was noted before stays.
 */
export async function withBaseline(parts: Parts, outcome: Outcome, caller: Caller): Promise<Outcome> {
  const { instance } = outcome;
  const noted = instance.baseline ?? {};
  const globs =
    instance.status === "RUNNING" ? globsOf(parts, outcome).filter((glob) => !Object.hasOwn(noted, glob)) : [];
  if (globs.length === 0) return outcome;
  const baseline = { ...noted, ...(await parts.checker.baseline(instance.project, globs)) };
  try {
    const call = callOn({ parts, caller, store: await parts.store() }, instance, outcome);
    const { current } = await write(call, { instance: { ...instance, baseline }, entries: [] });
    return { ...outcome, instance: current };
  } catch (error) {
    if (error instanceof AppError && error.code === "CONFLICT") return outcome; // the call that was first has noted it
    throw error;
  }
}

function globsOf(parts: Parts, { instance, workflow, trusted }: Outcome): string[] {
  const checks = currentStep(workflow, instance)?.checks ?? [];
  const mayLook = checks.filter((check) => parts.checker.refusal(check, trusted) === null);
  return mayLook.flatMap((check) => kindOf(check).noted?.(check) ?? []);
}
