/** How a context is shown to an agent: short values whole, long ones cut and measured. */
import type { JsonObject } from "../json.ts";
import { oneLine } from "../words.ts";
import { bytesOf, shrink } from "./fit.ts";

/** Longest value in a step answer, in characters. */
const MAX_VALUE = 400;
/** Most bytes of UTF-8 for each unit of a text's length. */
const MOST_PER_UNIT = 3;

/** The context for a step answer. Cut values say how long they are; `get_workflow_status` has them whole. */
export function briefContext(context: JsonObject, mostBytes: number): JsonObject {
  const { length } = JSON.stringify(context);
  if (length <= MAX_VALUE && length * MOST_PER_UNIT <= mostBytes) return context;
  const shown: [string, unknown][] = [];
  let room = mostBytes;
  for (const [key, value] of Object.entries(context)) {
    const brief = cutValue(value, MAX_VALUE);
    room -= bytesOf(key) + bytesOf(brief);
    if (room < 0) break;
    shown.push([key, brief]);
  }
  const left = Object.keys(context).length - shown.length;
  if (left > 0) shown.push(["…", `${left} more keys: get_workflow_status`]);
  return Object.fromEntries(shown);
}

/** The value, or its beginning and its length where its JSON (or its text) is longer than `most` characters. */
export function cutValue(value: unknown, most: number): unknown {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return text.length <= most ? value : `${text.slice(0, most)}… (${text.length} characters)`;
}

/** `a=1, b=two (+3: get_workflow_status)`: the first keys on one line. */
export function contextLine(context: JsonObject, mostKeys = 6): string {
  const entries = Object.entries(context);
  if (entries.length === 0) return "empty";
  const shown = entries.slice(0, mostKeys).map(([key, value]) => `${oneLine(key, 60)}=${shortValue(value)}`);
  const left = entries.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` (+${left}: get_workflow_status)` : ""}`;
}

function shortValue(value: unknown): string {
  return oneLine(typeof value === "string" ? value : JSON.stringify(value), 60);
}

/** The values of these keys, or all. */
export function pick(context: JsonObject, keys: string[] | undefined): JsonObject {
  if (!keys) return context;
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(context, key)).map((key) => [key, context[key]]));
}

/** The context with its longest values cut until it fits, and whether any was. */
export function fitContext(context: JsonObject, mostBytes: number): [JsonObject, boolean] {
  if (bytesOf(context) <= mostBytes) return [context, false];
  for (const most of [4_000, 400, 40]) {
    const shown = Object.fromEntries(Object.entries(context).map(([key, value]) => [key, cutValue(value, most)]));
    if (bytesOf(shown) <= mostBytes) return [shown, true];
  }
  return [{ "…": shrink(Object.keys(context), mostBytes) }, true];
}
