/** The answers of the tools that only read: workflows, one instance, lists of instances. */
import type { Page, Snapshot } from "../engine/read.ts";
import type { Unclear } from "../engine/resume.ts";
import type { HistoryEntry, InstanceSummary } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { effectiveContext, stepIdOf } from "../transition.ts";
import { oneLine } from "../words.ts";
import type { Catalog } from "../workflow.ts";
import type { Answer } from "./answer.ts";
import { cutValue } from "./context-view.ts";
import { quote } from "./recap-text.ts";
import { nextStep } from "./step-words.ts";

/** Most bytes of one form of an answer; both forms together stay below 60 kB. */
const MAX_FORM_BYTES = 28_000;
const MAX_GOAL = 300;

export function workflowsAnswer({ workflows, invalid }: Catalog): Answer {
  const all = [...workflows.values()].map(({ workflow }) => ({
    name: workflow.name,
    goal: oneLine(workflow.goal, MAX_GOAL),
    steps: workflow.steps.map((step) => step.name),
  }));
  const broken = [...invalid].map(([name, problems]) => ({ name, problems }));
  const [shown, left] = fitting(all, MAX_FORM_BYTES / 2);
  const [brokenShown, brokenLeft] = fitting(broken, MAX_FORM_BYTES / 3);
  const omitted = left + brokenLeft;
  const cut = omitted > 0 ? `${omitted} more: run \`orchestrator list\` in a terminal` : undefined;
  const lines = [
    ...shown.map(({ name, goal, steps }) => `${name}: ${goal}\n  steps: ${steps.join(" → ")}`),
    ...brokenShown.map(({ name, problems }) => `${name} cannot be started:\n${problems.map(problemLine).join("\n")}`),
    shown.length > 0 ? 'Start one: start_workflow {"workflow_name":…}' : "There is no workflow that can be started.",
    cut,
  ];
  return { text: lines.filter(Boolean).join("\n"), structured: { workflows: shown, invalid: brokenShown, cut } };
}

function problemLine({ file, line, message, hint }: { file: string; line: number; message: string; hint: string }) {
  return `  ${file}:${line} ${message} ${hint}`;
}

/** One instance whole. `keys` picks values of the context; what does not fit is cut and says how to get it. */
export function statusAnswer({ instance, workflow, history }: Snapshot, keys: string[] | undefined): Answer {
  const context = pick(effectiveContext(instance), keys);
  const [contextShown, contextCut] = fitContext(context, MAX_FORM_BYTES / 3);
  const [newest, left] = fitting([...history].reverse(), MAX_FORM_BYTES / 3);
  const page = newest.reverse();
  const before = page[0]?.seq;
  const cut = [
    contextCut && "context values are cut: ask for some with keys",
    left > 0 && `history is cut: ask for the older with history_before ${before}`,
    (contextCut || left > 0) && `all of it: run \`orchestrator show ${instance.instance_id} --json\` in a terminal`,
  ].filter(Boolean);
  const structured = {
    instance_id: instance.instance_id,
    workflow_name: instance.workflow_name,
    status: instance.status,
    current_step_name: instance.step_name,
    visit: instance.visit,
    context: contextShown,
    created_at: instance.created_at,
    updated_at: instance.updated_at,
    completed_at: instance.completed_at,
    waiting_for: instance.waiting_for,
    pending_report: instance.pending && cutValue(instance.pending, 4_000),
    next_step: nextStepBrief({ instance, workflow }),
    history: page,
    history_total: instance.last_seq,
    cut: cut.length > 0 ? cut.join("; ") : undefined,
  };
  return { text: statusText({ instance, workflow, history: page }, structured), structured };
}

/** Instructions in full are for the one who works the step: resume_workflow hands them out. */
function nextStepBrief(at: Pick<Snapshot, "instance" | "workflow">) {
  const step = nextStep(at);
  return step && { ...step, instructions: cutValue(step.instructions, 4_000) };
}

