/** Template values in client instructions. Filled once: what a value contains is text, never another template. */
import type { Joined } from "./branch.ts";
import { type JsonObject, jsonBytes } from "./json.ts";
import { oneLine } from "./words.ts";

const VALUE = /\{\{\s*(context(?:\.[\p{L}\p{N}_$-]+)+|run\.files)\s*\}\}/gu;

/** How large a filled text may be, in bytes as JSON, if the caller has no limit of its own. */
export const MAX_FILLED = 1_000_000;
/** Most bytes that a character takes as JSON. */
const MOST_PER_CHARACTER = 6;
/** If less of a value than this could be shown, in bytes, its template stays as written: its key says more. */
export const LEAST_SHOWN = 300;
/** Bytes for the note behind a value that is cut. */
export const NOTE_BYTES = 150;

/** The names that a template in a language of its own may use: the values below, and those of branches, unset outside them. */
export const TEMPLATE_NAMES = ["context", "checks", "run", "item", "branches", "assumptions", "unattended"];

/** What a template in a language of its own can name. */
export interface TemplateValues {
  context: JsonObject;
  /** The checks that the server will look at, as answers name them. */
  checks: string[];
  /** What the agent decided on the user's behalf so far. */
  assumptions: string[];
  unattended: boolean;
  /** Of a branch: what it is for. */
  item?: unknown;
  /** Of a branch step whose branches have ended: what became of them. */
  branches?: Joined;
  /** `files`, the directory for the run's own files, throws if there is none. */
  run: { id: string; workflow: string; visit: number; readonly files: string | undefined };
}

/** What any other template can name. */
export interface PlainValues {
  context: JsonObject;
  run?: { files?: string };
}

/** A text filled in, and what could not be: each says line, place and why, and was left as written. */
export interface Filled {
  text: string;
  faults: string[];
}

/** Fills in one text for answers of any size, in bytes as JSON; the work is done once. Never throws. */
export type Filler = (mostBytes?: number) => Filled;

/** A place where a text is no template. Lines of the text count from 1. */
export interface TemplateFault {
  line: number;
  message: string;
  hint: string;
}

/** Understands templates in a language of their own. */
export interface TemplateRenderer {
  /** What is wrong with a text as a template. */
  faults(text: string): TemplateFault[];
  /** The filler of a step's instructions; a step is parsed once. */
  filler(step: { instructions: string }, values: TemplateValues): Filler;
}

/**
 * Replaces `{{ context.some.key }}` and `{{ run.files }}`: strings as they are, other values as JSON; an unset key stays as written. If the
 * filled text would be larger than `mostBytes` as JSON, the largest values are cut, each with a note where it is whole.
 * The author's own words are never cut; however long they are, a quarter of the bytes is left for values.
 */
export function fillTemplate(text: string, values: PlainValues, mostBytes = MAX_FILLED): string {
  let length = text.length;
  const filled = text.replace(VALUE, (written: string, path: string) => {
    const value = length > mostBytes ? undefined : textOf(values, path);
    length += value?.length ?? 0;
    return value ?? written;
  });
  const fits = length * MOST_PER_CHARACTER <= mostBytes || (length <= mostBytes && jsonBytes(filled) <= mostBytes);
  return fits ? filled : fillWithin(text, values, Math.max(mostBytes - jsonBytes(text), mostBytes / 4));
}

/** The first piece of a text that looks like a template and that `fillTemplate` does not fill in from the context. */
export function unfilledIn(text: string): string | undefined {
  const rest = text.replace(VALUE, (written: string, path: string) => (path.startsWith("context.") ? "" : written));
  return /\{\{(?:[^{}]*\}\})?|\{%(?:[^%]*%\})?/.exec(rest)?.[0];
}

interface Filling {
  text: string;
  bytes: number;
}

/** Fills in values that add at most so many bytes. */
function fillWithin(text: string, values: PlainValues, mostAdded: number): string {
  const fillings = new Map<string, Filling | undefined>();
  const sizes: number[] = [];
  for (const [, path = ""] of text.matchAll(VALUE)) {
    if (!fillings.has(path)) fillings.set(path, fillingOf(values, path));
    sizes.push(fillings.get(path)?.bytes ?? 0);
  }
  const most = largestShown(sizes, mostAdded);
  return text.replace(VALUE, (written: string, path: string) => {
    const filling = fillings.get(path);
    if (!filling) return written;
    if (filling.bytes <= most) return filling.text;
    return most < LEAST_SHOWN ? written : cutValue(filling, { most, name: oneLine(path, 48) });
  });
}

/** The beginning of a value, and where it is whole by its name. */
export function cutValue({ text, bytes }: Filling, { most, name }: { most: number; name: string }): string {
  const shown = text.slice(0, (text.length * (most - NOTE_BYTES)) / bytes).toWellFormed();
  return `${shown}… (cut; ${text.length} characters: get_workflow_status has ${name} whole)`;
}

/** The size to which larger values are cut, so that all of them together stay within the sum. */
export function largestShown(sizes: number[], sum: number): number {
  let left = sum;
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = left / (sizes.length - index);
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

function fillingOf(values: PlainValues, path: string): Filling | undefined {
  const text = textOf(values, path);
  return text === undefined ? undefined : { text, bytes: jsonBytes(text) };
}

function textOf(values: PlainValues, path: string): string | undefined {
  const value = lookUp(values, path.split("."));
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}

function lookUp(from: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string, unknown>)[key]; // an own property, as just checked
  }, from);
}
