/** A Markdown text as blocks with their place in the source, by marked's lexer. Knows nothing of workflows. */
import { Lexer, type Token, Tokenizer, type Tokens } from "marked";
import { countLineBreaks } from "./lines.ts";

/** A block at the top level: neither in a list nor in a quotation. `start` and `end` are offsets, lines count from 1. */
export interface Block {
  token: Token;
  start: number;
  end: number;
  line: number;
}

export interface Heading extends Block {
  level: number;
  /** Without inline formatting, white space collapsed. */
  title: string;
}

export interface MarkdownDocument {
  text: string;
  blocks: readonly Block[];
  headings: readonly Heading[];
  /** The inline tokens of a block; lexed when asked for. Undefined if they are too long or nested too deeply. */
  inline(token: Token): readonly Token[] | undefined;
}

/** marked's time grows with the square of some paragraphs' length; these bounds are far beyond what people write. */
export const MAX_PARAGRAPH_LINES = 1000;
export const MAX_INLINE_CHARACTERS = 10_000;
/** Longest run of lines of quotations, tables or HTML, in characters. */
export const MAX_RUN = 64 * 1024;
/** Deepest nesting of lists and quotations: each level is read again by the one around it. */
export const MAX_NESTING = 50;

/** Thrown by readMarkdown for what marked cannot digest. */
export class MarkdownError extends Error {
  /** Where in the text, as far as known. */
  readonly line: number;

  constructor(message: string, line: number, cause?: unknown) {
    super(message, { cause });
    this.line = line;
  }
}

/**
 * The text's blocks. Throws MarkdownError if nesting, a paragraph or a table goes beyond all measure, or once
 * `isOver` says that it takes too long. `\n` is the only line end it knows.
 */
export function readMarkdown(text: string, isOver = () => false): MarkdownDocument {
  refuseHopeless(text);
  const lexer = new Lexer({ gfm: true, tokenizer: new BoundedTokenizer(isOver) });
  lexBlocks(lexer, text);
  const pending = new Map(lexer.inlineQueue.map(({ src, tokens }) => [tokens, src]));
  const inline = (token: Token): readonly Token[] | undefined => {
    const tokens = "tokens" in token ? token.tokens : undefined;
    if (!tokens) return [];
    const source = pending.get(tokens);
    if (source === undefined) return tokens;
    if (source.length > MAX_INLINE_CHARACTERS) return undefined;
    pending.delete(tokens);
    try {
      return lexer.inlineTokens(source, tokens);
    } catch {
      return undefined;
    }
  };
  const blocks = locate(text, lexer.tokens);
  const headings = blocks.flatMap((block): Heading[] =>
    isHeading(block.token) ? [{ ...block, level: block.token.depth, title: titleOf(block.token, inline) }] : [],
  );
  return { text, blocks, headings, inline };
}

/** The text that a reader sees: inline formatting and HTML tags dropped, white space collapsed. */
export function plainText(tokens: readonly Token[]): string {
  return tokens.map(visibleText).join("").replace(/\s+/g, " ").trim();
}

/** Whether no reader sees the block: blank lines, comments, thematic breaks. */
export function isQuiet({ type, raw }: Token): boolean {
  if (type === "space" || type === "hr") return true;
  return type === "html" && raw.replace(/<!--[\s\S]*?(?:-->|$)/g, "").trim() === "";
}

/** A token's own text; empty for one that has none. */
export function textOf(token: Token): string {
  return "text" in token && typeof token.text === "string" ? token.text : "";
}

/** Gives up on a paragraph, a list or a quotation that marked would not finish in reasonable time. */
class BoundedTokenizer extends Tokenizer {
  private depth = 0;

  private readonly isOver: () => boolean;

  constructor(isOver: () => boolean) {
    super();
    this.isOver = isOver;
  }

  override list(source: string): Tokens.List | undefined {
    return this.deeper(() => super.list(source));
  }

  override blockquote(source: string): Tokens.Blockquote | undefined {
    return this.deeper(() => super.blockquote(source));
  }

  private deeper<T>(read: () => T): T {
    if (this.depth >= MAX_NESTING) throw new MarkdownError(NESTED_TOO_DEEPLY, 1);
    this.mindTime();
    this.depth++;
    try {
      return read();
    } finally {
      this.depth--;
    }
  }

  private mindTime(): void {
    if (this.isOver()) throw new MarkdownError(TOO_MUCH_WORK, 1);
  }

