/** What the server does in place of the agent, in a step's front matter: `run`, `sets`. Runs nothing itself. */
import { command } from "../check-kinds/command.ts";
import { run } from "../check-kinds/run.ts";
import { type Program, ResultField, type Step } from "../workflow.ts";
import { nameOf } from "../written.ts";
import { readCheck, type Taken } from "./check-items.ts";
import type { StepKey } from "./extra-keys.ts";
import { nearest } from "./problems.ts";
import type { Reading } from "./reading.ts";
import type { Yaml, YamlEntry } from "./yaml.ts";

/** Most context keys that one server step sets. */
export const MAX_SETS = 20;

/** A key that is absent is absent here; what is wrong becomes problems. Whether a rule decides what follows is for `checkDoer`. */
export function parseServerStep(keys: ReadonlyMap<StepKey, Yaml>, reading: Reading): Pick<Step, "run" | "sets"> {
  reportBeside(keys, reading);
  const program = parseRun(keys.get("run"), reading);
  const sets = parseSets(keys.get("sets"), reading);
  return { ...(program ? { run: program } : {}), ...(sets ? { sets } : {}) };
}

/** Why a key has no meaning beside `run`, and the way out. */
const NOT_BESIDE_RUN: [StepKey, string, string][] = [
  ["produces", "nobody reports this step", 'Use "sets", which puts values of the result into the context'],
  [
    "checks",
    "the program is the proof",
    'Make a check a step of its own, or a check of the next step; "sets" keeps results',
  ],
  ["edits", "no agent works in this step", 'Remove it; "unchanged" among the checks of another step looks at files'],
  ["deadline", "no agent works in this step", 'Use "timeout" of the program, or "at_most" of "until_passes"'],
];
const ONLY_BESIDE_RUN: StepKey[] = ["sets", "until_passes"];

function reportBeside(keys: ReadonlyMap<StepKey, Yaml>, { problems }: Reading): void {
  if (keys.has("run"))
    for (const [key, why, hint] of NOT_BESIDE_RUN) {
      const at = keys.get(key)?.at;
      if (at) problems.add("KEY_BESIDE_RUN", at, { message: `"${key}" has no meaning beside "run": ${why}`, hint });
    }
  else
    for (const key of ONLY_BESIDE_RUN) {
      const at = keys.get(key)?.at;
      if (at)
        problems.add("KEY_WITHOUT_RUN", at, {
          message: `"${key}" is about the program of "run", and this step has none`,
          hint: `Add "run", or remove it${key === "sets" ? '; "produces" names what a report must set' : ""}`,
        });
    }
}

const PROGRAMS: Taken = {
  kinds: [run, command],
  subject: "A program",
  form: 'Write "run: bun test", "run: [bun, test]", or an object, like "run: {command: test, timeout: 600}"',
};

/** A text or a list of words is short for an object with nothing but these. */
function parseRun(yaml: Yaml | undefined, reading: Reading): Program | undefined {
  if (!yaml) return undefined;
  const { at } = yaml;
  const read = readCheck(
    yaml.kind === "map" ? yaml : { kind: "map", at, entries: [{ key: "run", at, value: yaml }] },
    PROGRAMS,
  );
  if ("message" in read) reading.problems.add(read.code ?? "RUN_INVALID", read.at, read);
  else if (read.kind === "run" || read.kind === "command") return read;
  return undefined;
}

function parseSets(yaml: Yaml | undefined, reading: Reading): Step["sets"] {
  if (!yaml) return undefined;
  const count = yaml.kind === "map" ? yaml.entries.length : 0;
  if (yaml.kind === "map" && count > 0 && count <= MAX_SETS) {
    const fields = yaml.entries.map((entry): [string, ResultField | undefined] => [entry.key, readSet(entry, reading)]);
    return Object.fromEntries(fields.flatMap(([key, field]) => (field ? [[key, field]] : [])));
  }
  const found = count > MAX_SETS ? `has ${count}` : `is ${yaml.kind === "map" ? "empty" : nameOf(yaml)}`;
  reading.problems.add("SETS_INVALID", yaml.at, {
    message: `"sets" must be a mapping of at most ${MAX_SETS} context keys; it ${found}`,
    hint: 'Write a line for each key, like "test_exit_code: exit_code"',
  });
  return undefined;
}

const FIELDS: readonly string[] = ResultField.options;

function readSet({ key, at, value }: YamlEntry, reading: Reading): ResultField | undefined {
  const text = value.kind === "scalar" ? value.text : "";
  const field = ResultField.safeParse(text);
  if (field.success && key.trim() !== "") return field.data;
  const near = nearest(text, FIELDS);
  const hints = [
    key.trim() === "" ? "Name the context key" : "",
    FIELDS.includes(key) && text !== "" ? `The context key stands first: write "${text}: ${key}"` : "",
    near ? `Did you mean "${near}"?` : "",
  ];
  reading.problems.add("SETS_INVALID", at, {
    message: field.success
      ? '"sets": the key is empty'
      : `"sets" of "${key}": the result has no value ${nameOf(value)}`,
    hint: hints.find(Boolean) ?? `Write one of: ${FIELDS.join(", ")}`,
  });
  return undefined;
}
