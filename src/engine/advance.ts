/** Advancing: a report ends a visit once, is never lost, and gets its decision again when it is repeated. */
import { agentDecider } from "../agent.ts";
import type { Question, Verdict } from "../decider.ts";
import { AppError } from "../errors.ts";
import type { HistoryEntry, Instance, Pending } from "../instance.ts";
import { type JsonObject, mergeContext } from "../json.ts";
import { type IncomingReport, overlay, type Report } from "../report.ts";
import { currentStep, keep, move, note, stepIdOf } from "../transition.ts";
import { askFor, handedOut, type Outcome } from "./outcome.ts";
import { type Caller, commit, type Loaded, load, type Parts, stamp } from "./parts.ts";
import { finalError, locate, needsStepId, staleReport, suspendedError } from "./visits.ts";

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
    return afterConflict(await load(parts, instance_id), { report, conflict: error, now: stamp(parts) });
  }
}

/** Decides a report that is kept but undecided, by whoever can decide it now. */
export async function decideKept(parts: Parts, loaded: Loaded & { kept: Pending }, caller: Caller): Promise<Outcome> {
  return decide(parts, { ...loaded, pending: loaded.kept }, caller);
}

async function take(parts: Parts, call: AdvanceInput & Loaded, caller: Caller): Promise<Outcome> {
  const { instance, report } = call;
  const about = await locate(call, report.step_id);
  if (about.kind === "decided") return replay(call, { ...about, report, now: stamp(parts) });
  if (about.kind === "unknown") throw needsStepId(instance, report.step_id);
  refuseNotRunning(instance);
  if (report.status === "in_progress") return takeNote(parts, call, caller);
  const pending = mergeWithKept(parts, call);
  if (!pending.replaces) return decide(parts, { ...call, pending }, caller);
  const change = keep(instance, pending, { replaces: true, actor: caller.actor, now: stamp(parts) });
  return decide(parts, { ...call, instance: await commit(call.store, change), pending }, caller);
}

/** Another writer was first: the answer is what became of the visit, or the conflict itself where it is undecided. */
async function afterConflict(
  now: Loaded,
  lost: { report: IncomingReport; conflict: AppError; now: string },
): Promise<Outcome> {
  const about = await locate(now, lost.report.step_id);
  if (about.kind === "decided") return replay(now, { ...about, ...lost });
  throw lost.conflict;
}

/** A visit that is over gets its decision again, if the report says what that one said. */
function replay(at: Loaded, said: { entry: HistoryEntry; report: IncomingReport; now: string }): Outcome {
  const { entry, report } = said;
  const same = report.status === undefined || report.status === entry.report?.status;
  if (!same || !entry.decision) throw staleReport(at.instance, entry, said.now);
  return handedOut(at.workflow, at.instance, { decision: entry.decision, replayed: true });
}

async function takeNote(parts: Parts, call: AdvanceInput & Loaded, caller: Caller): Promise<Outcome> {
  const said = { report: complete(call.instance, call.report), context_updates: call.context_updates };
  const change = note(call.instance, said, { actor: caller.actor, now: stamp(parts) });
  return handedOut(call.workflow, await commit(call.store, change), { did: "noted" });
}

function refuseNotRunning(instance: Instance): void {
  if (instance.status === "RUNNING") return;
  throw instance.status === "SUSPENDED" ? suspendedError(instance) : finalError(instance);
}

/** The report to decide: the one that came, or the kept one with what this call adds to it. */
function mergeWithKept(parts: Parts, { instance, report, context_updates }: AdvanceInput & Loaded) {
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
    return { report: fresh, context_updates, received_at, asked: false, replaces: true };
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

async function decide(parts: Parts, at: Loaded & { pending: Pending }, caller: Caller): Promise<Outcome> {
  const { store, instance, workflow, pending } = at;
  const step = currentStep(workflow, instance);
  if (!step) throw finalError(instance);
  const context = mergeContext(instance.context, pending.context_updates);
  const verdict = await ask(parts, { workflow, instance, step, report: pending.report, context }, pending.asked);
  const moment = { actor: caller.actor, now: stamp(parts) };
  if ("decision" in verdict) {
    const change = move(workflow, instance, { ...pending, decision: verdict.decision, ...moment });
    const moved = await commit(store, change);
    return handedOut(workflow, moved, { decision: verdict.decision });
  }
  const asked = { ...pending, asked: true };
  const unchanged = instance.pending && Bun.deepEquals(instance.pending, keptForm(asked), true);
  const kept = unchanged
    ? instance
    : await commit(store, keep(instance, keptForm(asked), { ...moment, replaces: false }));
  return { instance: kept, workflow, did: "kept", ask: askFor(workflow, step) };
}

function keptForm({ report, context_updates, received_at, asked }: Pending): Pending {
  return { report, context_updates, received_at, asked };
}

/** The first verdict that decides. An agent that was asked to choose decides by its choice: nobody else is asked again. */
async function ask(parts: Parts, question: Question, agentWasAsked: boolean): Promise<Verdict> {
  const agentChooses = agentWasAsked && question.report.next_step !== undefined;
  const chain = agentChooses ? [agentDecider] : [...parts.deciders, agentDecider];
  const notes: string[] = [];
  for (const decider of chain) {
    const verdict = await decider.decide(question);
    if ("decision" in verdict) {
      const all = [...notes, ...(verdict.decision.notes ?? [])];
      return { decision: all.length > 0 ? { ...verdict.decision, notes: all } : verdict.decision };
    }
    notes.push(...verdict.passed);
  }
  return { passed: notes };
}
