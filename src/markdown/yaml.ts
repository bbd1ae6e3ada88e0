/** YAML text as plain data, each value with its place. The only file that knows the yaml package. Never throws. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import type { JsonObject } from "../json.ts";
import { oneLine } from "../words.ts";
import type { WrittenList, WrittenMap, WrittenScalar } from "../written.ts";
import type { Origin } from "./problems.ts";
import { cutFault } from "./yaml-cut.ts";

export interface YamlScalar extends WrittenScalar {
  at: Origin;
}
export interface YamlList extends WrittenList {
  items: Yaml[];
  at: Origin;
}
export interface YamlEntry {
  key: string;
  /** Where the key stands. */
  at: Origin;
  value: Yaml;
}
export interface YamlMap extends WrittenMap {
  /** In order; no key stands twice. */
  entries: YamlEntry[];
  at: Origin;
}
export type Yaml = YamlScalar | YamlList | YamlMap;

export interface YamlFault {
  at: Origin;
  message: string;
  hint: string;
}

/** Deepest nesting. */
export const MAX_YAML_DEPTH = 32;
/** Most faults that are told: further ones of the parser are mostly consequences of these. */
const MAX_FAULTS = 3;

/** Tells where the author finds a line of the YAML text; lines count from 1. */
type OriginOf = (line: number) => Origin;

/** The text's value; null if it holds nothing but comments. JSON values alone: no aliases, no tags. */
export function readYaml(text: string, origin: OriginOf): { root: Yaml | null } | { faults: YamlFault[] } {
  const lines = new LineCounter();
  const originAt = (offset: number) => origin(lines.linePos(offset).line);
  try {
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    const faults = document.errors.slice(0, MAX_FAULTS).map(({ code, message, pos }) => ({
      at: originAt(Math.min(pos[0], Math.max(0, text.trimEnd().length - 1))),
      message: `The front matter is no YAML: ${oneLine(message, 200)}`,
      hint: HINTS[code] ?? QUOTE_HINT,
    }));
    if (faults.length > 0) return { faults };
    if (!document.contents) return { root: null };
    return convertRoot(document.contents, { text, originAt, faults: [] });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { faults: [{ at: origin(1), ...TOO_DEEP }] };
  }
}

const QUOTE_HINT = 'Correct it; put a text that holds any of : # { } [ ] & * ! | > " into quotes';
const ALIAS_HINT = 'Put a text that begins with "*", such as a glob, into quotes; write out what an alias stands for';
const ANCHOR_HINT = 'Put a text that begins with "&" into quotes; remove an anchor';
const TAG_HINT = 'Put a text that begins with "!" into quotes; remove a tag';
const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "Indent with spaces",
  MULTIPLE_DOCS: 'Close the front matter with a line "---" of its own',
};
const TOO_DEEP = {
  message: `The front matter is nested deeper than ${MAX_YAML_DEPTH} levels`,
  hint: "Flatten it",
};

interface Conversion {
  text: string;
  originAt(offset: number): Origin;
  faults: YamlFault[];
}

function convertRoot(node: Node, conversion: Conversion): { root: Yaml | null } | { faults: YamlFault[] } {
  const { faults, originAt } = conversion;
  const root = convert(node, { depth: 1, at: originAt(startOf(node)) }, conversion);
  if (faults.length > 0) return { faults };
  return { root: root.kind === "scalar" && root.text === "" ? null : root };
}

/** The value. What is no JSON becomes a fault, and null in its place. */
function convert(node: unknown, where: { depth: number; at: Origin }, to: Conversion): Yaml {
  const { depth, at } = where;
  const nothing: Yaml = { kind: "scalar", value: null, text: "", at };
  const refuse = (message: string, hint: string): Yaml => {
    to.faults.push({ at, message, hint });
    return nothing;
  };
  if (depth > MAX_YAML_DEPTH) return refuse(TOO_DEEP.message, TOO_DEEP.hint);
  if (isAlias(node)) return refuse(`The front matter has an alias, "*${node.source}"`, ALIAS_HINT);
  if (isAnchored(node)) return refuse(`The front matter has an anchor, "&${node.anchor}"`, ANCHOR_HINT);
  if (isTagged(node)) return refuse(`The front matter has a tag, "${oneLine(node.tag, 60)}"`, TAG_HINT);
  const cut = isScalar(node) ? cutFault(node, to.text) : undefined;
  if (cut) return refuse(cut.message, cut.hint);
  if (isScalar(node))
    return convertScalar(node, at) ?? refuse(`"${node.source}" is no number`, "Write a finite number");
  if (isMap(node)) return { kind: "map", at, entries: convertEntries(node, where, to) };
  if (!isSeq(node)) return nothing;
  const items = node.items.map((item) => {
    const place = startOf(item);
    return convert(item, { depth: depth + 1, at: place < 0 ? at : to.originAt(place) }, to);
  });
  return { kind: "list", at, items };
}

function convertScalar({ value, source }: Scalar, at: Origin): YamlScalar | undefined {
  if (typeof value === "string") return { kind: "scalar", value, text: value, at };
  if (typeof value === "number" && !Number.isFinite(value)) return undefined;
  const isPlain = typeof value === "number" || typeof value === "boolean";
  return { kind: "scalar", value: isPlain ? value : null, text: source ?? "", at };
}

function convertEntries(map: YAMLMap, where: { depth: number; at: Origin }, to: Conversion): YamlEntry[] {
  const lines = new Map<string, number>();
  return map.items.map(({ key, value }) => {
    const start = startOf(key);
    const at = start < 0 ? where.at : to.originAt(start);
    const text = isScalar(key) && !isTagged(key) && !isAnchored(key) ? (convertScalar(key, at)?.text ?? "") : undefined;
    const fault = keyFault(text, lines);
    if (fault) to.faults.push({ at, ...fault });
    if (text !== undefined) lines.set(text, at.line);
    // Lists, mappings and absent values get their key's place: an absent one's own is where the parser stopped looking.
    const valueAt = isScalar(value) && value.source ? to.originAt(startOf(value)) : at;
    return { key: text ?? "", at, value: convert(value, { depth: where.depth + 1, at: valueAt }, to) };
  });
}

function keyFault(key: string | undefined, lines: ReadonlyMap<string, number>): Omit<YamlFault, "at"> | undefined {
  if (key === undefined)
    return {
      message: "A key of the front matter is no text",
      hint: 'Put a text that begins with "{" or "[" into quotes',
    };
  if (key === "") return { message: "A key of the front matter is empty", hint: "Name it, or remove the line" };
  if (key === "__proto__") return { message: 'No key may be "__proto__"', hint: "Give it another name" };
  if (!lines.has(key)) return undefined;
  return {
    message: `The key "${key}" stands here for the second time`,
    hint: `The first is in line ${lines.get(key)}`,
  };
}

function isTagged(node: unknown): node is Node & { tag: string } {
  return (isScalar(node) || isMap(node) || isSeq(node)) && node.tag !== undefined;
}

function isAnchored(node: unknown): node is Node & { anchor: string } {
  return (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined;
}

/** Offset of the node in the text; negative if there is none. */
function startOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? -1) : -1;
}

/** The value as JSON. */
export function toJson(yaml: Yaml): unknown {
  switch (yaml.kind) {
    case "scalar":
      return yaml.value;
    case "list":
      return yaml.items.map(toJson);
    case "map":
      return toObject(yaml);
    default:
      return yaml satisfies never;
  }
}

/** The mapping as a JSON object. */
export function toObject({ entries }: YamlMap): JsonObject {
  return Object.fromEntries(entries.map(({ key, value }) => [key, toJson(value)]));
}
