/** What we want in a client's JSON: its server entry and items of lists; put in, brought up to date, taken out again. Pure. */
import { isDeepStrictEqual } from "node:util";
import { getNodeValue } from "jsonc-parser";
import {
  endOf,
  indentAt,
  insertion,
  isBare,
  memberOf,
  type Node,
  nodeAt,
  removal,
  rootOf,
  written,
} from "./json-text.ts";
import { applied, type Edited, fault, type Layout, layoutOf, type TextEdit } from "./text-edit.ts";

/** An object of ours at the end of the keys, such as the server's entry. */
interface Entry {
  kind: "entry";
  keys: readonly string[];
  /** What it should be, or of one of ours what must be right in it; undefined: nothing stands there. Throws a fault if that is not ours. */
  value(found: unknown): object;
  isOurs(found: unknown): boolean;
}

/** Items of ours in the list at the end of the keys. */
interface Items {
  kind: "items";
  keys: readonly string[];
  items: readonly unknown[];
  /** Whether an item that is none of these is an older form of ours. */
  isOurs(found: unknown): boolean;
}

export type Wish = Entry | Items;

/** The text with all that is wished for; the same text if it is there. Throws a fault if it cannot be. */
export function withWishes(text: string, wishes: readonly Wish[]): Edited {
  let edited: Edited = { text, shown: [] };
  for (const wish of wishes) edited = wish.kind === "entry" ? withEntry(edited, wish) : withItems(edited, wish);
  rootOf(edited.text); // what is written can be read
  return edited;
}

/**
 * The text without any of it. `copy` is the text before we came, if it is known: what stood there is not ours, and if nothing but
 * ours was changed since, it is what comes back, byte for byte.
 */
export function withoutWishes(text: string, wishes: readonly Wish[], copy: string | null): Edited {
  let edited: Edited = { text, shown: [] };
  const old = copy === null ? undefined : readable(copy);
  for (const wish of wishes) {
    const isOld = (found: unknown) => wish.kind === "items" && listAt(old, wish.keys).some((each) => same(each, found));
    for (let child = ownChild(edited.text, wish, isOld); child; child = ownChild(edited.text, wish, isOld)) {
      edited = applied(edited, removal(edited.text, child));
      edited = withoutEmpty(edited, wish.keys.slice(0, wish.kind === "entry" ? -1 : undefined), old);
    }
  }
  if (copy !== null && edited.text !== text && isOurWork({ copy, text, wishes })) edited = { ...edited, text: copy };
  return edited;
}

function withEntry(before: Edited, { keys, value, isOurs }: Entry): Edited {
  const { text } = before;
  const layout = layoutOf(text);
  const node = nodeAt(rootOf(text), keys);
  if (!node) return applied(before, added(text, { keys, value: value(undefined), layout }));
  const found: unknown = getNodeValue(node);
  const wanted = value(found);
  if (!isOurs(found)) return replaced(before, node, wanted, layout);
  return updated(before, { keys, wanted, layout });
}

/** Each key of the object in its place: what else stands in it stays. */
function updated(
  before: Edited,
  { keys, wanted, layout }: { keys: readonly string[]; wanted: object; layout: Layout },
): Edited {
  let edited = before;
  for (const [key, value] of Object.entries(wanted)) {
    const node = nodeAt(rootOf(edited.text), [...keys, key]);
    const isNothing = Array.isArray(value) && value.length === 0;
    if (node ? same(getNodeValue(node), value) : isNothing) continue;
    if (!node) edited = applied(edited, added(edited.text, { keys: [...keys, key], value, layout }));
    else if (node.type === "object" && typeof value === "object")
      edited = updated(edited, { keys: [...keys, key], wanted: value, layout });
    else edited = replaced(edited, node, value, layout);
  }
  return edited;
}

function withItems(before: Edited, { keys, items, isOurs }: Items): Edited {
  let edited = before;
  const layout = layoutOf(before.text);
  const stale = (node: Node) => {
    const value: unknown = getNodeValue(node);
    return isOurs(value) && !items.some((item) => same(item, value));
  };
  for (;;) {
    const child = nodeAt(rootOf(edited.text), keys)?.children?.find(stale);
    if (!child) break;
    edited = applied(edited, removal(edited.text, child));
  }
  const node = nodeAt(rootOf(edited.text), keys);
  if (node && node.type !== "array") throw fault(`holds no list at "${keys.join(".")}"`);
  if (!node) return applied(edited, added(edited.text, { keys, value: items, layout }));
  const missing = items.filter((item) => !node.children?.some((each) => same(getNodeValue(each), item)));
  if (missing.length === 0) return edited;
  const write = (indent: string | null) =>
    missing.map((item) => written(item, indent, layout)).join(indent === null ? ", " : `,${layout.eol}${indent}`);
  return applied(edited, insertion(edited.text, { node, write, layout }));
}

