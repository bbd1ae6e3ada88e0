/** How a context is shown to an agent: short values whole, long ones cut and measured, the others by name. */
import type { JsonObject } from "../json.ts";
import { oneLine } from "../words.ts";
import { bytesOf, shrink } from "./fit.ts";

/** Longest value in a step answer, in characters. */
const MAX_VALUE = 400;
/** Most bytes of UTF-8 for each unit of a text's length. */
const MOST_PER_UNIT = 3;
/** Most bytes of what an advance tells of the context. */
const MAX_CHANGES = 1_000;
/** Most bytes of it for the names of the keys that are not shown, and longest name, in characters. */
const MAX_NAMES = 300;
const MAX_NAME = 60;
/** Names that are shown as they are. */
const PLAIN = /^[\w, .-]{0,60}$/;
/** For the name of the field that holds these names, and the frame. */
const FRAME = 60;

/** The context for a step answer. Cut values say how long they are; `get_workflow_status` has them whole. */
export function briefContext(context: JsonObject, mostBytes: number): JsonObject {
  const { length } = JSON.stringify(context);
  if (length <= MAX_VALUE && length * MOST_PER_UNIT <= mostBytes) return context;
  return within(Object.entries(context), { mostBytes, others: [] });
}

/** What changed in a context, and the names of the other keys, without what `isTold` elsewhere. A removed key is null. */
export function changedContext(
  context: JsonObject,
  about: { changed: string[]; isTold: (key: string, value: unknown) => boolean; mostBytes: number },
): JsonObject {
  const changed = about.changed.map((key): [string, unknown] => [
    key,
    Object.hasOwn(context, key) ? context[key] : null,
  ]);
  const seen = new Set(about.changed);
  const others = Object.entries(context).filter(([key]) => !seen.has(key));
  const untold = (entries: [string, unknown][]) => entries.filter(([key, value]) => !about.isTold(key, value));
  const names = untold(others).map(([key]) => key);
  return within(untold(changed), { mostBytes: Math.min(about.mostBytes, MAX_CHANGES), others: names });
}

/** The values that there is room for, and the names of the others. */
function within(entries: [string, unknown][], about: { mostBytes: number; others: string[] }): JsonObject {
  const mostNames = Math.min(MAX_NAMES, about.mostBytes / 2);
  const shown: [string, unknown][] = [];
  const left: string[] = [];
  let room = about.mostBytes - mostNames - FRAME;
  for (const [key, value] of entries) {
    const brief = cutValue(value, MAX_VALUE);
    const bytes = bytesOf([key, brief]);
    if (bytes > room) left.push(key);
    else {
      room -= bytes;
      shown.push([key, brief]);
    }
  }
  const others = [...left, ...about.others];
  if (others.length > 0) shown.push(["…", `get_workflow_status has ${namesWithin(others, mostNames)}`]);
  return Object.fromEntries(shown);
}

/** `a, b, c (+4)`: the names that there is room for, and how many more there are. */
function namesWithin(names: string[], mostBytes: number): string {
  const all = names.join(", ");
  if (all.length * MOST_PER_UNIT <= mostBytes && PLAIN.test(all)) return all;
  const shown: string[] = [];
  let room = mostBytes;
  for (const name of names) {
    const brief = oneLine(name, MAX_NAME);
    room -= bytesOf(brief);
    if (room < 0) break;
    shown.push(brief);
  }
  const left = names.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` (+${left})` : ""}`.trim();
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
  const shown = entries.slice(0, mostKeys).map(([key, value]) => `${oneLine(key, MAX_NAME)}=${shortValue(value)}`);
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
