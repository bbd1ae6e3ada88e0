/** How words are laid out for a person at a terminal, or in a pipe: colours, and a bar before the lines of others. */
import { terminalSettings } from "../config.ts";
import { visible } from "../words.ts";
import type { Terminal } from "./command.ts";

export interface Screen {
  color: boolean;
  /** In columns; infinite: nothing breaks a line there. */
  width: number;
}

const BAR = "│ ";
const TAB = "    ";

/** The terminal; for a pipe or a file, columns of a usual one. */
export function screenOf({ ends }: Terminal): Screen {
  return { color: terminalSettings().color, width: ends().output.columns || 80 };
}

/** The same for what is also read by programs: there no line is broken. */
export function pageOf({ ends }: Terminal): Screen {
  return { color: terminalSettings().color, width: ends().output.columns || Number.POSITIVE_INFINITY };
}

/** In the colour of that code, if there are any. */
export function paint(text: string, code: string, { color }: Pick<Screen, "color">): string {
  return color && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/**
 * Words of others: a bar before each line, also where the terminal would break it, so that none of them looks like one of ours;
 * what would steer the terminal is escaped. `codeOf` gives a line its colour.
 */
export function foreign(
  text: string,
  { width, color }: Screen,
  { indent = "  ", codeOf }: { indent?: string; codeOf?: (line: string) => string | undefined } = {},
): string {
  const room = Math.max(20, width - indent.length - BAR.length - 1);
  return visible(text)
    .replaceAll("\t", TAB)
    .split("\n")
    .flatMap((line) => {
      const code = codeOf?.(line);
      const parts = Number.isFinite(room)
        ? Bun.wrapAnsi(line, room, { hard: true, wordWrap: false, trim: false }).split("\n")
        : [line];
      return parts.map((part) => `${indent}${BAR}${code ? paint(part, code, { color }) : part}`);
    })
    .join("\n");
}
