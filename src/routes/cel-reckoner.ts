/** Expressions of branch steps, by CEL: the list of their branches, what each begins with, how many are open at once. */
import { jsonFault } from "../json.ts";
import type { BranchFacts, Reckoned, Reckoner } from "../reckoner.ts";
import { createMeter } from "../work/meter.ts";
import type { ExpressionPlace } from "../workflow.ts";
import { celFacts, compileExpression, type Expression, firstLine } from "./expression.ts";

/** Work that one expression may take: enough for a pass over the largest context. */
const UNITS = 1_000_000;
/** Expressions that stay compiled. */
const MAX_KEPT = 200;

export function createCelReckoner(): Reckoner {
  const compiled = new Map<string, Expression>();

  function expression(text: string, place: ExpressionPlace): Expression {
    const key = `${place} ${text}`;
    const known = compiled.get(key);
    if (known) return known;
    const [oldest] = compiled.size >= MAX_KEPT ? compiled.keys() : [];
    if (oldest !== undefined) compiled.delete(oldest);
    const made = compileExpression(text, place);
    compiled.set(key, made);
    return made;
  }

  return {
    value(text, place, facts): Reckoned {
      try {
        const value = fromCel(expression(text, place)(celFacts(factsOf(facts)), createMeter(UNITS)));
        const fault = jsonFault(value, "its value");
        return fault === null ? { value } : { fault };
      } catch (error) {
        return { fault: firstLine(error) };
      }
    },
  };
}

/** What has no part in such an expression is not among its names. */
function factsOf(facts: BranchFacts) {
  return { ...facts, report: {}, approval: { denied: false, comment: "" } };
}

/** Throws for what JSON has not. */
function fromCel(value: unknown): unknown {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), fromCel(item)]));
  if (value === null) return value;
  if (typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromCel(item)]));
  }
  throw new Error("it gives a value that JSON has not");
}
