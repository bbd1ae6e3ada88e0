/** Keys of front matter whose value is a mapping with keys of its own, or a duration. */
import { oneLine } from "../words.ts";
import { nameOf } from "../written.ts";
import { readDuration } from "./durations.ts";
import { nearest } from "./problems.ts";
import type { Reading } from "./reading.ts";
import type { Yaml } from "./yaml.ts";

/** A key, and the code of problems with its value. */
export interface Key {
  name: string;
  code: string;
}

/** The seconds; undefined, with a problem, if the value is no duration. */
export function parseDuration(yaml: Yaml, { name, code }: Key, reading: Reading): number | undefined {
  const read = readDuration(yaml);
  if (typeof read === "number") return read;
  reading.problems.add(code, yaml.at, { message: `"${name}" ${read.why}`, hint: read.hint });
  return undefined;
}

/** The fields of a mapping; unknown ones become problems. Undefined if it is none. */
export function readFields(
  yaml: Yaml,
  { name, code, known, hint }: Key & { known: readonly string[]; hint: string },
  { problems }: Reading,
): ReadonlyMap<string, Yaml> | undefined {
  if (yaml.kind !== "map" || yaml.entries.length === 0) {
    const found = yaml.kind === "map" ? "empty" : nameOf(yaml);
    problems.add(code, yaml.at, {
      message: `"${name}" must be a mapping of ${known.join(", ")}; it is ${found}`,
      hint,
    });
    return undefined;
  }
  for (const { key, at } of yaml.entries.filter(({ key }) => !known.includes(key))) {
    const near = nearest(key, known);
    problems.add("FRONT_MATTER_UNKNOWN_KEY", at, {
      message: `"${name}" has no key "${oneLine(key, 80)}"`,
      hint: near ? `Did you mean "${near}"?` : `There are: ${known.join(", ")}`,
    });
  }
  return new Map(yaml.entries.map(({ key, value }) => [key, value]));
}
