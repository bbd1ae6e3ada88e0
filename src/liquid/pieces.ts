/** What a template printed, piece by piece, and how it is cut to a size: values and loops, never the author's own words around them. */

import { jsonBytes } from "../json.ts";
import { cutValue, LEAST_SHOWN, largestShown, NOTE_BYTES } from "../template.ts";
import { oneLine } from "../words.ts";

export interface Piece {
  text: string;
  /** The place that printed a value, as the author wrote it; absent for the author's own words. */
  written?: string;
  /** The outermost loop that printed it. */
  loop?: Loop | undefined;
}

/** One run of a loop. */
export interface Loop {
  /** As the author wrote it, all of it. */
  written: string;
}

/** A value, or all that a loop printed: what may be cut. */
interface Part {
  written: string;
  pieces: Piece[];
  bytes: number;
}

/** Largest share of what a loop may take that one value in it may have. */
const LOOP_SHARE = 1 / 8;
/** Longest way to write a place that a note names, in characters. */
const MAX_WRITTEN = 50;

/** The pieces as one text of at most so many bytes as JSON, if the author's own words leave a quarter of them. */
export function textWithin(pieces: readonly Piece[], mostBytes: number): string {
  const length = pieces.reduce((sum, { text }) => sum + text.length, 0);
  if (length <= mostBytes) {
    const whole = pieces.map(({ text }) => text).join("");
    if (jsonBytes(whole) <= mostBytes) return whole;
  }
  const parts = partsOf(pieces);
  const own = parts.reduce((sum, part) => sum + (typeof part === "string" ? jsonBytes(part) : 0), 0);
  const sizes = parts.flatMap((part) => (typeof part === "string" ? [] : [part.bytes]));
  const most = largestShown(sizes, Math.max(mostBytes - own, mostBytes / 4));
  return parts.map((part) => (typeof part === "string" ? part : partWithin(part, most))).join("");
}

/** The author's words as texts, and what may be cut between them. */
function partsOf(pieces: readonly Piece[]): (string | Part)[] {
  const parts: (string | Part)[] = [];
  const loops = new Map<Loop, Part>();
  for (const piece of pieces) {
    const { text, written, loop } = piece;
    const open = loop && loops.get(loop);
    if (open) {
      open.pieces.push(piece);
      open.bytes += bytesOf(text);
    } else if (written === undefined && !loop) parts.push(text);
    else {
      const part = { written: loop?.written ?? written ?? "", pieces: [piece], bytes: bytesOf(text) };
      parts.push(part);
      if (loop) loops.set(loop, part);
    }
  }
  return parts;
}

function partWithin({ written, pieces, bytes }: Part, most: number): string {
  if (bytes <= most) return pieces.map(({ text }) => text).join("");
  if (most < LEAST_SHOWN) return written;
  const [first] = pieces;
  if (first && !first.loop) return cutPiece({ text: first.text, written }, bytes, most);
  return loopWithin({ written, pieces, bytes }, most);
}

/** The loop's text from its beginning, its large values cut first. */
function loopWithin({ written, pieces }: Part, most: number): string {
  const mostOfOne = Math.max(LEAST_SHOWN, most * LOOP_SHARE);
  let room = most - NOTE_BYTES;
  let shown = "";
  for (const piece of pieces) {
    const bytes = bytesOf(piece.text);
    const text = piece.written !== undefined && bytes > mostOfOne ? cutPiece(piece, bytes, mostOfOne) : piece.text;
    room -= bytesOf(text);
    if (room < 0)
      return `${shown}… (cut; the rest of ${oneLine(written, MAX_WRITTEN)}: get_workflow_status has its values whole)`;
    shown += text;
  }
  return shown;
}

function cutPiece({ text, written = "" }: Piece, bytes: number, most: number): string {
  const [, path] = /^\{\{-?\s*(context\.[\w.-]+?)\s*-?\}\}$/.exec(written) ?? [];
  const name = path === undefined ? `the values of ${oneLine(written, MAX_WRITTEN)}` : oneLine(path, MAX_WRITTEN);
  return cutValue({ text, bytes }, { most, name });
}

/** Bytes within a JSON text, without its quotation marks. */
function bytesOf(text: string): number {
  return jsonBytes(text) - 2;
}
