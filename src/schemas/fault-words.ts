/** What is wrong with a value, in words for the agent that must correct it. Pure. */
import { INEXACT, isExact } from "../json.ts";
import { valueWords } from "../schema.ts";

/** One way in which a value does not fit its schema. */
export interface Fault {
  keyword: string;
  /** Where in the value, as a JSON pointer. */
  instancePath: string;
  /** Where in the schema. */
  schemaPath: string;
  params: Record<string, unknown>;
  /** In ajv's words, for the keywords that are not worded here. */
  message: string;
  /** The key that is at fault itself, under `propertyNames`. */
  propertyName?: string;
  given: unknown;
  /** The keyword's value, and the schema in which it stands. */
  wanted: unknown;
  around: Record<string, unknown>;
}

/** What is said of a number that would be rounded. */
export const ROUNDED = `is ${INEXACT}; a workflow takes such a value if its schema says "string"`;

/** Most faults that are listed; further ones are only counted. */
const MAX_FAULTS = 20;
/** Most characters of a value or a key from outside. */
const MAX_SHOWN = 80;
const MAX_LIST = 200;

/** Most faults that are put into words, before repetitions are left out: each may show a large value. */
const MAX_WORDED = 200;

/** One line each, nothing twice; alternatives that all fail are one fault. Takes time linear to the number of faults. */
export function wordFaults(faults: readonly Fault[]): string[] {
  const alternatives = new Set(faults.filter(isAlternative).map(({ schemaPath }) => schemaPath));
  const told = faults
    .map((fault, at) => ({ fault, at }))
    .filter(({ fault }) => !isBelowAny(fault, alternatives) && (faults.length === 1 || !SUMMARIES.has(fault.keyword)));
  const lines = told
    .slice(0, MAX_WORDED)
    .map(({ fault, at }) =>
      isAlternative(fault) ? wordAlternatives(fault, detailsBefore(faults, at)) : wordFault(fault),
    );
  const unique = [...new Set(lines)];
  const more = Math.max(0, unique.length - MAX_FAULTS) + Math.max(0, told.length - MAX_WORDED);
  return more > 0 ? [...unique.slice(0, MAX_FAULTS), `and ${more} more`] : unique;
}

function isAlternative({ keyword }: Fault): boolean {
  return ALTERNATIVES.has(keyword);
}

/** Whether the fault was found within one of the schemas at these paths. */
function isBelowAny({ schemaPath }: Fault, above: ReadonlySet<string>): boolean {
  if (above.size === 0) return false;
  for (let end = schemaPath.lastIndexOf("/"); end > 0; end = schemaPath.lastIndexOf("/", end - 1)) {
    if (above.has(schemaPath.slice(0, end))) return true;
  }
  return false;
}

/** What each alternative lacks: these faults stand right before the one that says that no alternative fits. */
function detailsBefore(faults: readonly Fault[], at: number): Fault[] {
  const fault = faults[at];
  if (!fault) return [];
  let start = at;
  while (isBelow(faults[start - 1], fault)) start--;
  return faults.slice(start, at).filter((each) => !isAlternative(each));
}

const ALTERNATIVES: ReadonlySet<string> = new Set(["anyOf", "oneOf"]);
/** They say only that another fault was found. */
const SUMMARIES: ReadonlySet<string> = new Set(["if", "propertyNames"]);

/** Says at which part of a value (a JSON pointer) judging became too much work. */
export function wordTooMuch(instancePath: string): string {
  return `${pathOf(instancePath) || "the value"} could not be judged: too much work; shorten it, or write it into a file and give the path`;
}

/** One fault, by itself. */
export function wordFault(fault: Fault): string {
  const { keyword, given, wanted, params } = fault;
  const subject = subjectOf(fault);
  switch (keyword) {
    case "required":
    case "dependencies":
    case "dependentRequired":
      return wordMissing(fault);
    case "additionalProperties":
      return wordAdditional(fault);
    case "false schema":
      return `${subject} is not allowed`;
    case "type":
      // As a number it would be refused too, so asking for one would lead in a circle.
      if (isLongNumber(given) && /number|integer/.test(typesOf(fault))) return `${subject} ${ROUNDED}`;
      return `${subject} must be ${typesOf(fault)}, not ${show(given)}`;
    case "enum":
      return `${subject} must be one of: ${listOf(wanted)}; it is ${show(given)}`;
    case "const":
      return `${subject} must be ${show(wanted)}, not ${show(given)}`;
    case "pattern":
      return `${subject} must match the pattern ${cut(String(wanted))}; it is ${show(given)}`;
    case "format":
      return `${subject} must have the format "${wanted}"; it is ${show(given)}`;
    case "exact":
      return `${subject} ${fault.message}`;
    case "uniqueItems":
      return `${subject} must not hold an item twice (items ${params["j"]} and ${params["i"]} are equal)`;
    default:
      return wordLimit(fault) ?? `${subject} ${cut(fault.message)}`;
  }
}

