/** The current step and the call that reports it, as fields of an answer. */
import { decidedByRule } from "../decision.ts";
import type { Outcome } from "../engine/outcome.ts";
import { currentStep, effectiveContext, stepIdOf } from "../instance.ts";
import { type JsonObject, jsonBytes } from "../json.ts";
import { PLACEHOLDERS } from "../report.ts";
import { demandsOf, serverOf } from "../rules/demands.ts";
import { whyKeyWaived } from "../rules/waive.ts";
import { valueWords } from "../schema.ts";
import { fillTemplate } from "../template.ts";
import { cutToBytes } from "../words.ts";
import { ENDS, FINISH, type Step } from "../workflow.ts";
import { branchProgress } from "./branch-words.ts";
import { progressOf } from "./line-of-steps.ts";

/** A key of the context as a template names it. */
const NAMED = /context\.([\p{L}\p{N}_$-]+)/gu;

/** The current step as a field of the answer. */
export interface NextStep {
  step_name: string;
  step_id?: string;
  visit?: number;
  progress?: string | undefined;
  instructions?: string;
  template_faults?: string[] | undefined;
}

type At = Pick<Outcome, "instance" | "workflow" | "filler">;

/** The current step without its instructions: null when suspended, failed or cancelled, FINISH when completed. */
export function stepNames({ instance, workflow }: Omit<At, "filler">): NextStep | null {
  if (instance.status === "COMPLETED") return { step_name: FINISH };
  const step = currentStep(workflow, instance);
  if (instance.turn?.of !== "agent" || !step) return null;
  return {
    step_name: step.name,
    step_id: stepIdOf(instance),
    visit: instance.visit,
    progress: [branchProgress(instance), progressOf(step, workflow)].filter(Boolean).join(", ") || undefined,
  };
}

/** The current step as it is handed out: with its instructions. */
export function nextStep({ instance, workflow, filler }: At, mostBytes: number): NextStep | null {
  const names = stepNames({ instance, workflow });
  const step = currentStep(workflow, instance);
  if (!names || !step) return names && { ...names, instructions: "" };
  const { instructionBytes } = factsOf(step);
  const room = Math.max(mostBytes - instructionBytes, mostBytes / 4);
  const { text, faults } = filler?.(mostBytes) ?? {
    text: fillTemplate(step.instructions, { context: effectiveContext(instance) }, room),
    faults: [],
  };
  return {
    ...names,
    instructions: cutToBytes(text, mostBytes, () => whereWhole({ instance, workflow })),
    template_faults: faults.length > 0 ? faults : undefined,
  };
}

/** How to read what an answer had to cut. */
export function whereWhole({ instance, workflow }: Pick<Outcome, "instance" | "workflow">): string {
  const call = `get_workflow_status {"instance_id":"${instance.instance_id}","keys":[…]}`;
  return `values of the context by ${call}, the step's own text in the resource workflow://${encodeURIComponent(workflow.name)}`;
}

/** What an answer says of a step that hangs on the definition alone. */
interface StepFacts {
  instructionBytes: number;
  /** Keys of the context that its instructions name. */
  named: ReadonlySet<string>;
  /** Placeholders of the values that its report must set. */
  placeholders: Record<string, string> | undefined;
}

/** By step: a pinned workflow and its steps stay the same objects. */
const known = new WeakMap<Step, StepFacts>();

function factsOf(step: Step): StepFacts {
  const found = known.get(step) ?? {
    instructionBytes: jsonBytes(step.instructions),
    named: new Set(Array.from(step.instructions.matchAll(NAMED), ([, key = ""]) => key)),
    placeholders: placeholders(step),
  };
  known.set(step, found);
  return found;
}

/** Whether the step's instructions hold the value of that key as they were filled in. */
export function isFilledIn(step: Step, filled: string) {
  const { named } = factsOf(step);
  return (key: string, value: unknown) =>
    named.has(key) && filled.includes(typeof value === "string" ? value : JSON.stringify(value));
}

/** The arguments of the next advance_workflow call, ready to copy. */
export function nextCall({ instance, workflow, ask, did }: Outcome) {
  const step = currentStep(workflow, instance);
  const step_id = stepIdOf(instance);
  const choice = ask ? { next_step: PLACEHOLDERS.choice } : {};
  const kept = instance.pending?.report.status ?? "success";
  const said = did === "kept" ? { status: kept } : { status: "success", details: PLACEHOLDERS.details };
  const call = { instance_id: instance.instance_id, report: { step_id, ...said, ...choice } };
  if (!step || did === "kept") return call;
  const asked = placeholdersOf(step, instance);
  const missing = missingOutputs(step, { instance, workflow });
  return asked || missing ? { ...call, context_updates: { ...missing, ...asked } } : call;
}

/** Of the values that nobody waived; undefined if there are none. */
function placeholdersOf(step: Step, instance: Outcome["instance"]): Record<string, string> | undefined {
  const { placeholders } = factsOf(step);
  if (!placeholders || instance.waived.length === 0) return placeholders;
  const asked = Object.entries(placeholders).filter(([key]) => whyKeyWaived(instance, key) === undefined);
  return asked.length > 0 ? Object.fromEntries(asked) : undefined;
}

/** What the context must still be given, if the run ends with this step. */
function missingOutputs(step: Step, { instance, workflow }: Omit<At, "filler">): Record<string, string> | undefined {
  const { outputs } = workflow;
  if (!outputs || !endsRun(step)) return undefined;
  const context = effectiveContext(instance);
  const missing = Object.entries(outputs).filter(
    ([key]) => !Object.hasOwn(context, key) && !serverOf(workflow, step, key),
  );
  return missing.length > 0 ? asPlaceholders(Object.fromEntries(missing)) : undefined;
}

/** Whether nothing but an end follows the agent's report, and it may be FINISH. */
function endsRun(step: Step): boolean {
  const targets = step.next ?? (decidedByRule(step) ? step.routes.map(({ to }) => to) : []);
  return targets.includes(FINISH) && targets.every((name) => ENDS.includes(name));
}

function placeholders(step: Step): Record<string, string> | undefined {
  const produces = demandsOf(step);
  return produces && asPlaceholders(produces);
}

function asPlaceholders(values: Record<string, JsonObject>): Record<string, string> {
  const all = Object.entries(values).map(([key, schema]) => [key, PLACEHOLDERS.value(valueWords(schema))] as const);
  return Object.fromEntries(all);
}
