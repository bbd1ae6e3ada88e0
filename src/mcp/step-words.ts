/** What both forms of a step answer say: the current step, the next call, the rules. */
import type { Ask, Outcome } from "../engine/outcome.ts";
import type { JsonObject } from "../json.ts";
import { PLACEHOLDERS } from "../report.ts";
import { fillTemplate } from "../template.ts";
import { currentStep, effectiveContext, stepIdOf } from "../transition.ts";
import { cutToBytes } from "../words.ts";
import { FINISH } from "../workflow.ts";

/** An outcome with what both forms need of it worked out once. */
export interface View extends Omit<Outcome, "ask" | "recap"> {
  step: ReturnType<typeof nextStep>;
  ask: Ask | undefined;
  /** There are candidates beyond those that follow the guidance. */
  free: boolean;
  recap: string | undefined;
  context: JsonObject;
}

/** The current step as it is handed out: null when suspended, failed or cancelled, FINISH when completed. */
export function nextStep({ instance, workflow }: Pick<Outcome, "instance" | "workflow">, mostBytes: number) {
  if (instance.status === "COMPLETED") return { step_name: FINISH, instructions: "" };
  const step = currentStep(workflow, instance);
  if (instance.status !== "RUNNING" || !step) return null;
  const instructions = fillTemplate(step.instructions, effectiveContext(instance));
  return {
    step_name: step.name,
    step_id: stepIdOf(instance),
    visit: instance.visit,
    progress: `${workflow.steps.indexOf(step) + 1} of ${workflow.steps.length}`,
    instructions: cutToBytes(instructions, mostBytes, whereWhole(instance.instance_id)),
  };
}

/** How to read what an answer had to cut. */
export function whereWhole(instanceId: string): string {
  return `run \`orchestrator show ${instanceId}\` in a terminal`;
}

/** The arguments of the next advance_workflow call, ready to copy. */
export function skeleton({ instance, ask, did }: View) {
  const step_id = stepIdOf(instance);
  const choice = ask ? { next_step: PLACEHOLDERS.choice } : {};
  const kept = instance.pending?.report.status ?? "success";
  const said = did === "kept" ? { status: kept } : { status: "success", details: PLACEHOLDERS.details };
  return { instance_id: instance.instance_id, report: { step_id, ...said, ...choice } };
}

export const FAILURE_RULE =
  'Not possible or not reached? "status":"failure" and "error": the workflow has a path for it. Only this step; the server gives the next.';

export function keptRule({ instance }: View): string {
  return `Report kept; nothing moved yet. Choose the step after ${instance.step_name} (visit ${instance.visit}):`;
}

/** What the structured form says in place of the text's closing lines. */
export function rules(view: View): string {
  const { instance, ask, did } = view;
  if (instance.status === "SUSPENDED") {
    return `Stop here. Tell the user what it waits for; do not poll. When it may go on: resume_workflow {"instance_id":"${instance.instance_id}"}`;
  }
  if (instance.status !== "RUNNING") return "Nothing more to call. Tell the user the outcome.";
  if (did === "noted") return "Noted; the step and its instructions are unchanged. Report it when it is over.";
  if (did === "kept" && ask) {
    return `${keptRule(view)} ${choiceRule(view)} Call report_with; the report need not be repeated.`;
  }
  const choice = ask ? ` Choose next_step by decision_required. ${choiceRule(view)}` : "";
  return `When the work is done and verified, call report_with once, filled in.${choice} ${FAILURE_RULE}`;
}

function choiceRule({ ask, free }: View): string {
  if (!ask || !free) return "";
  const count = ask.guided.length;
  const names = count === 1 ? "The first candidate follows" : `The first ${count} candidates follow`;
  return `${names} the guidance; for any other say why in "details" (it is recorded as off the guidance).`;
}
