/** A graph as plain text for a terminal: each step with its number, and where it leads. Pure. */
import { type Edge, type Graph, type Node, type Walked, withWalked } from "./model.ts";
import { markLines, wayLabel, wrap } from "./words.ts";

export interface TextOptions {
  path?: Walked;
  /** With the colours of a terminal. */
  colour?: boolean;
  /** Columns that it may take. */
  width?: number;
}

/** Most lines that a name or a condition takes. */
const MAX_LINES = 4;
/** Narrower, nothing would be left beside the names. */
const LEAST_WIDTH = 40;
/** Of a column of names, so that something is left for conditions. */
const NAMES_SHARE = 0.45;

/** Steers no terminal but by its own colours: what an author wrote is shown as it is, and what would steer as its code. */
export function drawText(graph: Graph, { path, colour = false, width = 80 }: TextOptions = {}): string {
  const whole = path ? withWalked(graph, path) : graph;
  const steps = whole.nodes.filter(({ kind }) => kind !== "end");
  const digits = String(steps.length).length;
  const drawing: Drawing = {
    numbers: new Map(steps.map(({ name }, at) => [name, String(at + 1).padStart(digits)])),
    digits,
    path,
    paint: colour ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_, text) => text,
    width: Math.max(LEAST_WIDTH, width),
  };
  const byFrom = Map.groupBy(whole.edges, ({ from }) => from);
  const parts = steps.map((node) => [...nodeLines(node, drawing), ...edgeLines(byFrom.get(node.name) ?? [], drawing)]);
  const ends = whole.nodes.filter(({ kind }) => kind === "end").flatMap((node) => nodeLines(node, drawing));
  return [...parts, ends]
    .filter((lines) => lines.length > 0)
    .flatMap((lines) => ["", ...lines])
    .slice(1)
    .join("\n");
}

interface Drawing {
  numbers: ReadonlyMap<string, string>;
  digits: number;
  path: Walked | undefined;
  paint(code: string, text: string): string;
  width: number;
}

const PLAIN = "0";
const BOLD = "1";
const DIM = "2";
const HERE = "1;32";
const WALKED = "34";

function nodeLines(node: Node, { numbers, digits, path, paint, width }: Drawing): string[] {
  const visits = path && Object.hasOwn(path.visits, node.name) ? (path.visits[node.name] ?? 0) : 0;
  const isCurrent = path?.current === node.name;
  const number = numbers.get(node.name) ?? "".padStart(digits);
  const indent = digits + 4;
  const code = isCurrent ? HERE : path && visits === 0 ? DIM : BOLD;
  const state = path ? [visits > 0 && `${visits}×`, isCurrent && "◀ now"].filter(Boolean).join(" ") : "";
  const [first = "", ...rest] = wrap(node.name, { width: width - indent - 12, lines: MAX_LINES });
  const small = markLines(node).flatMap((line) => wrap(line, { width: width - indent, lines: MAX_LINES }));
  return [
    `${isCurrent ? "▶" : " "} ${number}  ${paint(code, first)}${state && `  ${paint(isCurrent ? HERE : WALKED, state)}`}`,
    ...rest.map((line) => " ".repeat(indent) + paint(code, line)),
    ...small.map((line) => " ".repeat(indent) + paint(DIM, line)),
  ];
}

/** `→ 4 Run Checks   success`: the names in one column, the conditions in another one. */
function edgeLines(edges: readonly Edge[], drawing: Drawing): string[] {
  const { numbers, digits, path, paint, width } = drawing;
  const indent = digits + 6;
  const room = width - indent - 2;
  const most = Math.floor(room * NAMES_SHARE);
  const rows = edges.map((edge) => {
    const number = numbers.get(edge.to)?.trim();
    const count = path?.taken.find(({ from, to }) => from === edge.from && to === edge.to)?.count ?? 0;
    const times = count > 0 ? ` ${count}×` : "";
    const target = wrap(`${number ? `${number} ` : ""}${edge.to}`, { width: most - times.length, lines: MAX_LINES });
    return { edge, count, target: target.map((line, at) => (at === 0 ? line + times : line)) };
  });
  const column = Math.max(0, ...rows.flatMap(({ target }) => target.map((line) => Bun.stringWidth(line))));
  return rows.flatMap(({ edge, count, target }) => {
    const how = waysOf(edge).flatMap((line) => wrap(line, { width: room - column - 2, lines: MAX_LINES }));
    return Array.from({ length: Math.max(target.length, how.length) }, (_, at) => {
      const name = target[at] ?? "";
      const arrow = at === 0 ? arrowOf(edge) : " ";
      const code = count > 0 ? WALKED : path ? DIM : PLAIN;
      const words = how[at] ? " ".repeat(column - Bun.stringWidth(name) + 2) + paint(DIM, how[at]) : "";
      return `${" ".repeat(indent - 2)}${paint(code, `${arrow} ${name}`.trimEnd())}${words}`.trimEnd();
    });
  });
}

function arrowOf({ ways, back }: Edge): string {
  if (back) return "↺";
  return ways.length > 0 && ways.every(({ kind }) => kind === "judged") ? "⇢" : "→";
}

/** A way that a drawing tells by its line has a word here. */
function waysOf({ ways }: Edge): string[] {
  if (ways.length === 0) return ["off the drawing"];
  const words = ways.map((way) => wayLabel(way) || (way.kind === "judged" ? "by judgement" : ""));
  return [...new Set(words)].filter((line) => line !== "");
}
