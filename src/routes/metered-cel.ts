/**
 * Counts the work of CEL expressions, step by step. The library has no limit of its own, so this hooks into its evaluator:
 * every node is evaluated by `run`, every error that is passed over comes through `tryEval`, and every value of a comparison
 * through `debugType`. tests/routes.test.ts holds that these hooks are reached, and that each function's cost is known.
 */
import type { Environment } from "@marcbachmann/cel-js";
import { type Meter, TooMuchWork } from "../work/meter.ts";
import { compilePattern } from "../work/pattern.ts";

/** A node of a parsed expression, as far as it matters here. */
interface Node {
  op: string;
  args: unknown;
  input: string;
  /** Applies an operator or a function to its operands; it is there once the types were checked. */
  handle?: (...values: unknown[]) => unknown;
  /** Ours: its handle counts. */
  isPrepared?: boolean;
  evaluate(evaluator: Evaluator, node: Node, scope: unknown): unknown;
}

interface Evaluator {
  run(node: Node, scope: unknown): unknown;
  tryEval(node: Node, scope: unknown): unknown;
  debugType(value: unknown): unknown;
}

/** What comparing costs for each list or object, those within others included. */
const COMPARING_UNITS = 3;
/** What an error that is made and passed over costs, besides the expression's text, which it quotes. */
const ERROR_UNITS = 50;
/** What a date in a time zone other than UTC costs: it is formatted and read again. */
const TIME_ZONE_UNITS = 500;

/** What a function or an operator costs beyond its operands' and its result's own size, in units. */
const COSTS: Readonly<Record<string, (operands: unknown[]) => number>> = {
  "==": compared,
  "!=": compared,
  in: compared,
  contains: searched,
  indexOf: searched,
  lastIndexOf: searched,
  split: (operands) => searched(operands) + sizeOf(operands[0]),
  join: ([list, separator]) => {
    const texts = Array.isArray(list) ? list : [];
    const length = texts.reduce((sum: number, text) => sum + sizeOf(text) + sizeOf(separator), 0);
    return texts.length + (length >> 3);
  },
  duration: ([text]) => sizeOf(text) ** 3 / 64,
  size: first,
  lowerAscii: first,
  upperAscii: first,
  trim: first,
  bytes: first,
  json: first,
  hex: first,
  base64: first,
  string: first,
  double: first,
};

/** The budget of the expression that is evaluated; evaluating is synchronous. */
let meter: Meter | undefined;

/** Runs an evaluation of the expression with that tree; throws TooMuchWork if it goes beyond the budget. */
export function within<T>(budget: Meter, { ast, evaluate }: { ast: unknown; evaluate: () => T }): T {
  prepare(ast as Node); // what the library calls `ast` is a node
  meter = budget;
  try {
    return evaluate();
  } finally {
    meter = undefined;
  }
}

/** Hooks into the library's evaluators, once for the process. */
export function meterEvaluators(environment: Environment): void {
  const evaluators = evaluatorsOf(environment);
  const { debugType } = evaluators;
  evaluators.run = function (node, scope) {
    prepare(node);
    const value = node.evaluate(this, node, scope);
    const mayBeLarge = typeof value === "string" || typeof value === "object";
    take(mayBeLarge && makesValues(node) ? 1 + (sizeOf(value) >> 3) : 1);
    return value;
  };
  evaluators.tryEval = function (node, scope) {
    try {
      return this.run(node, scope);
    } catch (error) {
      if (error instanceof TooMuchWork) throw error;
      take(ERROR_UNITS + (node.input.length >> 3));
      return error;
    }
  };
  evaluators.debugType = function (value) {
    if (typeof value === "string") take(value.length >> 10);
    else if (typeof value === "object") take(COMPARING_UNITS + (sizeOf(value) >> 4));
    return debugType.call(this, value);
  };
}

/** What all evaluators inherit: a function of ours is called as a method of one. */
function evaluatorsOf(environment: Environment): Evaluator {
  let found: unknown;
  const apart = environment.clone().registerFunction("self(): bool", function (this: unknown) {
    found = Object.getPrototypeOf(this);
    return true;
  });
  apart.evaluate("self()");
  return found as Evaluator; // the library's own, with the methods named above
}

function take(units: number): void {
  meter?.take(units);
}

/** Lets a node's operator or function count what it costs before it is applied. */
function prepare(node: Node): void {
  const { handle, op, args } = node;
  if (!handle || node.isPrepared) return;
  node.isPrepared = true;
  const isCall = (op === "call" || op === "rcall") && Array.isArray(args);
  const name = isCall ? String(args[0]) : op;
  const cost = name.startsWith("get") ? inTimeZone : COSTS[name];
  if (!cost && name !== "matches") return;
  node.handle = (...given) => {
    const operands = isCall && Array.isArray(given[0]) ? given[0] : given;
    take(cost?.(operands) ?? 0);
    return (name === "matches" ? matches(operands) : undefined) ?? handle(...given);
  };
}

/** CEL has RE2's regular expressions; the library would use the runtime's. Undefined: the operands are no texts. */
function matches([text, pattern]: unknown[]): boolean | undefined {
  if (typeof text !== "string" || typeof pattern !== "string" || !meter) return undefined;
  return compilePattern(pattern, meter).test(text, meter);
}

/** Whether a node makes its value, or only finds it. */
function makesValues({ op }: Node): boolean {
  return op !== "id" && op !== "value" && op !== "." && op !== "[]" && op !== ".?" && op !== "[?]";
}

function first([operand]: unknown[]): number {
  return sizeOf(operand);
}

function compared([left, right]: unknown[]): number {
  return (sizeOf(left) + sizeOf(right)) >> (typeof left === "string" ? 8 : 3);
}

function searched([text, part]: unknown[]): number {
  return (sizeOf(text) >> 6) + (sizeOf(text) * sizeOf(part)) / 512;
}

function inTimeZone({ length }: unknown[]): number {
  return length > 1 ? TIME_ZONE_UNITS : 0;
}

/** Characters, items, bytes or keys of a value. */
function sizeOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (value instanceof Map || value instanceof Set) return value.size;
  const isPlain = typeof value === "object" && value !== null && value.constructor === Object;
  return isPlain ? Object.keys(value).length * 4 : 0; // they are listed, and looked up by name
}
