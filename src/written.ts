/** A value as an author wrote it in front matter, without its place: what YAML comes down to here. */
import { oneLine } from "./words.ts";

export interface WrittenScalar {
  kind: "scalar";
  value: string | number | boolean | null;
  /** A string's value; of any other, as it was written. */
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

/** What it is, for a message. */
export function nameOf(written: Written): string {
  if (written.kind !== "scalar") return written.kind === "list" ? "a list" : "a mapping";
  return written.value === null || written.text.trim() === "" ? "empty" : `"${oneLine(written.text, 80)}"`;
}
