/**
 * How well a model decides: asks the configured endpoint (AI_SERVICE_ENDPOINT, AI_SERVICE_API_KEY, AI_MODEL) about each
 * case of decision-cases.json, a state and a report of a shipped workflow, as a server would where no route decides.
 * Prints what it chose, its accuracy, tokens and latency; exit code 1 if a case could not be asked. `bun run decisions`
 */
import { join } from "node:path";
import { z } from "zod";
import { readConfig } from "../src/config.ts";
import type { Verdict } from "../src/decider.ts";
import type { Decision } from "../src/decision.ts";
import { JsonObject } from "../src/json.ts";
import { createLiquidRenderer } from "../src/liquid/liquid-renderer.ts";
import { createLog } from "../src/log.ts";
import { createLibrary } from "../src/markdown/library.ts";
import { createModelDecider } from "../src/openai/model-decider.ts";
import { Report } from "../src/report.ts";
import { checkExpression, namesApproval } from "../src/routes/expression.ts";
import { createAjvSchemaJudge } from "../src/schemas/ajv-judge.ts";
import { FINISH, findStep, type Workflow } from "../src/workflow.ts";
import { pastVisit, questionAt } from "../tests/support/question.ts";
import table from "./decision-cases.json" with { type: "json" };

const Case = z.strictObject({
  workflow: z.string(),
  step: z.string(),
  /** What makes it this case, in a few words. */
  about: z.string(),
  /** Visits of the step, this one included. */
  visits: z.int().min(1).default(1),
  context: JsonObject.default({}),
  /** Visits before it, oldest first: a step's name, the report's status and perhaps what it said. */
  before: z.array(z.string()).default([]),
  report: Report.partial(),
  /** The steps that a careful reader of the guidance would choose. */
  accept: z.array(z.string()).min(1),
});
type Case = z.infer<typeof Case>;

export const CASES: Case[] = z.array(Case).parse(table);

interface Asked {
  case: Case;
  /** Null: it could not be asked, and why. */
  decision: Decision | null;
  why: string;
  good: boolean;
  /** All in all, and without the time that the endpoint took. */
  milliseconds: number;
  added: number;
}

/** Cases in a row that cannot be asked before the rest is left out. */
const GIVE_UP_AFTER = 2;
/** The decider leaves an endpoint alone for a minute after it failed; each case is a chance of its own. */
const BETWEEN_CASES_MS = 61_000;

async function main(): Promise<number> {
  const { model } = readConfig();
  if (!model) {
    console.error(
      "No endpoint is configured: set AI_SERVICE_ENDPOINT (such as http://localhost:11434/v1) or AI_SERVICE_API_KEY.",
    );
    return 1;
  }
  const workflows = await shippedWorkflows();
  const wire = timeFetches();
  let clock = Date.now();
  const log = createLog("error");
  const decider = createModelDecider(model, { log, now: () => new Date(clock) });
  const asked: Asked[] = [];
  for (const each of CASES) {
    if (asked.length >= GIVE_UP_AFTER && asked.slice(-GIVE_UP_AFTER).every(({ decision }) => !decision)) break;
    clock += BETWEEN_CASES_MS;
    wire.milliseconds = 0;
    const began = performance.now();
    const verdict = await decider.decide(questionOf(each, workflows), {});
    const milliseconds = performance.now() - began;
    const result = judge(each, verdict, { milliseconds, added: milliseconds - wire.milliseconds });
    asked.push(result);
    console.log(lineOf(result));
  }
  console.log(summaryOf(asked));
  return asked.length === CASES.length && asked.every(({ decision }) => decision) ? 0 : 1;
}

/** The workflows of this checkout. */
export async function shippedWorkflows(): Promise<Map<string, Workflow>> {
  const directory = join(import.meta.dir, "../workflows");
  const judges = {
    checkExpression,
    namesApproval,
    schemaFault: createAjvSchemaJudge().fault,
    templateFaults: createLiquidRenderer().faults,
  };
  const { workflows } = await createLibrary({ places: [{ directory }], judges }).catalog();
  return new Map([...workflows].map(([name, { workflow }]) => [name, workflow]));
}

