/** A visit ends by a report and a decision, and the step that the decision names is entered. */
import type { Evidence } from "../check.ts";
import type { Decision } from "../decision.ts";
import type { Change, Instance } from "../instance.ts";
import { applyPatch, type JsonObject, patchFor } from "../json.ts";
import type { Report } from "../report.ts";
import { findStep, type Workflow } from "../workflow.ts";
import { change, entry, type Moment } from "./change.ts";
import { countOf, hold, landing } from "./landing.ts";
import { refuseFinal, refuseLargeContext, refuseStep } from "./refusals.ts";
import { afterVisit } from "./visit-counts.ts";

export interface Ending extends Moment {
  report: Report;
  context_updates: JsonObject;
  decision: Decision;
  evidence?: Evidence | undefined;
  /** `resume`: no step was reported as done; a client is further than the instance. */
  kind?: "visit" | "resume";
}

/**
 * Ends the current visit by a decision and enters the step that it names; FINISH completes the instance. Throws
 * STEP_NOT_ALLOWED for a step that may not follow, INSTANCE_FINAL for an instance that has ended, INVALID_INPUT if the
 * context would be too large or no visit is left.
 */
export function move(workflow: Workflow, instance: Instance, ending: Ending): Change {
  refuseFinal(instance);
  const { now, report, evidence, kind = "visit" } = ending;
  refuseStep(workflow, instance, ending.decision.next_step);
  const decision = hold(workflow, ending.decision, countOf(instance.visits, ending.decision.next_step) + 1);
  const produced = Object.keys(findStep(workflow, instance.step_name)?.produces ?? {});
  const decided = Object.entries(decision.context_updates ?? {}).filter(([key]) => !produced.includes(key));
  const context_patch = patchFor(instance.context, { ...ending.context_updates, ...Object.fromEntries(decided) });
  const context = applyPatch(instance.context, context_patch);
  refuseLargeContext(context);
  const line = entry(
    instance,
    { kind, report, context_patch, decision, evidence, started_at: instance.visit_started_at },
    ending,
  );
  const next = landing({ ...instance, visits: afterVisit(instance.visits, line) }, decision, now);
  return change(instance, [line], { ...next, context, pending: null, last_report_at: now, updated_at: now });
}
