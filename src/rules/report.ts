/** A report comes and the visit stays: it is kept until somebody decides, or noted, or brought back by an agent that resumes. */
import { type Change, type Instance, MAX_NOTES, type Pending } from "../instance.ts";
import { applyPatch, type JsonObject, patchFor } from "../json.ts";
import type { Report } from "../report.ts";
import type { Turn } from "../turn.ts";
import { change, entry, type Line, type Moment } from "./change.ts";
import { refuseFinal, refuseLargeContext, refuseManyNotes } from "./refusals.ts";
import { standing } from "./turns.ts";

/**
 * Makes a report durable before anyone is asked about it. A choice of the agent is not kept: it counts when it comes
 * with the call that decides. Throws INSTANCE_FINAL, or INVALID_INPUT if the context would be too large.
 */
export function keep(instance: Instance, pending: Pending, moment: Moment): Change {
  refuseFinal(instance);
  refuseLargeContext(applyPatch(instance.context, patchFor(instance.context, pending.context_updates)));
  return change(instance, [], { pending, ...untimed(instance), last_report_at: moment.now, updated_at: moment.now });
}

/** A report that came in time stops the clock of its step. */
function untimed({ turn }: Instance): Partial<Instance> {
  if (turn?.of !== "agent" || !turn.until) return {};
  const { until: _until, ...rest } = turn;
  return { turn: rest };
}

/** The report without the agent's choice, as it is kept. */
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

/**
 * Records an `in_progress` report; the step stays, and so does a report that is kept. Throws INSTANCE_FINAL, or
 * INVALID_INPUT if the visit has too many notes or the context would be too large.
 */
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

/**
 * Records a `paused` report, as a note, and lets the run wait: it is nobody's until somebody resumes it. Throws as `note` does.
 */
export function pause(
  instance: Instance,
  said: { report: Report; context_updates: JsonObject },
  moment: Moment,
): Change {
  const noted = note(instance, said, moment);
  const message = "the user wants to stop here; whoever goes on resumes it";
  const { joined } = instance.turn ?? {};
  const turn: Turn = { of: "person", kind: "paused", since: moment.now, message, ...(joined ? { joined } : {}) };
  const entries = noted.entries.map((each) => ({ ...each, turn }));
  return { entries, instance: { ...noted.instance, ...standing(turn) } };
}

/**
 * Keeps what an agent brings back when it resumes without ending its step; null if it brings nothing. Throws
 * INVALID_INPUT if it sets values and the visit has all the notes that it may have, or the context would be too large.
 */
export function bringBack(
  instance: Instance,
  said: { report: Report | undefined; context_updates: JsonObject },
  moment: Moment,
): Change | null {
  const context_patch = patchFor(instance.context, said.context_updates);
  const sets = Object.keys(context_patch).length > 0 || (said.report?.assumptions ?? []).length > 0;
  const tells = said.report !== undefined && instance.notes < MAX_NOTES; // beyond, a greeting is not worth an entry
  if (instance.status !== "RUNNING" || !(sets || tells)) return null;
  if (sets) refuseManyNotes(instance);
  const context = applyPatch(instance.context, context_patch);
  refuseLargeContext(context);
  const line: Line = { kind: "resume", context_patch, ...(said.report ? { report: said.report } : {}) };
  const set = { context, notes: instance.notes + 1, updated_at: moment.now };
  return change(instance, [entry(instance, line, moment)], set);
}
