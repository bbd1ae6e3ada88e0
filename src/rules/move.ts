/** A visit ends by a report and a decision, and the step that the decision names is entered. */
import type { Ruling } from "../approval.ts";
import type { Evidence } from "../check.ts";
import type { Decision } from "../decision.ts";
import type { Change, Instance } from "../instance.ts";
import { applyPatch, type JsonObject, patchFor } from "../json.ts";
import type { Report } from "../report.ts";
import { findStep, type Workflow } from "../workflow.ts";
import { change, entry, type Moment } from "./change.ts";
import { demandsOf, serverOf } from "./demands.ts";
import { cleared, countOf, landing, settled, told, turnAfter } from "./landing.ts";
import { refuseFinal, refuseLargeContext, refuseStep } from "./refusals.ts";
import { afterVisit } from "./visit-counts.ts";

export interface Ending extends Moment {
  /** Absent: the clock or a person ended the visit. */
  report?: Report | undefined;
  context_updates: JsonObject;
  decision: Decision;
  evidence?: Evidence | undefined;
  /** What a person decided, if that ended the visit. */
  ruling?: Ruling | undefined;
  /** `resume`: no step was reported as done; a client is further than the instance. */
  kind?: "visit" | "resume";
}

/**
 * Ends the current visit by a decision and enters the step that it names; FINISH completes the instance, FAIL ends it as
 * failed. Throws
 * STEP_NOT_ALLOWED for a step that may not follow, INSTANCE_FINAL for an instance that has ended, INVALID_INPUT if the
 * context would be too large or no visit is left.
 */
export function move(workflow: Workflow, instance: Instance, ending: Ending): Change {
  refuseFinal(instance);
  const { now, report, evidence, ruling, kind = "visit" } = ending;
  refuseStep(workflow, instance, ending.decision.next_step);
  const decision = settled(workflow, ending.decision);
  const { next_step } = decision;
  const step = findStep(workflow, instance.step_name);
  const produced = Object.keys((step && demandsOf(step)) ?? {});
  const mayDecide = (key: string) => !produced.includes(key) && !serverOf(workflow, step, key);
  const decided = Object.entries(decision.context_updates ?? {}).filter(([key]) => mayDecide(key));
  const updates = { ...ending.context_updates, ...Object.fromEntries(decided) };
  const context_patch = patchFor(instance.context, { ...updates, ...cleared(findStep(workflow, next_step)) });
  const context = applyPatch(instance.context, context_patch);
  refuseLargeContext(context);
  const turn = turnAfter(workflow, decision, {
    count: countOf(instance.visits, next_step) + 1,
    now,
    context,
    visit: instance.visit + 1,
    seq: instance.last_seq + 1,
  });
  const line = entry(
    instance,
    { kind, report, context_patch, decision, evidence, ruling, ...told(turn), started_at: instance.visit_started_at },
    ending,
  );
  const next = landing({ ...instance, visits: afterVisit(instance.visits, line) }, decision, { now, turn });
  const heard = report ? { last_report_at: now } : {};
  return change(instance, [line], { ...next, context, pending: null, ...heard, updated_at: now });
}
