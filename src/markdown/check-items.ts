/** A mapping of one kind of check, as an item of `checks` or as what a server step runs. Pure. What each kind takes is in `check-kinds/`. */
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

/** Which kinds are taken, and in which words. */
export interface Taken {
  kinds: readonly Kind[];
  /** As the beginning of a message: `A check`. */
  subject: string;
  /** How one is written. */
  form: string;
}

const CHECKS: Taken = {
  kinds: KINDS,
  subject: "A check",
  form: `Write one of ${KINDS.map(({ example }) => `"${example}"`).join(", ")}`,
};

/** The check, or the first thing that is wrong with it. */
export function readCheck(item: Yaml, taken: Taken = CHECKS): Check | CheckFault {
  const { kinds, subject, form } = taken;
  const names = kinds.map(({ kind }) => kind);
  const keys = [...new Set<string>([...names, ...kinds.flatMap(({ options }) => options)])];
  if (item.kind !== "map")
    return { at: item.at, message: `${subject} must be a mapping; it is ${nameOf(item)}`, hint: form };
  const unknown = item.entries.find(({ key }) => !keys.includes(key));
  if (unknown) return unknownKey(unknown, keys, subject);
  const named = kinds.flatMap((kind) => {
    const main = item.entries.find(({ key }) => key === kind.kind)?.value;
    return main ? [{ kind, main }] : [];
  });
  const [only, second] = named;
  if (!only || second) {
    const found = only ? `it has ${named.map(({ kind }) => `"${kind.kind}"`).join(" and ")}` : "it has none";
    const message = `${subject} has exactly one of ${names.join(", ")}; ${found}`;
    return { at: item.at, message, hint: only && kinds === KINDS ? "Make each a check of its own" : form };
  }
  const template = findTemplate(item);
  if (template)
    return {
      at: template.at,
      message: `${subject} takes no template values, and this one has "${oneLine(template.text, 80)}"`,
      hint: "Write it out: commands and paths come from the definition alone",
    };
  return readKind(only, item, form);
}

function unknownKey({ key, at }: YamlEntry, keys: readonly string[], subject: string): CheckFault {
  const near = nearest(key, keys);
  const hint = near ? `Did you mean "${near}"?` : `There are: ${keys.join(", ")}`;
  return { at, code: "FRONT_MATTER_UNKNOWN_KEY", message: `${subject} has no key "${oneLine(key, 80)}"`, hint };
}

function findTemplate(yaml: Yaml): { text: string; at: Origin } | undefined {
  if (yaml.kind === "scalar") return /\{\{.*?\}\}/s.test(yaml.text) ? yaml : undefined;
  const below = yaml.kind === "list" ? yaml.items : yaml.entries.map(({ value }) => value);
  return below.map(findTemplate).find((found) => found !== undefined);
}

function readKind({ kind, main }: { kind: Kind; main: Yaml }, { entries }: YamlMap, form: string): Check | CheckFault {
  const beside = entries.filter(({ key }) => key !== kind.kind);
  const foreign = beside.find(({ key }) => !kind.options.includes(key));
  if (foreign) {
    const message = `"${foreign.key}" has no meaning for "${kind.kind}"`;
    return { at: foreign.value.at, message, hint: "Remove it" };
  }
  const options = new Map(beside.map(({ key, value }) => [key, value]));
  const read = kind.read(main, options);
  if (!("why" in read)) return read;
  const { key, why, hint = form } = read;
  return { at: (options.get(key) ?? main).at, message: `"${key}" ${why}`, hint };
}
