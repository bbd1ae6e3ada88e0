/** JSON Schema by context key, as `produces` and `outputs` have it in front matter. */
import type { JsonObject } from "../json.ts";
import { objectOf } from "../schema.ts";
import { nameOf } from "../written.ts";
import { nearest } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { toObject, type Yaml, type YamlEntry } from "./yaml.ts";

/** Most keys with a schema. */
export const MAX_VALUES = 50;

/** The key of the front matter that holds them, and the code of its problems. */
interface Of {
  name: string;
  code: string;
}

/** What is wrong becomes problems; undefined if there is nothing. */
export function parseValues(yaml: Yaml | undefined, of: Of, reading: Reading): Record<string, JsonObject> | undefined {
  if (!yaml) return undefined;
  const count = yaml.kind === "map" ? yaml.entries.length : 0;
  if (yaml.kind === "map" && count > 0 && count <= MAX_VALUES) {
    const schemas = yaml.entries.map((entry): [string, JsonObject] => [entry.key, readValue(entry, of, reading) ?? {}]);
    return Object.fromEntries(schemas);
  }
  const found = count > MAX_VALUES ? `has ${count}` : `is ${yaml.kind === "map" ? "empty" : nameOf(yaml)}`;
  reading.problems.add(of.code, yaml.at, {
    message: `"${of.name}" must be a mapping of at most ${MAX_VALUES} context keys; it ${found}`,
    hint: 'Write a line for each key, like "test_exit_code: integer"',
  });
  return undefined;
}

const TYPES = ["string", "integer", "number", "boolean", "array", "object"];

/** The schema of one key; a bare type word is one. */
function readValue({ key, at, value }: YamlEntry, { name, code }: Of, reading: Reading): JsonObject | undefined {
  const refuse = (message: string, hint: string): undefined => {
    reading.problems.add(code, at, { message: `"${name}" of "${key}": ${message}`, hint });
    return undefined;
  };
  if (key.trim() === "") return refuse("the key is empty", "Name the context key");
  if (value.kind === "scalar" && TYPES.includes(value.text)) return { type: value.text };
  if (value.kind !== "map") {
    const near = value.kind === "scalar" ? nearest(value.text, TYPES) : undefined;
    const hint = `Write a JSON Schema, or one of: ${TYPES.join(", ")}`;
    return refuse(`no schema, but ${nameOf(value)}`, near ? `Did you mean "${near}"?` : hint);
  }
  const schema = toObject(value);
  // What is a schema by itself may be none as the part of the object that a report is held to.
  const fault = reading.judges.schemaFault(schema) ?? reading.judges.schemaFault(objectOf({ [key]: schema }));
  if (fault === null) return schema;
  return refuse(`no JSON Schema: ${fault}`, 'Write the schema of this one value, like "{type: integer, minimum: 0}"');
}
