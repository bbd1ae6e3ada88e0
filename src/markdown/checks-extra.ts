/** `checks` of a step's front matter: the proofs that the server is to look at. Looks at nothing itself. */
import { type Check, kindOf, MAX_CHECKS } from "../check.ts";
import { edits } from "../check-kinds/edits.ts";
import { oneLine } from "../words.ts";
import { nameOf } from "../written.ts";
import { type CheckFault, readCheck } from "./check-items.ts";
import type { Reading } from "./reading.ts";
import type { Yaml } from "./yaml.ts";

/** In order; what is wrong becomes problems. */
export function parseChecks(yaml: Yaml | undefined, reading: Reading): Check[] {
  if (!yaml) return [];
  const add = ({ at, code = "CHECK_INVALID", message, hint }: CheckFault) =>
    reading.problems.add(code, at, { message, hint });
  const items = yaml.kind === "list" ? yaml.items : [];
  if (items.length === 0 || items.length > MAX_CHECKS) {
    const found = items.length > 0 ? `has ${items.length}` : `is ${yaml.kind === "list" ? "empty" : nameOf(yaml)}`;
    add({
      at: yaml.at,
      message: `"checks" must be a list of at most ${MAX_CHECKS} checks; it ${found}`,
      hint: 'Write each as an item, like "- run: bun test"; remove the key where there is nothing to check',
    });
    return [];
  }
  const lines = new Map<string, number>();
  return items.flatMap((item) => {
    const check = readCheck(item);
    if ("message" in check) {
      add(check);
      return [];
    }
    const kind = kindOf(check);
    const key = `${kind.kind} ${kind.identity(check)}`;
    const before = lines.get(key);
    if (before !== undefined)
      add({
        at: item.at,
        message: `The check "${oneLine(kind.subject(check), 80)}" stands here for the second time`,
        hint: `Remove it; the first is in line ${before}`,
      });
    lines.set(key, before ?? item.at.line);
    return [check];
  });
}

/** `edits` of a step's front matter is a check of that kind, looked at before all others. */
export function parseEdits(yaml: Yaml | undefined, reading: Reading): Check[] {
  if (!yaml) return [];
  const read = edits.read(yaml, new Map());
  if (!("why" in read)) return [read];
  reading.problems.add("EDITS_INVALID", yaml.at, { message: `"edits" ${read.why}`, hint: read.hint ?? "" });
  return [];
}
