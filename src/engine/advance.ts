/** Advancing: a report ends a visit once, is never lost, and gets its decision again when it is repeated. */
import { AppError } from "../errors.ts";
import {
  currentStep,
  effectiveContext,
  type HistoryEntry,
  type Instance,
  isFinal,
  MAX_NOTES,
  type Pending,
  stepIdOf,
} from "../instance.ts";
import { changedKeys, type JsonObject } from "../json.ts";
import { type IncomingReport, overlay, type Report } from "../report.ts";
import { finalError, refuseManyNotes, refuseServed } from "../rules/refusals.ts";
import { type Call, draft, happen, openCall, rememberedCall } from "./call.ts";
import { decide } from "./decide.ts";
import { expire } from "./expire.ts";
import { noVisit } from "./kin.ts";
import { handedOut, type Outcome, withChecked } from "./outcome.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { branchesOpenError } from "./places.ts";
import { prove } from "./prove.ts";
import { countRefusal } from "./refused.ts";
import { lateReport, locate, staleReport, suspendedError } from "./visits.ts";

/** Entries among which the note of a late report is sought, when that is sent again. */
const MAX_LATE = 20;

/** What an agent says with a call: the report, and what it sets in the context. */
interface Said {
  report: IncomingReport;
  context_updates: JsonObject;
}

export interface AdvanceInput extends Said {
  instance_id: string;
}

/**
 * Ends the visit that the report is about and hands out the next step. Safe to repeat. Throws STALE_REPORT,
 * INCOMPLETE_REPORT, CHECK_FAILED, STEP_NOT_ALLOWED, INSTANCE_SUSPENDED, INSTANCE_FINAL, INVALID_INPUT, CONFLICT, and
 * AI_SERVICE_ERROR, for which the report is kept.
 */
export async function advance(parts: Parts, input: AdvanceInput, caller: Caller): Promise<Outcome> {
  return (
    (await advanceRemembered(parts, input, caller)) ??
    advanceBy(await openCall(parts, input.instance_id, caller), input)
  );
}

/**
 * The same without reading the row first, if the report about the remembered one leads to a write at once. Null, having
 * changed nothing, if it does not, or somebody wrote since: whatever else is to be said is said by the row as it is.
 */
async function advanceRemembered(parts: Parts, said: AdvanceInput, caller: Caller): Promise<Outcome | null> {
  const call = await rememberedCall(parts, said.instance_id, caller);
  const step = call && currentStep(call.workflow, call.current);
  if (!step || said.report.step_id !== stepIdOf(call.current)) return null;
  if (step.checks || parts.deciders.some(({ asksOutside }) => asksOutside)) return null;
  try {
    return await take(call, said);
  } catch (error) {
    if (error instanceof AppError && error.code !== "PERSISTENCE_ERROR") return null;
    throw error; // a busy database was waited for
  }
}

/** The same for a call that is open already. What it refuses is counted. */
export async function advanceBy(call: Call, said: Said): Promise<Outcome> {
  try {
    return await takeOnce(call, said);
  } catch (error) {
    countRefusal(call, error);
    throw error;
  }
}

async function takeOnce(call: Call, said: Said): Promise<Outcome> {
  try {
    return await take(call, said);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "CONFLICT") throw error;
    const again = await openCall(call.parts, call.current.instance_id, call.caller);
    return afterConflict(again, { report: said.report, conflict: error });
  }
}

async function take(call: Call, said: Said): Promise<Outcome> {
  const { report } = said;
  const about = await locate(call, report.step_id);
  if (about.kind === "decided") return answerAgain(call, about.entry, report);
  if (about.kind === "unknown") throw await noVisit(call, report.step_id);
  if (report.status === "paused" && call.current.turn?.kind === "paused") return handedOut(call, { did: "noted" });
  if (call.current.turn?.branches) throw await branchesOpenError(call);
  refuseNotYours(call.current);
  refuseServed(call.workflow, call.current, said.context_updates);
  const late = await expire(call, report.status ? complete(call.current, report) : undefined);
  if (late)
    throw lateReport(late.current, { ...call.current, until: call.current.turn?.until ?? "" }, stamp(call.parts));
  if (report.status === "in_progress" || report.status === "paused") return takeNote(call, said);
  const { replaces, ...pending } = mergeWithKept(call, said);
  if (replaces) refuseManyNotes(call.current); // before anything is looked at
  const proven = await prove(call, pending);
  if ("running" in proven) return handedOut(call, { did: "checking", checks_running: proven.running });
  const looked = proven.evidence ? await afterLooking(call) : call;
  const ready = replaces ? draft(looked, { kind: "retired" }) : looked;
  const outcome = await decide(ready, proven);
  const changed = changedKeys(call.current.context, effectiveContext(outcome.instance));
  return withChecked({ ...outcome, changed }, proven.evidence);
}

