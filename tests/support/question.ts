/** Questions for a decider, built from a workflow as the engine builds them. */

import type { Question } from "../../src/decider.ts";
import { candidatesAfter } from "../../src/decision.ts";
import { type HistoryEntry, stepIdOf } from "../../src/instance.ts";
import type { JsonObject } from "../../src/json.ts";
import type { IncomingReport, Report } from "../../src/report.ts";
import { begin } from "../../src/rules/begin.ts";
import { findStep, hashWorkflow, type Workflow } from "../../src/workflow.ts";

const NOW = "2026-01-01T00:00:00.000Z";

/** A visit of a step, and what was reported of it. */
export interface Situation {
  step: string;
  report: IncomingReport;
  context?: JsonObject;
  /** Visits of this step, this one included. */
  visits?: number;
  recent?: HistoryEntry[];
  assumed?: string;
}

export function questionAt(workflow: Workflow, situation: Situation): Question {
  const { step: name, context = {}, visits = 1, recent = [], assumed } = situation;
  const step = findStep(workflow, name);
  if (!step) throw new Error(`${workflow.name} has no step "${name}"`);
  const definition = hashWorkflow(workflow);
  const start = { instance_id: "wf_test", definition, first_step: name, context, request_id: null, actor: "test" };
  const begun = begin(
    workflow,
    { ...start, unattended: false, started_at: NOW },
    { project: "/project", trusted: true },
  );
  const visit = recent.length + 1;
  const instance = { ...begun, step_name: name, visit, visits: { [name]: { count: visits, last: visit } } };
  const { status = "success", ...said } = situation.report;
  const report: Report = { ...said, step_id: stepIdOf(instance), status };
  const choice = candidatesAfter(workflow, step);
  return { workflow, instance, step, report, context, choice, recent: async () => recent, assumed };
}

/** A visit that is over, from a line such as `Apply Rename failure 3 leftovers`. */
export function pastVisit(workflow: Workflow, { line, visit }: { line: string; visit: number }): HistoryEntry {
  const step = workflow.steps.find(({ name }) => line.startsWith(`${name} `));
  if (!step) throw new Error(`${workflow.name}: "${line}" begins with no step's name`);
  const [status = "success", ...words] = line.slice(step.name.length + 1).split(" ");
  const step_id = `${visit}-${step.slug}`;
  return {
    seq: visit,
    kind: "visit",
    visit,
    step_id,
    step_name: step.name,
    report: { step_id, status, ...(words.length > 0 ? { details: words.join(" ") } : {}) },
    context_patch: {},
    decision: null,
    actor: "test",
    definition: "",
    started_at: NOW,
    ended_at: NOW,
  };
}

/** A question with one right answer: Deploy. */
export function sampleQuestion(): Question {
  const step = (name: string, guidance: string) => ({
    name,
    slug: name.toLowerCase(),
    file: `${name}.md`,
    guidance,
    instructions: `Do ${name}.`,
    sections: [],
    routes: [],
  });
  const steps = [
    step("Test", "The tests pass: Deploy. They fail: Repair."),
    step("Repair", "Test."),
    step("Deploy", "FINISH."),
  ];
  return questionAt(
    { name: "SAMPLE", goal: "Deploy.", steps },
    { step: "Test", report: { details: "12 of 12 passed" } },
  );
}
