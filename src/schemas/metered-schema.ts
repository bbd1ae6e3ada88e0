/**
 * Counts the work of judging by a schema: each part of the schema that is held against a part of a value, and what its
 * patterns, formats and lists cost. A schema that refers to itself, or a long text, may take for ever otherwise.
 */
import type { Ajv, AnySchemaObject, CodeOptions, SchemaValidateFunction } from "ajv";
import traverse from "json-schema-traverse";
import { createMeter, type Meter, TooMuchWork } from "../work/meter.ts";
import { compilePattern } from "../work/pattern.ts";

/** Work that one judgement may take: several passes over the largest context. */
const JUDGING_UNITS = 1_000_000;
/** Most parts of a schema; ajv takes seconds to compile several thousands. */
const MAX_PARTS = 1_000;
/** The keyword that is put into each part; its value is a Cost. */
const COUNTED = "$work";

/** The judgement that is made; judging is synchronous. */
let current: { meter: Meter; path: string } | undefined;

/** Judges within the budget. `tooMuch` is given the part of the value, as a JSON pointer, at which it was used up. */
export function withinBudget<T>(judge: () => T, tooMuch: (path: string) => T): T {
  const judging = { meter: createMeter(JUDGING_UNITS), path: "" };
  current = judging;
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    return tooMuch(judging.path);
  } finally {
    current = undefined;
  }
}

/** ajv's option by which patterns take time linear to the text. */
export const meteredCode: CodeOptions = { regExp: Object.assign(toPattern, { code: "pattern" }) };

function toPattern(source: string) {
  const pattern = compilePattern(source);
  return { test: (text: string) => pattern.test(text, meter()), toString: () => `/${source}/` };
}

/** Lets an ajv count what it does. */
export function meterAjv(ajv: Ajv): void {
  ajv.addKeyword({ keyword: COUNTED, schemaType: "object", errors: false, validate: count });
  // It comes before any other keyword, so that the path is known at which the budget is used up.
  const group = ajv.RULES.rules.find(({ type }) => type === undefined);
  ajv.RULES.rules.unshift({ rules: group?.rules.splice(-1) ?? [] });
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({ keyword: "uniqueItems", type: "array", schemaType: "boolean", validate: haveNoTwins });
}

/**
 * Keywords that hold a part of the schema against several parts of a value. A part without them costs next to nothing.
 */
const REPEATING = ["$ref", "items", "additionalItems", "contains", "additionalProperties", "patternProperties"];
const COSTLY = ["pattern", "format", "uniqueItems", "propertyNames"];

/**
 * A copy of the schema whose parts are counted. Throws an Error that says in one line why the schema cannot be used.
 */
export function meterSchema(schema: AnySchemaObject): AnySchemaObject {
  const copy: AnySchemaObject = structuredClone(schema);
  const parts: AnySchemaObject[] = [];
  traverse(copy, (part) => {
    if (parts.push(part) > MAX_PARTS) throw new Error(`it has more than ${MAX_PARTS} parts`);
    if (COUNTED in part) throw new Error(`unknown keyword: "${COUNTED}"`);
    const { $ref } = part;
    if (typeof $ref === "string" && !pointsToPart($ref))
      throw new Error(`it refers to "${$ref}", which is no schema in it`);
  });
  const repeats = parts.some((part) => REPEATING.some((keyword) => keyword in part));
  for (const part of parts) {
    const isCostly = repeats || COSTLY.some((keyword) => keyword in part);
    if (isCostly && !("$ref" in part)) part[COUNTED] = costOf(part);
  }
  return copy;
}

/** Keywords that hold schemas by name, and keywords that hold one schema or a list of them. */
const NAMED = new Set(["properties", "patternProperties", "definitions", "$defs", "dependencies"]);
const SINGLE = new Set([
  ...["additionalItems", "items", "contains", "additionalProperties", "propertyNames"],
  ...["not", "if", "then", "else", "allOf", "anyOf", "oneOf"],
]);

/** Whether a reference leads to a part of the schema, not into `default`, `enum` or `const`, which are not counted. */
function pointsToPart(reference: string): boolean {
  const [, fragment = ""] = reference.split("#");
  const pointer = decodeURIComponent(fragment);
  if (!pointer.startsWith("/")) return true;
  let isName = false;
  for (const key of pointer.slice(1).split("/")) {
    if (!isName && !NAMED.has(key) && !SINGLE.has(key) && !/^\d+$/.test(key)) return false;
    isName = !isName && NAMED.has(key);
  }
  return !isName;
}

interface Cost {
  /** What the part costs each time, whatever the value: for the names and the values that it lists. */
  own: number;
  /** Formats take time up to the square of the text's length. */
  hasFormat: boolean;
}

function costOf({ enum: choice, const: only, required, format, ...part }: AnySchemaObject): Cost {
  const values = JSON.stringify([choice, only]).length >> 4;
  const names = [required, ...[...NAMED].map((keyword) => Object.keys(part[keyword] ?? {}))];
  const own = names.reduce((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 2 + values);
  return { own, hasFormat: format !== undefined };
}

const count: SchemaValidateFunction = ({ own, hasFormat }: Cost, value: unknown, _part, at) => {
  if (current && at) current.path = at.instancePath;
  const square = hasFormat && typeof value === "string" ? value.length ** 2 / 256 : 0;
  meter().take(own + sizeOf(value) + square);
  return true;
};

const haveNoTwins: SchemaValidateFunction = (wanted: boolean, items: unknown[]) => {
  if (!wanted) return true;
  const seen = new Map<string, number>();
  for (const [i, item] of items.entries()) {
    const text = JSON.stringify(item, sortedKeys);
    meter().take(1 + (text.length >> 2));
    const j = seen.get(text);
    if (j !== undefined) {
      haveNoTwins.errors = [{ keyword: "uniqueItems", params: { i, j }, message: "must not have equal items" }];
      return false;
    }
    seen.set(text, i);
  }
  return true;
};

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function meter(): Meter {
  if (!current) throw new Error("nothing is judged now");
  return current.meter;
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length >> 4;
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}
