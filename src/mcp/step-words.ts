/** What both forms of a step answer say: the current step, the next call, the rules. */
import type { Ask, Outcome } from "../engine/outcome.ts";
import type { StepCheck } from "../engine/step-checks.ts";
import { currentStep, effectiveContext, stepIdOf } from "../instance.ts";
import { type JsonObject, jsonBytes } from "../json.ts";
import { PLACEHOLDERS } from "../report.ts";
import { demandsOf } from "../rules/demands.ts";
import { valueWords } from "../schema.ts";
import { fillTemplate } from "../template.ts";
import { RELEASED, waitingFor } from "../turn.ts";
import { cutToBytes, oneLine } from "../words.ts";
import { FINISH, type Step, type Workflow } from "../workflow.ts";
import type { assumptionsWithin } from "./assumptions.ts";
import { type checkedWithin, took } from "./checked.ts";
import { deadlineRule, goesOnByItself, handedOverRule, type ServerDidView, waitingRule } from "./waiting.ts";

/** An outcome with what both forms need of it worked out once. */
export interface View extends Omit<Outcome, "ask" | "recap" | "checked" | "server_did"> {
  step: ReturnType<typeof nextStep>;
  ask: Ask | undefined;
  /** There are candidates beyond those that follow the guidance. */
  free: boolean;
  recap: string | undefined;
  context: JsonObject;
  checked: ReturnType<typeof checkedWithin>;
  server_did: ServerDidView[];
  /** Told when the run is over. */
  assumptions: ReturnType<typeof assumptionsWithin>;
  /** The arguments of the next advance_workflow call, ready to copy. */
  next_call: ReturnType<typeof nextCall>;
}

/** Longest list of checks in an answer, in characters. */
const MAX_CHECK_WORDS = 400;
const MAX_UNCHECKED_WORDS = 1_000;

