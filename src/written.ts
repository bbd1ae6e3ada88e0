/** A value of front matter as its author wrote it, reduced to plain data without its place. */
import { oneLine } from "./words.ts";

export interface WrittenScalar {
  kind: "scalar";
  value: string | number | boolean | null;
  /** The value of a string; the source text of any other scalar. */
  text: string;
}
export interface WrittenList {
  kind: "list";
  items: Written[];
}
export interface WrittenMap {
  kind: "map";
}
export type Written = WrittenScalar | WrittenList | WrittenMap;

/** The value, named for a message. */
export function nameOf(written: Written): string {
  if (written.kind !== "scalar") return written.kind === "list" ? "a list" : "a mapping";
  return written.value === null || written.text.trim() === "" ? "empty" : `"${oneLine(written.text, 80)}"`;
}
