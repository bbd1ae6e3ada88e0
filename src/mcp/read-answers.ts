/** The answers of the tools that only read: workflows, one instance, lists of instances. */
import { cursorFor, type Page, type Snapshot } from "../engine/read.ts";
import type { Unclear } from "../engine/resume.ts";
import { effectiveAssumptions, effectiveContext, type HistoryEntry, type InstanceSummary } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { fieldsOf } from "../schema.ts";
import { waitingFor } from "../turn.ts";
import { oneLine, visible } from "../words.ts";
import type { Catalog, Problem } from "../workflow.ts";
import type { Answer } from "./answer.ts";
import { assumptionsWithin } from "./assumptions.ts";
import { fitContext, pick } from "./context-view.ts";
import { BUDGETS, bytesOf, fitAnswer, fitItems, shrink } from "./fit.ts";
import { type Run, runText } from "./run-text.ts";
import { nextStep } from "./step-words.ts";

const MAX_GOAL = 300;
const MAX_INPUTS = 600;
/** Most characters of what a check printed, in a status: its end. */
const MAX_BRIEF_OUTPUT = 200;
/** Most bytes of the instructions in a status. */
const MAX_BRIEF_BYTES = 4_000;
/** Longest name of a workflow or of its file that is shown whole: a directory's name may hold anything. */
const MAX_PLACE = 250;
/** Problems of one workflow that are shown. */
const MAX_PROBLEMS = 10;

/** By catalogue, which stays the same object until a definition changes. */
const worded = new WeakMap<Catalog, Answer>();

export function workflowsAnswer(catalog: Catalog): Answer {
  const known = worded.get(catalog) ?? fitAnswer((budget) => workflowsWithin(catalog, budget));
  worded.set(catalog, known);
  return known;
}

function workflowsWithin({ workflows, invalid }: Catalog, budget: number): Answer {
  const all = [...workflows.values()].map(({ workflow }) => ({
    name: workflow.name,
    description: workflow.description,
    goal: oneLine(workflow.goal, MAX_GOAL),
    steps: firstOf(
      workflow.steps.map((step) => step.name),
      budget / 10,
    ),
    inputs: workflow.inputs,
  }));
  const good = fitItems(all, budget * 0.5);
  const bad = fitItems(
    [...invalid].map(([name, problems]) => ({
      name,
      problems: problems.slice(0, MAX_PROBLEMS).map(({ source, ...problem }) => problem),
      count: problems.length,
    })),
    budget * 0.3,
  );
  const omitted = good.left + bad.left;
  const cut = omitted > 0 ? `${omitted} more: run \`orchestrator list\` in a terminal` : undefined;
  const lines = [
    ...good.shown.map(workflowLines),
    ...bad.shown.map(
      ({ name, count, problems }) =>
        `${oneLine(name, MAX_PLACE)} cannot be started, problems: ${count}\n${problems.map(problemLine).join("\n")}`,
    ),
    good.shown.length > 0
      ? 'Start one: start_workflow {"workflow_name":…}'
      : "There is no workflow that can be started.",
    cut,
  ];
  const text = visible(lines.filter(Boolean).join("\n"));
  return { text, structured: { workflows: good.views, invalid: bad.views, cut } };
}

function workflowLines(about: {
  name: string;
  description: string | undefined;
  goal: string;
  steps: string[];
  inputs: JsonObject | undefined;
}): string {
  const { name, description, goal, steps, inputs } = about;
  const fields = fieldsOf(inputs).map((field) => `${field.name} (${field.type}${field.required ? ", required" : ""})`);
  return [
    `${oneLine(name, MAX_PLACE)}: ${description ?? goal}`,
    description && goal && `  goal: ${goal}`,
    fields.length > 0 && `  context: ${oneLine(fields.join(", "), MAX_INPUTS)}`,
    `  steps: ${steps.join(" → ")}`,
  ]
    .filter(Boolean)
    .join("\n");
}

/** The first of the names, and how many more there are. */
function firstOf(names: string[], mostBytes: number): string[] {
  const { shown, left } = fitItems(names, mostBytes);
  return left > 0 ? [...shown, `… ${left} more`] : shown;
}

function problemLine({ file, line, message, hint }: Problem): string {
  return `  ${oneLine(file, MAX_PLACE)}:${line} ${message}. ${hint}`;
}

/** One instance whole. `keys` picks values of the context; what does not fit is cut and says how to get it. */
export function statusAnswer(snapshot: Snapshot, keys: string[] | undefined): Answer {
  return fitAnswer((budget) => statusWithin(snapshot, { keys, budget }));
}

