/** CEL expressions of `# Routes`: what they see and how JSON becomes CEL values. This room alone knows the CEL library. */
import type { Environment } from "@marcbachmann/cel-js";
import { oneLine } from "../words.ts";
import type { Meter } from "../work/meter.ts";
import { meterEvaluators, within } from "./metered-cel.ts";

/** What an expression can name. */
export interface Facts {
  report: object;
  context: object;
  /** Visits of this step, this one included. */
  visits: number;
  step: object;
  unattended: boolean;
  /** What a person decided of this visit. */
  approval: { denied: boolean; comment: string };
}

/** Facts as CEL values, for any number of expressions. */
export type CelFacts = ReturnType<typeof celFacts>;

export type Expression = (facts: CelFacts, meter: Meter) => unknown;

let made: Environment | undefined;
let unasked: Environment | undefined;

/** Loaded and made at the first expression: it takes a tenth of the whole start. */
function environment(): Environment {
  if (made) return made;
  made = withoutApproval().registerVariable({ name: "approval", schema: { denied: "bool", comment: "string" } });
  meterEvaluators(made);
  return made;
}

function withoutApproval(): Environment {
  const { Environment } = require("@marcbachmann/cel-js") as typeof import("@marcbachmann/cel-js"); // what the package's types say that it exports
  return new Environment({ enableOptionalTypes: true })
    .registerVariable("report", "map")
    .registerVariable("context", "map")
    .registerVariable("visits", "int")
    .registerVariable("step", "map")
    .registerVariable("unattended", "bool");
}

/**
 * Compiles an expression. The result throws if the expression cannot be evaluated, such as for an unset key, and
 * TooMuchWork if that takes more than the meter has left.
 */
export function compileExpression(text: string): Expression {
  const run = environment().parse(text);
  run.check();
  return (facts, meter) => within(meter, { ast: run.ast, evaluate: () => run(facts) });
}

/** Converts facts once for all the expressions that are tried on them. */
export function celFacts({ report, context, visits, step, ...others }: Facts) {
  return { report: toCel(report), context: toCel(context), visits: BigInt(visits), step: toCel(step), ...others };
}

/** Why the text is no usable route expression, on one line; null if it is one. */
export function checkExpression(text: string): string | null {
  try {
    const checked = environment().parse(text).check();
    if (!checked.valid) return firstLine(checked.error);
    const type = String(checked.type);
    return type === "bool" || type === "dyn" ? null : `it is of type ${type}, not bool`;
  } catch (error) {
    return firstLine(error);
  }
}

/**
 * Whether a usable expression names the variable `approval`: it is none where there is no such variable. So a key, a text or
 * a list's item of that name does not count.
 */
export function namesApproval(text: string): boolean {
  if (!text.includes("approval") || checkExpression(text) !== null) return false;
  unasked ??= withoutApproval();
  return !unasked.parse(text).check().valid;
}

/** Most characters of an error's message, which may quote a value. */
const MAX_MESSAGE = 300;

/** The first line of an error's message; the CEL library draws a picture below it. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return oneLine(message.split("\n", 1)[0] ?? "", MAX_MESSAGE);
}

/** Whole numbers become ints (BigInt), so that `visits + 1` and `context.n == 1` mean what they say. */
function toCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return new Map(entries.map(([key, item]) => [key, toCel(item)]));
}
