/** Globs as git reads them behind `:(glob)`, without git, which would take longer to start than a hook may. Bytes, as git compares. */
import { posix } from "node:path";

/** One piece of a glob: what it takes of a path. */
type Piece =
  | { kind: "byte"; byte: string }
  /** One byte of a set, never a slash. */
  | { kind: "set"; has(byte: string): boolean }
  /** `*`: any bytes but slashes. */
  | { kind: "star" }
  /** `**` at the end: anything. */
  | { kind: "rest" }
  /** `**` and a slash: any directories, or none. */
  | { kind: "directories" };

/** Whether the file, by its path in the project with slashes, is one that the glob takes in. */
export function takesIn(glob: string, path: string): boolean {
  const [pattern, text] = [bytes(posix.normalize(glob.replace(/\/\.$/, "/"))), bytes(path)];
  if (/^\.\/?$/.test(pattern)) return true;
  if (!/[*?[\\]/.test(pattern))
    return text === pattern || text.startsWith(pattern.endsWith("/") ? pattern : `${pattern}/`);
  const pieces = piecesOf(pattern);
  return pieces !== null && matches(pieces, text);
}

const bytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");

/** The places of the text that can be reached, piece by piece: never more work than pieces times bytes. */
function matches(pieces: Piece[], text: string): boolean {
  let reached = new Set([0]);
  for (const piece of pieces) {
    const next = new Set<number>();
    for (const at of reached) for (const place of after(piece, text, at, next)) next.add(place);
    reached = next;
    if (reached.size === 0) return false;
  }
  return reached.has(text.length);
}

function* after(piece: Piece, text: string, at: number, known: ReadonlySet<number>): Generator<number> {
  const byte = text[at];
  switch (piece.kind) {
    case "byte":
      if (byte === piece.byte) yield at + 1;
      return;
    case "set":
      if (byte !== undefined && byte !== "/" && piece.has(byte)) yield at + 1;
      return;
    case "star":
      for (let end = at; !known.has(end); end++) {
        yield end;
        if (end >= text.length || text[end] === "/") return;
      }
      return;
    case "rest":
      yield text.length;
      return;
    case "directories":
      yield at;
      for (let end = text.indexOf("/", at); end >= 0 && !known.has(end + 1); end = text.indexOf("/", end + 1))
        yield end + 1;
  }
}

/** Null if git would match nothing by it. */
function piecesOf(pattern: string): Piece[] | null {
  const pieces: Piece[] = [];
  const first = pattern.search(/[*?[\\]/); // git compares what stands before by itself, so that a glob begins here
  for (let at = 0; at < pattern.length; ) {
    const byte = pattern[at] ?? "";
    if (byte === "*") {
      let end = at;
      while (pattern[end] === "*") end++;
      const isWide = end - at >= 2 && (at === first || pattern[at - 1] === "/");
      if (isWide && end === pattern.length) pieces.push({ kind: "rest" });
      else if (isWide && pattern[end] === "/") {
        pieces.push({ kind: "directories" });
        end++;
      } else pieces.push({ kind: "star" });
      at = end;
    } else if (byte === "?") {
      pieces.push({ kind: "set", has: () => true });
      at++;
    } else if (byte === "[") {
      const set = setAt(pattern, at + 1);
      if (!set) return null;
      pieces.push({ kind: "set", has: set.has });
      at = set.end;
    } else {
      const isEscape = byte === "\\";
      if (isEscape && at + 1 >= pattern.length) return null;
      pieces.push({ kind: "byte", byte: isEscape ? (pattern[at + 1] ?? "") : byte });
      at += isEscape ? 2 : 1;
    }
  }
  return pieces;
}

const CLASSES: Record<string, RegExp> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[^\x20-\x7e\x80-\xff]/,
  digit: /[0-9]/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** The set whose `[` stands before `begin`; null if it does not end. */
function setAt(pattern: string, begin: number): { has(byte: string): boolean; end: number } | null {
  const isNot = pattern[begin] === "!" || pattern[begin] === "^";
  const tests: ((byte: string) => boolean)[] = [];
  let at = begin + (isNot ? 1 : 0);
  for (const first = at; at === first || pattern[at] !== "]"; ) {
    if (at >= pattern.length) return null;
    const named = /^\[:([^\]]*):\]/.exec(pattern.slice(at));
    if (named) {
      const known = CLASSES[named[1] ?? ""];
      if (!known) return null;
      tests.push((byte) => known.test(byte));
      at += named[0].length;
      continue;
    }
    const low = memberAt(pattern, at);
    if (!low) return null;
    at = low.end;
    tests.push((byte) => byte === low.byte);
    if (pattern[at] !== "-" || at + 1 >= pattern.length || pattern[at + 1] === "]") continue;
    const high = memberAt(pattern, at + 1);
    if (!high) return null;
    at = high.end;
    tests.push((byte) => low.byte <= byte && byte <= high.byte);
  }
  return { has: (byte) => tests.some((test) => test(byte)) !== isNot, end: at + 1 };
}

function memberAt(pattern: string, at: number): { byte: string; end: number } | null {
  const isEscape = pattern[at] === "\\";
  const byte = pattern[isEscape ? at + 1 : at];
  return byte === undefined ? null : { byte, end: at + (isEscape ? 2 : 1) };
}
