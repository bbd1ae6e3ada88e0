/** Advancing: a report ends a visit once, is never lost, and gets its decision again when it is repeated. */
import { AppError } from "../errors.ts";
import type { HistoryEntry, Instance, Pending } from "../instance.ts";
import { stepIdOf } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { type IncomingReport, overlay, type Report } from "../report.ts";
import { finalError } from "../rules/refusals.ts";
import { note, retireKept } from "../rules/report.ts";
import { decide } from "./decide.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import { type Caller, commit, type Loaded, load, type Parts, stamp } from "./parts.ts";
import { prove } from "./prove.ts";
import { locate, needsStepId, staleReport, suspendedError } from "./visits.ts";

export interface AdvanceInput {
  instance_id: string;
  report: IncomingReport;
  context_updates: JsonObject;
}

/** Ends the visit that the report is about and hands out the next step. Safe to repeat. */
export async function advance(parts: Parts, input: AdvanceInput, caller: Caller): Promise<Outcome> {
  const loaded = await load(parts, input.instance_id);
  try {
    return await take(parts, { ...input, ...loaded }, caller);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "CONFLICT") throw error;
    const { report, instance_id } = input;
    return afterConflict(parts, await load(parts, instance_id), { report, conflict: error, now: stamp(parts) });
  }
}

async function take(parts: Parts, call: AdvanceInput & Loaded, caller: Caller): Promise<Outcome> {
  const { instance, report } = call;
  const about = await locate(call, report.step_id);
  if (about.kind === "decided") return replay(parts, call, { ...about, report, now: stamp(parts) });
  if (about.kind === "unknown") throw needsStepId(instance, report.step_id);
  refuseNotRunning(instance);
  if (report.status === "in_progress") return takeNote(parts, call, caller);
  const { replaces, ...said } = mergeWithKept(parts, call);
  const pending = await prove(parts, { ...call, pending: said }, caller);
  if ("running" in pending) return handedOut(parts, call, { did: "checking", checks_running: pending.running });
  const now = pending.evidence ? await afterLooking(parts, call) : call;
  if (!replaces) return decide(parts, { ...now, pending }, caller);
  const draft = retireKept(now.instance, { actor: caller.actor, now: stamp(parts) });
  return decide(parts, { ...now, instance: draft.instance, carried: draft.entries, pending }, caller);
}

/** Checks take a while: a note that was recorded meanwhile is no conflict with the report that was checked. */
async function afterLooking<T extends Loaded>(parts: Parts, before: T): Promise<T> {
  const { instance } = await load(parts, before.instance.instance_id);
  const { visit, definition, pending } = before.instance;
  const same = instance.visit === visit && instance.definition === definition && instance.status === "RUNNING";
  return same && Bun.deepEquals(instance.pending, pending, true) ? { ...before, instance } : before;
}

/** Another writer was first: the answer is what became of the visit, or the conflict itself where it is undecided. */
async function afterConflict(
  parts: Parts,
  now: Loaded,
  lost: { report: IncomingReport; conflict: AppError; now: string },
): Promise<Outcome> {
  const about = await locate(now, lost.report.step_id);
  if (about.kind === "decided") return replay(parts, now, { ...about, ...lost });
  throw lost.conflict;
}

/** A visit that is over gets its decision again, if the report says what that one said. */
function replay(parts: Parts, at: Loaded, said: { entry: HistoryEntry; report: IncomingReport; now: string }): Outcome {
  const { entry, report } = said;
  const same = report.status === undefined || report.status === entry.report?.status;
  if (!same || !entry.decision) throw staleReport(at.instance, entry, said.now);
  return handedOut(parts, at, { decision: entry.decision, replayed: true });
}

async function takeNote(parts: Parts, call: AdvanceInput & Loaded, caller: Caller): Promise<Outcome> {
  const said = { report: complete(call.instance, call.report), context_updates: call.context_updates };
  const change = note(call.instance, said, { actor: caller.actor, now: stamp(parts) });
  const instance = await commit(call.store, change);
  return handedOut(parts, { ...call, instance }, { did: "noted" });
}

function refuseNotRunning(instance: Instance): void {
  if (instance.status === "RUNNING") return;
  throw instance.status === "SUSPENDED" ? suspendedError(instance) : finalError(instance);
}

/** The report to decide: the one that came, or the kept one with what this call adds to it. */
function mergeWithKept(
  parts: Parts,
  { instance, report, context_updates }: AdvanceInput & Loaded,
): Pending & { replaces: boolean } {
  const kept = instance.pending;
  const received_at = stamp(parts);
  if (!kept) return { report: complete(instance, report), context_updates, received_at, asked: false, replaces: false };
  const laid = overlay(kept.report, report);
  const updatesDiffer = Object.entries(context_updates).some(
    ([key, value]) =>
      Object.hasOwn(kept.context_updates, key) && !Bun.deepEquals(kept.context_updates[key], value, true),
  );
  if (laid.differs || updatesDiffer) {
    const fresh = complete(instance, { status: kept.report.status, ...report });
    const asked = kept.asked && fresh.status === kept.report.status; // its choice decides, whatever it adds in words
    return { report: fresh, context_updates, received_at, asked, replaces: true };
  }
  const merged = { ...kept.context_updates, ...context_updates };
  return { ...kept, report: laid.report, context_updates: merged, replaces: false };
}

function complete(instance: Instance, report: IncomingReport): Report {
  const { status } = report;
  if (status) return { ...report, status, step_id: stepIdOf(instance) };
  throw new AppError("INVALID_INPUT", "report.status is missing; nothing changed.", {
    hint: 'Send the same call with "status": "success", "failure" or "in_progress".',
  });
}
