/** The headings of an included file sink below the section that includes it, so that they never end it. */
import type { Heading, MarkdownDocument } from "./blocks.ts";
import type { Expanded, Include } from "./includes.ts";
import { countLineBreaks } from "./lines.ts";

const DEEPEST = 6;

/** The text with the sunk headings, line for line; undefined if none had to sink. */
export function sinkHeadings({ text, headings }: MarkdownDocument, expanded: Expanded): string | undefined {
  const latest = new Map<Include | undefined, number>();
  const bases = new Map<Include, number>();
  /** The level of the section in which the include stands; an include before any heading stands in that of its includer. */
  const baseOf = (include: Include | undefined): number => {
    if (!include) return 0;
    const base = bases.get(include) ?? latest.get(include.parent) ?? baseOf(include.parent);
    bases.set(include, base);
    return base;
  };
  const parts: string[] = [];
  let position = 0;
  for (const heading of headings) {
    const include = expanded.include(heading.line);
    const level = Math.min(DEEPEST, heading.level + baseOf(include));
    latest.set(include, level);
    if (level === heading.level) continue;
    parts.push(text.slice(position, heading.start), rewrite(text.slice(heading.start, heading.end), heading, level));
    position = heading.end;
  }
  return parts.length === 0 ? undefined : parts.join("") + text.slice(position);
}

/** The heading's source at its new level, with as many lines. */
function rewrite(raw: string, { level: old }: Heading, level: number): string {
  const marker = "#".repeat(level);
  const atx = /^ {0,3}#{1,6}/.exec(raw)?.[0];
  if (atx?.trimStart().length === old) return marker + raw.slice(atx.length);
  const lines = raw.trimEnd().split("\n").slice(0, -1); // the last one is the underline
  return `${marker} ${lines.map((line) => line.trim()).join(" ")}${"\n".repeat(countLineBreaks(raw))}`;
}
