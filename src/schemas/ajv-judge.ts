/** Judges JSON by JSON Schema, with ajv, which this room alone knows. Nothing is ever fetched, and no value is changed in place. */
import { Ajv, type AnySchemaObject, type ErrorObject, type Options, type ValidateFunction } from "ajv";
import ajvFormats from "ajv-formats";
import { isExact, type JsonObject } from "../json.ts";
import type { Judged, SchemaJudge } from "../schema.ts";
import { oneLine } from "../words.ts";
import { TooMuchWork } from "../work/meter.ts";
import { type Fault, ROUNDED, wordFault, wordFaults, wordTooMuch } from "./fault-words.ts";
import { meterAjv, meteredCode, meterSchema, withinBudget } from "./metered-schema.ts";

const OPTIONS: Options = {
  allErrors: true,
  strictSchema: true,
  strictNumbers: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  // What an object inherits ("constructor") is not among its keys.
  ownProperties: true,
  verbose: true,
  // A schema of many references to a large part would grow beyond all measure.
  inlineRefs: false,
  code: meteredCode,
  logger: false,
};
/** For a schema that was judged by its dialect before; it can refer to nothing but itself. */
const COMPILE: Options = { ...OPTIONS, meta: false, validateSchema: false };
/** Most characters of what is wrong with a schema. */
const MAX_FAULT = 300;

/** A schema ready for use, or why it is none. */
type Compiled = { validate: ValidateFunction } | { fault: string };

/** Makes nothing before the first schema comes. */
export function createAjvSchemaJudge(): SchemaJudge {
  let draft7: Ajv | undefined;
  const dialect = () => (draft7 ??= new Ajv(OPTIONS));
  const plain = createCompiler(COMPILE, dialect);
  const coercing = createCompiler({ ...COMPILE, coerceTypes: true }, dialect);
  return {
    fault(schema) {
      const compiled = plain(schema);
      return "fault" in compiled ? compiled.fault : null;
    },
    judge(schema, value, { coerce }) {
      const compiled = (coerce ? coercing : plain)(schema);
      if ("fault" in compiled) return { value, faults: [`the schema cannot be used: ${compiled.fault}`] };
      return withinBudget(
        () => judge(compiled.validate, value, coerce),
        (path) => ({ value, faults: [wordTooMuch(path)] }),
      );
    },
  };
}

function judge(validate: ValidateFunction, given: JsonObject, coerce: boolean): Judged {
  try {
    const value = coerce ? structuredClone(given) : given;
    const faults = validate(value) ? [] : wordFaults(toFaults(validate.errors));
    if (coerce && faults.length === 0) faults.push(...wordFaults(madeUp(given, value)));
    validate.errors = null; // they hold the value
    return { value, faults };
  } catch (error) {
    validate.errors = null;
    if (error instanceof TooMuchWork) throw error;
    // A schema that refers to itself without end, or a value nested beyond the stack.
    return { value: given, faults: ["the value cannot be judged: it, or its schema, is nested too deeply"] };
  }
}

/**
 * A fault for each number that coercion made up (ajv takes a blank text, null and false for 0, and true for 1) or
 * rounded.
 */
function madeUp(given: unknown, value: unknown, instancePath = ""): Fault[] {
  if (typeof value === "number") {
    if (typeof given === "number") return [];
    if (typeof given !== "string" || given.trim() === "") return [{ ...NO_NUMBER, instancePath, given }];
    return isExact(value) ? [] : [{ ...NO_NUMBER, keyword: "exact", message: ROUNDED, instancePath, given }];
  }
  if (typeof given !== "object" || given === null || typeof value !== "object" || value === null) return [];
  const below = new Map<string, unknown>(Object.entries(value));
  return Object.entries(given).flatMap(([key, item]) => {
    const part = key.replaceAll("~", "~0").replaceAll("/", "~1");
    return madeUp(item, below.get(key), `${instancePath}/${part}`);
  });
}

const NO_NUMBER = {
  keyword: "type",
  schemaPath: "",
  params: {},
  message: "is no number",
  wanted: "number",
  around: {},
};

/** Compiles each schema once for as long as its object lives. */
function createCompiler(options: Options, dialect: () => Ajv): (schema: JsonObject) => Compiled {
  const known = new WeakMap<JsonObject, Compiled>();
  return (schema) => {
    const before = known.get(schema);
    if (before) return before;
    const compiled = compile(schema, options, dialect());
    known.set(schema, compiled);
    return compiled;
  };
}

/** Each schema gets an ajv of its own: two of them may bear the same `$id`, and an ajv keeps what it was given. */
function compile(given: JsonObject, options: Options, dialect: Ajv): Compiled {
  if ("$async" in given) return { fault: '"$async" is not understood' };
  // Whatever dialect it names, it is read as draft 7: the others would have to be fetched.
  const { $schema: _, ...schema }: AnySchemaObject = given;
  try {
    if (dialect.validateSchema(schema) !== true) {
      const [first] = toFaults(dialect.errors);
      dialect.errors = null; // they hold the schema
      return { fault: first ? oneLine(wordFault(first), MAX_FAULT) : "it is no JSON Schema" };
    }
    const ajv = new Ajv(options);
    ajvFormats(ajv);
    meterAjv(ajv);
    return { validate: ajv.compile(meterSchema(schema)) };
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

function faultOf(error: unknown): string {
  if (error instanceof RangeError || !(error instanceof Error)) return "it is nested too deeply";
  if (error instanceof Ajv.MissingRefError)
    return oneLine(`it refers to "${error.missingRef || error.missingSchema}", which does not stand in it`, MAX_FAULT);
  return oneLine(error.message.replace(/^strict mode: /, "").replace(/ ignored in schema at path/, " at"), MAX_FAULT);
}

function toFaults(errors: readonly ErrorObject[] | null | undefined): Fault[] {
  return (errors ?? []).map(({ data, schema, parentSchema, message = "is wrong", ...rest }) => ({
    ...rest,
    message,
    given: data,
    wanted: schema,
    around: parentSchema ?? {},
  }));
}
