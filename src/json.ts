/** JSON values that came from outside: what shapes are taken, how they are merged into a context, how a change is undone. */
import { z } from "zod";

/** A JSON object whose values this program stores and hands on without looking inside. */
export const JsonObject = z.record(z.string(), z.unknown());
export type JsonObject = z.infer<typeof JsonObject>;

/** One changed key: `before` is absent if the key was unset, `after` if it was removed. */
const KeyChange = z.object({ before: z.unknown().optional(), after: z.unknown().optional() });

/** What changed in a context, by top-level key; enough to redo and to undo the change. */
export const ContextPatch = z.record(z.string(), KeyChange);
export type ContextPatch = z.infer<typeof ContextPatch>;

/** Deepest nesting of a value that is stored. */
const MAX_DEPTH = 64;
/** Longest path that an error names, in characters, about. */
const MAX_PATH = 100;

/** Characters that some readers take for the end of a line, although JSON allows them raw in a text. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** The value as JSON for readers of lines: over stdio, in an event stream, at the terminal. */
export function jsonText(value: unknown, indent?: number): string {
  return escapeLineEnds(JSON.stringify(value, null, indent));
}

/** The same JSON, with every line end that stands raw in a text escaped. */
export function escapeLineEnds(json: string): string {
  return json.replace(LINE_ENDS, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Bytes of the value as compact JSON in UTF-8. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? "");
}

/**
 * Why the value may not be stored (path and reason), or null. Refuses `__proto__` keys, nesting beyond 64 levels,
 * numbers that were rounded when they were read, and texts that not every store can hold.
 */
export function jsonFault(value: unknown, path: string, depth = 0): string | null {
  if (typeof value === "string") return textFault(value, path);
  if (typeof value === "number") return isExact(value) ? null : `${path} is ${value}, ${INEXACT}: send it as text`;
  if (typeof value !== "object" || value === null) return null;
  if (depth >= MAX_DEPTH) return `${path} is nested deeper than ${MAX_DEPTH} levels`;
  if (Array.isArray(value)) return listFault(value, path, depth);
  for (const [key, item] of Object.entries(value)) {
    if (key === "__proto__") return `${path} has a key "__proto__"`;
    const inside = path.length > MAX_PATH ? path : `${path}.${key}`;
    const fault = textFault(key, `a key of ${path}`) ?? jsonFault(item, inside, depth + 1);
    if (fault) return fault;
  }
  return null;
}

/** A long list of short texts is looked through in no time. */
function listFault(list: unknown[], path: string, depth: number): string | null {
  for (let at = 0; at < list.length; at += 1) {
    const item = list[at];
    if (typeof item === "string" && textFault(item, "") === null) continue;
    const fault = jsonFault(item, path.length > MAX_PATH ? path : `${path}.${at}`, depth + 1);
    if (fault) return fault;
  }
  return null;
}

/** UTF-8 has no form for half of a surrogate pair, PostgreSQL's TEXT none for NUL. */
function textFault(text: string, path: string): string | null {
  if (text.includes("\0")) return `${path} holds a NUL character (\\u0000)`;
  return text.isWellFormed() ? null : `${path} holds half of a character (one of \\ud800 to \\udfff alone)`;
}

/** What is wrong with a number that is not exact. */
export const INEXACT = "beyond what a number holds exactly (9007199254740991)";

/** Whether a number is exactly what was written: a whole one beyond 2^53 - 1 was rounded, or became infinite. */
export function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}

/** The value as it is once written and read again: JSON.parse can give a `-0`, which JSON.stringify never writes. */
export function asStored(value: unknown): unknown {
  return holdsMinusZero(value) ? withoutMinusZero(value) : value;
}

function holdsMinusZero(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, -0);
  return Object.values(value).some(holdsMinusZero);
}

function withoutMinusZero(value: unknown): unknown {
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutMinusZero);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutMinusZero(item)]));
}

/** The patch that merges `updates` into `context` at the top level; null removes a key. Keys that stay equal are left out. */
export function patchFor(context: JsonObject, updates: JsonObject): ContextPatch {
  const changes: [string, ContextPatch[string]][] = [];
  for (const [key, after] of Object.entries(updates)) {
    const had = Object.hasOwn(context, key);
    const before = context[key];
    if (after === null || after === undefined) {
      if (had) changes.push([key, { before }]);
    } else if (!had) changes.push([key, { after }]);
    else if (!Bun.deepEquals(before, after, true)) changes.push([key, { before, after }]);
  }
  return Object.fromEntries(changes);
}

/** The top-level keys whose values differ: set, removed or changed. */
export function changedKeys(before: JsonObject, after: JsonObject): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => before[key] !== after[key] && !Bun.deepEquals(before[key], after[key], true));
}

/** The context after a patch. */
export function applyPatch(context: JsonObject, patch: ContextPatch): JsonObject {
  const next = new Map(Object.entries(context));
  for (const [key, change] of Object.entries(patch)) {
    if (Object.hasOwn(change, "after")) next.set(key, change.after);
    else next.delete(key);
  }
  return Object.fromEntries(next);
}

/** The context with `updates` merged in at the top level. */
export function mergeContext(context: JsonObject, updates: JsonObject): JsonObject {
  return applyPatch(context, patchFor(context, updates));
}
