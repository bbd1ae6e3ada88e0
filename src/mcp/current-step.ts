/** What a person is shown of the step at which a run stands. */
import type { Snapshot } from "../engine/read.ts";
import { currentStep, effectiveContext } from "../instance.ts";
import { demandNames, isWaived } from "../rules/waive.ts";
import { fillTemplate } from "../template.ts";
import { WITHHELD } from "./resources.ts";

type Standing = Pick<Snapshot, "instance" | "workflow" | "filler">;

/** Its instructions, filled in; null if the run is over. */
export function instructionsOf({ instance, workflow, filler }: Standing): string | null {
  const step = currentStep(workflow, instance);
  if (!step) return null;
  if (step.approval && instance.turn?.of !== "agent") return WITHHELD;
  return filler?.().text ?? fillTemplate(step.instructions, { context: effectiveContext(instance) });
}

/** What the agent's report has to prove, by the names under which a person may waive it. */
export function demandsOf({ instance, workflow }: Pick<Snapshot, "instance" | "workflow">): string[] {
  const step = currentStep(workflow, instance);
  if (instance.turn?.of !== "agent" || !step) return [];
  return demandNames(step).filter((what) => !isWaived(instance, { step, what }));
}