/** Whether a status has no room for older entries, whatever its size: with a smaller one entries are cut that were whole. */
export function fillsStatus(history: HistoryEntry[]): boolean {
  return BUDGETS.every((budget) => historyWithin(history, budget).left > 0);
}

function historyWithin(history: HistoryEntry[], budget: number) {
  return fitItems([...history].reverse().map(withBriefOutput), budget * 0.35);
}

function statusWithin(
  { instance, workflow, history, unread, filler }: Snapshot,
  most: { keys: string[] | undefined; budget: number },
): Answer {
  const { keys, budget } = most;
  const [context, contextCut] = fitContext(pick(effectiveContext(instance), keys), budget * 0.4);
  const assumptions = assumptionsWithin(effectiveAssumptions(instance), budget * 0.3);
  const page = historyWithin(history, budget);
  const oldest = page.shown.at(-1)?.seq;
  const historyCut = page.left > 0 || unread; // what a smaller answer shrinks may leave room for entries that were not read
  const shrunk =
    page.shown.some((entry, index) => page.views[index] !== entry) ||
    page.shown.some((entry) => !history.includes(entry));
  const cut = [
    contextCut && "context values are cut: ask for some with keys",
    historyCut && `history is cut: ask for the older with history_before ${oldest}`,
    assumptions.left > 0 && "the earlier assumptions stand in the history's reports",
    shrunk && "long reports and outputs are cut",
    (contextCut || historyCut || shrunk) &&
      `all of it: run \`orchestrator show ${instance.instance_id} --json\` in a terminal`,
  ].filter(Boolean);
  const structured = {
    instance_id: instance.instance_id,
    workflow_name: instance.workflow_name,
    status: instance.status,
    current_step_name: instance.step_name,
    visit: instance.visit,
    context,
    created_at: instance.created_at,
    updated_at: instance.updated_at,
    completed_at: instance.completed_at,
    waiting_for: waitingFor(instance),
    pending_report: instance.pending && shrinkTo(instance.pending, budget * 0.15),
    next_step: nextStepBrief({ instance, workflow, filler }),
    unattended: instance.unattended || undefined,
    assumptions: assumptions.shown.length > 0 ? assumptions.shown : undefined,
    history: page.views.reverse(),
    history_total: instance.last_seq,
    cut: cut.length > 0 ? cut.join("; ") : undefined,
  };
  const { pending_report } = structured;
  const run = { instance, context, pending_report, assumptions, history: page.shown.reverse() };
  return { text: statusText(run, structured.cut), structured };
}

/** What a check printed is for people: in an answer it would crowd out what was reported. */
function withBriefOutput(entry: HistoryEntry): HistoryEntry {
  if (!entry.evidence?.some(({ output = "" }) => output.length > MAX_BRIEF_OUTPUT)) return entry;
  const evidence = entry.evidence.map((result) =>
    result.output === undefined ? result : { ...result, output: cutStart(result.output) },
  );
  return { ...entry, evidence };
}

function cutStart(output: string): string {
  return output.length > MAX_BRIEF_OUTPUT ? `…${output.slice(-MAX_BRIEF_OUTPUT)}` : output;
}

function shrinkTo(value: unknown, mostBytes: number): unknown {
  return bytesOf(value) > mostBytes ? shrink(value, mostBytes) : value;
}

/** Instructions in full are for the one who works the step: resume_workflow hands them out. */
function nextStepBrief(at: Pick<Snapshot, "instance" | "workflow" | "filler">) {
  return nextStep(at, MAX_BRIEF_BYTES);
}

function statusText(run: Run, cut: string | undefined): string {
  const { status, instance_id } = run.instance;
  const goOn = status === "RUNNING" && `To go on working: resume_workflow {"instance_id":"${instance_id}"}`;
  return [runText(run, { whole: false }), cut, goOn].filter(Boolean).join("\n");
}

export function listAnswer(page: Page): Answer {
  return fitAnswer((budget) => listWithin(page, budget));
}

function listWithin({ instances, next_cursor, elsewhere }: Page, budget: number): Answer {
  const { shown, left } = fitItems(instances, budget);
  const last = shown.at(-1);
  const cursor = left > 0 && last ? cursorFor(last) : next_cursor;
  const lines = [
    ...shown.map(summaryLine),
    shown.length === 0 && "No instances in this project.",
    cursor && `More: the same call with "cursor":"${cursor}"`,
    elsewhere > 0 && elsewhereLine(elsewhere),
  ];
  return {
    text: lines.filter(Boolean).join("\n"),
    structured: { instances: shown.map(summaryView), next_cursor: cursor, elsewhere },
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
