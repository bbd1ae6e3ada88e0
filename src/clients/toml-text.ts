/** Finds what a TOML text says where: enough to see whether something of ours is in it, and to leave alone what is not TOML. Pure. */
import { fault } from "./text-edit.ts";

/** A header or a line `key = value`, comments aside. */
export interface Statement {
  kind: "table" | "list" | "value";
  /** The whole key, that of its table included. */
  keys: string[];
  start: number;
  /** Behind its last character; a comment in the same line is not part of it. */
  end: number;
  /** Of a value: where its own text begins. */
  from: number;
}

const BLANKS = /[ \t]*/y;
const BETWEEN = /(?:[ \t\r\n]|#[^\r\n]*)*/y;
const LINE_END = /[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|$)/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BASIC = /"(?:[^"\\\r\n]|\\.)*"/y;
const LITERAL = /'[^'\r\n]*'/y;
const LONG_BASIC = /"""(?:[^"\\]|\\[\s\S]|"(?!""))*"{3,5}/y;
const LONG_LITERAL = /'''[\s\S]*?'{3,5}/y;
const PLAIN = /[A-Za-z0-9+\-_.:]+(?: \d\d:[0-9:.]+[Z0-9:+-]*)?/y;
/** Lists in lists; more is no configuration. */
const MOST_DEPTH = 50;

/** Its statements in order. Throws a fault that names the line if it is no TOML. */
export function statementsOf(text: string): Statement[] {
  const found: Statement[] = [];
  let at = 0;
  let table: string[] = [];
  for (at = skip(BETWEEN); at < text.length; at = skip(BETWEEN)) {
    const start = at;
    const header = /\[\[?/y.exec(text.slice(at, at + 2))?.[0] ?? "";
    at += header.length;
    const own = key();
    if (header) {
      expect(header === "[[" ? "]]" : "]");
      table = own;
      found.push({ kind: header === "[[" ? "list" : "table", keys: own, start, end: at, from: at });
    } else {
      expect("=");
      at = skip(BLANKS);
      const from = at;
      value(0);
      found.push({ kind: "value", keys: [...table, ...own], start, end: at, from });
    }
    const end = at;
    take(LINE_END);
    at = end;
  }
  return found;

  function key(): string[] {
    const parts: string[] = [];
    do {
      at = skip(BLANKS);
      const part = text[at] === '"' ? take(BASIC) : text[at] === "'" ? take(LITERAL) : take(BARE_KEY);
      parts.push(stringOf(part) ?? part);
      at = skip(BLANKS);
    } while (text[at] === "." && ++at);
    return parts;
  }

  function value(depth: number): void {
    if (depth > MOST_DEPTH) throw broken();
    if (text.startsWith('"""', at)) take(LONG_BASIC);
    else if (text.startsWith("'''", at)) take(LONG_LITERAL);
    else if (text[at] === '"') take(BASIC);
    else if (text[at] === "'") take(LITERAL);
    else if (text[at] === "[") many("]", () => value(depth + 1));
    else if (text[at] === "{") many("}", () => pair(depth + 1));
    else take(PLAIN);
  }

  function pair(depth: number): void {
    key();
    expect("=");
    at = skip(BLANKS);
    value(depth);
  }

  function many(close: string, one: () => void): void {
    at += 1;
    for (at = skip(BETWEEN); text[at] !== close; at = skip(BETWEEN)) {
      one();
      at = skip(BETWEEN);
      if (text[at] === ",") at += 1;
      else if (text[at] !== close) throw broken();
    }
    at += 1;
  }

  function skip(pattern: RegExp): number {
    pattern.lastIndex = at;
    return at + (pattern.exec(text)?.[0].length ?? 0);
  }

  function take(pattern: RegExp): string {
    pattern.lastIndex = at;
    const [taken] = pattern.exec(text) ?? [];
    if (taken === undefined) throw broken();
    at += taken.length;
    return taken;
  }

  function expect(word: string): void {
    if (!text.startsWith(word, at)) throw broken();
    at += word.length;
  }

  function broken() {
    return fault(`is no TOML: something is wrong at line ${text.slice(0, at).split("\n").length}`);
  }
}

/** The string that a text of one line stands for; null if it is none, or has escapes that JSON does not know. */
export function stringOf(source: string): string | null {
  if (/^'[^']*'$/.test(source)) return source.slice(1, -1);
  return /^"/.test(source) ? stringIn(source) : null;
}

/** The strings of a list; null if it is none, or holds anything else. */
export function stringsOf(source: string): string[] | null {
  if (!/^\[[\s\S]*\]$/.test(source)) return null;
  const pieces = source.slice(1, -1).match(PIECE) ?? [];
  const strings = pieces.filter((piece) => /^["']/.test(piece)).map(stringOf);
  const isPlain = pieces.every((piece) => /^["'#,\s]/.test(piece));
  return isPlain && strings.every((each) => each !== null) ? strings : null;
}

/** A string, a comment, or one character of anything else. */
const PIECE = /"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'|#[^\r\n]*|[\s\S]/g;

function stringIn(source: string): string | null {
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === "string" ? value : null;
  } catch {
    return null;
  }
}
