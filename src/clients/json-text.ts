/**
 * Edits of JSON with comments that insert, replace and take out nothing but our own parts: where what stands, by jsonc-parser; which
 * bytes change, by us, since its own edits format the lines of others. Pure.
 */
import { type Node, type ParseError, parseTree } from "jsonc-parser";
import { fault, type Layout, type TextEdit } from "./text-edit.ts";

export type { Node } from "jsonc-parser";

/** The value of the whole text; undefined if there is nothing but blanks and comments. Throws a fault if the text is broken. */
export function rootOf(text: string): Node | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  const [first] = errors;
  if (first) throw fault(`is no JSON: something is wrong at line ${lineOf(text, first.offset)}`);
  return root;
}

/** The value at the end of the keys; undefined if a key on the way is missing. Throws a fault if one on the way is no object, or stands twice. */
export function nodeAt(root: Node | undefined, keys: readonly string[]): Node | undefined {
  let node = root;
  for (const key of keys) {
    if (node === undefined) return undefined;
    if (node.type !== "object") throw fault(`holds no object where "${key}" belongs`);
    node = memberOf(node, key)?.children?.[1];
  }
  return node;
}

/** The property of the object. Throws a fault if there are two of that name. */
export function memberOf(node: Node, key: string): Node | undefined {
  const [first, second] = (node.children ?? []).filter((each) => each.children?.[0]?.value === key);
  if (second) throw fault(`has "${key}" twice`);
  return first;
}

/** Puts a property or an item behind the last child of the node. `write` gets the indentation of its line, or null within a line. */
export function insertion(text: string, { node, write, layout }: Insertion): TextEdit[] {
  const last = node.children?.at(-1);
  const from = last ? endOf(last) : node.offset + 1;
  const close = endOf(node) - 1;
  const { comma, behind } = between(text, from, close);
  const ownLines = /[\r\n]/.test(text.slice(behind, close));
  const outer = indentAt(text, node.offset);
  const first = node.children?.[0];
  const indent = first && startsLine(text, first.offset) ? indentAt(text, first.offset) : outer + layout.unit;
  if (!last) {
    const tail = ownLines ? "" : layout.eol + outer;
    return [{ at: behind, length: 0, text: layout.eol + indent + write(indent) + tail }];
  }
  const words = ownLines ? layout.eol + indent + write(indent) : ` ${write(null)}`;
  if (comma !== null) return [{ at: behind, length: 0, text: `${words},` }];
  if (behind === from) return [{ at: from, length: 0, text: `,${words}` }];
  return [
    { at: from, length: 0, text: "," },
    { at: behind, length: 0, text: words },
  ];
}

interface Insertion {
  node: Node;
  write(indent: string | null): string;
  layout: Layout;
}

/** Takes a child out of its parent, with the comma and the blanks that an insertion would have brought. */
export function removal(text: string, child: Node): TextEdit[] {
  const parent = child.parent;
  const siblings = parent?.children ?? [];
  const at = siblings.indexOf(child);
  if (!parent || at < 0) throw fault("lost its place"); // only a root has no parent, and none is taken out
  const before = siblings[at - 1];
  const next = siblings[at + 1];
  const start = before ? endOf(before) : parent.offset + 1;
  const left = between(text, start, child.offset);
  const end = endOf(child);
  const right = between(text, end, next ? next.offset : endOf(parent) - 1);
  const cut = { at: left.behind, length: end - left.behind, text: "" };
  if (siblings.length === 1 && !text.slice(parent.offset + 1, left.behind).trim() && right.behind <= end + 1) {
    return [{ at: parent.offset + 1, length: endOf(parent) - 2 - parent.offset, text: "" }];
  }
  if (right.comma !== null) return merged([cut, { at: right.comma, length: 1, text: "" }]);
  if (left.comma !== null) return merged([{ at: left.comma, length: 1, text: "" }, cut]);
  return [cut];
}

/** Whether nothing stands in it, no comment either. */
export function isBare(text: string, node: Node): boolean {
  return (node.type === "object" || node.type === "array") && !text.slice(node.offset + 1, endOf(node) - 1).trim();
}

/** The value as JSON: objects over several lines, lists of plain values in one; `indent` null: all in one. */
export function written(value: unknown, indent: string | null, layout: Layout): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = indent === null ? null : indent + layout.unit;
  const isList = Array.isArray(value);
  const parts: string[] = isList
    ? value.map((each: unknown) => written(each, inner, layout))
    : Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${written(each, inner, layout)}`);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  const isPlain = isList && value.every((each: unknown) => typeof each !== "object");
  if (inner === null || isPlain || parts.length === 0) return open + parts.join(", ") + close;
  const lines = parts.map((part) => layout.eol + inner + part);
  return `${open}${lines.join(",")}${layout.eol}${indent}${close}`;
}

/** The blanks that the line of this place begins with. */
export function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at)))?.[0] ?? "";
}

export function endOf({ offset, length }: Node): number {
  return offset + length;
}

function startsLine(text: string, at: number): boolean {
  const start = lineStart(text, at);
  return start > 0 && text.slice(start, at).trim() === "";
}

function lineStart(text: string, at: number): number {
  return Math.max(text.lastIndexOf("\n", at - 1), text.lastIndexOf("\r", at - 1)) + 1;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split(/\r\n|\r|\n/).length;
}

const PIECE = /[ \t\r\n]+|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|,/y;

/** Between two places that hold only blanks, comments and at most one comma: where the comma is, and where all that is not blank ends. */
function between(text: string, from: number, to: number): { comma: number | null; behind: number } {
  let comma: number | null = null;
  let behind = from;
  PIECE.lastIndex = from;
  for (let piece = PIECE.exec(text); piece && piece.index < to; piece = PIECE.exec(text)) {
    if (piece[0] === ",") comma = piece.index;
    if (piece[0].trim() !== "") behind = piece.index + piece[0].length;
  }
  return { comma, behind };
}

/** Two that touch become one. */
function merged([first, second]: [TextEdit, TextEdit]): TextEdit[] {
  if (first.at + first.length !== second.at) return [first, second];
  return [{ at: first.at, length: first.length + second.length, text: first.text + second.text }];
}