/** The current step as it is handed out: null when suspended, failed or cancelled, FINISH when completed. */
export function nextStep(
  { instance, workflow, filler }: Pick<Outcome, "instance" | "workflow" | "filler">,
  mostBytes: number,
) {
  if (instance.status === "COMPLETED") return { step_name: FINISH, instructions: "" };
  const step = currentStep(workflow, instance);
  if (instance.turn?.of !== "agent" || !step) return null;
  const { instructionBytes, progress } = factsOf(step, workflow);
  const room = Math.max(mostBytes - instructionBytes, mostBytes / 4);
  const { text, faults } = filler?.(mostBytes) ?? {
    text: fillTemplate(step.instructions, { context: effectiveContext(instance) }, room),
    faults: [],
  };
  return {
    step_name: step.name,
    step_id: stepIdOf(instance),
    visit: instance.visit,
    progress,
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
  progress: string;
  instructionBytes: number;
  /** Placeholders of the values that its report must set. */
  placeholders: Record<string, string> | undefined;
}

/** By step: a pinned workflow and its steps stay the same objects. */
const known = new WeakMap<Step, StepFacts>();

function factsOf(step: Step, { steps }: Workflow): StepFacts {
  const found = known.get(step) ?? {
    progress: `${steps.indexOf(step) + 1} of ${steps.length}`,
    instructionBytes: jsonBytes(step.instructions),
    placeholders: placeholders(step),
  };
  known.set(step, found);
  return found;
}

/** The arguments of the next advance_workflow call, ready to copy. */
export function nextCall({ instance, workflow, ask, did }: Outcome) {
  const step = currentStep(workflow, instance);
  const step_id = stepIdOf(instance);
  const choice = ask ? { next_step: PLACEHOLDERS.choice } : {};
  const kept = instance.pending?.report.status ?? "success";
  const said = did === "kept" ? { status: kept } : { status: "success", details: PLACEHOLDERS.details };
  const call = { instance_id: instance.instance_id, report: { step_id, ...said, ...choice } };
  const context_updates = step && factsOf(step, workflow).placeholders;
  return did === "kept" || !context_updates ? call : { ...call, context_updates };
}

function placeholders(step: Step): Record<string, string> | undefined {
  const produces = demandsOf(step);
  if (!produces) return undefined;
  const values = Object.entries(produces).map(
    ([key, schema]) => [key, PLACEHOLDERS.value(valueWords(schema))] as const,
  );
  return Object.fromEntries(values);
}

/** What the server looks at before it believes the report, and what it may not look at here. */
export function checkRules({ checks, instance }: Pick<View, "checks" | "instance">): string {
  if (checks.length === 0) return "";
  const reasons = [...new Set(checks.flatMap(({ refusal }) => refusal ?? []))];
  const left = reasons.map((reason) => {
    const labels = checks.filter(({ refusal }) => refusal === reason).map(({ label }) => label);
    return `Not checked by the server: ${oneLine(labels.join(" | "), MAX_CHECK_WORDS)} (${reason})`;
  });
  const looked = checks.filter(({ refusal }) => refusal === null);
  const told = checks.flatMap(({ rule, refusal }) => {
    const looks = refusal === null ? " The server looks at that." : "";
    return rule ? [`${oneLine(rule, MAX_CHECK_WORDS)}${looks}`] : [];
  });
  return [...told, ...willLook(looked, instance.project), ...left].join("\n");
}

/** `After your report the server runs: test (npm test, 23 s last time), in /p. You need not run it yourself.` */
function willLook(checks: StepCheck[], project: string): string[] {
  const programs = checks.filter(({ command }) => command !== undefined);
  const others = checks.filter(({ command, rule }) => !command && !rule).map(({ label }) => label);
  const parts = [
    ...(programs.length > 0 ? [`runs: ${oneLine(programs.map(programWords).join(" | "), MAX_CHECK_WORDS)}`] : []),
    ...(others.length > 0 ? [`looks at: ${oneLine(others.join(" | "), MAX_CHECK_WORDS)}`] : []),
  ];
  if (parts.length === 0) return [];
  const noNeed = programs.length === 0 ? "" : ` You need not run ${programs.length === 1 ? "it" : "them"} yourself.`;
  return [`After your report the server ${parts.join("; it ")}, in ${project}.${noNeed}`];
}

function programWords({ label, command, took: before }: StepCheck): string {
  const facts = [command !== label && command, before !== undefined && `${took(before)} last time`].filter(Boolean);
  return facts.length > 0 ? `${label} (${facts.join(", ")})` : label;
}

/** What the checks of the run's path do not vouch for: `Unchecked by the server: Run Unit Tests (visits 4, 7).` */
function openProofs({ instance }: Pick<View, "instance">): string[] {
  const steps = Object.entries(instance.visits);
  const say = (what: string, visitsOf: (seen: (typeof steps)[number][1]) => number[]) => {
    const named = steps
      .map(([name, seen]) => [name, visitsOf(seen)] as const)
      .filter(([, visits]) => visits.length > 0);
    const words = named.map(([name, visits]) => `${name} (visit${visits.length > 1 ? "s" : ""} ${visits.join(", ")})`);
    return words.length > 0 ? [`${what}: ${oneLine(words.join("; "), MAX_UNCHECKED_WORDS)}.`] : [];
  };
  return [
    ...say("Unchecked by the server", ({ unchecked = [] }) => unchecked),
    ...say("Ended as a failure", ({ failed }) => (failed === undefined ? [] : [failed])),
    ...say("Proven before a rewind only", ({ proven_before_rewind: at }) => (at === undefined ? [] : [at])),
  ];
}

/** A call whose checks still run. */
export function checkingRule({ checks_running }: View): string {
  const names = oneLine((checks_running?.checks ?? []).join(" | "), MAX_CHECK_WORDS);
  return `The server still runs its checks (${names}); nothing moved yet. Change nothing meanwhile; in about a minute send the same call again.`;
}

export const FAILURE_RULE =
  'Not possible or not reached? "status":"failure" and "error": the workflow has a path for it. Only this step; the server gives the next.';

/** What replaces the user; empty if they can be asked. */
export function unattendedRule({ instance }: Pick<View, "instance">): string {
  if (!instance.unattended) return "";
  return "Nobody can be asked: where the step says ask, take what can be undone, and name it in report.assumptions.";
}

export function keptRule({ instance }: View): string {
  return `Report kept; nothing moved yet. Choose the step after ${instance.step_name} (visit ${instance.visit}):`;
}

/** What the structured form says in place of the text's closing lines. */
export function rules(view: View): string {
  const { instance, ask, did } = view;
  if (goesOnByItself(view)) return waitingRule(view);
  if (instance.status === "SUSPENDED" && did === "noted")
    return "Noted, and paused; whoever goes on calls resume_workflow.";
  if (instance.status === "SUSPENDED") {
    return suspendedRule(instance);
  }
  if (instance.status !== "RUNNING") return `Nothing more to call. ${outcomeRule(view)}`;
  if (did === "checking") return checkingRule(view);
  if (did === "noted") return "Noted; the step and its instructions are unchanged. Report it when it is over.";
  if (did === "kept" && ask) {
    return `${keptRule(view)}${choiceRule(view)} Call report_with; the report need not be repeated.`;
  }
  const choice = ask ? ` Choose next_step by decision_required.${choiceRule(view)}` : "";
  const handed = handedOverRule(view);
  const more = [checkRules(view), deadlineRule(view)].filter(Boolean).join("\n");
  const checks = more.replace(/\.?\n/g, ". ").replace(/\.$/, "");
  const left = view.step?.template_faults
    ? " What template_faults names was left as the workflow's author wrote it."
    : "";
  const all = [unattendedRule(view), checks && `${checks}.`, FAILURE_RULE].filter(Boolean).join(" ");
  return `${handed && `${handed} `}When the work is done and verified, call report_with once, filled in.${left}${choice} ${all}`;
}

/** What is left to do when a run is over. */
export function outcomeRule(view: Pick<View, "instance">): string {
  const assumed = view.instance.assumptions.length > 0 ? " and what was decided on their behalf" : "";
  return [`Tell the user the outcome${assumed}.`, ...openProofs(view)].join(" ");
}

function suspendedRule(instance: Outcome["instance"]): string {
  const { instance_id } = instance;
  const call = `resume_workflow {"instance_id":"${instance_id}"}`;
  if (!RELEASED.has(waitingFor(instance)?.kind ?? "")) {
    return `Stop here. Tell the user what it waits for; do not poll. When it may go on: ${call}`;
  }
  return `Stop here. Tell the user why it waits, and that \`orchestrator release ${instance_id}\` in a terminal of their own (with this server's --db, if it has one) lets it go on. Do not poll, do not release it yourself, do not work on the step.\nWhen the user says it is released: ${call}`;
}

function choiceRule({ ask, free }: View): string {
  if (!ask || !free) return "";
  const count = ask.guided.length;
  const names = count === 1 ? "The first candidate follows" : `The first ${count} candidates follow`;
  return ` ${names} the guidance; for any other say why in "details" (it is recorded as off the guidance).`;
}
