/** A step that other runs do, in its front matter: `uses`, `each`, `as`, `with`, `max_parallel`, `fail_fast`, `into`. */
import { posix } from "node:path";
import { oneLine } from "../words.ts";
import { type Branching, type ExpressionPlace, MAX_ITEMS, MAX_PARALLEL } from "../workflow.ts";
import { nameOf } from "../written.ts";
import type { StepKey } from "./extra-keys.ts";
import type { PlacedName } from "./parse-result.ts";
import type { Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { toJson, type Yaml } from "./yaml.ts";

/** Most workflows that one step uses, and most context keys of its `with`. */
export const MAX_USES = 50;
export const MAX_WITH = 50;

/** The key of a branch's context that holds its item, unless `as` names another. */
const ITEM = "item";

/** Where a branch step says what it says. */
export interface PlacedBranching {
  uses: readonly PlacedName[];
  withAt: ReadonlyMap<string, Origin>;
  parallelAt: Origin | undefined;
}

type Keys = ReadonlyMap<StepKey, Yaml>;

/** What is wrong becomes problems. Whether the names are workflows is for whoever knows them all. */
export function parseBranches(
  keys: Keys,
  reading: Reading,
): { branches: Branching; placed: PlacedBranching } | undefined {
  const written = keys.get("uses");
  if (!written) return reportWithout(keys, reading);
  const uses = parseUses(written, reading);
  const each = parseEach(keys.get("each"), uses, reading);
  const as = parseKey(keys.get("as"), { name: "as", code: "AS_INVALID", example: "as: module" }, reading);
  const item = as ?? (each !== undefined || written.kind === "list" ? ITEM : undefined);
  const given = parseWith(keys.get("with"), item, reading);
  const parallel = keys.get("max_parallel");
  const max_parallel = parallel && parseParallel(parallel, reading);
  const into = parseKey(keys.get("into"), { name: "into", code: "INTO_INVALID", example: "into: audits" }, reading);
  const names = uses.map(({ name }) => name);
  if (uses.length === 0) return undefined; // a problem already
  const branches: Branching = {
    uses: names,
    ...(each === undefined ? {} : { each }),
    ...(item === undefined ? {} : { as: item }),
    ...(given.size > 0 ? { with: Object.fromEntries([...given].map(([key, { text }]) => [key, text])) } : {}),
    ...(max_parallel === undefined ? {} : { max_parallel }),
    ...(parseFailFast(keys.get("fail_fast"), reading) ? { fail_fast: true as const } : {}),
    ...(into === undefined ? {} : { into }),
  };
  const withAt = new Map([...given].map(([key, { at }]) => [key, at]));
  return { branches, placed: { uses, withAt, parallelAt: parallel?.at } };
}

const ONLY_WITH_USES: readonly StepKey[] = ["each", "as", "with", "max_parallel", "fail_fast", "into"];

function reportWithout(keys: Keys, { problems }: Reading): undefined {
  for (const key of ONLY_WITH_USES) {
    const at = keys.get(key)?.at;
    if (at)
      problems.add("KEY_WITHOUT_USES", at, {
        message: `"${key}" is about the branches of "uses", and this step has none`,
        hint: 'Add "uses" with the name of the workflow that each branch runs, or remove the key',
      });
  }
  return undefined;
}

const USES_HINT =
  'Write the name of a workflow, like "uses: AUDIT_MODULE", the path of a private one, like "uses: ./module", or a list of them';

function parseUses(yaml: Yaml, reading: Reading): PlacedName[] {
  const refuse = (at: Origin, message: string, hint = USES_HINT): [] => {
    reading.problems.add("USES_INVALID", at, { message, hint });
    return [];
  };
  const items = yaml.kind === "list" ? yaml.items : [yaml];
  if (items.length === 0) return refuse(yaml.at, '"uses" is empty');
  if (items.length > MAX_USES)
    return refuse(
      yaml.at,
      `"uses" names ${items.length} workflows, and at most ${MAX_USES} are taken`,
      'Let one workflow do several of them, or give one its items by "each"',
    );
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const written = item.kind === "scalar" && item.value !== null ? item.text.trim() : "";
    if (written === "") return refuse(item.at, `"uses" must hold names of workflows; here it is ${nameOf(item)}`);
    const found = placeOf(written, item.at, reading);
    if (!found)
      return refuse(
        item.at,
        `"uses" leads to "${oneLine(written, 80)}", which is not inside the directory "${reading.directory}" of this workflow`,
        `A private workflow lies in a directory of its own inside "${reading.directory}", and its path is relative to the file that names it; one for others stands in the list and is used by its name`,
      );
    if (!found.isPrivate && found.name.includes("/"))
      return refuse(
        item.at,
        `"uses" names "${oneLine(written, 80)}", and no workflow of the list has a slash in its name`,
        'The path of a private workflow begins with "./" or "../", and is relative to the file that names it',
      );
    if (seen.has(found.name))
      return refuse(
        item.at,
        `"uses" names "${oneLine(written, 80)}" twice`,
        'List each workflow once; "each" gives one workflow several items',
      );
    seen.add(found.name);
    return [found];
  });
}

/** The workflow of that name, or the private one in that directory; undefined if the path leads out of the workflow. */
function placeOf(written: string, at: Origin, { directory }: Reading): PlacedName | undefined {
  if (!/^\.\.?(?:\/|$)/.test(written)) return { name: written, written, isPrivate: false, at };
  const name = posix.join(posix.dirname(at.file), written).replace(/\/+$/, "");
  return name.startsWith(`${directory}/`) ? { name, written, isPrivate: true, at } : undefined;
}

