/** Where nodes, edges and labels stand: the one file that knows the layout library, which is loaded at the first drawing. */
import { inColumn } from "./column.ts";
import type { Edge, Graph, Node } from "./model.ts";
import type { Box, Placed, PlacedEdge, PlacedNode, Point } from "./placed.ts";
import { markLines, wayLabel, wrap } from "./words.ts";

/** Height of a line, and width of a column of a terminal's text, in user units: what a name and what smaller text takes. */
export const NAME_LINE = 18;
export const SMALL_LINE = 15;
const NAME_COLUMN = 8.6;
const SMALL_COLUMN = 6.3;

const PADDING = { x: 16, y: 10 };
const NAME = { width: 26, lines: 3 };
const MARK = { width: 34, lines: 2 };
const LABEL = { width: 34, lines: 3 };
/** Most labels of one edge. */
const MAX_LABELS = 4;

/**
 * The most that is laid out well: all edges together pass so many nodes. The library takes some 0.1 ms for each, more the more
 * there are, and nothing else is done meanwhile; agents, who add edges by going where no line leads, are not to hold up others.
 */
const MAX_PASSED = 1_000;

/** Most layouts that are kept: a page is drawn again at each change of its run. */
const MAX_KEPT = 30;
/** By the digest of the graph; the one that was used longest ago first. */
const kept = new Map<string, Promise<Placed>>();

/** The same for the same graph. */
export function place(graph: Graph): Promise<Placed> {
  const { edges } = endsOf(graph);
  if (edges.reduce((sum, { from, to }) => sum + Math.abs(to - from), 0) > MAX_PASSED) return placeInColumn(graph);
  const key = new Bun.CryptoHasher("sha256").update(JSON.stringify(graph)).digest("hex");
  const placed = kept.get(key) ?? layOut(graph);
  kept.delete(key);
  kept.set(key, placed);
  for (const first of kept.keys()) if (kept.size > MAX_KEPT) kept.delete(first);
  return placed;
}

async function placeInColumn(graph: Graph): Promise<Placed> {
  const { start, edges } = endsOf(graph);
  return inColumn({
    nodes: graph.nodes.map((node) => boxOf(node)),
    start,
    edges: edges.map((each) => ({ ...each, lines: labelOf(each.edge) })),
  });
}

function endsOf({ nodes, start, edges }: Graph) {
  const places = new Map(nodes.map(({ name }, at) => [name, at]));
  const placeOf = (name: string) => places.get(name) ?? 0;
  return {
    start: placeOf(start),
    edges: edges.map((edge) => ({ edge, from: placeOf(edge.from), to: placeOf(edge.to) })),
  };
}

async function layOut(graph: Graph): Promise<Placed> {
  const { Graph: Dag, layout } = await import("@dagrejs/dagre");
  const dag = new Dag({ multigraph: true });
  dag.setGraph({ rankdir: "TB", nodesep: 34, edgesep: 22, ranksep: 30, marginx: 16, marginy: 16 });
  const boxes = graph.nodes.map((node) => boxOf(node));
  for (const [at, { width, height }] of boxes.entries()) dag.setNode(String(at), { width, height });
  dag.setNode(START, { width: 14, height: 14 });
  const ids = new Map(graph.nodes.map(({ name }, at) => [name, String(at)]));
  const idOf = (name: string) => ids.get(name) ?? START;
  dag.setEdge(START, idOf(graph.start), { weight: 10, width: 0, height: 0 });
  const labels = graph.edges.map((edge) => labelOf(edge));
  // A way back is laid out as one forward, so that the steps stand in their order from top to bottom.
  const ends = graph.edges.map(({ from, to, back }) =>
    back ? { from: idOf(to), to: idOf(from), way: "back" } : { from: idOf(from), to: idOf(to), way: "on" },
  );
  for (const [at, { from, to, way }] of ends.entries())
    dag.setEdge(from, to, { ...sizeOf(labels[at] ?? []), labelpos: "c", weight: way === "back" ? 1 : 3 }, way);
  layout(dag);
  const { width = 0, height = 0 } = dag.graph();
  const nodes = boxes.map((box, at) => ({ ...box, ...pointOf(dag.node(String(at))) }));
  const placedEdge = (edge: Edge, at: number): PlacedEdge => {
    const { from = "", to = "", way = "" } = ends[at] ?? {};
    const placed = dag.edge(from, to, way);
    const middle = pointOf(placed);
    const lines = labels[at] ?? [];
    const around = from === to ? nodes[Number(from)] : undefined;
    const points = edge.back ? placed.points.toReversed() : placed.points;
    return {
      edge,
      points: around ? loopAround(around, middle.x - sizeOf(lines).width / 2) : points,
      label: { lines, at: middle },
    };
  };
  const first = {
    edge: null,
    points: dag.edge(START, idOf(graph.start)).points,
    label: { lines: [], at: { x: 0, y: 0 } },
  };
  return { width, height, start: pointOf(dag.node(START)), nodes, edges: [first, ...graph.edges.map(placedEdge)] };
}

/** From the right side out to where the label begins, and back. */
function loopAround({ x, y, width, height }: PlacedNode, out: number): Point[] {
  const side = x + width / 2;
  const aside = height * 0.28;
  return [
    { x: side, y: y - aside },
    { x: out, y: y - aside },
    { x: out, y: y + aside },
    { x: side, y: y + aside },
  ];
}

/** No index of a node. */
const START = "start";

function pointOf({ x = 0, y = 0 }: Partial<Point>): Point {
  return { x, y };
}

function boxOf(node: Node): Box {
  const name = wrap(node.name, NAME);
  const small = markLines(node).flatMap((line) => wrap(line, MARK));
  const width = Math.max(70, widest(name) * NAME_COLUMN, widest(small) * SMALL_COLUMN) + 2 * PADDING.x;
  const height = name.length * NAME_LINE + small.length * SMALL_LINE + 2 * PADDING.y;
  return { node, name, small, width, height };
}

function labelOf(edge: Edge): string[] {
  const labels = [...new Set(edge.ways.map(wayLabel))].filter((label) => label !== "");
  const shown = labels.length > MAX_LABELS ? [...labels.slice(0, MAX_LABELS - 1), "…"] : labels;
  return shown.flatMap((label) => wrap(label, LABEL));
}

function sizeOf(lines: readonly string[]) {
  return { width: widest(lines) * SMALL_COLUMN + (lines.length > 0 ? 8 : 0), height: lines.length * SMALL_LINE };
}

function widest(lines: readonly string[]): number {
  return Math.max(0, ...lines.map((line) => Bun.stringWidth(line)));
}
