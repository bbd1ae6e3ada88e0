/** One item of `checks`: a mapping that names what to look at, as a Check. Pure. */
import { type Check, DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S } from "../check.ts";
import { splitCommand } from "../command-words.ts";
import { oneLine } from "../words.ts";
import { nearest, type Origin } from "./problems.ts";
import { nameOf, type Yaml, type YamlEntry, type YamlMap } from "./yaml.ts";

export interface CheckFault {
  at: Origin;
  code?: string;
  message: string;
  hint: string;
}

const KINDS = ["run", "command", "file", "changed"] as const;
type Kind = (typeof KINDS)[number];
const KEYS = [...KINDS, "timeout", "shell"];

const FORM_HINT = 'Write one of "run: bun test", "command: test", "file: notes.md", "changed: src/**"';

/** The check, or the first thing that is wrong with it. */
export function readCheck(item: Yaml): Check | CheckFault {
  if (item.kind !== "map")
    return { at: item.at, message: `A check must be a mapping; it is ${nameOf(item)}`, hint: FORM_HINT };
  const unknown = item.entries.find(({ key }) => !KEYS.includes(key));
  if (unknown) return unknownKey(unknown);
  const kinds = KINDS.filter((kind) => item.entries.some(({ key }) => key === kind));
  const [kind, second] = kinds;
  if (!kind || second) {
    const found = kind ? `it has ${kinds.map((each) => `"${each}"`).join(" and ")}` : "it has none";
    const message = `A check has exactly one of ${KINDS.join(", ")}; ${found}`;
    return { at: item.at, message, hint: kind ? "Make each a check of its own" : FORM_HINT };
  }
  const template = findTemplate(item);
  if (template)
    return {
      at: template.at,
      message: `Checks take no template values, and this one has "${oneLine(template.text, 80)}"`,
      hint: "Write it out: the commands and paths of checks come from the definition alone",
    };
  return readKind(kind, item);
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

function readKind(kind: Kind, item: YamlMap): Check | CheckFault {
  const main = valueUnder(item, kind);
  const timeout = readTimeout(kind, item);
  if (typeof timeout !== "number") return timeout;
  const shell = readShell(kind, item);
  if (typeof shell !== "boolean") return shell;
  if (!main) return { at: item.at, message: `"${kind}" is empty`, hint: FORM_HINT };
  if (kind === "run") return readRun(main, { timeout, shell });
  const text = main.kind === "scalar" && main.value !== null ? main.text.trim() : "";
  const refuse = (why: string, hint: string): CheckFault => ({ at: main.at, message: `"${kind}" ${why}`, hint });
  if (text === "")
    return refuse(main.kind === "scalar" ? "is empty" : `must be text; it is ${nameOf(main)}`, FORM_HINT);
  if (kind === "command")
    return /^[A-Za-z][A-Za-z0-9_-]*$/.test(text)
      ? { kind, name: text, timeout }
      : refuse(
          `must be a name of letters, digits, "-" and "_"; it is ${nameOf(main)}`,
          'Name a command that the server is started with, like --command test="bun test"; a program is for "run"',
        );
  const path = pathFault(text);
  if (path !== null) return refuse(`is "${oneLine(text, 80)}", which ${path}`, PATH_HINT);
  if (kind === "changed") {
    const glob = globFault(text);
    return glob === null ? { kind, glob: text } : refuse(`is "${oneLine(text, 80)}", which ${glob}`, GLOB_HINT);
  }
  if (/^(\.\/*)+$/.test(text)) return refuse("is the project itself", PATH_HINT);
  if (text.includes("*")) return refuse(`is "${oneLine(text, 80)}", which holds "*"`, FILE_HINT);
  return { kind, path: text };
}

const PATH_HINT = 'Name it relative to the project, with forward slashes and without "..", like "docs/plan.md"';

const GLOB_HINT = 'Git knows *, **, ? and [abc] here; write one glob that takes in all that counts, like "src/**"';
const FILE_HINT = 'Name one file, like "docs/plan.md"; globs are for "changed"';

/** Why git would find nothing by the glob, ever, or something else than it says; null where it may. */
function globFault(glob: string): string | null {
  if (/^[:!]/.test(glob)) return `begins with "${glob[0]}"`;
  return /[{}]/.test(glob) ? "holds braces, and git takes them as they are" : null;
}

/** Why the path may not be looked at, or null. */
function pathFault(path: string): string | null {
  if (path.includes("\0")) return "holds a NUL character";
  if (path.includes("\\")) return "holds a backslash";
  if (/^(?:\/|~\/|~$|[A-Za-z]:)/.test(path)) return "is not relative to the project";
  return path.split("/").includes("..") ? 'holds ".."' : null;
}

function readRun(main: Yaml, { timeout, shell }: { timeout: number; shell: boolean }): Check | CheckFault {
  const refuse = (why: string, hint: string): CheckFault => ({ at: main.at, message: `"run" ${why}`, hint });
  if (main.kind === "map") return refuse("must be text or a list of words; it is a mapping", RUN_HINT);
  if (main.kind === "list") {
    if (shell) return refuse('is a list, and "shell: true" needs text', 'Write it as text, or remove "shell"');
    const words = main.items.flatMap((word) => (word.kind === "scalar" ? [word.text] : []));
    if (words.length < main.items.length) return refuse("must hold words alone", RUN_HINT);
    if (!words[0]?.trim()) return refuse("names no program", RUN_HINT);
    if (words.some((word) => word.includes("\0"))) return refuse("holds a NUL character", RUN_HINT);
    return { kind: "run", text: words.map(quoteWord).join(" "), words, timeout };
  }
  const text = main.text.trim();
  if (text === "" || main.value === null) return refuse("names no program", RUN_HINT);
  if (text.includes("\0")) return refuse("holds a NUL character", RUN_HINT);
  if (shell) return { kind: "run", text, words: ["/bin/sh", "-c", text], timeout };
  const split = /[\r\n]/.test(text) ? { fault: "it has more than one line" } : splitCommand(text);
  if ("fault" in split)
    return refuse(
      `cannot be started without a shell: ${split.fault}`,
      'Set "shell: true" beside it, or write a list of words, like [bun, test]',
    );
  return { kind: "run", text, words: split.words, timeout };
}

const RUN_HINT = 'Write the program and its arguments, like "run: bun test" or "run: [bun, test]"';

function quoteWord(word: string): string {
  return /^[^\s"']+$/.test(word) ? word : JSON.stringify(word);
}

function readTimeout(kind: Kind, item: YamlMap): number | CheckFault {
  const yaml = valueUnder(item, "timeout");
  if (!yaml) return DEFAULT_TIMEOUT_S;
  if (kind !== "run" && kind !== "command")
    return { at: yaml.at, message: `"timeout" has no meaning for "${kind}"`, hint: "Remove it" };
  const value = yaml.kind === "scalar" ? yaml.value : null;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_TIMEOUT_S) return value;
  const message = `"timeout" must be whole seconds from 1 to ${MAX_TIMEOUT_S}; it is ${nameOf(yaml)}`;
  return {
    at: yaml.at,
    message,
    hint: `Write the seconds, like "timeout: 120"; without it, ${DEFAULT_TIMEOUT_S} are given`,
  };
}

function readShell(kind: Kind, item: YamlMap): boolean | CheckFault {
  const yaml = valueUnder(item, "shell");
  if (!yaml) return false;
  if (kind !== "run") return { at: yaml.at, message: `"shell" has no meaning for "${kind}"`, hint: "Remove it" };
  const value = yaml.kind === "scalar" ? yaml.value : null;
  if (typeof value === "boolean") return value;
  return { at: yaml.at, message: `"shell" must be true or false; it is ${nameOf(yaml)}`, hint: "Write: shell: true" };
}

function valueUnder(item: YamlMap, wanted: string): Yaml | undefined {
  return item.entries.find(({ key }) => key === wanted)?.value;
}
