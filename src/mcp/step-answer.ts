/** The step answer: one outcome of the engine in two forms, text and structured, each enough alone. */
import type { Decision } from "../decision.ts";
import type { Ask, Outcome } from "../engine/outcome.ts";
import { currentStep, effectiveContext, isFinal } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { waitingFor } from "../turn.ts";
import { cutToBytes, oneLine } from "../words.ts";
import { FINISH, MAX_INSTRUCTIONS_SENT } from "../workflow.ts";
import type { Answer } from "./answer.ts";
import { assumptionsWithin } from "./assumptions.ts";
import { boardView, branchView, endedView } from "./branch-words.ts";
import { checkedWithin } from "./checked.ts";
import { briefContext, changedContext } from "./context-view.ts";
import { fitAnswer, fitItems, tryToFit } from "./fit.ts";
import { forkView } from "./fork-words.ts";
import { recapText } from "./recap-text.ts";
import { stepText } from "./step-text.ts";
import { isFilledIn, nextCall, nextStep, stepNames, whereWhole } from "./step-view.ts";
import { callNext, rules, type View } from "./step-words.ts";
import { serverDidWithin } from "./waiting.ts";

/** Longest reasoning of a decision in an answer, in characters; the history has it whole. */
const MAX_REASONING = 300;

/** Texts up to this many characters need not be measured. */
const SHORT_TEXT = 3_500;

export function stepAnswer(outcome: Outcome): Answer {
  const build = (mostInstructions: number) => (budget: number) => {
    const view = viewOf(outcome, { budget, mostInstructions });
    return { text: stepText(view), structured: structuredOf(view, budget) };
  };
  return tryToFit(build(MAX_INSTRUCTIONS_SENT), isShort) ?? fitAnswer(build(0));
}

/** The structured form says what the text says, and the context: even if each character took six bytes, both would fit. */
function isShort({ text }: Answer): boolean {
  return text.length <= SHORT_TEXT;
}

/** Instructions are handed out whole while there is any way to: what else there is gets shorter first. */
function viewOf(outcome: Outcome, most: { budget: number; mostInstructions: number }): View {
  const { budget, mostInstructions } = most;
  const whole = () => whereWhole(outcome);
  const { recap } = outcome;
  const line = isLine(outcome);
  const ask = line ? undefined : outcome.ask;
  const mostBytes = Math.max(mostInstructions, budget * 0.6);
  const step = line ? stepNames(outcome) : nextStep(outcome, mostBytes);
  return {
    ...outcome,
    step,
    ask: ask && askWithin(ask, { whole, budget: budget * 0.25 }),
    free: ask !== undefined && ask.guided.length < ask.candidates.length,
    recap: recap && cutToBytes(recapText(outcome, recap), budget * 0.6, whole),
    next_call: nextCall(outcome),
    server_did: serverDidWithin(outcome.server_did, budget * 0.1),
    checked: checkedWithin(outcome.checked, budget * 0.15),
    assumptions: assumptionsWithin(isFinal(outcome.instance.status) ? outcome.instance.assumptions : [], budget * 0.5),
    context: line ? undefined : contextOf(outcome, { filled: step?.instructions ?? "", budget }),
  };
}

/** The agent knows its step and its context: a line answers it, unless it resumes. */
function isLine({ did, recap }: Outcome): boolean {
  return !recap && (did === "noted" || did === "checking");
}

/** Whole for an agent that starts, resumes or was taken elsewhere; for one that goes on, what it does not read in the step. */
function contextOf(
  { instance, workflow, changed, server_set, recap }: Outcome,
  at: { filled: string; budget: number },
): JsonObject {
  const context = effectiveContext(instance);
  const mostBytes = at.budget * 0.2;
  if (recap || !(changed || isFinal(instance.status))) return briefContext(context, mostBytes);
  const step = currentStep(workflow, instance);
  const isTold = step ? isFilledIn(step, at.filled) : () => false;
  return changedContext(context, { changed: [...(changed ?? []), ...(server_set ?? [])], isTold, mostBytes });
}

function askWithin(ask: Ask, { whole, budget }: { whole: () => string; budget: number }): Ask {
  return {
    guidance: cutToBytes(ask.guidance, budget * 0.3, whole),
    guided: fitItems(ask.guided, budget * 0.2).shown,
    candidates: namesWithin(ask.candidates, budget * 0.5),
  };
}

/** The first of the names; where not all fit, FINISH is among them and it is said how many more there are. */
function namesWithin(names: string[], mostBytes: number): string[] {
  const { shown, left } = fitItems(names, mostBytes);
  if (left === 0) return shown;
  return [...new Set([...shown, FINISH]), `… ${left} more: any step's exact name`];
}

/** Fields in reading order; those without a value are left out when it is sent. */
function structuredOf(view: View, budget: number): Record<string, unknown> {
  const { instance, workflow, ask } = view;
  return {
    status: instance.status,
    workflow_name: workflow.name,
    instance_id: instance.instance_id,
    decision: view.decision && decisionView(view.decision),
    branch: branchView(instance),
    ended: endedView(view, budget * 0.1),
    branches: boardView(view),
    denied: deniedView(view),
    next_step: view.step,
    decision_required: ask && { guidance: ask.guidance, candidates: ask.candidates, notes: notesOf(view) },
    waiting_for: waitingFor(instance) ?? undefined,
    checked: view.checked.shown.length > 0 ? view.checked.shown : undefined,
    checks_running: view.checks_running,
    server_did: view.server_did.length > 0 ? view.server_did : undefined,
    replayed: view.replayed,
    also_running: view.also_running?.map(({ instance_id, step_name, waiting_for }) => ({
      instance_id,
      step_name,
      ...(waiting_for ? { waiting_for } : {}),
    })),
    forked_from: forkView(view),
    recap: view.recap,
    ...filesFields(view),
    assumptions: view.assumptions.shown.length > 0 ? view.assumptions.shown : undefined,
    rules: rules(view),
    report_with: callNext(view),
    current_context: view.context,
  };
}

function deniedView({ denied }: View) {
  if (denied?.ruling?.kind !== "denied") return undefined;
  const { step_name, visit, actor, ended_at, ruling } = denied;
  return { step_name, visit, comment: oneLine(ruling.comment, MAX_REASONING), by: actor, at: ended_at };
}

function filesFields({ files }: View): { files?: string; files_fault?: string } {
  if (!files) return {};
  return "path" in files ? { files: files.path } : { files_fault: files.fault };
}

/** Why those who were asked before the agent did not decide. */
function notesOf({ notes }: View): string[] | undefined {
  return notes && notes.length > 0 ? notes : undefined;
}

function decisionView({ decided_by, reasoning, notes }: Decision) {
  return { decided_by, reasoning: oneLine(reasoning, MAX_REASONING), notes };
}
