/** A run is steered beyond its workflow: let go on, moved to other files, cancelled, taken back. */
import type { DecidedBy, Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import type { Change, HistoryEntry, Instance, Start } from "../instance.ts";
import { applyPatch, type ContextPatch, patchFor } from "../json.ts";
import type { Turn } from "../turn.ts";
import { findStep, type LoadedWorkflow, type Step, type Workflow } from "../workflow.ts";
import { turnOfBranches } from "./branches.ts";
import { change, entry, type Moment } from "./change.ts";
import { countOf, landing, told, turnAfter } from "./landing.ts";
import { refuseFinal, refuseNotWaiting, refuseReturn, refuseVisitToCome } from "./refusals.ts";
import { replay } from "./replay.ts";
import { retireKept } from "./report.ts";
import { standing, turnAskedAnew, turnBehind } from "./turns.ts";

/** A suspended instance goes on at the step where it waits. Throws INSTANCE_FINAL. */
export function goOn(workflow: Workflow, instance: Instance, moment: Moment): Change {
  refuseFinal(instance);
  return pass(workflow, instance, { kind: "resume", ...moment });
}

/**
 * A person lets a suspended instance go on at the step where it waits. Throws INVALID_INPUT if it does not wait,
 * INSTANCE_FINAL if it has ended.
 */
export function release(workflow: Workflow, instance: Instance, moment: Moment): Change {
  refuseNotWaiting(instance);
  refuseFinal(instance);
  if (instance.turn?.kind === "denied") return reopen(workflow, instance, moment);
  return pass(workflow, instance, { kind: "approval", ...moment });
}

/** A step to which somebody said no is asked about again: a release opens no gate that takes a yes. */
function reopen(workflow: Workflow, instance: Instance, moment: Moment): Change {
  const again = `it was released after a no (${instance.turn?.message ?? ""})`;
  const turn = turnAskedAnew(findStep(workflow, instance.step_name), { instance, now: moment.now, again });
  const line = entry(instance, { kind: "approval", turn }, moment);
  return change(instance, [line], { ...standing(turn), updated_at: moment.now });
}

/** What the run waits for is settled: the turn is that of the next gate, or of whoever does the step. */
export function pass(
  workflow: Workflow,
  instance: Instance,
  { kind, ...moment }: Moment & { kind: "resume" | "approval" | "move" },
): Change {
  const { now } = moment;
  const { branches, kind: settled = "step" } = instance.turn ?? {};
  const turn = branches
    ? turnOfBranches(workflow, instance, branches, moment)
    : turnBehind(settled, findStep(workflow, instance.step_name), { instance, now });
  const line = entry(instance, { kind, turn }, moment);
  return change(instance, [line], { ...standing(turn), updated_at: moment.now });
}

/** Ends an instance for good, where it is; a report that is kept becomes a note. Throws INSTANCE_FINAL. */
export function cancel(instance: Instance, said: { reason: string; decided_by: DecidedBy }, moment: Moment): Change {
  refuseFinal(instance);
  const draft = retireKept(instance, moment);
  const { reason: reasoning, decided_by } = said;
  const decision: Decision = { decided_by, next_step: instance.step_name, reasoning, status: "CANCELLED" };
  return also(draft, moment, { kind: "move", decision, context_patch: {}, turn: null });
}

/** Where to, and what is needed to know how it was there: how the run began, and its whole history, oldest first. */
export interface Return {
  start: Start;
  history: HistoryEntry[];
  to_visit: number;
  reason: string;
}

/**
 * Takes an instance back to an earlier visit: its step and context as they were handed out, as a new visit. `history`
 * is whole, oldest first. Nothing is forgotten: the rewind is one more entry. What `next` allows does not matter: going
 * back is not following. Throws INVALID_INPUT for a visit that was not yet or if no visit is left, STEP_NOT_ALLOWED if
 * the definition does not have its step any more, INSTANCE_FINAL.
 */
export function rewind(workflow: Workflow, instance: Instance, back: Moment & Return): Change {
  refuseFinal(instance);
  const { to_visit } = back;
  refuseVisitToCome(instance, to_visit);
  const draft = retireKept(instance, back);
  const then = replay(
    back.start,
    back.history.filter((entry) => entry.visit < to_visit),
  );
  refuseReturn(workflow, instance, then.step_name);
  const updates = Object.fromEntries(Object.keys(draft.instance.context).map((key) => [key, null]));
  const context_patch = patchFor(draft.instance.context, { ...updates, ...then.context });
  const reasoning = back.reason || `back to visit ${to_visit}`;
  const decision: Decision = { decided_by: "rewind", next_step: then.step_name, reasoning, to_visit };
  const turn = turnAfter(workflow, decision, {
    count: countOf(then.visits, then.step_name),
    now: back.now,
    context: then.context,
    visit: instance.visit + 1,
    seq: draft.instance.last_seq + 1,
  });
  return also(draft, back, { kind: "rewind", decision, context_patch, turn }, then);
}

/** Adds the entry that ends the current visit to what is drafted already. */
function also(
  draft: Change,
  moment: Moment,
  { turn, ...ending }: { kind: "move" | "rewind"; decision: Decision; context_patch: ContextPatch; turn: Turn | null },
  { visits, assumptions }: Pick<Instance, "visits" | "assumptions"> = draft.instance,
): Change {
  const { instance } = draft;
  const line = entry(instance, { ...ending, ...told(turn), started_at: instance.visit_started_at }, moment);
  const context = applyPatch(instance.context, ending.context_patch);
  const next = landing({ ...instance, visits }, ending.decision, { now: moment.now, turn });
  const last = change(instance, [line], { ...next, context, assumptions, pending: null, updated_at: moment.now });
  return { instance: last.instance, entries: [...draft.entries, ...last.entries] };
}

/**
 * Pins the instance to another definition, at the same visit, and its turn: whoever has the step keeps it, but if that is the
 * server and the step is not its any more. Throws STEP_NOT_ALLOWED if that does not have the current
 * step, INSTANCE_FINAL.
 */
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
  const { hash, trusted } = definition;
  const step = findStep(definition.workflow, instance.step_name);
  const turn = turnByThem(instance, step, moment);
  const line = { ...entry(instance, { kind: "move", ...(turn ? { turn } : {}) }, moment), definition: hash };
  const turned = turn ? standing(turn) : {};
  const waived = hash === instance.definition ? instance.waived : []; // it is about what that definition demands
  const set = { definition: hash, trusted, ...turned, ...withoutProof(instance), waived, updated_at: moment.now };
  return { ...change(instance, [line], set), definition };
}

/** Whose turn it is by the other files; null: as it was. What was asked before is void: a yes is bound to the definition. */
function turnByThem(instance: Instance, step: Step | undefined, { now }: Moment): Turn | null {
  const { turn } = instance;
  if (turn?.kind === "approval") {
    return turnAskedAnew(step, { instance, now, again: "the run was moved to the workflow's files as they are now" });
  }
  if (turn?.branches && step?.branches) return null; // what has begun goes on
  return turn?.of === "server" || turn?.branches ? turnBehind(turn.kind, step, { instance, now }) : null;
}

/**
 * The kept report without evidence, which is about the checks of the definition that the instance leaves; what git
 * showed stays true.
 */
function withoutProof({ pending }: Instance): Pick<Instance, "pending"> {
  if (!pending) return { pending };
  const { evidence: _evidence, ...kept } = pending;
  return { pending: kept };
}