  /** A setext heading. Looking for its underline first spares the many paragraphs without one marked's slow pattern. */
  override lheading(source: string): Tokens.Heading | undefined {
    this.mindTime();
    return SETEXT_UNDERLINE.test(firstParagraph(source)) ? super.lheading(source) : undefined;
  }
}

const TOO_MUCH_WORK = "it takes too long";
const NESTED_TOO_DEEPLY = "lists or quotations are nested too deeply";
const SETEXT_UNDERLINE = /\n {0,3}(?:=+|-+)[ \t]*(?:\n|$)/;
/** A blank line, or one that may begin another block: after it no underline can make these lines a heading. */
const PARAGRAPH_END = /^\s*$|^ {0,3}(?:`{3}|~{3}|#|>|<|\||[-*+][ \t]|\d{1,9}[.)][ \t])/;

/** From the first line to the one that ends the paragraph, that one included. */
function firstParagraph(source: string): string {
  let start = 0;
  for (let lines = 0; lines <= MAX_PARAGRAPH_LINES; lines++) {
    const lineBreak = source.indexOf("\n", start);
    if (lineBreak < 0) return source;
    if (lines > 0 && PARAGRAPH_END.test(source.slice(start, lineBreak))) return source.slice(0, lineBreak);
    start = lineBreak + 1;
  }
  throw new MarkdownError(`a paragraph has more than ${MAX_PARAGRAPH_LINES} lines`, 1);
}

const MARKER_RUN = new RegExp(`(?:[-*][ \\t]+){${MAX_NESTING}}`);
const THEMATIC_BREAK = /^[ \t]*(?:(?:-[ \t]*)+|(?:\*[ \t]*)+)$/;

/**
 * Throws MarkdownError for what marked would take minutes for, found in one pass: lists that begin one within the other
 * in one line (its time grows with the cube of their number), lists within lists (each level is read again by the one
 * around it), and long runs of quotations, tables and HTML (with the square).
 */
function refuseHopeless(text: string): void {
  let indents: number[] = [];
  let run = 0;
  for (const [index, line] of text.split("\n").entries()) {
    if (MARKER_RUN.test(line) && !THEMATIC_BREAK.test(line)) throw new MarkdownError(NESTED_TOO_DEEPLY, index + 1);
    const [, indent, first] = /^([ \t]*)(\S?)/.exec(line) ?? [];
    const column = indent?.length ?? 0;
    if (first && /^[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/.test(line)) {
      indents = [...indents.filter((each) => each < column), column];
      if (indents.length > MAX_NESTING) throw new MarkdownError(NESTED_TOO_DEEPLY, index + 1);
    } else if (first && column === 0) indents = [];
    run = first === ">" || first === "|" || first === "<" ? run + line.length : 0;
    if (run > MAX_RUN)
      throw new MarkdownError(`a quotation, a table or HTML has more than ${MAX_RUN} characters`, index + 1);
  }
}

function lexBlocks(lexer: Lexer, text: string): void {
  try {
    lexer.blockTokens(text, lexer.tokens);
  } catch (error) {
    const line = 1 + countLineBreaks(lexer.tokens.map((token) => token.raw).join(""));
    if (error instanceof MarkdownError) throw new MarkdownError(error.message, line);
    throw new MarkdownError(NESTED_TOO_DEEPLY, line, error);
  }
}

function locate(text: string, tokens: readonly Token[]): Block[] {
  let start = 0;
  let line = 1;
  return tokens.map((token) => {
    const block = { token, start, end: Math.min(text.length, start + token.raw.length), line };
    start = block.end;
    line += countLineBreaks(token.raw);
    return block;
  });
}

function isHeading(token: Token): token is Tokens.Heading {
  return token.type === "heading";
}

function titleOf(token: Tokens.Heading, inline: MarkdownDocument["inline"]): string {
  return plainText(inline(token) ?? [{ type: "text", raw: token.text, text: token.text }]);
}

function visibleText(token: Token): string {
  switch (token.type) {
    case "text":
      return "tokens" in token && token.tokens ? token.tokens.map(visibleText).join("") : decodeEntities(textOf(token));
    case "escape":
    case "codespan":
      return textOf(token);
    case "br":
      return " ";
    case "html":
    case "checkbox":
      return "";
    default:
      return "tokens" in token && token.tokens ? token.tokens.map(visibleText).join("") : "";
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** Decodes the named entities that people type; marked resolves the numeric ones. */
export function decodeEntities(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos|nbsp);/g, (written, name: string) => ENTITIES[name] ?? written);
}
