/** What fills in the current step's instructions, if they are a template in a language of their own. */
import { currentStep, effectiveContext, type Instance } from "../instance.ts";
import type { Filler } from "../template.ts";
import type { Workflow } from "../workflow.ts";
import type { Parts } from "./parts.ts";
import { checksOf } from "./step-checks.ts";

/** Undefined for a step without `template`. Nothing is filled in before it is asked for. */
export function fillerOf(
  parts: Parts,
  { instance, workflow, trusted }: { instance: Instance; workflow: Workflow; trusted: boolean },
): Filler | undefined {
  const step = currentStep(workflow, instance);
  if (!step?.template) return undefined;
  const looked = checksOf(parts, step, { trusted, visits: instance.visits }).filter(({ refusal }) => refusal === null);
  return parts.templates.filler(step, {
    context: effectiveContext(instance),
    checks: looked.map(({ label }) => label),
    run: { id: instance.instance_id, workflow: workflow.name, visit: instance.visit },
  });
}
