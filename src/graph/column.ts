/** Where all stands if a graph is too large to be laid out well: its nodes in a column, in their order, its edges beside it. Pure. */
import type { Edge } from "./model.ts";
import type { Box, Placed, PlacedEdge, PlacedNode, Point } from "./placed.ts";

/** Between nodes, around all, and what an edge leads aside: more for each node that it passes, so that few share a line. */
const GAP = 40;
const MARGIN = 16;
const ASIDE = { least: 24, step: 12, most: 400 };

interface Boxes {
  nodes: readonly Box[];
  /** The node that each end of an edge has, by its place among the nodes. */
  edges: readonly { edge: Edge; from: number; to: number; lines: string[] }[];
  start: number;
}

/** Time and size grow as nodes and edges do. Ways forward lead along the right side, ways back along the left one. */
export function inColumn({ nodes, edges, start }: Boxes): Placed {
  const isBeside = ({ from, to }: { from: number; to: number }) => to === from + 1;
  const passes = ({ from, to }: { from: number; to: number }) => Math.abs(to - from);
  const aside = (edge: { from: number; to: number }) => Math.min(ASIDE.most, ASIDE.least + ASIDE.step * passes(edge));
  const bows = edges.filter((edge) => !isBeside(edge));
  const left = MARGIN + Math.max(ASIDE.least, ...bows.filter(({ from, to }) => to <= from).map(aside));
  const right = MARGIN + Math.max(ASIDE.least, ...bows.filter(({ from, to }) => to > from).map(aside));
  const widest = Math.max(...nodes.map(({ width }) => width));
  const x = left + widest / 2;
  let y = MARGIN + GAP;
  const placed = nodes.map((box): PlacedNode => {
    const at = { ...box, x, y: y + box.height / 2 };
    y += box.height + GAP;
    return at;
  });
  const nodeAt = (at: number) => placed[at] ?? { x, y, width: 0, height: 0 };
  const top = (at: number): Point => ({ x, y: nodeAt(at).y - nodeAt(at).height / 2 });
  const bottom = (at: number): Point => ({ x, y: nodeAt(at).y + nodeAt(at).height / 2 });
  const drawn = edges.map(({ edge, from, to, lines }): PlacedEdge => {
    if (isBeside({ from, to })) {
      return { edge, points: [bottom(from), top(to)], label: { lines, at: { x, y: bottom(from).y + GAP / 2 } } };
    }
    const [first, last] = [nodeAt(from), nodeAt(to)];
    const side = to > from ? 1 : -1;
    const out = x + side * (widest / 2 + aside({ from, to }));
    const leave = { x: x + (side * first.width) / 2, y: first.y + first.height * 0.28 };
    const reach = { x: x + (side * last.width) / 2, y: last.y - last.height * 0.28 };
    const points = [leave, { x: out, y: leave.y }, { x: out, y: reach.y }, reach];
    return { edge, points, label: { lines, at: { x: out, y: (leave.y + reach.y) / 2 } } };
  });
  const begin = { x, y: MARGIN };
  const first = { edge: null, points: [begin, top(start)], label: { lines: [], at: begin } };
  return { width: left + widest + right, height: y, start: begin, nodes: placed, edges: [first, ...drawn] };
}
