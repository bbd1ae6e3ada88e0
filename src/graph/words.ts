/** What a drawing says of steps and of the ways between them, in few words. Pure. */
import { visible } from "../words.ts";
import type { Edge, Graph, Mark, Node, Way } from "./model.ts";

/** The word for a kind of node, so that nothing hangs on its shape alone; an agent's step needs none. */
export const KIND_WORDS: Record<Node["kind"], string> = {
  agent: "",
  server: "server",
  branches: "branches",
  end: "",
  gone: "not in this definition",
};

/** `server: runs bun test`, `a person approves · at most 3×`: a line for who does the step, and one for all else. */
export function markLines({ kind, marks, unreachable }: Node): string[] {
  const doing = marks.filter((mark) => DOING.includes(mark.kind)).map(({ words }) => words);
  const word = KIND_WORDS[kind];
  const who = doing.length > 0 && word ? `${word}: ${doing.join(", ")}` : word;
  const rest = marks.filter((mark) => !DOING.includes(mark.kind)).map(({ words }) => words);
  return [who, [...rest, ...(unreachable ? ["nothing leads here"] : [])].join(" · ")].filter((line) => line !== "");
}

const DOING: readonly Mark["kind"][] = ["program", "branches"];

/** `success`, `otherwise`, `denied`; empty for the only next and for what is judged, which the line itself tells. */
export function wayLabel({ kind, when }: Way): string {
  if (kind === "next" || kind === "judged") return "";
  if (kind === "deadline") return "time over";
  if (when === undefined) return kind;
  const short = shorten(when);
  return kind === "denied" && !short.includes("denied") ? `denied: ${short}` : short;
}

/** The same, nothing left out: `if report.status == "success"`. */
export function wayWords({ kind, when }: Way): string {
  const words = {
    route: "if",
    otherwise: "otherwise",
    next: "always",
    judged: "by judgement",
    denied: "denied",
    deadline: "time over",
  };
  return when === undefined ? words[kind] : `${kind === "denied" ? "denied, if" : "if"} ${when}`;
}

/** `A → B: if visits > 3, or by judgement` */
export function edgeWords({ from, to, ways }: Edge): string {
  const how =
    ways.length > 0 ? ways.map(wayWords).join(", or ") : "off the drawing: by a person, or a judgement with a reason";
  return `${from} → ${to}: ${how}`;
}

/** What a run most often goes by, without its ceremony: `report.status == "success"` is `success`. */
function shorten(expression: string): string {
  return expression
    .trim()
    .replace(/\breport\.status\s*==\s*(["'])([\w-]+)\1/g, "$2")
    .replace(/\bapproval\.denied\b/g, "denied");
}

/** What the whole drawing is, for those who cannot see it. */
export function graphWords({ name, nodes, edges }: Graph): string {
  return `Workflow ${name}: ${nodes.length} nodes, ${edges.length} ways`;
}

/**
 * The text in lines of at most so many columns of a terminal, broken at blanks if it can be; the last one is cut. What hides or
 * steers is shown.
 */
export function wrap(text: string, { width, lines }: { width: number; lines: number }): string[] {
  const made: string[] = [];
  const whole = visible(text.toWellFormed().replace(/\s+/g, " ").trim());
  let rest = whole.slice(0, width * lines * MOST_UNITS);
  while (made.length < lines - 1 && Bun.stringWidth(rest) > width) {
    const most = unitsWithin(rest, width);
    const blank = rest.lastIndexOf(" ", most);
    const at = blank > LEAST_BEFORE_BLANK ? blank : most;
    made.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  const fits = Bun.stringWidth(rest) <= width;
  return [...made, fits ? rest : `${rest.slice(0, unitsWithin(rest, width - 1))}…`].filter((line) => line !== "");
}

/** Most units of a text that are looked at for each of its columns: a letter with all its marks may have many. */
const MOST_UNITS = 8;
/** A line is not broken at a blank that leaves fewer units on it. */
const LEAST_BEFORE_BLANK = 4;
const letters = new Intl.Segmenter();

/** How many units of the text fit, whole letters alone; one letter at least. */
function unitsWithin(text: string, width: number): number {
  let columns = 0;
  for (const { segment, index } of letters.segment(text)) {
    columns += Bun.stringWidth(segment);
    if (columns > width && index > 0) return index;
  }
  return text.length;
}
