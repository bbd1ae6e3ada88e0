/** Replaces `{{file:path}}` in a definition by the files' text, and remembers where each line came from. Knows nothing of Markdown. */
import { posix } from "node:path";
import { oneLine } from "../words.ts";
import { MAX_DEFINITION_BYTES } from "../workflow.ts";
import { STEP_KEYS } from "./extra-keys.ts";
import { isInside, type ReadResult } from "./files.ts";
import { findFrontMatter } from "./front-matter-place.ts";
import { countLineBreaks } from "./lines.ts";
import type { Origin, ProblemList } from "./problems.ts";
import { type Reading, reportReadFailure } from "./reading.ts";

/** Most files that may include one another in a row, the first not counted. */
export const MAX_INCLUDE_DEPTH = 10;

/** A definition file with its includes in place. */
export interface Expanded {
  text: string;
  /** Where the author finds a line of `text`; lines count from 1. */
  origin(line: number): Origin;
  /** The include that brought a line of `text`; undefined for the file's own lines. */
  include(line: number): Include | undefined;
  /** False if an include could not be followed and stays as it was written. */
  complete: boolean;
}

/** One directive that was followed. */
export interface Include {
  /** The include in whose file the directive stands. */
  parent: Include | undefined;
}

type ReadText = Extract<ReadResult, { ok: true }>;

interface Source {
  path: string;
  text: string;
  /** Paths from the first file to this one, and the same files' identities. */
  chain: readonly string[];
  ids: readonly string[];
  /** Its directive does not end a line: the file's last line break is left out, which would split that line. */
  inline: boolean;
  /** Absent for the first file. */
  include?: Include;
}

/** Output with a bound. `scanned` bounds the work as well: files of nothing but includes can cost much and yield little. */
interface Output {
  parts: string[];
  bytes: number;
  scanned: number;
  origins: (Origin & { include: Include | undefined })[];
  /** The line that is being written. */
  line: string;
  atLineStart: boolean;
  /** The marker of the code fence that is open. */
  fence: string | undefined;
  complete: boolean;
  overflow: boolean;
}

/** A directive, perhaps escaped; without a path group it is unfinished. */
const DIRECTIVE = /(\\?)\{\{[ \t]*file:(?:([^\n{}]*)\}\})?/g;

/** The file's text with includes expanded. Undefined, with a problem added, when that would exceed the limit. */
export function expandIncludes(path: string, file: ReadText, reading: Reading): Expanded | undefined {
  const output: Output = {
    parts: [],
    bytes: 0,
    scanned: 0,
    origins: [],
    line: "",
    atLineStart: true,
    fence: undefined,
    complete: true,
    overflow: false,
  };
  expand({ path, text: file.text, chain: [path], ids: [file.id], inline: false }, output, reading);
  if (isTooLarge(output, { file: path, line: 1 }, [path], reading)) return undefined;
  const { origins, complete } = output;
  const at = (line: number) => origins[line - 1] ?? origins.at(-1);
  const origin = (line: number): Origin => {
    const { file: name, line: own } = at(line) ?? { file: path, line: 1 };
    return { file: name, line: own };
  };
  return { text: output.parts.join(""), origin, include: (line) => at(line)?.include, complete };
}

function expand(source: Source, output: Output, reading: Reading): void {
  const text = source.inline && source.text.endsWith("\n") ? source.text.slice(0, -1) : source.text;
  output.scanned += Buffer.byteLength(text);
  let position = ownFrontMatter(source, output, reading);
  let line = 1 + countLineBreaks(text.slice(0, position));
  const emit = (piece: string): void => {
    append(output, piece, { file: source.path, line, include: source.include });
    line += countLineBreaks(piece);
  };
  for (const match of text.matchAll(DIRECTIVE)) {
    const [directive, backslash = "", target] = match;
    if (match.index < position) continue;
    emit(text.slice(position, match.index));
    position = match.index + directive.length;
    const at = { file: source.path, line };
    const inline = text[position] !== "\n";
    if (backslash) emit(directive.slice(1));
    else if (!follow({ target, at, inline }, source, output, reading)) {
      output.complete = false;
      emit(directive);
    }
    if (isTooLarge(output, at, source.chain, reading)) return;
  }
  emit(text.slice(position));
}

