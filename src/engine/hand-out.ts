/** What is noted when a step is first handed out: the state of the project that checks compare with, and when its time is over. */
import { kindOf } from "../check.ts";
import { keyOf, type Noted } from "../check-kinds/looking.ts";
import { AppError } from "../errors.ts";
import { currentStep } from "../instance.ts";
import { startClock } from "../rules/clock.ts";
import { callOn, write } from "./call.ts";
import type { Outcome } from "./outcome.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";

/**
 * Notes what git shows before a step with such checks is handed out for the first time, or for the first time with such
 * checks of a newer definition, and lets the time of a step with a deadline begin. What was noted before stays.
 */
export async function atHandOut(parts: Parts, outcome: Outcome, caller: Caller): Promise<Outcome> {
  const { instance, workflow } = outcome;
  const step = currentStep(workflow, instance);
  if (instance.turn?.of !== "agent" || !(step?.checks || step?.deadline)) return outcome;
  const noted = instance.baseline ?? {};
  const fresh = wantedBy(parts, outcome).filter(({ files }) => !Object.hasOwn(noted, keyOf(files)));
  const timed = startClock(step, instance, stamp(parts));
  if (fresh.length === 0 && !timed) return outcome;
  const states = fresh.length > 0 ? await parts.checker.baseline(instance, fresh) : {};
  const baseline = fresh.length > 0 ? { ...noted, ...states } : instance.baseline;
  try {
    const call = callOn({ parts, caller, store: await parts.store() }, instance, outcome);
    const { current } = await write(call, { instance: { ...(timed?.instance ?? instance), baseline }, entries: [] });
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
