/** YAML front matter at the beginning of a file: where it is, and its mapping. Does not know what the keys mean. */

import { nameOf } from "../written.ts";
import { findFrontMatter } from "./front-matter-place.ts";
import type { Expanded } from "./includes.ts";
import type { Reading } from "./reading.ts";
import { readYaml, type YamlMap } from "./yaml.ts";

export interface FrontMatter {
  /** The file's Markdown; the front matter's lines are left empty, so that the line numbers hold. */
  text: string;
  /** Undefined if there is none that can be used. */
  root: YamlMap | undefined;
}

/** Most characters between the fences: far beyond what extras need, and read in an instant whatever it holds. */
export const MAX_FRONT_MATTER = 16 * 1024;

/** Takes the front matter off; what is wrong with it becomes problems. */
export function readFrontMatter(source: Expanded, reading: Reading): FrontMatter {
  const lines = source.text.split("\n");
  const place = findFrontMatter(lines);
  if (!place) return { text: source.text, root: undefined };
  const { open, close } = place;
  if (close === undefined) {
    reading.problems.add("FRONT_MATTER_UNCLOSED", source.origin(open + 1), UNCLOSED);
    const heading = lines.findIndex((line, index) => index > open && /^#\s/.test(line));
    const from = heading < 0 ? lines.length : heading;
    return { text: "\n".repeat(from) + lines.slice(from).join("\n"), root: undefined };
  }
  const text = "\n".repeat(close + 1) + lines.slice(close + 1).join("\n");
  const yaml = { text: lines.slice(open + 1, close).join("\n"), firstLine: open + 2 };
  return { text, root: readMapping(yaml, source, reading) };
}

const LINE_HINT = 'write "***" if it is meant to draw a line';
const UNCLOSED = {
  message: 'The file begins with "---" and a key, and no further "---" closes this front matter',
  hint: `Add a line "---" after the last key; ${LINE_HINT}`,
};

function readMapping(
  { text: yaml, firstLine }: { text: string; firstLine: number },
  source: Expanded,
  reading: Reading,
): YamlMap | undefined {
  const { problems } = reading;
  // An include that could not be followed is a problem already.
  if (!source.complete && yaml.includes("{{file:")) return undefined;
  if (yaml.length > MAX_FRONT_MATTER) {
    problems.add("FRONT_MATTER_TOO_LARGE", source.origin(firstLine - 1), {
      message: `The front matter has ${yaml.length} characters, and at most ${MAX_FRONT_MATTER} are read`,
      hint: `Shorten it; ${LINE_HINT}`,
    });
    return undefined;
  }
  const read = readYaml(yaml, (line) => source.origin(line + firstLine - 1));
  if ("faults" in read) {
    for (const { at, message, hint } of read.faults) problems.add("FRONT_MATTER_SYNTAX", at, { message, hint });
    return undefined;
  }
  if (read.root === null || read.root.kind === "map") return read.root ?? undefined;
  problems.add("FRONT_MATTER_SYNTAX", read.root.at, {
    message: `The front matter must be a mapping of keys to values; it is ${nameOf(read.root)}`,
    hint: `Write "key: value" lines; ${LINE_HINT}`,
  });
  return undefined;
}