function statusText(
  { instance, history }: Snapshot,
  shown: { context: JsonObject; pending_report: unknown; cut: string | undefined },
) {
  const running = instance.status === "RUNNING";
  const at = running ? `at ${instance.step_name} (${stepIdOf(instance)})` : `visit ${instance.visit}`;
  const lines = [
    `${instance.status} · ${instance.workflow_name} · ${instance.instance_id} · ${at}`,
    `created ${instance.created_at}, updated ${instance.updated_at}${instance.completed_at ? `, completed ${instance.completed_at}` : ""}`,
    instance.waiting_for && `waits: ${instance.waiting_for.message}`,
    shown.pending_report && `report kept, not decided: ${JSON.stringify(shown.pending_report)}`,
    `context: ${JSON.stringify(shown.context)}`,
    `history (${history.length} of ${instance.last_seq} entries):`,
    ...history.map(entryLine),
    shown.cut,
    running && `To go on working: resume_workflow {"instance_id":"${instance.instance_id}"}`,
  ];
  return lines.filter(Boolean).join("\n");
}

/** `#4 Run Unit Tests (4-run-unit-tests) failure "exit 1" → Attempt Auto Fix, by route: otherwise` */
export function entryLine({ seq, kind, step_name, step_id, report, decision }: HistoryEntry): string {
  const what = kind === "visit" ? step_name : `${kind} at ${step_name}`;
  const said = report && [report.status, quote(report.error ?? report.message ?? report.details ?? report.result)];
  const chosen = decision && `→ ${decision.next_step}, by ${decision.decided_by}: ${oneLine(decision.reasoning, 200)}`;
  return [`#${seq} ${what} (${step_id})`, ...(said ?? []), chosen].filter(Boolean).join(" ");
}

export function listAnswer({ instances, next_cursor, elsewhere }: Page): Answer {
  const lines = [
    ...instances.map(summaryLine),
    instances.length === 0 && "No instances in this project.",
    next_cursor && `More: the same call with "cursor":"${next_cursor}"`,
    elsewhere > 0 && elsewhereLine(elsewhere),
  ];
  return {
    text: lines.filter(Boolean).join("\n"),
    structured: { instances: instances.map(summaryView), next_cursor, elsewhere },
  };
}

/** What resume_workflow answers where there is not exactly one live instance. */
export function unclearAnswer({ live, elsewhere }: Unclear): Answer {
  const rules =
    live.length > 0
      ? `Several runs are live in this project. Resume the one you worked on (ask the user if unsure): resume_workflow {"instance_id":"${live[0]?.instance_id}"}`
      : "No run is live in this project. To begin one: list_workflows, then start_workflow.";
  const lines = [rules, ...live.map(summaryLine), elsewhere > 0 && elsewhereLine(elsewhere)];
  return { text: lines.filter(Boolean).join("\n"), structured: { instances: live.map(summaryView), elsewhere, rules } };
}

function summaryView({ step_name, ...rest }: InstanceSummary) {
  return { ...rest, current_step_name: step_name };
}

function summaryLine({
  instance_id,
  workflow_name,
  status,
  step_name,
  visit,
  updated_at,
  project,
}: InstanceSummary): string {
  return `${instance_id} · ${workflow_name} · ${status} · at ${step_name}, visit ${visit} · updated ${updated_at} · ${project}`;
}

function elsewhereLine(count: number): string {
  return `${count >= 1000 ? "1,000 or more" : count} in other projects: list_instances {"all_projects":true}`;
}

function pick(context: JsonObject, keys: string[] | undefined): JsonObject {
  if (!keys) return context;
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(context, key)).map((key) => [key, context[key]]));
}

/** The context with its longest values cut until it fits. */
function fitContext(context: JsonObject, mostBytes: number): [JsonObject, boolean] {
  for (const most of [Number.POSITIVE_INFINITY, 4_000, 400, 40]) {
    const shown = Object.fromEntries(Object.entries(context).map(([key, value]) => [key, cutValue(value, most)]));
    if (bytes(shown) <= mostBytes) return [shown, most !== Number.POSITIVE_INFINITY];
  }
  const [keys] = fitting(Object.keys(context), mostBytes / 2);
  return [{ "…": `too many keys to show values; ask for some with keys`, keys }, true];
}

/** As many items from the front as fit, and how many were left out. */
function fitting<T>(items: T[], mostBytes: number): [T[], number] {
  let room = mostBytes;
  const shown: T[] = [];
  for (const item of items) {
    room -= bytes(item);
    if (room < 0) break;
    shown.push(item);
  }
  return [shown, items.length - shown.length];
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}