/** Whether the include was put in place; if not, a problem says why. */
function follow(
  include: { target: string | undefined; at: Origin; inline: boolean },
  source: Source,
  output: Output,
  reading: Reading,
): boolean {
  const target = include.target?.trim();
  if (reading.problems.isFull) return false;
  if (!target) return refuseSyntax(include.at, reading);
  const path = posix.join(posix.dirname(source.path), target);
  const chain = [...source.chain, path];
  const refuse = (code: string, why: string, hint: string): false => {
    const message = `Cannot include "${target}": ${why} (${chain.join(" → ")})`;
    reading.problems.add(code, include.at, { message, hint });
    return false;
  };
  if (target.startsWith("/") || !isInside(path))
    return refuse(
      "INCLUDE_OUTSIDE",
      "it is outside the definitions directory",
      "Move the file inside and name it relative to the file that includes it",
    );
  const file = reading.files.read(path);
  if (!file.ok)
    return reportReadFailure(file, reading, {
      path,
      at: include.at,
      kind: "INCLUDE",
      subject: `Cannot include "${target}"`,
      context: ` (${chain.join(" → ")})`,
    });
  if (source.ids.includes(file.id))
    return refuse(
      "INCLUDE_CYCLE",
      "the files include one another in a circle",
      `Remove one of these includes, or write \\{{file:${target}}} to show it as text`,
    );
  if (source.chain.length > MAX_INCLUDE_DEPTH)
    return refuse(
      "INCLUDE_TOO_DEEP",
      `at most ${MAX_INCLUDE_DEPTH} files may include one another in a row`,
      "Include the last files from one further up",
    );
  const ids = [...source.ids, file.id];
  const followed: Include = { parent: source.include };
  expand({ path, text: file.text, chain, ids, inline: include.inline, include: followed }, output, reading);
  return true;
}

/**
 * The length of the front matter of an included file, which is left off because it speaks of that file alone. At the
 * very top it is the including file's own, and in a code fence it is shown: then 0.
 */
function ownFrontMatter(source: Source, output: Output, reading: Reading): number {
  if (!source.include || output.fence !== undefined || isAtTop(output)) return 0;
  const lines = source.text.split("\n");
  const { open = 0, close } = findFrontMatter(lines) ?? {};
  if (close === undefined) return 0;
  const report = (demand: RegExp, to: ProblemList, hint: string) => {
    const at = lines.findIndex((line, index) => index >= open && index < close && demand.test(line));
    if (at < 0) return;
    const message = `The front matter of an included file is left off, and this one says "${oneLine(lines[at] ?? "", 80)}"`;
    to.add("INCLUDE_FRONT_MATTER", { file: source.path, line: at + 1 }, { message, hint });
  };
  const own = `write it in the front matter of "${source.chain[0]}"`;
  report(DEMAND, reading.warnings, `If the step is to demand it, ${own}`);
  report(GATE, reading.problems, `If a person is to be asked, ${own}; include a file without the key`);
  return Math.min(source.text.length, lines.slice(0, close + 1).join("\n").length + 1);
}

const DEMAND = new RegExp(`^["']?(?:${STEP_KEYS.filter((key) => key !== "approval").join("|")})["']?\\s*:`);
/** Left off with no more than a warning, it would hand a step out without asking anybody. */
const GATE = /^["']?approval["']?\s*:/;

/** Whether nothing but blank lines and comments was written so far. */
function isAtTop({ parts, bytes }: Output): boolean {
  return (
    bytes < 10_000 &&
    parts
      .join("")
      .replace(/<!--[\s\S]*?-->/g, "")
      .trim() === ""
  );
}

function refuseSyntax(at: Origin, reading: Reading): false {
  reading.problems.add("INCLUDE_SYNTAX", at, {
    message: "An include names no file, or does not end on its line",
    hint: "Write {{file:path/to/file.md}}; write \\{{file: to show it as text",
  });
  return false;
}

function isTooLarge(output: Output, at: Origin, chain: readonly string[], reading: Reading): boolean {
  if (output.overflow) return true;
  output.overflow = output.bytes > MAX_DEFINITION_BYTES || output.scanned > 2 * MAX_DEFINITION_BYTES;
  if (!output.overflow) return false;
  reading.problems.add("TOO_LARGE", at, {
    message: `With its includes, "${chain[0]}" exceeds ${MAX_DEFINITION_BYTES} bytes (${chain.join(" → ")})`,
    hint: "Include less, or let the step's instructions name a file that the agent reads itself",
  });
  return true;
}

function append(output: Output, piece: string, from: Output["origins"][number]): void {
  if (piece === "") return;
  output.bytes += Buffer.byteLength(piece);
  if (output.bytes > MAX_DEFINITION_BYTES) return;
  output.parts.push(piece);
  let line = from.line;
  for (let start = 0; start < piece.length; line++) {
    if (output.atLineStart) output.origins.push({ file: from.file, line, include: from.include });
    const lineBreak = piece.indexOf("\n", start);
    output.atLineStart = lineBreak >= 0;
    const end = lineBreak < 0 ? piece.length : lineBreak + 1;
    if (output.line.length < MAX_FENCE_LINE) output.line += piece.slice(start, Math.min(end, start + MAX_FENCE_LINE));
    if (output.atLineStart) endLine(output);
    start = end;
  }
}

/** Fences are told by the beginning of a line. */
const MAX_FENCE_LINE = 200;

function endLine(output: Output): void {
  const marker = /^[\s>]*(`{3,}|~{3,})/.exec(output.line)?.[1];
  if (output.fence === undefined) output.fence = marker;
  else if (marker?.startsWith(output.fence)) output.fence = undefined;
  output.line = "";
}
