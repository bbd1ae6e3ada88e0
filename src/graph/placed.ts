/** Where nodes, edges and labels stand, in user units. */
import type { Edge, Node } from "./model.ts";

export interface Point {
  x: number;
  y: number;
}

/** A node with the lines that stand in it, and the room that they take. */
export interface Box {
  node: Node;
  width: number;
  height: number;
  name: string[];
  small: string[];
}

/** `x` and `y` are its middle. */
export interface PlacedNode extends Point, Box {}

export interface PlacedEdge {
  /** Null: the way to the first step. */
  edge: Edge | null;
  points: Point[];
  /** Around a point; there may be none. */
  label: { lines: string[]; at: Point };
}

export interface Placed {
  width: number;
  height: number;
  start: Point;
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}
