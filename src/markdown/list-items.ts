/** The items of a document's lists, in document order, nested ones included, with the lines of what stands in them. */
import type { Token, Tokens } from "marked";
import { type Block, isQuiet, type MarkdownDocument } from "./blocks.ts";
import { countLineBreaks } from "./lines.ts";

/** An inline token and the line on which it begins. */
export interface Inline {
  token: Token;
  line: number;
}

export interface Item {
  line: number;
  /** As it was written, its marker and the items nested in it included. */
  raw: string;
  /** The list that it is an item of. */
  list: Tokens.List;
  /** The block at the top level that holds it. */
  block: Block;
  /** The item around it. */
  parent: Item | undefined;
  /** Its own text, without that of the items nested in it; undefined for a paragraph too long to lex. */
  paragraphs: (readonly Inline[] | undefined)[];
  /** Something stands in it that is neither text nor a list: code, a table, HTML other than comments. */
  holdsMore: boolean;
}

/** All items of the blocks' lists, also of lists in quotations. */
export function listItems(document: MarkdownDocument, blocks: readonly Block[]): Item[] {
  const items: Item[] = [];
  const visitList = (list: Tokens.List, line: number, around: { block: Block; parent: Item | undefined }) => {
    let at = line;
    for (const entry of list.items) {
      const item: Item = { line: at, raw: entry.raw, list, paragraphs: [], holdsMore: false, ...around };
      items.push(item);
      visit(entry.tokens, at, { block: around.block, parent: item });
      at += countLineBreaks(entry.raw);
    }
  };
  const visit = (tokens: readonly Token[], line: number, around: { block: Block; parent: Item | undefined }) => {
    let at = line;
    for (const token of tokens) {
      if (isList(token)) visitList(token, at, around);
      else if (isQuotation(token)) visit(token.tokens, at, around);
      else if (isText(token)) around.parent?.paragraphs.push(positioned(document.inline(token), at));
      else if (around.parent && !isQuiet(token) && token.type !== "checkbox") around.parent.holdsMore = true;
      at += countLineBreaks(token.raw);
    }
  };
  for (const block of blocks) visit([block.token], block.line, { block, parent: undefined });
  return items;
}

/** The links in the tokens, also in emphasised text; not those of images. */
export function linksIn(inlines: readonly Inline[]): { link: Tokens.Link; line: number }[] {
  return inlines.flatMap(({ token, line }) => {
    if (isLink(token)) return [{ link: token, line }];
    if (!EMPHASIS.has(token.type) || !("tokens" in token)) return [];
    return linksIn(positioned(token.tokens, line) ?? []);
  });
}

const EMPHASIS: ReadonlySet<string> = new Set(["strong", "em", "del"]);

function positioned(tokens: readonly Token[] | undefined, line: number): Inline[] | undefined {
  let at = line;
  return tokens?.map((token) => {
    const inline = { token, line: at };
    at += countLineBreaks(token.raw);
    return inline;
  });
}

function isList(token: Token): token is Tokens.List {
  return token.type === "list";
}

function isQuotation(token: Token): token is Tokens.Blockquote {
  return token.type === "blockquote";
}

function isText(token: Token): boolean {
  return token.type === "text" || token.type === "paragraph" || token.type === "heading";
}

function isLink(token: Token): token is Tokens.Link {
  return token.type === "link";
}