const COMPARISONS: Readonly<Record<string, string>> = {
  minimum: "at least",
  maximum: "at most",
  exclusiveMinimum: "more than",
  exclusiveMaximum: "less than",
  multipleOf: "a multiple of",
};
const COUNTS: Readonly<Record<string, [string, string]>> = {
  minLength: ["at least", "character"],
  maxLength: ["at most", "character"],
  minItems: ["at least", "item"],
  maxItems: ["at most", "item"],
  minProperties: ["at least", "key"],
  maxProperties: ["at most", "key"],
};

function wordLimit(fault: Fault): string | undefined {
  const { keyword, wanted, given } = fault;
  const comparison = COMPARISONS[keyword];
  if (comparison) return `${subjectOf(fault)} must be ${comparison} ${wanted}, not ${show(given)}`;
  const [how, unit] = COUNTS[keyword] ?? [];
  return how ? `${subjectOf(fault)} must have ${how} ${wanted} ${unit}${wanted === 1 ? "" : "s"}` : undefined;
}

function wordMissing({ instancePath, params, around }: Fault): string {
  const name = String(params["missingProperty"]);
  const { properties } = around;
  const known = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  const because = params["property"] === undefined ? "" : `; ${show(params["property"])} needs it`;
  return `${pathOf(instancePath, name)} is missing (${valueWords(isObject(known) ? known : {})})${because}`;
}

function wordAdditional({ instancePath, params, around }: Fault): string {
  const { properties } = around;
  const allowed = isObject(properties) ? Object.keys(properties) : [];
  const list = allowed.length > 0 ? `; allowed: ${cut(allowed.join(", "), MAX_LIST)}` : "";
  return `${pathOf(instancePath, String(params["additionalProperty"]))} is not allowed${list}`;
}

/** If only the type is wrong, the types that would do; else what each alternative lacks. */
function wordAlternatives(fault: Fault, details: readonly Fault[]): string {
  const subject = subjectOf(fault);
  if (Array.isArray(fault.params["passingSchemas"])) return `${subject} fits more than one of its alternatives`;
  if (details.length === 0) return `${subject} fits none of its alternatives`;
  const types = details.filter(
    ({ keyword, instancePath }) => keyword === "type" && instancePath === fault.instancePath,
  );
  if (types.length === details.length)
    return `${subject} must be ${[...new Set(types.map(typesOf))].join(" or ")}, not ${show(fault.given)}`;
  const reasons = [...new Set(details.map(wordFault))].join("; or ");
  return `${subject} fits none of its alternatives: ${cut(reasons, MAX_LIST)}`;
}

function isBelow(fault: Fault | undefined, above: Fault): boolean {
  return fault?.schemaPath.startsWith(`${above.schemaPath}/`) ?? false;
}

function typesOf({ wanted }: Fault): string {
  return (Array.isArray(wanted) ? wanted : [wanted]).join(" or ");
}

/** A whole number as text, which no number holds exactly. */
function isLongNumber(given: unknown): boolean {
  return typeof given === "string" && /^\s*-?\d{16,}\s*$/.test(given) && !isExact(Number(given));
}

function listOf(values: unknown): string {
  return cut((Array.isArray(values) ? values : [values]).map((value) => show(value)).join(", "), MAX_LIST);
}

function subjectOf({ instancePath, propertyName }: Fault): string {
  if (propertyName !== undefined) return `the key ${show(propertyName)}`;
  return pathOf(instancePath) || "the value";
}

/** `files[0].name`; a key that is no word stands in brackets. */
function pathOf(pointer: string, key?: string): string {
  const keys = pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const all = key === undefined ? keys : [...keys, key];
  const words = all.map((each, at) => {
    if (/^\d+$/.test(each)) return `[${cut(each)}]`;
    if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(each)) return `[${show(each)}]`;
    return at === 0 ? cut(each) : `.${cut(each)}`;
  });
  return cut(words.join(""), MAX_LIST);
}

function show(value: unknown): string {
  return cut(JSON.stringify(value) ?? "nothing");
}

function cut(text: string, most = MAX_SHOWN): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
