/** The step answer: one outcome of the engine in two forms, text and structured, each enough alone. */
import type { Decision } from "../decision.ts";
import type { Ask, Outcome } from "../engine/outcome.ts";
import { effectiveContext } from "../transition.ts";
import { cutToBytes, oneLine } from "../words.ts";
import type { Answer } from "./answer.ts";
import { briefContext } from "./context-view.ts";
import { fitAnswer, fitItems } from "./fit.ts";
import { recapText } from "./recap-text.ts";
import { stepText } from "./step-text.ts";
import { nextStep, rules, skeleton, type View, whereWhole } from "./step-words.ts";

/** Longest reasoning of a decision in an answer, in characters; the history has it whole. */
const MAX_REASONING = 300;

export function stepAnswer(outcome: Outcome): Answer {
  return fitAnswer((budget) => {
    const view = viewOf(outcome, budget);
    return { text: stepText(view), structured: structuredOf(view) };
  });
}

/** Instructions get most of the bytes that one form may take. */
function viewOf(outcome: Outcome, budget: number): View {
  const { ask, recap } = outcome;
  return {
    ...outcome,
    step: nextStep(outcome, budget * 0.6),
    ask: ask && askWithin(ask, { instanceId: outcome.instance.instance_id, budget: budget * 0.2 }),
    recap: recap && recapText(outcome, recap),
    context: briefContext(effectiveContext(outcome.instance), budget * 0.2),
  };
}

function askWithin(ask: Ask, { instanceId, budget }: { instanceId: string; budget: number }): Ask {
  return {
    guidance: cutToBytes(ask.guidance, budget / 2, whereWhole(instanceId)),
    guided: fitItems(ask.guided, budget / 4).shown,
    candidates: fitItems(ask.candidates, budget / 4).shown,
  };
}

/** Fields in reading order; those without a value are left out when it is sent. */
function structuredOf(view: View): Record<string, unknown> {
  const { instance, workflow, ask } = view;
  const running = instance.status === "RUNNING";
  return {
    status: instance.status,
    workflow_name: workflow.name,
    instance_id: instance.instance_id,
    decision: view.decision && decisionView(view.decision),
    next_step: view.step,
    decision_required: ask && { guidance: ask.guidance, candidates: ask.candidates, notes: notesOf(view) },
    waiting_for: instance.waiting_for ?? undefined,
    replayed: view.replayed,
    also_running: view.also_running?.map(({ instance_id, step_name, visit }) => ({ instance_id, step_name, visit })),
    recap: view.recap,
    rules: rules(view),
    report_with: running ? { tool: "advance_workflow", arguments: skeleton(view) } : undefined,
    current_context: view.context,
  };
}

/** Why those who were asked before the agent did not decide. */
function notesOf({ notes }: View): string[] | undefined {
  return notes && notes.length > 0 ? notes : undefined;
}

function decisionView({ decided_by, reasoning, notes }: Decision) {
  return { decided_by, reasoning: oneLine(reasoning, MAX_REASONING), notes };
}
