/** Runs of one tree that a report may have been meant for, if it names no visit of the run that it was sent to. */
import { AppError } from "../errors.ts";
import { type Instance, isFinal, stepIdOf } from "../instance.ts";
import type { Store } from "../store.ts";
import type { Call } from "./call.ts";
import { needsStepId } from "./visits.ts";

/** The error for a report that is about no visit of its run: STALE_REPORT if another live run of the tree stands there. */
export async function noVisit(call: Call, stepId: string | undefined): Promise<AppError> {
  const meant = stepId === undefined ? null : await kinAt(call, stepId);
  return meant ? meantFor(call.current, meant) : needsStepId(call.current, stepId);
}

/** The live run above, beside or below that stands at the visit; a few rows are read, by their keys. */
async function kinAt({ store, current }: Call, stepId: string): Promise<Instance | null> {
  const number = Number(/^b(\d+)-/.exec(stepId)?.[1] ?? 0);
  let found = await belowAt(store, current, { number, stepId });
  for (let at: Instance | null = current; at?.branch && !found; ) {
    const above: Instance | null = await store.load(at.branch.parent_id);
    if (above) found = isAt(above, stepId) ? above : await belowAt(store, above, { number, stepId });
    at = above;
  }
  return found;
}

async function belowAt(store: Store, { instance_id, visit }: Instance, to: { number: number; stepId: string }) {
  if (to.number === 0) return null;
  const [branch] = await store.branches(instance_id, visit, { from: to.number, limit: 1 });
  return branch && isAt(branch, to.stepId) ? branch : null;
}

function isAt(instance: Instance, stepId: string): boolean {
  return !isFinal(instance.status) && stepIdOf(instance) === stepId;
}

function meantFor(current: Instance, meant: Instance): AppError {
  const { instance_id, branch } = meant;
  const which = branch ? `branch ${branch.number} of ${branch.total} of ${branch.step_name}` : "the run above";
  const step_id = stepIdOf(meant);
  const here = isFinal(current.status) ? `is ${current.status}` : `is at ${stepIdOf(current)}`;
  return new AppError(
    "STALE_REPORT",
    `step_id "${step_id}" is where another run stands: "${instance_id}" (${which}); "${current.instance_id}" ${here}. This report was not used.`,
    {
      hint: `If it is about that run: the same call with "instance_id":"${instance_id}".`,
      details: { instance_id, current_step_id: step_id },
    },
  );
}
