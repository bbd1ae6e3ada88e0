/** The chain of deciders over one report: the first verdict that decides moves the instance; else the agent is asked. */
import { agentDecider } from "../agent.ts";
import type { Question, Verdict } from "../decider.ts";
import { candidatesAfter, type Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import type { Change, HistoryEntry, Pending } from "../instance.ts";
import { currentStep } from "../instance.ts";
import { mergeContext } from "../json.ts";
import { move } from "../rules/move.ts";
import { finalError } from "../rules/refusals.ts";
import { keep, withoutChoice } from "../rules/report.ts";
import type { Step } from "../workflow.ts";
import { askFor, handedOut, type Outcome } from "./outcome.ts";
import { type Caller, commit, type Loaded, type Parts, stamp } from "./parts.ts";

/** Entries of the history that a decider may see. */
const RECENT_ENTRIES = 10;

interface Deciding extends Loaded {
  pending: Pending;
  /** Entries that `instance` already has, to be written with the next commit. */
  carried?: HistoryEntry[];
}

/**
 * Decides a report and hands out what follows. Before anyone outside is asked, and where the agent must choose, the
 * report is committed; nothing is locked meanwhile, and a writer that was quicker shows as CONFLICT.
 */
export async function decide(parts: Parts, at: Deciding, caller: Caller): Promise<Outcome> {
  const step = currentStep(at.workflow, at.instance);
  if (!step) throw finalError(at.instance);
  const { verdict, ...now } = await ask(parts, { ...at, step }, caller);
  if ("decision" in verdict) return arrive(parts, { ...at, ...now, decision: verdict.decision }, caller);
  const kept = await keepOnce(parts, { ...at, ...now, pending: { ...at.pending, asked: true } }, caller);
  const asked = { ask: askFor(at.workflow, step), notes: verdict.passed };
  return handedOut(parts, { ...at, instance: kept.instance }, { did: "kept", ...asked });
}

/** Commits a decision about the current visit and hands out what follows. */
export async function arrive(
  parts: Parts,
  at: Deciding & { decision: Decision; kind?: "visit" | "resume" },
  caller: Caller,
): Promise<Outcome> {
  const { workflow, trusted, pending, decision, kind = "visit" } = at;
  const change = move(workflow, at.instance, { ...pending, decision, kind, actor: caller.actor, now: stamp(parts) });
  return handedOut(parts, { workflow, trusted, ...(await write(at, change)) }, { decision });
}

/** What a decider is asked about a report. */
export function questionOf(at: Deciding & { step: Step; assumed?: string }): Question {
  const { store, instance, workflow, pending, step, assumed } = at;
  return {
    workflow,
    instance,
    step,
    report: pending.report,
    context: mergeContext(instance.context, pending.context_updates),
    choice: candidatesAfter(workflow, step),
    recent: () => store.history(instance.instance_id, { limit: RECENT_ENTRIES }),
    assumed,
  };
}

/** Asks in order. An agent that was asked to choose decides by its choice: nobody else is asked again. */
async function ask(parts: Parts, at: Deciding & { step: Step }, caller: Caller) {
  const agentChooses = at.pending.asked && at.pending.report.next_step !== undefined;
  const chain = agentChooses ? [agentDecider] : [...parts.deciders, agentDecider];
  const notes: string[] = [];
  let now = { instance: at.instance, carried: at.carried ?? [] };
  for (const decider of chain) {
    if (decider.asksOutside) now = await keepOnce(parts, { ...at, ...now }, caller);
    const verdict = await decider.decide(questionOf({ ...at, ...now }), caller);
    if ("decision" in verdict) return { ...now, verdict: withNotes(verdict.decision, notes) };
    if (decider.asksOutside && parts.onModelFailure === "error") {
      throw modelFailed(verdict.passed, { kept: "The report is kept.", hint: "Send the same call again." });
    }
    notes.push(...verdict.passed);
  }
  return { ...now, verdict: { passed: notes } satisfies Verdict };
}

/** AI_SERVICE_ERROR, for those who want no other decider than the model. */
export function modelFailed(why: string[], { kept, hint }: { kept: string; hint: string }): AppError {
  return new AppError("AI_SERVICE_ERROR", `Nothing moved: ${why.join("; ")}. ${kept}`.trim(), {
    hint: `${hint} A person can run \`orchestrator doctor\`.`,
    retryable: true,
  });
}

function withNotes(decision: Decision, before: string[]): Verdict {
  const notes = [...before, ...(decision.notes ?? [])];
  return { decision: notes.length > 0 ? { ...decision, notes } : decision };
}

/** Makes the report durable unless it already is, word for word. */
async function keepOnce(parts: Parts, at: Deciding, caller: Caller) {
  const { instance, carried = [], pending } = at;
  const kept = { ...pending, report: withoutChoice(pending.report) };
  if (instance.pending && Bun.deepEquals(instance.pending, kept, true)) return { instance, carried };
  return write(at, keep(instance, kept, { actor: caller.actor, now: stamp(parts) }));
}

/** Commits a change together with the entries that were carried along. */
async function write({ store, carried = [] }: Deciding, change: Change) {
  const instance = await commit(store, { ...change, entries: [...carried, ...change.entries] });
  const nothing: HistoryEntry[] = [];
  return { instance, carried: nothing };
}
