/** The step answer: one outcome of the engine in two forms, text and structured, each enough alone. */
import type { Decision } from "../decision.ts";
import type { Outcome } from "../engine/outcome.ts";
import { effectiveContext } from "../transition.ts";
import { cutToBytes, oneLine } from "../words.ts";
import type { Answer } from "./answer.ts";
import { briefContext } from "./context-view.ts";
import { recapText } from "./recap-text.ts";
import { stepText } from "./step-text.ts";
import { nextStep, rules, skeleton, type View, whereWhole } from "./step-words.ts";

/** Most bytes of a step's guidance in one form of an answer. */
const MAX_GUIDANCE_BYTES = 3_000;
/** Longest reasoning of a decision in an answer, in characters; the history has it whole. */
const MAX_REASONING = 300;

export function stepAnswer(outcome: Outcome): Answer {
  const view = viewOf(outcome);
  return { text: stepText(view), structured: structuredOf(view) };
}

function viewOf(outcome: Outcome): View {
  const { instance, ask, recap } = outcome;
  const whole = whereWhole(instance.instance_id);
  const guidance = ask && cutToBytes(ask.guidance, MAX_GUIDANCE_BYTES, whole);
  return {
    ...outcome,
    ask: ask && { ...ask, guidance: guidance ?? "" },
    recap: recap && recapText(outcome, recap),
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
    next_step: nextStep(view),
    decision_required: ask && { guidance: ask.guidance, candidates: ask.candidates, notes: notesOf(view) },
    waiting_for: instance.waiting_for ?? undefined,
    replayed: view.replayed,
    also_running: view.also_running?.map(({ instance_id, step_name, visit }) => ({ instance_id, step_name, visit })),
    recap: view.recap,
    rules: rules(view),
    report_with: running ? { tool: "advance_workflow", arguments: skeleton(view) } : undefined,
    current_context: briefContext(effectiveContext(instance)),
  };
}

/** Why those who were asked before the agent did not decide. */
function notesOf({ notes }: View): string[] | undefined {
  return notes && notes.length > 0 ? notes : undefined;
}

function decisionView({ decided_by, reasoning, notes }: Decision) {
  return { decided_by, reasoning: oneLine(reasoning, MAX_REASONING), notes };
}
