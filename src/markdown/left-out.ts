/** Finds what stands among the steps of index.md and is no step, although its author may well think so. */
import type { Token, Tokens } from "marked";
import { oneLine } from "../words.ts";
import { type Block, type Heading, isQuiet, type MarkdownDocument } from "./blocks.ts";
import type { Expanded } from "./includes.ts";
import { countLineBreaks } from "./lines.ts";
import { type Item, linksIn } from "./list-items.ts";
import type { Reading } from "./reading.ts";

/** The part of the index that holds the steps. */
interface StepsPart {
  document: MarkdownDocument;
  /** The steps' headings; empty if the index has none. */
  headings: readonly Heading[];
  blocks: readonly Block[];
  items: readonly Item[];
  /** Items that are steps, or were meant to be and are problems already. */
  stepItems: ReadonlySet<Item>;
}

/**
 * Reports top-level items without a step, right below a steps heading or in a list of steps, and names of Markdown
 * files that are no link of a list item. Without a steps heading, code is an example.
 */
export function reportLeftOut(part: StepsPart, source: Expanded, reading: Reading): void {
  if (!source.complete) return; // a missing include is a problem already
  const unread = part.items.filter(({ paragraphs }) => paragraphs.includes(undefined)); // a problem already
  const reported = new Set(unread.map(({ line }) => line));
  for (const item of itemsWithoutStep(part)) {
    const { message, hint } = describe(item.raw);
    reading.problems.add("STEP_ITEM_UNLINKED", source.origin(item.line), { message, hint });
    for (let line = item.line; line <= item.line + countLineBreaks(item.raw.trimEnd()); line++) reported.add(line);
  }
  for (const { name, line } of strayNames(part)) {
    if (reported.has(line)) continue;
    reading.problems.add("STEP_NAME_UNLINKED", source.origin(line), {
      message: `"${oneLine(name, 80)}" stands among the steps and is no link of a list item, so it is no step`,
      hint: `Give it a list item of its own, ${linkLike(name)}; a remark about a file that is no step belongs under another heading`,
    });
  }
}

