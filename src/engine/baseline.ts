/** The state of the project that checks compare with: noted before the agent first sees the step. */
import { kindOf } from "../check.ts";
import { keyOf, type Noted } from "../check-kinds/looking.ts";
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
  const wanted = instance.status === "RUNNING" ? wantedBy(parts, outcome) : [];
  const fresh = wanted.filter(({ files }) => !Object.hasOwn(noted, keyOf(files)));
  if (fresh.length === 0) return outcome;
  const baseline = { ...noted, ...(await parts.checker.baseline(instance, fresh)) };
  try {
    const call = callOn({ parts, caller, store: await parts.store() }, instance, outcome);
    const { current } = await write(call, { instance: { ...instance, baseline }, entries: [] });
    return { ...outcome, instance: current };
  } catch (error) {
    if (error instanceof AppError && error.code === "CONFLICT") return outcome; // the call that was first has noted it
    throw error;
  }
}

function wantedBy(parts: Parts, { instance, workflow, trusted }: Outcome): Noted[] {
  const checks = currentStep(workflow, instance)?.checks ?? [];
  const mayLook = checks.filter((check) => parts.checker.refusal(check, trusted) === null);
  return mayLook.flatMap((check) => kindOf(check).noted?.(check) ?? []);
}
