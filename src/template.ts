/** Template values in client instructions. Filled once: what a value contains is text, never another template. */
import { type JsonObject, jsonBytes } from "./json.ts";
import { oneLine } from "./words.ts";

const VALUE = /\{\{\s*context\.([\p{L}\p{N}_$-]+(?:\.[\p{L}\p{N}_$-]+)*)\s*\}\}/gu;

/** How large a filled text may be, in bytes as JSON, if the caller has no limit of its own. */
const MAX_FILLED = 1_000_000;
/** Most bytes that a character takes as JSON. */
const MOST_PER_CHARACTER = 6;
/** If less of a value than this could be shown, in bytes, its template stays as written: its key says more. */
const LEAST_SHOWN = 300;
/** Bytes for the note behind a value that is cut. */
const NOTE_BYTES = 150;

/**
 * Replaces `{{ context.some.key }}`: strings as they are, other values as JSON; an unset key stays as written. If the
 * filled text would be larger than `mostBytes` as JSON, the largest values are cut, each with a note where it is whole.
 * The author's own words are never cut; however long they are, a quarter of the bytes is left for values.
 */
export function fillTemplate(text: string, context: JsonObject, mostBytes = MAX_FILLED): string {
  let length = text.length;
  const filled = text.replace(VALUE, (written: string, path: string) => {
    const value = length > mostBytes ? undefined : textOf(context, path);
    length += value?.length ?? 0;
    return value ?? written;
  });
  const fits = length * MOST_PER_CHARACTER <= mostBytes || (length <= mostBytes && jsonBytes(filled) <= mostBytes);
  return fits ? filled : fillWithin(text, context, Math.max(mostBytes - jsonBytes(text), mostBytes / 4));
}

interface Filling {
  text: string;
  bytes: number;
}

/** Fills in values that add at most so many bytes. */
function fillWithin(text: string, context: JsonObject, mostAdded: number): string {
  const fillings = new Map<string, Filling | undefined>();
  const sizes: number[] = [];
  for (const [, path = ""] of text.matchAll(VALUE)) {
    if (!fillings.has(path)) fillings.set(path, fillingOf(context, path));
    sizes.push(fillings.get(path)?.bytes ?? 0);
  }
  const most = largestShown(sizes, mostAdded);
  return text.replace(VALUE, (written: string, path: string) => {
    const filling = fillings.get(path);
    if (!filling) return written;
    if (filling.bytes <= most) return filling.text;
    return most < LEAST_SHOWN ? written : cut(filling, { most, path });
  });
}

function cut({ text, bytes }: Filling, { most, path }: { most: number; path: string }): string {
  const shown = text.slice(0, (text.length * (most - NOTE_BYTES)) / bytes).toWellFormed();
  return `${shown}… (cut; ${text.length} characters: get_workflow_status has context.${oneLine(path, 40)} whole)`;
}

/** The size to which larger values are cut, so that all of them together stay within the sum. */
function largestShown(sizes: number[], sum: number): number {
  let left = sum;
  for (const [index, size] of sizes.toSorted((a, b) => a - b).entries()) {
    const share = left / (sizes.length - index);
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

function fillingOf(context: JsonObject, path: string): Filling | undefined {
  const text = textOf(context, path);
  return text === undefined ? undefined : { text, bytes: jsonBytes(text) };
}

function textOf(context: JsonObject, path: string): string | undefined {
  const value = lookUp(context, path.split("."));
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}

function lookUp(from: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string, unknown>)[key]; // an own property, as just checked
  }, from);
}
