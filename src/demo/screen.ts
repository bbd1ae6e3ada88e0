/** How the demo looks on a terminal: headings, commands with an excerpt of their output, reports, decisions. Prints, nothing else. */

const CODES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", cyan: "36" };
type Style = keyof typeof CODES;

const RULE_WIDTH = 72;
/** Where long lines are broken, counted from their indentation. */
const TEXT_WIDTH = 92;

export interface Screen {
  /** Any line, or an empty one. */
  line(text?: string): void;
  heading(text: string): void;
  /** Something that happens outside the workflow, such as the end of the server. */
  event(text: string): void;
  command(text: string, output: string[]): void;
  /** A remark of the agent on its work. */
  note(text: string): void;
  report(status: string, details: string): void;
  /** What the server saw by itself, and the lines of its output that tell it. */
  seen(good: boolean, text: string, output?: string[]): void;
  next(step: string, why: string): void;
  quote(text: string): void;
  fact(name: string, text: string): void;
  failure(text: string): void;
}

export function createScreen(print: (line: string) => void, color: boolean): Screen {
  const paint = (style: Style, text: string) => (color ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
  const fact = (name: string, text: string) => {
    for (const [index, line] of wrap(text).entries())
      print(`  ${paint("dim", (index === 0 ? name : "").padEnd(9))}${line}`);
  };

  return {
    line: (text = "") => print(text),
    heading(text) {
      print("");
      print(`${paint("bold", text)} ${paint("dim", "─".repeat(Math.max(3, RULE_WIDTH - text.length)))}`);
    },
    event(text) {
      print("");
      print(paint("yellow", `⚡ ${text}`));
    },
    command(text, output) {
      print(`  ${paint("cyan", "$")} ${text}`);
      for (const line of output) print(paint("dim", `    ${line}`));
    },
    note: (text) => print(`  ${paint("cyan", "✎")} ${text}`),
    report(status, details) {
      const good = status === "success";
      fact("report", `${paint(good ? "green" : "red", `${good ? "✓" : "✗"} ${status}`)} · ${details}`);
    },
    seen(good, text, output = []) {
      fact("server", paint(good ? "green" : "red", `${good ? "✓" : "✗"} ${text}`));
      for (const line of output) print(paint("dim", `    ${line}`));
    },
    next(step, why) {
      fact("next", paint("bold", step));
      for (const line of wrap(why)) fact("", paint("dim", line));
    },
    quote(text) {
      for (const line of text.trimEnd().split("\n")) {
        for (const [index, part] of wrap(line).entries())
          print(`  ${paint("yellow", "│")} ${index === 0 ? "" : "  "}${part}`);
      }
    },
    fact,
    failure: (text) => print(paint("red", text)),
  };
}

/** The first lines of a text, and how many more there are, unless it is only one. */
export function excerpt(text: string, most: number): string[] {
  const lines = text.trimEnd().split("\n");
  if (lines.length === 1 && lines[0] === "") return ["(nothing)"];
  if (lines.length <= most + 1) return lines;
  return [...lines.slice(0, most), `… ${lines.length - most} more lines`];
}

/** A line broken at spaces if it is longer than TEXT_WIDTH; colour codes have no width. */
function wrap(line: string): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    if (current !== "" && Bun.stringWidth(`${current} ${word}`) > TEXT_WIDTH) {
      lines.push(current);
      current = word;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, current];
}
