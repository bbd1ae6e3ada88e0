/**
 * Pure rules of state: from an instance and what happened to it, to what must be written. Nothing here reads a clock,
 * a file or a database; the engine sequences these, the store makes each Change durable as one.
 */
import type { Evidence } from "./check.ts";
import type { DecidedBy, Decision } from "./decision.ts";
import { AppError } from "./errors.ts";
import { type Change, type HistoryEntry, type Instance, MAX_NOTES, type Pending, type Start } from "./instance.ts";
import { applyPatch, type ContextPatch, type JsonObject, patchFor } from "./json.ts";
import { countOf, enter, hold, landing } from "./landing.ts";
import {
  refuseFinal,
  refuseLargeContext,
  refuseManyNotes,
  refuseNotWaiting,
  refuseReturn,
  refuseStep,
} from "./refusals.ts";
import { replay } from "./replay.ts";
import type { Report } from "./report.ts";
import { afterVisit } from "./visit-counts.ts";
import { findStep, firstStep, type LoadedWorkflow, type Step, slugify, type Workflow } from "./workflow.ts";

/** Who acts, and when (ISO 8601, UTC). */
export interface Moment {
  actor: string;
  now: string;
}

/** The `step_id` of an instance's current visit: its number and the step's slug. */
export function stepIdOf(instance: Pick<Instance, "visit" | "step_name">): string {
  return `${instance.visit}-${slugify(instance.step_name)}`;
}

/** The step at which an instance stands; undefined when it is completed. */
export function currentStep(workflow: Workflow, instance: Instance): Step | undefined {
  return findStep(workflow, instance.step_name);
}

/** The context as the agent knows it: with the updates of a report that is kept but undecided. */
export function effectiveContext(instance: Instance): JsonObject {
  return instance.pending
    ? applyPatch(instance.context, patchFor(instance.context, instance.pending.context_updates))
    : instance.context;
}

/** A new instance at the first step of its workflow. */
export function begin(workflow: Workflow, start: Start, place: Pick<Instance, "project" | "trusted">): Instance {
  refuseLargeContext(start.context);
  const step_name = firstStep(workflow).name;
  return {
    instance_id: start.instance_id,
    version: 1,
    workflow_name: workflow.name,
    definition: start.definition,
    ...place,
    parent_id: null,
    status: "RUNNING",
    waiting_for: null,
    ...enter({ visits: {} }, step_name, { visit: 1, now: start.started_at }),
    context: start.context,
    pending: null,
    last_seq: 0,
    last_report_at: null,
    created_at: start.started_at,
    updated_at: start.started_at,
    completed_at: null,
  };
}

/**
 * Makes a report durable before anyone is asked about it. A choice of the agent is not kept: it counts when it comes with
 * the call that decides.
 */
export function keep(instance: Instance, pending: Pending, moment: Moment): Change {
  refuseFinal(instance);
  refuseLargeContext(applyPatch(instance.context, patchFor(instance.context, pending.context_updates)));
  return change(instance, [], { pending, last_report_at: moment.now, updated_at: moment.now });
}

/** The report as it is kept. */
export function withoutChoice({ next_step: _choice, ...report }: Report): Report {
  return report;
}

/** The kept report makes room for another one: it becomes a note of the history, and what it set stays in the context. */
export function retireKept(instance: Instance, moment: Moment): Change {
  const old = instance.pending;
  if (!old) return change(instance, [], {});
  const context_patch = patchFor(instance.context, old.context_updates);
  const said = { kind: "note" as const, report: old.report, context_patch, started_at: old.received_at };
  const context = applyPatch(instance.context, context_patch);
  const line = entry(instance, said, moment);
  return change(instance, [line], { context, notes: instance.notes + 1, pending: null });
}

/** Records an `in_progress` report; the step stays, and so does a report that is kept. */
export function note(
  instance: Instance,
  said: { report: Report; context_updates: JsonObject },
  moment: Moment,
): Change {
  refuseFinal(instance);
  refuseManyNotes(instance);
  const context_patch = patchFor(instance.context, said.context_updates);
  const context = applyPatch(instance.context, context_patch);
  refuseLargeContext(context);
  const line = entry(instance, { kind: "note", report: said.report, context_patch }, moment);
  const times = { last_report_at: moment.now, updated_at: moment.now };
  return change(instance, [line], { context, notes: instance.notes + 1, ...times });
}

/** Keeps what an agent brings back when it resumes without ending its step; null when it brings nothing. */
export function bringBack(
  instance: Instance,
  said: { report: Report | undefined; context_updates: JsonObject },
  moment: Moment,
): Change | null {
  const context_patch = patchFor(instance.context, said.context_updates);
  const sets = Object.keys(context_patch).length > 0;
  const tells = said.report !== undefined && instance.notes < MAX_NOTES; // beyond, a greeting is not worth an entry
  if (instance.status !== "RUNNING" || !(sets || tells)) return null;
  const context = applyPatch(instance.context, context_patch);
  refuseLargeContext(context);
  const line: Line = { kind: "resume", context_patch, ...(said.report ? { report: said.report } : {}) };
  const set = { context, notes: instance.notes + 1, updated_at: moment.now };
  return change(instance, [entry(instance, line, moment)], set);
}

