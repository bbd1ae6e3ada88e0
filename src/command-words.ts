/** Splits a command as somebody typed it into the words that are started. No shell reads it: its syntax is refused. */
import { type ParseEntry, parse, quote } from "shell-quote";

/** The program and its arguments, without quotes; or, in one line, why it needs a shell. Never throws. */
export function splitCommand(text: string): { words: string[] } | { fault: string } {
  const parts = parseOrNothing(text);
  if (!parts) return { fault: '"${" is for a shell' };
  const words: string[] = [];
  for (const part of parts) {
    if (typeof part === "string") words.push(part);
    else if ("comment" in part) return { fault: "a comment (#) is for a shell" };
    else return { fault: `"${"pattern" in part ? part.pattern : part.op}" is for a shell` };
  }
  if (hasOpenQuote(text)) return { fault: "a quote is not closed" };
  if (words.length === 0 || words[0] === "") return { fault: "it names no program" };
  return { words };
}

/** The words as one line for a shell, each of them as it is. */
export function joinCommand(words: string[]): string {
  return quote(words);
}

/** The parser throws at a "${" that it cannot read. */
function parseOrNothing(text: string): ParseEntry[] | undefined {
  try {
    return parse(text, (name) => ({ op: `$${name}` }));
  } catch {
    return undefined;
  }
}

/** The parser drops a quote that is not closed, and goes on. */
function hasOpenQuote(text: string): boolean {
  return /["']/.test(text.replace(/\\.|"(?:\\.|[^"\\])*"|'[^']*'/gs, ""));
}
