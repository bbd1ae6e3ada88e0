/** What an answer says of the checks of the step that it hands out. */
import { labelOf } from "../check.ts";
import type { Step } from "../workflow.ts";
import type { Parts } from "./parts.ts";

/** A check of a step, and why it may not be looked at here; null if it may. */
export interface StepCheck {
  label: string;
  refusal: string | null;
}

/** The checks of the current step, and which of them may be looked at. */
export function checksOf({ checker }: Parts, step: Step, trusted: boolean): StepCheck[] {
  return (step.checks ?? []).map((check) => ({ label: labelOf(check), refusal: checker.refusal(check, trusted) }));
}