/** Checks take a while: a note that was recorded meanwhile is no conflict with the report that was checked. */
async function afterLooking(call: Call): Promise<Call> {
  const { visit, definition, pending } = call.current;
  const { current } = await openCall(call.parts, call.current.instance_id, call.caller);
  const same = current.visit === visit && current.definition === definition && current.status === "RUNNING";
  return same && Bun.deepEquals(current.pending, pending, true) ? { ...call, current } : call;
}

/** Another writer was first: the answer is what became of the visit, or the conflict itself if it is undecided. */
async function afterConflict(call: Call, lost: { report: IncomingReport; conflict: AppError }): Promise<Outcome> {
  const about = await locate(call, lost.report.step_id);
  if (about.kind === "decided") return answerAgain(call, about.entry, lost.report);
  throw lost.conflict;
}

/** A visit that is over gets its decision again, if the report says the same as the one that ended it. */
async function answerAgain(call: Call, entry: HistoryEntry, report: IncomingReport): Promise<Outcome> {
  if (entry.decision?.decided_by === "timer") throw await refuseLate(call, entry, report);
  const same = report.status === undefined || report.status === entry.report?.status;
  if (!same || !entry.decision) throw staleReport(call.current, entry, stamp(call.parts));
  const isLast = entry.visit >= call.current.visit - 1;
  const changed = isLast ? { changed: Object.keys(entry.context_patch) } : {};
  return withChecked(handedOut(call, { decision: entry.decision, replayed: true, ...changed }), entry.evidence);
}

async function takeNote(call: Call, { report, context_updates }: Said): Promise<Outcome> {
  const said = { report: complete(call.current, report), context_updates };
  const kind = report.status === "paused" ? "paused" : "noted";
  return handedOut(await happen(call, { kind, ...said }), { did: "noted" });
}

/** STALE_REPORT for a visit that its deadline ended; the report is kept. */
async function refuseLate(call: Call, entry: HistoryEntry, report: IncomingReport): Promise<AppError> {
  await keepLate(call, entry, report);
  return lateReport(call.current, { ...entry, until: entry.decision?.deadline ?? entry.ended_at }, stamp(call.parts));
}

/** A report of a visit that its deadline ended becomes a note of where the run is, once. */
export async function keepLate(call: Call, { step_id }: HistoryEntry, report: IncomingReport): Promise<Call> {
  const { store, current } = call;
  const said = { ...report, status: report.status ?? "", step_id };
  if (!said.status || isFinal(current.status) || current.notes >= MAX_NOTES) return call;
  const last = await store.history(current.instance_id, { limit: MAX_LATE });
  const known = last.some((each) => each.kind === "note" && Bun.deepEquals(each.report, said, true));
  return known ? call : happen(call, { kind: "late", report: said });
}

function refuseNotYours(current: Instance): void {
  if (current.turn?.of === "agent") return;
  throw isFinal(current.status) ? finalError(current) : suspendedError(current);
}

/** The report to decide: the one that came, or the kept one with what this call adds to it. */
function mergeWithKept({ parts, current }: Call, { report, context_updates }: Said): Pending & { replaces: boolean } {
  const kept = current.pending;
  const received_at = stamp(parts);
  if (!kept) return { report: complete(current, report), context_updates, received_at, asked: false, replaces: false };
  const laid = overlay(kept.report, report);
  const updatesDiffer = Object.entries(context_updates).some(
    ([key, value]) =>
      Object.hasOwn(kept.context_updates, key) && !Bun.deepEquals(kept.context_updates[key], value, true),
  );
  if (laid.differs || updatesDiffer) {
    const fresh = complete(current, { status: kept.report.status, ...report });
    const asked = kept.asked && fresh.status === kept.report.status; // the choice decides, even with other words
    return { report: fresh, context_updates, received_at, asked, replaces: true };
  }
  const merged = { ...kept.context_updates, ...context_updates };
  return { ...kept, report: laid.report, context_updates: merged, replaces: false };
}

function complete(current: Instance, report: IncomingReport): Report {
  const { status } = report;
  if (status) return { ...report, status, step_id: stepIdOf(current) };
  throw new AppError("INVALID_INPUT", "report.status is missing; nothing changed.", {
    hint: 'Send the same call with "status": "success", "failure", "in_progress" or "paused".',
  });
}
