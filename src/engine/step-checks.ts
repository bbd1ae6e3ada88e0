/** What an answer says of the checks of the step that it hands out. */
import { kindOf, labelOf } from "../check.ts";
import type { Instance } from "../instance.ts";
import { lastTook } from "../rules/visit-counts.ts";
import { whyWaived } from "../rules/waive.ts";
import type { Step } from "../workflow.ts";
import type { Parts } from "./parts.ts";

/** A check of a step, as an agent is told of it. */
export interface StepCheck {
  label: string;
  /** Why it may not be looked at here; null if it may. */
  refusal: string | null;
  /** The program that it starts. */
  command?: string;
  /** How long that took the last time in this run, in milliseconds. */
  took?: number;
  /** What the agent is told to do or leave. */
  rule?: string;
}

/** The checks of the current step that nobody waived, and which of them may be looked at. */
export function checksOf(
  { checker }: Parts,
  { checks = [] }: Step,
  { trusted, instance }: { trusted: boolean; instance: Instance },
): StepCheck[] {
  const demanded = checks.filter((check) => whyWaived(instance, labelOf(check)) === undefined);
  return demanded.map((check) => {
    const label = labelOf(check);
    const command = checker.command(check);
    const rule = kindOf(check).rule?.(check);
    const took = lastTook(instance.visits, label);
    const known = {
      ...(command ? { command } : {}),
      ...(rule ? { rule } : {}),
      ...(took === undefined ? {} : { took }),
    };
    return { label, refusal: checker.refusal(check, trusted), ...known };
  });
}
