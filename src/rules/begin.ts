/** A run begins. */
import type { Instance, Start } from "../instance.ts";
import { firstStep, type Workflow } from "../workflow.ts";
import { enter } from "./landing.ts";
import { refuseLargeContext } from "./refusals.ts";
import { standing } from "./turns.ts";

/** A new instance at the first step of its workflow. */
export function begin(
  workflow: Workflow,
  start: Start,
  place: Pick<Instance, "project" | "trusted"> & Partial<Pick<Instance, "head">>,
): Instance {
  refuseLargeContext(start.context);
  const step_name = firstStep(workflow).name;
  return {
    instance_id: start.instance_id,
    version: 1,
    workflow_name: workflow.name,
    definition: start.definition,
    head: null,
    ...place,
    branch: start.branch ?? null,
    ...(start.forked_from ? { forked_from: start.forked_from } : {}),
    ...standing(start.turn ?? { of: "agent", kind: "step", since: start.started_at }),
    ...enter({ visits: {} }, step_name, { visit: 1, now: start.started_at }),
    context: start.context,
    assumptions: [],
    unattended: start.unattended,
    pending: null,
    last_seq: 0,
    last_report_at: null,
    created_at: start.started_at,
    updated_at: start.started_at,
    completed_at: null,
  };
}