/** Puts the value at the end of the keys, with the objects that are missing on the way. */
function added(
  text: string,
  { keys, value, layout }: { keys: readonly string[]; value: unknown; layout: Layout },
): TextEdit[] {
  const root = rootOf(text);
  if (!root) {
    const nested = keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    const gap = text === "" || /[\r\n]$/.test(text) ? "" : layout.eol;
    return [{ at: text.length, length: 0, text: gap + written(nested, "", layout) + layout.eol }];
  }
  let depth = 0;
  while (nodeAt(root, keys.slice(0, depth + 1))) depth += 1;
  const node = nodeAt(root, keys.slice(0, depth));
  const [key = "", ...more] = keys.slice(depth);
  if (node?.type !== "object") throw fault(`holds no object where "${key}" belongs`);
  const nested = more.reduceRight<unknown>((inner, each) => ({ [each]: inner }), value);
  const write = (indent: string | null) => `${JSON.stringify(key)}: ${written(nested, indent, layout)}`;
  return insertion(text, { node, write, layout });
}

function replaced(before: Edited, node: Node, value: unknown, layout: Layout): Edited {
  const text = written(value, indentAt(before.text, node.offset), layout);
  return applied(before, [{ at: node.offset, length: endOf(node) - node.offset, text }]);
}

/** The first child of the text that is ours and was not there before we came. */
function ownChild(text: string, wish: Wish, isOld: (found: unknown) => boolean): Node | undefined {
  const root = rootOf(text);
  if (wish.kind === "items") {
    const isOwn = (value: unknown) =>
      wish.isOurs(value) || (wish.items.some((item) => same(item, value)) && !isOld(value));
    return nodeAt(root, wish.keys)?.children?.find((each) => isOwn(getNodeValue(each)));
  }
  const parent = nodeAt(root, wish.keys.slice(0, -1));
  const member = parent?.type === "object" ? memberOf(parent, wish.keys.at(-1) ?? "") : undefined;
  const value = member?.children?.[1];
  return value && wish.isOurs(getNodeValue(value)) ? member : undefined;
}

/** Takes out what nothing stands in any more, from the innermost, unless it was there before. */
function withoutEmpty(before: Edited, keys: readonly string[], old: Node | undefined): Edited {
  let edited = before;
  for (let depth = keys.length; depth > 0; depth -= 1) {
    const path = keys.slice(0, depth);
    const node = nodeAt(rootOf(edited.text), path);
    if (!node?.parent || !isBare(edited.text, node) || placeIn(old, path)) break;
    const { text } = applied(edited, removal(edited.text, node.parent));
    edited = { ...edited, text };
  }
  return edited;
}

/** Whether the text is the copy with ours in it, and nothing else. */
function isOurWork({ copy, text, wishes }: { copy: string; text: string; wishes: readonly Wish[] }): boolean {
  try {
    const standing = wishes.map((wish) => {
      const found: unknown = wish.kind === "entry" ? valueAt(rootOf(text), wish.keys) : undefined;
      return wish.kind === "entry" && isObject(found) ? { ...wish, value: () => found } : wish;
    });
    const isClean = wishes.every((wish) => !ownChild(copy, wish, () => true));
    return isClean && withWishes(copy, standing).text === text;
  } catch {
    return false; // it was no file that we could have written to
  }
}

function readable(text: string): Node | undefined {
  try {
    return rootOf(text);
  } catch {
    return undefined;
  }
}

function placeIn(root: Node | undefined, keys: readonly string[]): Node | undefined {
  try {
    return nodeAt(root, keys);
  } catch {
    return undefined;
  }
}

function listAt(root: Node | undefined, keys: readonly string[]): unknown[] {
  const node = placeIn(root, keys);
  return node?.type === "array" ? (node.children ?? []).map((each): unknown => getNodeValue(each)) : [];
}

/** The value there; undefined if there is none. */
function valueAt(root: Node | undefined, keys: readonly string[]): unknown {
  const node = nodeAt(root, keys);
  return node && getNodeValue(node);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function same(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(plain(left), plain(right));
}

/** jsonc-parser's objects have no prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
