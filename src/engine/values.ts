/** Values of the context as a definition demands them, by key: in their types, or what is missing or wrong. */
import { type JsonObject, jsonFault } from "../json.ts";
import { type Judged, objectOf, type SchemaJudge } from "../schema.ts";

/** Values that a definition demands: JSON Schema by key. */
export type Demanded = Record<string, JsonObject>;

/** Judges those that are set; of a key in `except` nothing is demanded. */
export function judgeValues(
  schemas: SchemaJudge,
  { demanded, except = [] }: { demanded: Demanded; except?: string[] },
  given: JsonObject,
): Judged {
  const schema = except.length > 0 ? objectOf(without(demanded, except)) : schemaOf(demanded);
  const set = Object.entries(given).map(([key, value]) => [key, fromText(value, demanded[key])]);
  return schemas.judge(schema, Object.fromEntries(set), { coerce: true });
}

function without<T>(values: Record<string, T>, keys: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
}

/** How deep a value stands in the arguments of a call: the limit of nesting counts from their top. */
const VALUE_DEPTH = 2;

/** Some clients send a list or an object as its JSON text. */
function fromText(value: unknown, schema: JsonObject | undefined): unknown {
  if (typeof value !== "string" || (schema?.["type"] !== "array" && schema?.["type"] !== "object")) return value;
  try {
    const read: unknown = JSON.parse(value);
    return jsonFault(read, "", VALUE_DEPTH) === null ? read : value;
  } catch {
    return value;
  }
}

const objectSchemas = new WeakMap<object, JsonObject>();

/** One object for one definition, so that the judge compiles it once. */
function schemaOf(demanded: Demanded): JsonObject {
  const known = objectSchemas.get(demanded);
  if (known) return known;
  const made = objectOf(demanded);
  objectSchemas.set(demanded, made);
  return made;
}
