/** YAML front matter at the very beginning of a file: where it is, and its mapping. Does not know what the keys mean. */
import type { Expanded } from "./includes.ts";
import type { Reading } from "./reading.ts";
import { nameOf, readYaml, type YamlMap } from "./yaml.ts";

export interface FrontMatter {
  /** The file's Markdown; the front matter's lines are left empty, so that the line numbers hold. */
  text: string;
  /** Undefined where there is none that can be used. */
  root: YamlMap | undefined;
}

/** Most characters between the fences: far beyond what extras need, and read in an instant whatever it holds. */
export const MAX_FRONT_MATTER = 16 * 1024;

/** Takes the front matter off; what is wrong with it becomes problems. */
export function readFrontMatter(source: Expanded, reading: Reading): FrontMatter {
  const lines = source.text.split("\n");
  if (lines[0]?.trimEnd() !== "---") return { text: source.text, root: undefined };
  const end = lines.findIndex((line, index) => index > 0 && ["---", "..."].includes(line.trimEnd()));
  if (end < 0) {
    if (seemsOpen(lines)) reading.problems.add("FRONT_MATTER_UNCLOSED", source.origin(1), UNCLOSED);
    return { text: source.text, root: undefined };
  }
  const text = "\n".repeat(end + 1) + lines.slice(end + 1).join("\n");
  return { text, root: readMapping(lines.slice(1, end).join("\n"), source, reading) };
}

const UNCLOSED = {
  message: 'The file begins with "---" and a key, and no further "---" closes this front matter',
  hint: 'Add a line "---" after the last key; leave the first line empty if "---" is meant to draw a line',
};

/** Without a closing fence, `---` draws a line; not before what looks like a key. */
function seemsOpen(lines: readonly string[]): boolean {
  const first = lines.slice(1).find((line) => line.trim() !== "" && !/^#\s*\S+/.test(line));
  return /^[A-Za-z_][\w-]*[ \t]*:(\s|$)/.test(first ?? "");
}

function readMapping(yaml: string, source: Expanded, reading: Reading): YamlMap | undefined {
  const { problems } = reading;
  // An include that could not be followed is a problem already.
  if (!source.complete && yaml.includes("{{file:")) return undefined;
  if (yaml.length > MAX_FRONT_MATTER) {
    problems.add("FRONT_MATTER_TOO_LARGE", source.origin(1), {
      message: `The front matter has ${yaml.length} characters, and at most ${MAX_FRONT_MATTER} are read`,
      hint: 'Shorten it; leave the first line empty if "---" is meant to draw a line',
    });
    return undefined;
  }
  const read = readYaml(yaml, (line) => source.origin(line + 1));
  if ("faults" in read) {
    for (const { at, message, hint } of read.faults) problems.add("FRONT_MATTER_SYNTAX", at, { message, hint });
    return undefined;
  }
  if (read.root === null || read.root.kind === "map") return read.root ?? undefined;
  problems.add("FRONT_MATTER_SYNTAX", read.root.at, {
    message: `The front matter must be a mapping of keys to values; it is ${nameOf(read.root)}`,
    hint: 'Write "key: value" lines; leave the first line empty if "---" is meant to draw a line',
  });
  return undefined;
}
