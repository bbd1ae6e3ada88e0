/** The answers of the tools that list: workflows, instances. */

import type { Unclear } from "../engine/live.ts";
import { cursorFor, type Page } from "../engine/read.ts";
import type { InstanceSummary } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { fieldsOf } from "../schema.ts";
import { waitsWords } from "../turn.ts";
import { oneLine, visible } from "../words.ts";
import type { Catalog, Problem } from "../workflow.ts";
import type { Answer } from "./answer.ts";
import { fitAnswer, fitItems } from "./fit.ts";
import { forkedView, forkedWords } from "./fork-words.ts";

const MAX_GOAL = 300;
const MAX_INPUTS = 600;
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

function summaryView({ step_name, waiting_for, forked_from, ...rest }: InstanceSummary) {
  const view = { ...rest, current_step_name: step_name, ...(waiting_for ? { waiting_for } : {}) };
  return forked_from ? { ...view, forked_from: forkedView({ forked_from }) } : view;
}

function summaryLine({
  instance_id,
  workflow_name,
  status,
  step_name,
  visit,
  updated_at,
  project,
  waiting_for,
  forked_from,
  parent_id,
}: InstanceSummary): string {
  const state = waiting_for ? `${status} (${waitsWords(waiting_for)})` : status;
  return `${instance_id} · ${workflow_name} · ${state} · at ${step_name}, visit ${visit} · updated ${updated_at} · ${project}${parent_id ? ` · branch of ${parent_id}` : ""}${forked_from ? ` · ${forkedWords({ forked_from })}` : ""}`;
}

function elsewhereLine(count: number): string {
  return `${count >= 1000 ? "1,000 or more" : count} in other projects: list_instances {"all_projects":true}`;
}
