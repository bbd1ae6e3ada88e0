/** A tool's arguments: the schema that is advertised, and the lenient, exact check of what arrives. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import { asStored, jsonFault } from "../json.ts";

/** JSON Schema as advertised: what an agent needs to fill it in, and nothing else. */
export interface InputSchema {
  type: "object";
  properties: Record<string, PropertySchema>;
  required?: string[];
  [key: string]: unknown;
}

interface PropertySchema {
  type: string | string[];
  properties?: Record<string, PropertySchema>;
  items?: PropertySchema;
  [key: string]: unknown;
}

const NOISE = [
  "$schema",
  "additionalProperties",
  "propertyNames",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "maxItems",
];

/** What a zod object takes, as JSON Schema. A `type` in a schema's metadata wins over what zod would derive. */
export function inputSchema(schema: z.ZodObject): InputSchema {
  const json = z.toJSONSchema(schema, {
    io: "input",
    override: ({ jsonSchema }) => {
      for (const key of NOISE) delete jsonSchema[key as keyof typeof jsonSchema]; // names of JSON Schema keywords
      if (jsonSchema.type && jsonSchema.anyOf) delete jsonSchema.anyOf;
    },
  });
  delete json["$schema"];
  return json as InputSchema; // z.toJSONSchema of an object has this shape
}

/**
 * The form that is advertised: of several types the first, because some providers refuse a list of types, and every object
 * open, because some close it otherwise. What is taken stays as wide as the schema.
 */
export function advertised<S extends PropertySchema>(schema: S): S {
  const { type, properties, items } = schema;
  const plain = Array.isArray(type) ? type[0] : type;
  return {
    ...schema,
    type: plain,
    ...(properties ? { properties: mapValues(properties, advertised) } : {}),
    ...(items ? { items: advertised(items) } : {}),
    ...(plain === "object" ? { additionalProperties: true } : {}),
  };
}

/**
 * Parses what a client sent. Clients differ: an object may come as a JSON string, a number or boolean as text, an
 * absent value as null; unknown arguments are ignored. Throws INVALID_INPUT that names the path of each problem.
 */
export function parseArguments<S extends z.ZodObject>(schema: S, sent: unknown, json: InputSchema): z.infer<S> {
  const loosened = loosen(sent ?? {}, json);
  const fault = jsonFault(loosened, "arguments");
  if (fault) throw invalid(fault);
  const parsed = schema.safeParse(asStored(loosened));
  if (parsed.success) return parsed.data;
  throw invalid(describeIssues(parsed.error));
}

/** What is wrong, in plain words, with the path of each problem. */
export function describeIssues({ issues }: { issues: z.core.$ZodIssue[] }): string {
  return issues.map(describeIssue).join("; ");
}

function mapValues<T>(record: Record<string, T>, map: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function invalid(what: string): AppError {
  return new AppError("INVALID_INPUT", `${what}; nothing changed.`, {
    hint: "Correct the arguments and send the call again.",
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.join(".") || "arguments";
  if (issue.code === "too_small" && issue.origin === "string") return `${path} is empty`;
  if (issue.code === "too_big" && issue.origin === "string")
    return `${path} is longer than ${issue.maximum} characters`;
  if (issue.code === "too_big" && issue.origin === "array") return `${path} has more than ${issue.maximum} items`;
  return issue.code === "invalid_type" && issue.message.endsWith("received undefined")
    ? `${path} is missing`
    : `${path}: ${issue.message.replace("Invalid input: ", "").replace("expected record", "expected object")}`;
}

function loosen(value: unknown, schema: PropertySchema | InputSchema): unknown {
  const read = typeof value === "string" ? fromText(value, schema.type) : value;
  if (!schema.properties || typeof read !== "object" || read === null || Array.isArray(read)) return read;
  const known: [string, unknown][] = [];
  for (const [key, property] of Object.entries(schema.properties)) {
    const item: unknown = Object.hasOwn(read, key) ? Reflect.get(read, key) : undefined;
    if (item !== null && item !== undefined) known.push([key, loosen(item, property)]);
  }
  return Object.fromEntries(known);
}

function fromText(text: string, type: string | string[]): unknown {
  if (type === "string" || Array.isArray(type)) return text;
  try {
    const value: unknown = JSON.parse(text);
    const fits = type === "integer" ? typeof value === "number" : typeof value === type || type === "array";
    return fits ? value : text;
  } catch {
    return text;
  }
}