const EACH_HINT =
  'Write CEL that gives a list, like "each: context.modules", over context, visits, step and unattended; or the list itself';

function parseEach(yaml: Yaml | undefined, uses: readonly PlacedName[], reading: Reading): Branching["each"] {
  if (!yaml) return undefined;
  const refuse = (message: string, hint = EACH_HINT): undefined => {
    reading.problems.add("EACH_INVALID", yaml.at, { message, hint });
    return undefined;
  };
  if (uses.length > 1)
    return refuse(
      `"each" gives items to one workflow, and "uses" names ${uses.length}`,
      'Name one workflow, or leave "each" out: then each workflow of the list gets one branch',
    );
  if (yaml.kind === "list") {
    const count = yaml.items.length;
    if (count > 0 && count <= MAX_ITEMS) return yaml.items.map(toJson);
    return refuse(count === 0 ? '"each" is empty' : `"each" has ${count} items, and at most ${MAX_ITEMS} are taken`);
  }
  return parseCel(yaml, { name: '"each"', code: "EACH_INVALID", place: "each", hint: EACH_HINT }, reading);
}

interface Cel {
  /** As messages name it. */
  name: string;
  code: string;
  place: ExpressionPlace;
  hint: string;
}

function parseCel(yaml: Yaml, { name, code, place, hint }: Cel, reading: Reading): string | undefined {
  const text = yaml.kind === "scalar" && yaml.value !== null ? yaml.text.trim() : "";
  const fault = text === "" ? undefined : reading.judges.checkExpression(text, place);
  if (fault === null) return text;
  const message =
    fault === undefined ? `${name} must be CEL; it is ${nameOf(yaml)}` : `${name} cannot be evaluated: ${fault}`;
  reading.problems.add(code, yaml.at, { message, hint });
  return undefined;
}

const WITH_HINT =
  'Write a line of CEL for each key of the branch\'s context, like "project_path: context.project_path"; a text stands in quotes twice: "\'deep\'"';

/** The expressions by key. */
function parseWith(
  yaml: Yaml | undefined,
  item: string | undefined,
  reading: Reading,
): ReadonlyMap<string, { text: string; at: Origin }> {
  const refuse = (at: Origin, message: string, hint = WITH_HINT) =>
    reading.problems.add("WITH_INVALID", at, { message, hint });
  const count = yaml?.kind === "map" ? yaml.entries.length : 0;
  const given = new Map<string, { text: string; at: Origin }>();
  if (!yaml) return given;
  if (yaml.kind !== "map" || count === 0 || count > MAX_WITH) {
    const found = count > MAX_WITH ? `has ${count}` : `is ${yaml.kind === "map" ? "empty" : nameOf(yaml)}`;
    refuse(yaml.at, `"with" must be a mapping of at most ${MAX_WITH} context keys; it ${found}`);
    return given;
  }
  for (const { key, at, value } of yaml.entries) {
    if (key.trim() === "") refuse(at, '"with": the key is empty', "Name the context key");
    else if (key === item)
      refuse(
        at,
        `"with" sets "${oneLine(key, 80)}", which holds the item of each branch`,
        'Give one of them another name; "as" names the item\'s',
      );
    else {
      const name = `"${oneLine(key, 80)}" in "with"`;
      const text = parseCel(value, { name, code: "WITH_INVALID", place: "with", hint: WITH_HINT }, reading);
      if (text !== undefined) given.set(key, { text, at });
    }
  }
  return given;
}

const PARALLEL_HINT = `Write a whole number from 1 to ${MAX_PARALLEL}, like "max_parallel: 3", or CEL that gives one, like "max_parallel: context.helpers"`;

function parseParallel(yaml: Yaml, reading: Reading): Branching["max_parallel"] {
  const text = yaml.kind === "scalar" ? yaml.text.trim() : "";
  const number = /^[-+]?[\d.]/.test(text) ? Number(text) : undefined;
  const cel: Cel = { name: '"max_parallel"', code: "MAX_PARALLEL_INVALID", place: "max_parallel", hint: PARALLEL_HINT };
  if (number === undefined || Number.isNaN(number)) return parseCel(yaml, cel, reading);
  if (Number.isInteger(number) && number >= 1 && number <= MAX_PARALLEL) return number;
  const message = `"max_parallel" must be from 1 to ${MAX_PARALLEL}; it is ${nameOf(yaml)}`;
  reading.problems.add(cel.code, yaml.at, { message, hint: PARALLEL_HINT });
  return undefined;
}

function parseFailFast(yaml: Yaml | undefined, { problems }: Reading): boolean {
  const value = yaml?.kind === "scalar" ? yaml.value : undefined;
  if (yaml && typeof value !== "boolean")
    problems.add("FAIL_FAST_INVALID", yaml.at, {
      message: `"fail_fast" must be true or false; it is ${nameOf(yaml)}`,
      hint: 'Write "fail_fast: true", or remove it: then the other branches go on after a failure',
    });
  return value === true;
}

/** The name of a context key. */
function parseKey(
  yaml: Yaml | undefined,
  { name, code, example }: { name: string; code: string; example: string },
  { problems }: Reading,
): string | undefined {
  if (!yaml) return undefined;
  const text = yaml.kind === "scalar" && yaml.value !== null ? yaml.text.trim() : "";
  if (text !== "" && text !== "__proto__" && !/[\p{Cc}\u2028\u2029]/u.test(text)) return text;
  problems.add(code, yaml.at, {
    message: `"${name}" must be the name of a context key; it is ${nameOf(yaml)}`,
    hint: `Write it like "${example}"`,
  });
  return undefined;
}