/** The question that the engine would put; fails where a case names something that the workflows do not have. */
export function questionOf(each: Case, workflows: Map<string, Workflow>) {
  const workflow = workflows.get(each.workflow);
  if (!workflow) throw new Error(`decision-cases.json: there is no workflow "${each.workflow}"`);
  const names = [...workflow.steps.map((step) => step.name), FINISH];
  for (const name of each.accept) {
    if (!names.includes(name)) throw new Error(`decision-cases.json: ${each.workflow} has no step "${name}"`);
  }
  const recent = each.before.map((line, index) => pastVisit(workflow, { line, visit: index + 1 }));
  const { step, visits, context, report } = each;
  if (!findStep(workflow, step)) throw new Error(`decision-cases.json: ${each.workflow} has no step "${step}"`);
  return questionAt(workflow, { step, visits, context, report, recent });
}

/** Adds up the time from each request to the end of its answer, as the endpoint's own. */
function timeFetches(): { milliseconds: number } {
  const spent = { milliseconds: 0 };
  const original = globalThis.fetch;
  const timed = async (...request: Parameters<typeof fetch>) => {
    const began = performance.now();
    try {
      const response = await original(...request);
      const body = await response.arrayBuffer();
      return new Response(body, response);
    } finally {
      spent.milliseconds += performance.now() - began;
    }
  };
  globalThis.fetch = Object.assign(timed, { preconnect: original.preconnect });
  return spent;
}

function judge(each: Case, verdict: Verdict, took: { milliseconds: number; added: number }): Asked {
  const decision = "decision" in verdict ? verdict.decision : null;
  const why = "decision" in verdict ? verdict.decision.reasoning : verdict.passed.join("; ");
  return { case: each, decision, why, good: decision !== null && each.accept.includes(decision.next_step), ...took };
}

function lineOf({ case: each, decision, why, good, milliseconds }: Asked): string {
  const what = `${each.workflow} · ${each.step} · ${each.about}`;
  if (!decision) return `! ${what}\n    not asked: ${why}`;
  const { input_tokens, output_tokens } = decision.model ?? {};
  const cost = `${Math.round(milliseconds)} ms, ${input_tokens ?? "?"} + ${output_tokens ?? "?"} tokens`;
  const wanted = good ? "" : `\n    wanted ${each.accept.join(" or ")}; it says: ${why}`;
  return `${good ? "✓" : "✗"} ${what} → ${decision.next_step} (${cost})${wanted}`;
}

function summaryOf(asked: Asked[]): string {
  const decided = asked.filter(({ decision }) => decision !== null);
  const good = decided.filter((each) => each.good);
  const uses = decided.flatMap(({ decision }) => decision?.model ?? []);
  const names = [...new Set(uses.map(({ name, rung }) => `${name} by ${rung}`))];
  const times = decided.map(({ milliseconds }) => milliseconds);
  const lines = [
    `${names.join(", ") || "no model answered"}`,
    `accuracy   ${good.length} of ${decided.length}${decided.length > 0 ? ` (${percent(good.length / decided.length)})` : ""}`,
    ...[...Map.groupBy(decided, ({ case: each }) => each.workflow)].map(
      ([name, of]) => `           ${of.filter((each) => each.good).length} of ${of.length} ${name}`,
    ),
    decided.length < CASES.length && `not asked  ${CASES.length - decided.length} of ${CASES.length}`,
    `tokens     ${sum(uses.map((use) => use.input_tokens))} in, ${sum(uses.map((use) => use.output_tokens))} out`,
    times.length > 0 &&
      `latency    ${whole(quantile(times, 0.5))} ms median, ${whole(quantile(times, 0.9))} ms at 90 %, ${whole(Math.max(...times))} ms longest`,
    times.length > 0 &&
      `added      ${quantile(
        decided.map(({ added }) => added),
        0.5,
      ).toFixed(1)} ms median, beyond the endpoint's own time`,
  ];
  return `\n${lines.filter(Boolean).join("\n")}`;
}

function sum(counts: (number | null)[]): string {
  return counts.every((count) => count === null)
    ? "?"
    : String(counts.reduce<number>((all, count) => all + (count ?? 0), 0));
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function whole(value: number): number {
  return Math.round(value);
}

if (import.meta.main) process.exit(await main());
