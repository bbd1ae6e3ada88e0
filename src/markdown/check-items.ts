/** One item of `checks`: a mapping that names what to look at, as a Check. Pure. What each kind takes is in `check-kinds/`. */
import type { Check } from "../check.ts";
import { KINDS } from "../check-kinds/kinds.ts";
import { oneLine } from "../words.ts";
import { nameOf } from "../written.ts";
import { nearest, type Origin } from "./problems.ts";
import type { Yaml, YamlEntry, YamlMap } from "./yaml.ts";

export interface CheckFault {
  at: Origin;
  code?: string;
  message: string;
  hint: string;
}

type Kind = (typeof KINDS)[number];

const NAMES: readonly string[] = KINDS.map(({ kind }) => kind);
const KEYS = [...new Set([...NAMES, ...KINDS.flatMap(({ options }) => options)])];

const FORM_HINT = `Write one of ${KINDS.map(({ example }) => `"${example}"`).join(", ")}`;

/** The check, or the first thing that is wrong with it. */
export function readCheck(item: Yaml): Check | CheckFault {
  if (item.kind !== "map")
    return { at: item.at, message: `A check must be a mapping; it is ${nameOf(item)}`, hint: FORM_HINT };
  const unknown = item.entries.find(({ key }) => !KEYS.includes(key));
  if (unknown) return unknownKey(unknown);
  const named = KINDS.flatMap((kind) => {
    const main = item.entries.find(({ key }) => key === kind.kind)?.value;
    return main ? [{ kind, main }] : [];
  });
  const [only, second] = named;
  if (!only || second) {
    const found = only ? `it has ${named.map(({ kind }) => `"${kind.kind}"`).join(" and ")}` : "it has none";
    const message = `A check has exactly one of ${NAMES.join(", ")}; ${found}`;
    return { at: item.at, message, hint: only ? "Make each a check of its own" : FORM_HINT };
  }
  const template = findTemplate(item);
  if (template)
    return {
      at: template.at,
      message: `Checks take no template values, and this one has "${oneLine(template.text, 80)}"`,
      hint: "Write it out: the commands and paths of checks come from the definition alone",
    };
  return readKind(only, item);
}

function unknownKey({ key, at }: YamlEntry): CheckFault {
  const near = nearest(key, KEYS);
  const hint = near ? `Did you mean "${near}"?` : `There are: ${KEYS.join(", ")}`;
  return { at, code: "FRONT_MATTER_UNKNOWN_KEY", message: `A check has no key "${oneLine(key, 80)}"`, hint };
}

function findTemplate(yaml: Yaml): { text: string; at: Origin } | undefined {
  if (yaml.kind === "scalar") return /\{\{.*?\}\}/s.test(yaml.text) ? yaml : undefined;
  const below = yaml.kind === "list" ? yaml.items : yaml.entries.map(({ value }) => value);
  return below.map(findTemplate).find((found) => found !== undefined);
}

function readKind({ kind, main }: { kind: Kind; main: Yaml }, { entries }: YamlMap): Check | CheckFault {
  const beside = entries.filter(({ key }) => key !== kind.kind);
  const foreign = beside.find(({ key }) => !kind.options.includes(key));
  if (foreign) {
    const message = `"${foreign.key}" has no meaning for "${kind.kind}"`;
    return { at: foreign.value.at, message, hint: "Remove it" };
  }
  const options = new Map(beside.map(({ key, value }) => [key, value]));
  const read = kind.read(main, options);
  if (!("why" in read)) return read;
  const { key, why, hint = FORM_HINT } = read;
  return { at: (options.get(key) ?? main).at, message: `"${key}" ${why}`, hint };
}
