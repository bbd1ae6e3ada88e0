/** Our table in a client's TOML, appended, brought up to date, taken out again; in any other form it is left alone. Pure. */
import { applied, type Edited, fault, layoutOf } from "./text-edit.ts";
import { type Statement, statementsOf, stringOf, stringsOf } from "./toml-text.ts";

export interface TomlWish {
  /** The table's name, in parts that need no quotes. */
  keys: readonly string[];
  /** The words that start the server, given those that stand there; undefined if nothing does. Throws a fault if that is not ours. */
  words(found: string[] | null | undefined): string[];
  isOurs(found: string[]): boolean;
}

/** The text with our table; the same text if it is there. Throws a fault if it cannot be. */
export function withTable(text: string, wish: TomlWish): Edited {
  const before = { text, shown: [] };
  const { eol } = layoutOf(text);
  const own = ownTable(text, wish.keys);
  if (!own) {
    const [last, gap] = endsLine(text) ? [eol, eol] : ["", eol + eol];
    const lines = tableLines(wish.keys, wish.words(undefined)).join(eol);
    return applied(before, [{ at: text.length, length: 0, text: (text === "" ? "" : gap) + lines + last }]);
  }
  const { command, args } = own;
  const found = wordsOf(text, own);
  const [program = "", ...rest] = wish.words(found);
  if (!command || !found || !wish.isOurs(found)) {
    const removed = withoutOwn(text, own); // somebody asked to replace it
    const { text: fresh, shown } = withTable(removed.text, wish);
    return { text: fresh, shown: [...removed.shown, ...shown] };
  }
  const edits = [];
  if (found[0] !== program) edits.push({ ...range(command), text: JSON.stringify(program) });
  const list = listOf(rest);
  if (!args) edits.push(...(rest.length > 0 ? [{ at: command.end, length: 0, text: `${eol}args = ${list}` }] : []));
  else if (JSON.stringify(found.slice(1)) !== JSON.stringify(rest)) edits.push({ ...range(args), text: list });
  return applied(before, edits);
}

/** The text without our table, and what is below it; the same text if there is none that is ours. */
export function withoutTable(text: string, wish: TomlWish, copy: string | null): Edited {
  const own = ownTable(text, wish.keys);
  const found = own && wordsOf(text, own);
  if (!own || !found || !wish.isOurs(found)) return { text, shown: [] };
  const edited = withoutOwn(text, own);
  return copy !== null && isOurWork({ copy, text, wish, found }) ? { ...edited, text: copy } : edited;
}

/** The lines of a table that says how the server is started. */
export function tableLines(keys: readonly string[], [command = "", ...args]: readonly string[]): string[] {
  return [`[${keys.join(".")}]`, `command = ${JSON.stringify(command)}`, `args = ${listOf(args)}`];
}

interface OwnTable {
  /** Our statements, those of tables below ours too, in runs that nothing of others interrupts, no line with a comment either. */
  runs: Statement[][];
  command: Statement | undefined;
  args: Statement | undefined;
}

/** Our table; undefined if there is none. Throws a fault if it is there in a form that we do not write, or cannot be added. */
function ownTable(text: string, keys: readonly string[]): OwnTable | undefined {
  const all = statementsOf(text);
  const name = keys.join(".");
  const isOwn = (each: Statement) => keys.every((key, index) => each.keys[index] === key);
  const own = all.filter(isOwn);
  const holder = all.find(
    ({ kind, keys: had }) =>
      had.length < keys.length && had.every((key, index) => key === keys[index]) && kind !== "table",
  );
  if (holder)
    throw fault(`has "${holder.keys.join(".")}" at line ${lineOf(text, holder)} in a form that takes no table`);
  if (own.length === 0) return undefined;
  const header = own.filter(({ kind, keys: had }) => kind === "table" && had.length === keys.length);
  const inOtherForm = own.find((each) => {
    const isOutside = each.kind === "value" && each.keys.length === keys.length;
    return isOutside || each.kind === "list" || (each.kind === "value" && !isBelow(all, each, keys.length));
  });
  if (header.length !== 1 || inOtherForm) {
    const [first] = own;
    throw fault(`has ${name} at line ${lineOf(text, inOtherForm ?? first)} in a form that is not changed here`);
  }
  const value = (key: string) =>
    own.find(({ kind, keys: had }) => kind === "value" && had.at(-1) === key && had.length === keys.length + 1);
  const runs: Statement[][] = [];
  for (const [index, each] of all.entries()) {
    if (!isOwn(each)) continue;
    const before = all[index - 1];
    const isNext = before && isOwn(before) && !/\n[ \t]*#/.test(text.slice(before.end, each.start));
    if (isNext) runs.at(-1)?.push(each);
    else runs.push([each]);
  }
  return { runs, command: value("command"), args: value("args") };
}

/** Whether the header above a value is that of our table, or of one below it. */
function isBelow(all: readonly Statement[], value: Statement, depth: number): boolean {
  const header = all.slice(0, all.indexOf(value)).findLast(({ kind }) => kind !== "value");
  return (
    header !== undefined && header.keys.length >= depth && header.keys.every((key, index) => value.keys[index] === key)
  );
}

/** The words that start the server; null if it is not started by words that we can read. */
function wordsOf(text: string, { command, args }: OwnTable): string[] | null {
  const program = command ? stringOf(text.slice(command.from, command.end)) : null;
  const rest = args ? stringsOf(text.slice(args.from, args.end)) : [];
  return program === null || rest === null ? null : [program, ...rest];
}

/** Takes out whole lines, and the empty line before them that came with them. */
function withoutOwn(text: string, { runs }: OwnTable): Edited {
  const edits = runs.map((run) => {
    const start = run[0]?.start ?? 0;
    const lineEnd = /[^\r\n]*(?:\r\n|\n|$)/y;
    lineEnd.lastIndex = run.at(-1)?.end ?? start;
    const end = lineEnd.lastIndex + (lineEnd.exec(text)?.[0].length ?? 0);
    const blank = endsLine(text.slice(0, end)) ? /(?<=^|\n)\r?\n$/ : /(?:\r?\n){1,2}$/;
    const gap = blank.exec(text.slice(0, start))?.[0].length ?? 0;
    return { at: start - gap, length: end - start + gap, text: "" };
  });
  return applied({ text, shown: [] }, edits);
}

/** Whether the text is the copy with our table in it, and nothing else. */
function isOurWork({
  copy,
  text,
  wish,
  found,
}: {
  copy: string;
  text: string;
  wish: TomlWish;
  found: string[];
}): boolean {
  try {
    const old = ownTable(copy, wish.keys);
    const words = old && wordsOf(copy, old);
    return !(words && wish.isOurs(words)) && withTable(copy, { ...wish, words: () => found }).text === text;
  } catch {
    return false; // it was no file that we could have written to
  }
}

function listOf(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(", ")}]`;
}

function range({ from, end }: Statement): { at: number; length: number } {
  return { at: from, length: end - from };
}

function endsLine(text: string): boolean {
  return text === "" || text.endsWith("\n");
}

function lineOf(text: string, statement: Statement | undefined): number {
  return text.slice(0, statement?.start ?? 0).split("\n").length;
}
