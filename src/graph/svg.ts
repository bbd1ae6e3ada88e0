/** A graph as SVG: classes and plain attributes alone, no script and no style, so that any Content-Security-Policy takes it. */
import { visible } from "../words.ts";
import { GRAPH_CSS } from "./colours.ts";
import { NAME_LINE, place, SMALL_LINE } from "./layout.ts";
import { type Edge, type Graph, type Node, type Walked, withWalked } from "./model.ts";
import type { PlacedEdge, PlacedNode, Point } from "./placed.ts";
import { edgeWords, graphWords, markLines } from "./words.ts";

export interface SvgOptions {
  /** Drawn on it: what was taken is strong, visits are counted, the current step is marked. */
  path?: Walked;
  /** Where a node leads who clicks it; undefined: nowhere. */
  links?: (name: string) => string | undefined;
  /** A file of its own, with its colours in a style element. Else the page has `GRAPH_CSS`. */
  standalone?: boolean;
}

/** The same for the same graph. All that an author wrote is text in it, and what hides or turns text round is shown. */
export async function drawSvg(graph: Graph, { path, links, standalone = false }: SvgOptions = {}): Promise<string> {
  const whole = path ? withWalked(graph, path) : graph;
  const walk = walkOf(path);
  const placed = await place(whole);
  const width = Math.ceil(placed.width);
  const height = Math.ceil(placed.height);
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  // Links inside an image are none for a screen reader.
  const role = links ? "group" : "img";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="${role}" aria-label="${xml(graphWords(whole))}" ${size}>`,
    `<title>${xml(graphWords(whole))}</title>`,
    ...(standalone
      ? [`<style>${GRAPH_CSS}</style>`, `<rect class="g-paper" width="${width}" height="${height}"/>`]
      : []),
    `<circle class="g-head" cx="${round(placed.start.x)}" cy="${round(placed.start.y)}" r="7"/>`,
    ...placed.edges.map((edge) => drawEdge(edge, walk)),
    ...placed.edges.map((edge) => drawLabel(edge, walk)).filter((text) => text !== ""),
    ...placed.nodes.map((node) => drawNode(node, walk, links?.(node.node.name))),
    "</svg>",
  ].join("\n");
}

interface Walk {
  isDrawn: boolean;
  visits(name: string): number;
  taken(edge: Edge): number;
  current: string | null;
}

function walkOf(path: Walked | undefined): Walk {
  const visits = new Map(Object.entries(path?.visits ?? {}));
  const counts = new Map(path?.taken.map(({ from, to, count }) => [JSON.stringify([from, to]), count]));
  return {
    isDrawn: path !== undefined,
    visits: (name) => visits.get(name) ?? 0,
    taken: ({ from, to }) => counts.get(JSON.stringify([from, to])) ?? 0,
    current: path?.current ?? null,
  };
}

/** `3×`; nothing below `least`. */
function times(count: number, least = 1): string {
  return count >= least ? `${count}×` : "";
}

/** Where a run was not. Of lines and outlines alone: words stay readable. */
const FAINT = ' stroke-opacity="0.45" fill-opacity="0.45"';
const DASHES = { judged: "6 5", deadline: "2 4", off: "10 4 2 4" };

function drawEdge({ edge, points }: PlacedEdge, walk: Walk): string {
  const isTaken = edge !== null && walk.taken(edge) > 0;
  const [line, head] = arrow(points, isTaken ? 11 : 8);
  const dashes = edge && dashOf(edge);
  const stroke = `stroke-width="${isTaken ? 3 : 1.4}"${dashes ? ` stroke-dasharray="${dashes}"` : ""}`;
  const words = edge ? xml(edgeWords(edge)) : "";
  return [
    `<g class="${edgeClasses(edge, walk)}"${words && ` role="img" aria-label="${words}"`}${walk.isDrawn && edge && !isTaken ? FAINT : ""}>`,
    words && `<title>${words}</title>`,
    `<path class="g-line" d="${line}" fill="none" stroke="currentColor" ${stroke}/>`,
    `<path class="g-head" d="${head}" fill="currentColor"/></g>`,
  ].join("");
}

function edgeClasses(edge: Edge | null, walk: Walk): string {
  if (!edge) return "g-edge g-start";
  const kinds = [...new Set(edge.ways.map(({ kind }) => `g-${kind}`))];
  const isDenied = edge.ways.length > 0 && edge.ways.every(({ kind }) => kind === "denied");
  const all = kinds.filter((kind) => kind !== "g-denied" || isDenied);
  return ["g-edge", ...all, ...(walk.taken(edge) > 0 ? ["g-taken"] : [])].join(" ");
}

function dashOf({ ways }: Edge): string | undefined {
  if (ways.length === 0) return DASHES.off;
  if (ways.every(({ kind }) => kind === "deadline")) return DASHES.deadline;
  return ways.every(({ kind }) => kind === "judged") ? DASHES.judged : undefined;
}

function drawLabel({ edge, label }: PlacedEdge, walk: Walk): string {
  // What a run adds takes no room of its own: the picture must not jump while somebody looks.
  const count = edge ? times(walk.taken(edge), 2) : "";
  const said = label.lines.length > 0 ? label.lines : [""];
  const shown = said.map((line, at) => (at === said.length - 1 ? `${line} ${count}`.trim() : line));
  if (shown.every((line) => line === "")) return "";
  const top = label.at.y - (shown.length * SMALL_LINE) / 2 + 11;
  const lines = shown.map((line, at) => span(line, label.at.x, top + at * SMALL_LINE)).join("");
  // The letters' own edge keeps lines that run below them away.
  const edges = 'stroke-width="4" stroke-linejoin="round" paint-order="stroke"';
  return `<g class="${edgeClasses(edge, walk)}" aria-hidden="true"><text class="g-label" font-size="11" text-anchor="middle" fill="currentColor" ${edges}>${lines}</text></g>`;
}

function drawNode(placed: PlacedNode, walk: Walk, link: string | undefined): string {
  const { node, x, y, width, height, name, small } = placed;
  const visits = walk.visits(node.name);
  const isCurrent = walk.current === node.name;
  const words = xml(nodeWords(node, walk));
  const top = y - (name.length * NAME_LINE + small.length * SMALL_LINE) / 2;
  const below = top + name.length * NAME_LINE;
  const nameLines = name.map((line, at) => span(line, x, top + at * NAME_LINE + 13.5)).join("");
  const smallLines = small.map((line, at) => span(line, x, below + at * SMALL_LINE + 11)).join("");
  const badge = `${times(visits)}${isCurrent ? " now" : ""}`.trim();
  const stroke = `stroke-width="${isCurrent ? 3.5 : visits > 0 ? 2.2 : 1.3}"`;
  const drawn = [
    `<g class="${nodeClasses(node, walk)}"${link === undefined ? ` role="img" aria-label="${words}"` : ""}>`,
    link === undefined && `<title>${words}</title>`,
    outline(placed, walk.isDrawn && visits === 0 && !isCurrent ? stroke + FAINT : stroke),
    `<text font-size="14" font-weight="600" text-anchor="middle" fill="currentColor">${nameLines}</text>`,
    smallLines && `<text class="g-small" font-size="11" text-anchor="middle" fill="currentColor">${smallLines}</text>`,
    badge && drawBadge(badge, { x: x + width / 2, y: y - height / 2 }),
    "</g>",
  ];
  const text = drawn.filter(Boolean).join("");
  // A title names it for a screen reader, and says more to who points at it; a label of its own would hide the words in it.
  return link === undefined ? text : `<a href="${xml(link)}"><title>${words}</title>${text}</a>`;
}

function nodeClasses({ name, kind, marks }: Node, walk: Walk): string {
  const marked = [...new Set(marks.map((mark) => `g-${mark.kind}`))];
  const walked = [...(walk.visits(name) > 0 ? ["g-visited"] : []), ...(walk.current === name ? ["g-current"] : [])];
  return ["g-node", kind === "agent" ? "g-step" : `g-${kind}`, ...marked, ...walked].join(" ");
}

/** All that its drawing tells, in words. */
function nodeWords(node: Node, walk: Walk): string {
  const walked = walk.isDrawn ? [`visits: ${walk.visits(node.name)}`] : [];
  return [node.name, ...markLines(node), ...walked, ...(walk.current === node.name ? ["current"] : [])].join(", ");
}

/** Who does a step is told by its outline, beside its word: double sides for a server, a sheet behind it for branches. */
function outline({ node, x, y, width, height }: PlacedNode, stroke: string): string {
  const left = x - width / 2;
  const top = y - height / 2;
  const lines = `fill="none" stroke="currentColor" ${stroke}`;
  const dash = node.kind === "gone" || node.unreachable ? ' stroke-dasharray="5 4"' : "";
  const box = (aside: number, radius: number) => {
    const place = `x="${round(left + aside)}" y="${round(top - aside)}" width="${round(width)}" height="${round(height)}"`;
    return `<rect class="g-box" ${place} rx="${round(radius)}" ${lines}${dash}/>`;
  };
  if (node.kind === "end") return box(0, height / 2);
  if (node.kind === "branches") return box(5, 6) + box(0, 6);
  if (node.kind !== "server") return box(0, 8);
  const side = (at: number) => `M${round(at)} ${round(top)}V${round(top + height)}`;
  return `${box(0, 2)}<path class="g-line" d="${side(left + 6)}${side(left + width - 6)}" ${lines}/>`;
}

function drawBadge(words: string, { x, y }: Point): string {
  const width = words.length * 6.4 + 12;
  const box = `<rect class="g-badge" x="${round(x - width + 8)}" y="${round(y - 9)}" width="${round(width)}" height="17" rx="8.5" fill="currentColor"/>`;
  return `${box}<text class="g-badge-text" font-size="10.5" font-weight="600" text-anchor="middle" x="${round(x - width / 2 + 8)}" y="${round(y + 3.5)}">${xml(words)}</text>`;
}

function span(line: string, x: number, y: number): string {
  return `<tspan x="${round(x)}" y="${round(y)}">${xml(line)}</tspan>`;
}

/** A smooth line through the points, and the head at its end. */
function arrow(points: readonly Point[], size: number): [line: string, head: string] {
  const [first = { x: 0, y: 0 }, ...rest] = points;
  const last = rest.at(-1) ?? first;
  const before = points.findLast(({ x, y }) => Math.hypot(last.x - x, last.y - y) > 1) ?? { x: last.x, y: last.y - 1 };
  const turn = Math.atan2(last.y - before.y, last.x - before.x);
  const at = (back: number, aside: number): Point => ({
    x: last.x - back * Math.cos(turn) - aside * Math.sin(turn),
    y: last.y - back * Math.sin(turn) + aside * Math.cos(turn),
  });
  const through = [...rest.slice(0, -1), at(size * 0.8, 0)];
  const curves = through.map((point, index) => {
    const next = through[index + 1];
    return next ? `Q${xy(point)} ${xy(middle(point, next))}` : `L${xy(point)}`;
  });
  const start = through.length > 1 && through[0] ? `M${xy(first)}L${xy(middle(first, through[0]))}` : `M${xy(first)}`;
  return [start + curves.join(""), `M${xy(last)}L${xy(at(size, size / 2.4))}L${xy(at(size, -size / 2.4))}Z`];
}

function middle(one: Point, other: Point): Point {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

function xy({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Text as XML can hold it. */
function xml(text: string): string {
  const shown = visible(text.toWellFormed().replace(/[\t\n]/g, " ")).replace(
    /[\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
  );
  return shown.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}
