/** CEL expressions of `# Routes`: what they see and how JSON becomes CEL values. The only file that knows the CEL library. */
import { Environment } from "@marcbachmann/cel-js";

/** What an expression can name. */
export interface Facts {
  report: object;
  context: object;
  /** Visits of this step, this one included. */
  visits: number;
  step: object;
}

export type Expression = (facts: Facts) => unknown;

const environment = new Environment({ enableOptionalTypes: true })
  .registerVariable("report", "map")
  .registerVariable("context", "map")
  .registerVariable("visits", "int")
  .registerVariable("step", "map");

/** Compiles an expression. The result throws where the expression cannot be evaluated, such as for an unset key. */
export function compileExpression(text: string): Expression {
  const run = environment.parse(text);
  return (facts) =>
    run({
      report: toCel(facts.report),
      context: toCel(facts.context),
      visits: BigInt(facts.visits),
      step: toCel(facts.step),
    });
}

/** Why the text is no usable route expression, on one line; null when it is one. */
export function checkExpression(text: string): string | null {
  try {
    const checked = environment.parse(text).check();
    if (!checked.valid) return firstLine(checked.error);
    const type = String(checked.type);
    return type === "bool" || type === "dyn" ? null : `it is of type ${type}, not bool`;
  } catch (error) {
    return firstLine(error);
  }
}

/** The first line of an error's message; the CEL library draws a picture below it. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0] ?? message;
}

/** Whole numbers become ints (BigInt), so that `visits + 1` and `context.n == 1` mean what they say. */
function toCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return new Map(entries.map(([key, item]) => [key, toCel(item)]));
}
