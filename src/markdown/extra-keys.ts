/** Which keys front matter may have, and in which file. */

import { nearName } from "../near-name.ts";
import { oneLine } from "../words.ts";
import type { Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import type { Yaml, YamlMap } from "./yaml.ts";

export const STEP_KEYS = [
  "next",
  "produces",
  "checks",
  "edits",
  "max_visits",
  "sections",
  "template",
  "run",
  "sets",
  "until_passes",
  "wait",
  "deadline",
  "approval",
  "uses",
  "each",
  "as",
  "with",
  "max_parallel",
  "fail_fast",
  "into",
] as const;
export const INDEX_KEYS = ["description", "inputs", "outputs", "template"] as const;

export type StepKey = (typeof STEP_KEYS)[number];
export type IndexKey = (typeof INDEX_KEYS)[number];

/** A step's extras by key; keys that it may not have become problems. */
export function stepKeys(root: YamlMap, reading: Reading): ReadonlyMap<StepKey, Yaml> {
  return pick(root, { own: STEP_KEYS, others: INDEX_KEYS, home: "a step file", elsewhere: "index.md" }, reading);
}

/** The index's extras by key; keys that it may not have become problems. */
export function indexKeys(root: YamlMap, reading: Reading): ReadonlyMap<IndexKey, Yaml> {
  return pick(root, { own: INDEX_KEYS, others: STEP_KEYS, home: "index.md", elsewhere: "a step file" }, reading);
}

interface Home<Key extends string> {
  own: readonly Key[];
  others: readonly string[];
  home: string;
  elsewhere: string;
}

function pick<Key extends string>(root: YamlMap, home: Home<Key>, reading: Reading): Map<Key, Yaml> {
  const found = new Map<Key, Yaml>();
  for (const { key, at, value } of root.entries) {
    const own = home.own.find((each) => each === key);
    if (own) found.set(own, value);
    else refuse(key, home, { at, reading });
  }
  return found;
}

function refuse<Key extends string>(
  key: string,
  home: Home<Key>,
  { at, reading }: { at: Origin; reading: Reading },
): void {
  const { own, others, elsewhere } = home;
  const add = (code: string, message: string, hint: string) => reading.problems.add(code, at, { message, hint });
  if (others.includes(key))
    add("FRONT_MATTER_WRONG_FILE", `"${key}" belongs in ${elsewhere}, not in ${home.home}`, `Move it to ${elsewhere}`);
  else add("FRONT_MATTER_UNKNOWN_KEY", `The front matter has no key "${oneLine(key, 80)}"`, keyHint(key, own, others));
}

function keyHint(key: string, own: readonly string[], others: readonly string[]): string {
  const near = nearName(key, [...own, ...others]);
  return near === undefined ? `Remove it; there are: ${own.join(", ")}` : `Did you mean "${near}"?`;
}
