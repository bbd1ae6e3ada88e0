/** What an author demands of a step beside its instructions, in words. Pure. */
import { labelOf } from "../check.ts";
import type { JsonObject } from "../json.ts";
import { exactly } from "../words.ts";
import type { Approval, Branching, Program, Route, Shown, Step } from "../workflow.ts";

/** A name, and what it says: several are lines. */
export type Fact = [name: string, words: string[]];

/** In the order in which a visit comes to them. */
export function factsOf(step: Step): Fact[] {
  const { max_visits, wait, approval, run, sets, branches, deadline, produces, checks, next, routes, template } = step;
  const facts: (Fact | false | undefined)[] = [
    max_visits !== undefined && ["Visits", [`at most ${max_visits}, then a person is asked`]],
    wait !== undefined && ["Waits", [`${exactly(wait)} before it is handed out`]],
    approval && ["Approval", approvalWords(approval)],
    run && ["The server runs", runWords(step, run)],
    sets && ["Sets", Object.entries(sets).map(([key, field]) => `context.${key}: ${field}`)],
    branches && ["Done by", branchWords(branches)],
    deadline && ["Deadline", [`${exactly(deadline.after)}, then ${deadline.then ?? "a person is asked"}`]],
    produces && ["The report sets", schemaWords(produces)],
    checks && ["The server checks", checks.map(labelOf)],
    routes.length > 0 && ["Leads to", routes.map(routeWords)],
    next && [routes.length > 0 ? "May lead to" : "Leads to", [next.join(", ")]],
    template && ["Template", ["the instructions are filled in by Liquid"]],
  ];
  return facts.filter((fact): fact is Fact => Array.isArray(fact));
}

/** `version: string, must be given`. */
export function inputWords({ properties, required }: JsonObject): string[] {
  const must = Array.isArray(required) ? required : [];
  return Object.entries(isObject(properties) ? properties : {}).map(
    ([key, schema]) => `${key}: ${typeWords(schema)}${must.includes(key) ? ", must be given" : ""}`,
  );
}

/** `changes: integer`. */
export function schemaWords(schemas: Record<string, unknown>): string[] {
  return Object.entries(schemas).map(([key, schema]) => `${key}: ${typeWords(schema)}`);
}

function typeWords(schema: unknown): string {
  if (!isObject(schema)) return "any value";
  const { type, enum: values, description } = schema;
  const words = Array.isArray(values) ? `one of ${values.join(", ")}` : type === undefined ? "any value" : String(type);
  return typeof description === "string" ? `${words} (${description})` : words;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function approvalWords({ ask, show, expires, denied }: Approval): string[] {
  return [
    ask === undefined ? "a person must approve it" : `a person must approve it: “${ask}”`,
    ...(show ? [`shown: ${show.map(shownWords).join(", ")}`] : []),
    ...(expires === undefined ? [] : [`asked anew after ${exactly(expires)}`]),
    ...(denied === undefined ? [] : [`a no leads to ${denied}`]),
  ];
}

function shownWords(shown: Shown): string {
  if (shown.kind === "changes") return "what changed in the project";
  return shown.kind === "file" ? shown.path : ["context", ...shown.path].join(".");
}

function runWords({ until_passes }: Step, run: Program): string[] {
  const program = run.kind === "run" ? run.text : `${run.name} (named by who starts the server)`;
  if (!until_passes) return [program];
  const { every, at_most, while_exit } = until_passes;
  const codes = while_exit ? `while it exits with ${while_exit.join(" or ")}` : "until it passes";
  return [program, `every ${exactly(every)} ${codes}, for ${exactly(at_most)} at most`];
}

function branchWords({ uses, each, as, with: given, max_parallel = 1, fail_fast, into }: Branching): string[] {
  const items = typeof each === "string" ? each : each?.map((item) => JSON.stringify(item)).join(", ");
  return [
    `runs of ${uses.join(", ")}${items === undefined ? "" : `, one for each of ${items}`}`,
    `${max_parallel} at once${fail_fast ? "; the first failure ends the others" : ""}`,
    ...(as === undefined ? [] : [`each gets its item as context.${as}`]),
    ...Object.entries(given ?? {}).map(([key, from]) => `each gets context.${key} from ${from}`),
    ...(into === undefined ? [] : [`results go into context.${into}`]),
  ];
}

function routeWords({ when, to }: Route): string {
  return when === null ? `otherwise: ${to}` : `if ${when}: ${to}`;
}