/** Pins the instance to another definition, at the same visit. Throws STEP_NOT_ALLOWED where its step is not in it. */
export function repin(instance: Instance, definition: LoadedWorkflow, moment: Moment): Change {
  refuseFinal(instance);
  if (!findStep(definition.workflow, instance.step_name)) {
    const names = definition.workflow.steps.map((step) => step.name);
    throw new AppError(
      "STEP_NOT_ALLOWED",
      `The current files of "${instance.workflow_name}" have no step "${instance.step_name}"; nothing changed.`,
      { hint: `Go on with the pinned definition (resume without use_latest). Its steps now: ${names.join(", ")}` },
    );
  }
  const line = { ...entry(instance, { kind: "move" }, moment), definition: definition.hash };
  const { hash, trusted } = definition;
  const set = { definition: hash, trusted, ...withoutProof(instance), updated_at: moment.now };
  return { ...change(instance, [line], set), definition };
}

/** What checks showed was about the checks of the definition that the instance leaves; what git showed stays true. */
function withoutProof({ pending }: Instance): Pick<Instance, "pending"> {
  if (!pending) return { pending };
  const { evidence: _evidence, ...kept } = pending;
  return { pending: kept };
}

export interface Ending extends Moment {
  report: Report;
  context_updates: JsonObject;
  decision: Decision;
  evidence?: Evidence | undefined;
  /** `resume`: not the report of a step that was done, but a client that is further than the instance. */
  kind?: "visit" | "resume";
}

/**
 * Ends the current visit by a decision and enters the step that it names; FINISH completes the instance.
 * Throws STEP_NOT_ALLOWED for a step that may not follow, INSTANCE_FINAL for an instance that has ended.
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

/** A suspended instance goes on at the step where it waits. */
export function goOn(instance: Instance, moment: Moment): Change {
  return wake(instance, "resume", moment);
}

/** A person lets a suspended instance go on at the step where it waits. Throws INVALID_INPUT where it does not wait. */
export function release(instance: Instance, moment: Moment): Change {
  refuseNotWaiting(instance);
  return wake(instance, "approval", moment);
}

function wake(instance: Instance, kind: "resume" | "approval", moment: Moment): Change {
  refuseFinal(instance);
  const line = entry(instance, { kind }, moment);
  return change(instance, [line], { status: "RUNNING", waiting_for: null, updated_at: moment.now });
}

/** Ends an instance for good, where it is; a report that is kept becomes a note. */
export function cancel(instance: Instance, said: { reason: string; decided_by: DecidedBy }, moment: Moment): Change {
  refuseFinal(instance);
  const draft = retireKept(instance, moment);
  const { reason: reasoning, decided_by } = said;
  const decision: Decision = { decided_by, next_step: instance.step_name, reasoning, status: "CANCELLED" };
  return also(draft, moment, { kind: "move", decision, context_patch: {} });
}

/**
 * Takes an instance back to an earlier visit: its step and context as they were handed out, as a new visit. `history` is
 * whole, oldest first. Nothing is forgotten: the rewind is one more entry. What `next` allows does
 * not matter: going back is not following. Throws INVALID_INPUT for a visit that was not.
 */
export function rewind(
  workflow: Workflow,
  instance: Instance,
  back: Moment & { start: Start; history: HistoryEntry[]; to_visit: number; reason: string },
): Change {
  refuseFinal(instance);
  const { to_visit } = back;
  if (to_visit > instance.visit) {
    throw new AppError("INVALID_INPUT", `Visit ${to_visit} was not yet; nothing changed.`, {
      hint: `Choose a visit from 1 to ${instance.visit}; get_workflow_status lists them.`,
    });
  }
  const draft = retireKept(instance, back);
  const then = replay(
    back.start,
    back.history.filter((entry) => entry.visit < to_visit),
  );
  refuseReturn(workflow, instance, then.step_name);
  const updates = Object.fromEntries(Object.keys(draft.instance.context).map((key) => [key, null]));
  const context_patch = patchFor(draft.instance.context, { ...updates, ...then.context });
  const reasoning = back.reason || `back to visit ${to_visit}`;
  const rewound: Decision = { decided_by: "rewind", next_step: then.step_name, reasoning, to_visit };
  const decision = hold(workflow, rewound, countOf(then.visits, then.step_name));
  return also(draft, back, { kind: "rewind", decision, context_patch }, then.visits);
}

/** Adds the entry that ends the current visit to what is drafted already. */
function also(
  draft: Change,
  moment: Moment,
  ending: { kind: "move" | "rewind"; decision: Decision; context_patch: ContextPatch },
  visits = draft.instance.visits,
): Change {
  const { instance } = draft;
  const line = entry(instance, { ...ending, started_at: instance.visit_started_at }, moment);
  const context = applyPatch(instance.context, ending.context_patch);
  const next = landing({ ...instance, visits }, ending.decision, moment.now);
  const last = change(instance, [line], { ...next, context, pending: null, updated_at: moment.now });
  return { instance: last.instance, entries: [...draft.entries, ...last.entries] };
}

function change(instance: Instance, entries: HistoryEntry[], set: Partial<Instance>): Change {
  return { instance: { ...instance, last_seq: instance.last_seq + entries.length, ...set }, entries };
}

interface Line {
  kind: HistoryEntry["kind"];
  report?: Report;
  context_patch?: ContextPatch;
  decision?: Decision;
  evidence?: Evidence | undefined;
  started_at?: string;
}

function entry(instance: Instance, line: Line, moment: Moment): HistoryEntry {
  return {
    seq: instance.last_seq + 1,
    kind: line.kind,
    visit: instance.visit,
    step_id: stepIdOf(instance),
    step_name: instance.step_name,
    report: line.report ?? null,
    context_patch: line.context_patch ?? {},
    decision: line.decision ?? null,
    ...(line.evidence ? { evidence: line.evidence } : {}),
    actor: moment.actor,
    definition: instance.definition,
    started_at: line.started_at ?? moment.now,
    ended_at: moment.now,
  };
}
