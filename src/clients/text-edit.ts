/** Edits of a text, and what of them is shown to a person. Pure. */
import { AppError } from "../errors.ts";

/** Characters that are replaced; `at` counts in the text before any of its edits. */
export interface TextEdit {
  at: number;
  length: number;
  text: string;
}

/** How a text is laid out, so that what is added looks like the rest. */
export interface Layout {
  eol: string;
  /** One step of indentation. */
  unit: string;
}

/** What becomes of a text. */
export interface Edited {
  text: string;
  /** Our own lines, each behind `+ ` or `- `. */
  shown: string[];
}

export function layoutOf(text: string): Layout {
  const eol = /\r\n|\r|\n/.exec(text)?.[0] ?? "\n";
  const unit = /[\r\n]([ \t]+)["}\]]/.exec(text)?.[1] ?? "  ";
  return { eol, unit };
}

export function applied(before: Edited, edits: readonly TextEdit[]): Edited {
  let text = before.text;
  const shown = [...before.shown];
  for (const edit of edits) {
    shown.push(...lines("-", before.text.slice(edit.at, edit.at + edit.length)), ...lines("+", edit.text));
  }
  for (const { at, length, text: fresh } of edits.toSorted((left, right) => right.at - left.at)) {
    text = text.slice(0, at) + fresh + text.slice(at + length);
  }
  return { text, shown };
}

/** Lines that hold more than punctuation. */
function lines(mark: string, text: string): string[] {
  if (!/[\p{L}\p{N}]/u.test(text)) return [];
  const all = text.replace(/^,(?=\s)/, "").split(/\r\n|\r|\n/);
  return all.filter((line) => line.trim() !== "").map((line) => `${mark} ${line}`);
}

/** A file that is not what it should be; the message goes on behind its name. */
export function fault(why: string): AppError {
  return new AppError("INVALID_INPUT", why, { hint: "Write the lines into it yourself." });
}
