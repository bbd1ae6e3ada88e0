/** Template values in client instructions. Filled once: what a value contains is text, never another template. */
import { type JsonObject, jsonBytes } from "./json.ts";
import { oneLine } from "./words.ts";

const VALUE = /\{\{\s*context\.([\p{L}\p{N}_$-]+(?:\.[\p{L}\p{N}_$-]+)*)\s*\}\}/gu;

/** What all values of a text may add to it, in bytes as JSON, where the caller has no limit of its own. */
const MAX_ADDED = 1_000_000;
/** A value of which less could be shown, in bytes, stays as written: its key says more. */
const LEAST_SHOWN = 300;
/** Bytes for what stands after a value that is cut. */
const NOTE_BYTES = 150;

interface Filling {
  text: string;
  bytes: number;
}

/**
 * Replaces `{{ context.some.key }}`: strings as they are, other values as JSON; an unset key stays as written. If the values
 * together are longer than `mostAdded`, the longest are cut, and say where they are whole: the author's own words never are.
 */
export function fillTemplate(text: string, context: JsonObject, mostAdded = MAX_ADDED): string {
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

/** How large one value may be, so that all of them, the larger ones cut, stay within the sum. */
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
  const value = lookUp(context, path.split("."));
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { text, bytes: jsonBytes(text) };
}

function lookUp(from: unknown, path: string[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return (value as Record<string, unknown>)[key]; // an own property, as just checked
  }, from);
}
