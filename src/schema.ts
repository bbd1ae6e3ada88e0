/** JSON Schema as definitions use it, and what judges values by it. */
import type { JsonObject } from "./json.ts";

export interface Judged {
  /** The value; where asked for, with values coerced to their types. */
  value: JsonObject;
  /** What is wrong, each in words for the agent that must correct it; empty where nothing is. */
  faults: string[];
}

/** Judges JSON objects by JSON Schema. */
export interface SchemaJudge {
  /** Why this is no usable schema, in one line; null where it is one. Refuses keywords that do not exist and remote references. */
  fault(schema: JsonObject): string | null;
  judge(schema: JsonObject, value: JsonObject, how: { coerce: boolean }): Judged;
}

/** The type of a value that a schema asks for, as a word: its `type`, or "value". */
export function typeWord(schema: JsonObject): string {
  const { type } = schema;
  return typeof type === "string" ? type : "value";
}
