/** JSON Schema as definitions use it, and what judges values by it. */
import type { JsonObject } from "./json.ts";

export interface Judged {
  /** The value, coerced to the types of the schema if that was asked for. */
  value: JsonObject;
  /** What is wrong, each in words for the agent that must correct it; empty if nothing is. */
  faults: string[];
}

/** Judges JSON objects by JSON Schema. */
export interface SchemaJudge {
  /** Why this is no usable schema, in one line; null if it is one. Refuses unknown keywords and remote references. */
  fault(schema: JsonObject): string | null;
  judge(schema: JsonObject, value: JsonObject, how: { coerce: boolean }): Judged;
}

/**
 * The schema of an object that must set each value. Each value's schema gets an `$id`, so that "#" in it still means
 * itself.
 */
export function objectOf(values: Readonly<Record<string, JsonObject>>): JsonObject {
  const own = Object.entries(values).map(([key, schema], index) => [key, { $id: `value-${index}`, ...schema }]);
  return { type: "object", properties: Object.fromEntries(own), required: Object.keys(values) };
}

/** A named value of an object's schema. */
export interface Field {
  name: string;
  type: string;
  required: boolean;
  description: string;
}

/** The named values of an object's schema, in the author's order. */
export function fieldsOf(schema: JsonObject | undefined): Field[] {
  const { properties, required } = schema ?? {};
  const names = Array.isArray(required) ? required : [];
  return Object.entries(isObject(properties) ? properties : {}).map(([name, property]) => {
    const about = isObject(property) ? property : {};
    const { description } = about;
    const words = typeof description === "string" ? description : "";
    return { name, type: typeWord(about), required: names.includes(name), description: words };
  });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Longest list of allowed values that is shown in place of a type, in characters. */
const MAX_CHOICE = 80;

/** What a schema asks for, as an agent fills it in: the texts of a short `enum`, else the type. */
export function valueWords(schema: JsonObject): string {
  const { enum: allowed } = schema;
  const texts = Array.isArray(allowed) && allowed.every((each) => typeof each === "string") ? allowed.join(" | ") : "";
  return texts !== "" && texts.length <= MAX_CHOICE ? texts : typeWord(schema);
}

/** The type of a value that a schema asks for, as a word: its `type`, or "value". */
function typeWord(schema: JsonObject): string {
  const { type } = schema;
  return typeof type === "string" ? type : "value";
}
