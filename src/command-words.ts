/** A command as somebody typed it, as the words that are started. No shell reads it, so nothing of a shell may stand in it. */
import { parse } from "shell-quote";

/** The program and its arguments, quotes taken away; or why it needs a shell, in one line. */
export function splitCommand(text: string): { words: string[] } | { fault: string } {
  const parts = parse(text, (name) => ({ op: `$${name}` }));
  const words: string[] = [];
  for (const part of parts) {
    if (typeof part === "string") words.push(part);
    else if ("comment" in part) return { fault: "a comment (#) is for a shell" };
    else return { fault: `"${"pattern" in part ? part.pattern : part.op}" is for a shell` };
  }
  if (words.length === 0 || words[0] === "") return { fault: "it names no program" };
  return { words };
}
