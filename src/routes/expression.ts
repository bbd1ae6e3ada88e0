/** CEL expressions of `# Routes`: what they see and how JSON becomes CEL values. This room alone knows the CEL library. */
import type { Environment } from "@marcbachmann/cel-js";
import { oneLine } from "../words.ts";
import type { Meter } from "../work/meter.ts";
import type { ExpressionPlace } from "../workflow.ts";
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
  /** How the branches of a branch step ended. */
  branches?: { total: number; completed: number; failed: number; cancelled: number; results: unknown[] };
  /** What one of its branches is for. */
  item?: unknown;
}

/** Facts as CEL values, for any number of expressions. */
export type CelFacts = ReturnType<typeof celFacts>;

export type Expression = (facts: CelFacts, meter: Meter) => unknown;

/** The type of a variable, or those of its fields. */
type Named = string | Record<string, string>;

/** What is known when a step is entered, before anybody has reported. */
const AT_ENTRY = { context: "map", visits: "int", step: "map", unattended: "bool" };

const ROUTE: Readonly<Record<string, Named>> = {
  report: "map",
  ...AT_ENTRY,
  approval: { denied: "bool", comment: "string" },
};
const JOINED: typeof ROUTE = {
  ...ROUTE,
  branches: { total: "int", completed: "int", failed: "int", cancelled: "int", results: "list" },
};

/** To tell whether an expression names `approval`. */
const { approval: _approval, ...UNASKED } = JOINED;

/** What an expression can name. */
const NAMES: Readonly<Record<ExpressionPlace, typeof ROUTE>> = {
  route: ROUTE,
  joined: JOINED,
  each: AT_ENTRY,
  with: { ...AT_ENTRY, item: "dyn" },
  max_parallel: AT_ENTRY,
};

const made = new Map<typeof ROUTE, Environment>();

/** Loaded and made at the first expression of the place: it takes a tenth of the whole start. */
function environment(names: typeof ROUTE): Environment {
  const known = made.get(names);
  if (known) return known;
  const { Environment } = require("@marcbachmann/cel-js") as typeof import("@marcbachmann/cel-js"); // what the package's types say that it exports
  const fresh = new Environment({ enableOptionalTypes: true });
  for (const [name, type] of Object.entries(names))
    if (typeof type === "string") fresh.registerVariable(name, type);
    else fresh.registerVariable({ name, schema: type });
  meterEvaluators(fresh);
  made.set(names, fresh);
  return fresh;
}

/**
 * Compiles an expression. The result throws if the expression cannot be evaluated, such as for an unset key, and
 * TooMuchWork if that takes more than the meter has left.
 */
export function compileExpression(text: string, place: ExpressionPlace = "route"): Expression {
  const run = environment(NAMES[place]).parse(text);
  run.check();
  return (facts, meter) => within(meter, { ast: run.ast, evaluate: () => run(facts) });
}

/** Converts facts once for all the expressions that are tried on them. */
export function celFacts({ report, context, visits, step, branches, item, ...others }: Facts) {
  const facts = {
    report: toCel(report),
    context: toCel(context),
    visits: BigInt(visits),
    step: toCel(step),
    ...others,
  };
  return {
    ...facts,
    ...(branches
      ? { branches: Object.fromEntries(Object.entries(branches).map(([key, value]) => [key, toCel(value)])) }
      : {}),
    ...(item === undefined ? {} : { item: toCel(item) }),
  };
}

/** What an expression must give; absent: anything. */
const GIVES: Readonly<Partial<Record<ExpressionPlace, string>>> = {
  route: "bool",
  joined: "bool",
  each: "list",
  max_parallel: "int",
};

/** Why the text is no usable expression there, on one line; null if it is one. */
export function checkExpression(text: string, place: ExpressionPlace = "route"): string | null {
  try {
    const checked = environment(NAMES[place]).parse(text).check();
    if (!checked.valid) return firstLine(checked.error);
    const type = String(checked.type);
    const wanted = GIVES[place] ?? type;
    return type === "dyn" || type.split("<", 1)[0] === wanted ? null : `it is of type ${type}, not ${wanted}`;
  } catch (error) {
    return firstLine(error);
  }
}

/**
 * Whether a usable expression names the variable `approval`: it is none where there is no such variable. So a key, a text or
 * a list's item of that name does not count.
 */
export function namesApproval(text: string): boolean {
  if (!text.includes("approval") || checkExpression(text, "joined") !== null) return false;
  return !environment(UNASKED).parse(text).check().valid;
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