function itemsWithoutStep({ document, headings, items, stepItems }: StepsPart): Item[] {
  const withStep = new Set<Item>();
  for (const item of stepItems) for (let at: Item | undefined = item; at; at = at.parent) withStep.add(at);
  const stepLists = new Set<Tokens.List>();
  for (const item of withStep) if (!item.parent) stepLists.add(item.list);
  const rightBelow = blocksRightBelow(headings, document);
  return items.filter((item) => {
    if (item.parent || withStep.has(item) || !/\S/.test(item.raw)) return false;
    if (headings.length > 0) return stepLists.has(item.list) || rightBelow.has(item.block);
    return stepLists.has(item.list) && item.raw.replace(/`[^`]*`|^\s*\S+/g, "").trim() !== "";
  });
}

/** The blocks between one of these headings and the next heading. */
function blocksRightBelow(headings: readonly Heading[], { blocks }: MarkdownDocument): ReadonlySet<Block> {
  const starts = new Set(headings.map(({ start }) => start));
  const found = new Set<Block>();
  let isBelow = false;
  for (const block of blocks) {
    if (block.token.type === "heading") isBelow = starts.has(block.start);
    else if (isBelow) found.add(block);
  }
  return found;
}

/** What the item looks like, and how a step is written. */
function describe(whole: string): { message: string; hint: string } {
  const raw = whole.slice(0, MAX_DESCRIBED);
  const shown = oneLine(raw, 80);
  const message = `A list item among the steps has no link to a .md file: "${shown}"`;
  const [, name = "", path = ""] = /\[([^\]\n]*)\]\s*\(\s*([^()\n]*)/.exec(raw) ?? [];
  const [, text, label] = /\[([^\]\n]+)\]\s?\[([^\]\n]*)\]/.exec(raw) ?? [];
  if (/\]\s+\(/.test(raw) && !/\s/.test(path.trim()))
    return { message, hint: `Remove the blank between "]" and "(": "[${name}](${path.trim()})"` };
  if (/\s/.test(path.trim()))
    return { message, hint: `A path with blanks stands in angle brackets: "[${name}](<${path.trim()}>)"` };
  if (path.trim() !== "")
    return {
      message,
      hint: `Write it as a plain link, closed and neither code nor an image: "[${name}](${path.trim()})"`,
    };
  if (text)
    return { message, hint: `No line "[${label || text}]: steps/…" says where that leads; write it ${linkLike(text)}` };
  return {
    message,
    hint: `Write it ${linkLike(nameIn(raw))}; a note stands below its step, indented, or in a paragraph`,
  };
}

/** Characters of an item that are looked at for what it resembles. */
const MAX_DESCRIBED = 500;

/** A step as it is written, by a name or a path: `"1. [Run tests](steps/run-tests.md)"`. */
function linkLike(given: string): string {
  const name = given || "Build";
  const path = /\.md$/i.test(name) ? name : `steps/${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}.md`;
  const stem = (path.split("/").pop() ?? path).replace(/\.md$/i, "").replace(/[-_]+/g, " ");
  const title = /\.md$/i.test(name) ? stem.charAt(0).toUpperCase() + stem.slice(1) : name;
  return `like "1. [${title}](${path})"`;
}

/** The path in an item's text, else its first words. */
function nameIn(raw: string): string {
  const text = raw.replace(/^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?/, "");
  const path = /[^\s`"'<>()[\]|]+\.md\b/i.exec(text.slice(0, 1000))?.[0];
  return path ?? oneLine(text.replace(/[*_`[\]()<>]/g, "").split(/[.:,;\n]/)[0] ?? "", 40).replace(/…$/, "");
}

/** Names of Markdown files in the blocks, links of list items aside. */
function strayNames({ document, headings, blocks, items }: StepsPart): { name: string; line: number }[] {
  const used = new Set(
    items.flatMap(({ paragraphs }) => paragraphs.flatMap((each) => linksIn(each ?? []).map(({ link }) => link.href))),
  );
  const found: { name: string; line: number }[] = [];
  const scan = (text: string, line: number) => found.push(...namesIn(text, line));
  const visitAll = (tokens: readonly Token[], line: number, inItem: boolean) => {
    let at = line;
    for (const token of tokens) {
      visit(token, at, inItem);
      at += countLineBreaks(token.raw);
    }
  };
  const visit = (token: Token, line: number, inItem: boolean): void => {
    if (isQuiet(token) || (headings.length === 0 && CODE.has(token.type))) return;
    if (isDefinition(token) && used.has(token.href)) return;
    if (token.type === "link" && inItem) return;
    if (isList(token)) {
      visitAll(token.items, line, true);
      return;
    }
    const tokens = inItem || BLOCKS.has(token.type) ? tokensOf(document, token) : undefined;
    if (tokens && tokens.length > 0) visitAll(tokens, line, inItem);
    else scan(token.raw, line);
  };
  for (const { token, line } of blocks) visit(token, line, false);
  return found;
}

const CODE: ReadonlySet<string> = new Set(["code", "codespan"]);
const BLOCKS: ReadonlySet<string> = new Set(["blockquote"]);

function tokensOf(document: MarkdownDocument, token: Token): readonly Token[] | undefined {
  if (token.type === "blockquote" || token.type === "list_item") return "tokens" in token ? token.tokens : undefined;
  return document.inline(token);
}

/** Longest name that is looked for. */
const MAX_NAME = 200;

function namesIn(text: string, line: number): { name: string; line: number }[] {
  const names: { name: string; line: number }[] = [];
  for (const match of text.matchAll(/\.md(?![\p{L}\p{N}_-]|\.[\p{L}\p{N}])/giu)) {
    const before = text.slice(Math.max(0, match.index - MAX_NAME), match.index);
    const stem = /[^\s`"'<>()[\]|*]*$/.exec(before)?.[0] ?? "";
    if (stem === "" || stem.includes("://") || stem.includes("{{")) continue;
    names.push({ name: stem + match[0], line: line + countLineBreaks(text.slice(0, match.index)) });
  }
  return names;
}

function isList(token: Token): token is Tokens.List {
  return token.type === "list";
}

function isDefinition(token: Token): token is Tokens.Def {
  return token.type === "def";
}
