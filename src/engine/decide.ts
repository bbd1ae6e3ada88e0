/** The chain of deciders over one report: the first verdict that decides moves the instance; else the agent is asked. */
import { agentDecider } from "../agent.ts";
import type { Joined } from "../branch.ts";
import type { Question, Verdict } from "../decider.ts";
import { candidatesAfter, type Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import { currentStep, type Pending, stepIdOf } from "../instance.ts";
import { mergeContext } from "../json.ts";
import { finalError } from "../rules/refusals.ts";
import { withoutChoice } from "../rules/report.ts";
import type { Step } from "../workflow.ts";
import { type Call, happen, momentOf } from "./call.ts";
import { joinedOf } from "./joined.ts";
import { askFor, handedOut, type Outcome } from "./outcome.ts";

/** Entries of the history that a decider may see. */
const RECENT_ENTRIES = 10;

/**
 * Decides a report and hands out what follows. Before anyone outside is asked, and if the agent must choose, the report
 * is committed. Nothing is locked meanwhile. Throws CONFLICT if another writer was quicker, STEP_NOT_ALLOWED for a
 * choice that may not be taken, AI_SERVICE_ERROR, INSTANCE_FINAL, and INVALID_INPUT if a limit would be passed.
 */
export async function decide(call: Call, pending: Pending): Promise<Outcome> {
  const step = currentStep(call.workflow, call.current);
  if (!step) throw finalError(call.current);
  const joined = step.branches ? { joined: await joinedOf(call) } : {};
  const asked = await ask(call, { step, pending, ...joined });
  if ("decision" in asked.verdict) return arrive(asked.call, { pending, decision: asked.verdict.decision });
  const kept = await keepOnce(asked.call, { ...pending, asked: true });
  return handedOut(kept, { did: "kept", ask: askFor(call.workflow, step), notes: asked.verdict.passed });
}

/**
 * Commits a decision about the current visit and hands out what follows. Throws STEP_NOT_ALLOWED if the step may not
 * follow, INVALID_INPUT if a limit would be passed, CONFLICT, INSTANCE_FINAL.
 */
export async function arrive(
  call: Call,
  { pending, decision, kind = "visit" }: { pending: Pending; decision: Decision; kind?: "visit" | "resume" },
): Promise<Outcome> {
  const ending = { ...pending, decision, kind };
  return handedOut(await happen(call, { kind: "decided", ending }), { decision });
}

/** What is to be decided: the report about the step at which the instance stands. */
interface Matter {
  step: Step;
  pending: Pending;
  /** The step at which a client that resumes thought it was, if that is not the current one. */
  assumed?: string;
  /** What became of the branches of a branch step. */
  joined?: Joined;
}

/** What a decider is asked about a report. */
export function questionOf({ store, current, workflow }: Call, { step, pending, assumed, joined }: Matter): Question {
  return {
    workflow,
    instance: current,
    step,
    report: pending.report,
    context: mergeContext(current.context, pending.context_updates),
    choice: candidatesAfter(workflow, step),
    recent: () => store.history(current.instance_id, { limit: RECENT_ENTRIES }),
    assumed,
    ...(joined ? { branches: joined } : {}),
  };
}

/** Asks in order. An agent that was asked to choose decides by its choice: nobody else is asked again. */
async function ask(call: Call, matter: Matter): Promise<{ call: Call; verdict: Verdict }> {
  const { deciders, onModelFailure } = call.parts;
  const { asked, report } = matter.pending;
  const chain = asked && report.next_step !== undefined ? [agentDecider] : [...deciders, agentDecider];
  const notes: string[] = [];
  let latest = call;
  for (const decider of chain) {
    if (decider.asksOutside) latest = await keepOnce(latest, matter.pending);
    const verdict = await decider.decide(questionOf(latest, matter), call.caller);
    if ("decision" in verdict) return { call: latest, verdict: withNotes(verdict.decision, notes) };
    if (decider.asksOutside && onModelFailure === "error") {
      throw modelFailed(verdict.passed, { kept: "The report is kept.", hint: "Send the same call again." });
    }
    notes.push(...verdict.passed);
  }
  return { call: latest, verdict: { passed: notes } };
}

/** Where a no to the step leads by a route that names the approval; null if none does. */
export async function decideDenial(
  call: Call,
  { step, comment }: { step: Step; comment: string },
): Promise<Pick<Decision, "next_step" | "reasoning" | "notes"> | null> {
  const report = { step_id: stepIdOf(call.current), status: "denied" };
  const pending = { report, context_updates: {}, received_at: momentOf(call).now, asked: false };
  const question = { ...questionOf(call, { step, pending }), denied: { comment } };
  for (const decider of call.parts.deciders.filter(({ asksOutside }) => !asksOutside)) {
    const verdict = await decider.decide(question, call.caller);
    if ("passed" in verdict) continue;
    const { next_step, reasoning, notes } = verdict.decision;
    return { next_step, reasoning, ...(notes ? { notes } : {}) };
  }
  return null;
}

/** Decides what no agent reported, by rules alone. Throws STEP_NOT_ALLOWED if they do not. */
export async function decideByRule(call: Call, matter: Matter): Promise<Decision> {
  const notes: string[] = [];
  for (const decider of call.parts.deciders.filter(({ asksOutside }) => !asksOutside)) {
    const verdict = await decider.decide(questionOf(call, matter), call.caller);
    if ("decision" in verdict) return verdict.decision;
    notes.push(...verdict.passed);
  }
  throw new AppError("STEP_NOT_ALLOWED", `No route of step "${matter.step.name}" decides: ${notes.join("; ")}`, {
    hint: "Give the step a route `otherwise`.",
  });
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
async function keepOnce(call: Call, pending: Pending): Promise<Call> {
  const kept = { ...pending, report: withoutChoice(pending.report) };
  if (call.current.pending && Bun.deepEquals(call.current.pending, kept, true)) return call;
  return happen(call, { kind: "kept", pending: kept });
}
