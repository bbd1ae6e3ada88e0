/** `approval` in a step's front matter: what a person is asked and shown before the step is handed out. Asks nobody itself. */
import { posix } from "node:path";
import { readPath } from "../check-kinds/forms.ts";
import { unfilledIn } from "../template.ts";
import { oneLine } from "../words.ts";
import type { Approval, Shown } from "../workflow.ts";
import { nameOf } from "../written.ts";
import { parseDuration, readFields } from "./fields.ts";
import { nearest } from "./problems.ts";
import type { Reading } from "./reading.ts";
import type { Yaml } from "./yaml.ts";

/** Most things that a person is shown. */
export const MAX_SHOWN = 20;
/** Longest question, in characters, before values are filled in. */
export const MAX_ASK = 1_000;

const APPROVAL = { name: "approval", code: "APPROVAL_INVALID" };
const KEYS = ["ask", "show", "expires", "denied"];
const HINT = 'Write "approval: true", or keys below it, like "approval: {show: [changes], denied: Step Name}"';
const NOBODY_HINT = "Remove the key: without it nobody is asked";

type Refuse = (at: Yaml, message: string, hint: string) => undefined;

/** What is wrong becomes problems. Whether `denied` is a step is for `checkDoer`. */
export function parseApproval(yaml: Yaml | undefined, reading: Reading): Approval | undefined {
  if (!yaml) return undefined;
  if (yaml.kind === "scalar" && yaml.value === true) return {};
  const refuse: Refuse = (at, message, hint) => {
    reading.problems.add(APPROVAL.code, at.at, { message, hint });
    return undefined;
  };
  if (yaml.kind !== "map")
    return refuse(
      yaml,
      `"approval" must be true, or a mapping of ${KEYS.join(", ")}; it is ${nameOf(yaml)}`,
      hintFor(yaml),
    );
  const fields = readFields(yaml, { ...APPROVAL, known: KEYS, hint: HINT }, reading);
  if (!fields) return undefined;
  const [ask, show, expires, denied] = KEYS.map((key) => fields.get(key));
  const asked = ask && readAsk(ask, refuse);
  const shown = show && readShow(show, refuse);
  const seconds = expires && parseDuration(expires, { ...APPROVAL, name: "expires" }, reading);
  const step = denied && readDenied(denied, refuse);
  return {
    ...(asked ? { ask: asked } : {}),
    ...(shown ? { show: shown } : {}),
    ...(seconds ? { expires: seconds } : {}),
    ...(step ? { denied: step } : {}),
  };
}

/** The way out for what is no mapping, by what was probably meant. */
function hintFor(yaml: Yaml): string {
  if (yaml.kind === "list" && yaml.items.every(({ kind }) => kind === "scalar"))
    return 'Say what a person is shown in "show", like "approval: {show: [changes]}"';
  const text = yaml.kind === "scalar" ? yaml.text.trim() : "";
  if (/^(?:yes|y|on|true)$/i.test(text)) return 'Write "approval: true", without quotes';
  if (/^(?:no|n|off|false|none|never|0)$/i.test(text)) return NOBODY_HINT;
  return /[ ?]/.test(text) ? `Write the question below it: ask: "${oneLine(text, 80)}"` : HINT;
}

function readAsk(yaml: Yaml, refuse: Refuse): string | undefined {
  const text = yaml.kind === "scalar" && typeof yaml.value === "string" ? yaml.value.trim() : "";
  if (text === "")
    return refuse(
      yaml,
      `"ask" must be a question in words; it is ${nameOf(yaml)}`,
      'Write one, like ask: "Deploy {{ context.version }}?", or leave it out',
    );
  if (text.length > MAX_ASK)
    return refuse(
      yaml,
      `"ask" has ${text.length} characters, and ${MAX_ASK} are the most`,
      'Ask in short; "show" has the rest',
    );
  const unfilled = unfilledIn(text);
  if (unfilled === undefined) return text;
  return refuse(
    yaml,
    `"ask" holds "${oneLine(unfilled, 80)}", and nothing is filled in there but {{ context.key }}`,
    "Name a context key alone, like {{ context.version }}; Liquid is for Client Instructions only",
  );
}

const SHOW_HINT =
  'List context keys, files of the project and "changes", like "show: [context.version, docs/a.md, changes]"';

function readShow(yaml: Yaml, refuse: Refuse): Shown[] | undefined {
  const items = yaml.kind === "list" ? yaml.items : [yaml];
  if (items.length === 0) return refuse(yaml, '"show" is empty', `${SHOW_HINT}, or leave it out`);
  if (items.length > MAX_SHOWN)
    return refuse(
      yaml,
      `"show" has ${items.length} items, and ${MAX_SHOWN} are the most`,
      "Leave out what matters least",
    );
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const shown = readShown(item);
    if ("why" in shown) return refuse(item, `"show" ${shown.why}`, shown.hint) ?? [];
    const known = JSON.stringify(shown);
    if (seen.has(known)) return refuse(item, `"show" names "${textOf(item)}" twice`, "Remove one of them") ?? [];
    seen.add(known);
    return [shown];
  });
}

interface Fault {
  why: string;
  hint: string;
}

const CHANGES = "changes";
const CONTEXT_PATH = /^context((?:\.[\p{L}\p{N}_$-]+)+)$/u;
const CONTEXT_LIKE = /^context(?:[.[]|$)/;
const CONTEXT_HINT =
  'Join the keys by dots, each of letters, digits, "_", "$" and "-", like "context.release.version"; begin a file\'s path with "./"';
const FILE_HINT = `Name one file, like "docs/plan.md"; "${CHANGES}" shows all that the run changed`;

function readShown(item: Yaml): Shown | Fault {
  const text = item.kind === "scalar" && typeof item.value === "string" ? item.text.trim() : "";
  if (text === "") return { why: `must name what is shown; here it is ${nameOf(item)}`, hint: SHOW_HINT };
  if (text === CHANGES) return { kind: "changes" };
  const [, keys] = CONTEXT_PATH.exec(text) ?? [];
  if (keys !== undefined) return { kind: "context", path: keys.slice(1).split(".") };
  return doubtOf(text) ?? readFile(text);
}

/** Why the text, read as a file's path, would not be what its author means. */
function doubtOf(text: string): Fault | undefined {
  const shown = oneLine(text, 80);
  const [, keys] = /^\{\{\s*(context\.[^\s{}]+)\s*\}\}$/.exec(text) ?? [];
  if (keys !== undefined) return { why: `takes no template values; here it is "${shown}"`, hint: `Write "${keys}"` };
  if (CONTEXT_LIKE.test(text)) return { why: `is "${shown}", which names no context key`, hint: CONTEXT_HINT };
  const ask = (meant: string): Fault => ({
    why: `names "${shown}", which is neither "${CHANGES}" nor a context key`,
    hint: `Did you mean "${meant}"? A file of that name is written "./${shown}"`,
  });
  const [, word = "", key = ""] = /^(\w[\w$-]*)((?:\.[\w$-]+)*)$/.exec(text) ?? [];
  if (key === "" && nearest(word, [CHANGES], 2)) return ask(CHANGES);
  if (key !== "" && !FILE_ENDING.test(key) && nearest(word, ["context"], 2)) return ask(`context${key}`);
  // Such files begin with a capital letter, like LICENSE; keys do not.
  return key === "" && /^[a-z]/.test(word) ? ask(`context.${word}`) : undefined;
}

/** What files end in, and keys hardly. */
export const FILE_ENDING = /\.(?:md|mdx|txt|rst|json|ya?ml|toml|csv|html?|css|[cm]?[jt]sx?|py|rs|go|java|sh|sql)$/i;

function readFile(text: string): Shown | Fault {
  const shown = oneLine(text, 80);
  if (/[\n\r]/.test(text)) return { why: `holds a line break: "${shown}"`, hint: SHOW_HINT };
  const path = readPath("show", { kind: "scalar", value: text, text });
  if (typeof path !== "string") return { why: path.why, hint: path.hint ?? FILE_HINT };
  const normal = posix.normalize(path);
  if (/[*?{}]|^[:!]/.test(path)) return { why: `is "${shown}", which is no path of one file`, hint: FILE_HINT };
  if (normal.endsWith("/") || normal === ".") return { why: `is "${shown}", which is a directory`, hint: FILE_HINT };
  // Written so, no file bears the name of something else that is shown.
  const isKeyword = normal === CHANGES || CONTEXT_LIKE.test(normal);
  return { kind: "file", path: isKeyword ? `./${normal}` : normal };
}

function readDenied(yaml: Yaml, refuse: Refuse): string | undefined {
  const name = yaml.kind === "scalar" && yaml.value !== null ? yaml.text.trim() : "";
  if (name !== "") return name;
  return refuse(
    yaml,
    `"denied" must be the name of a step; it is ${nameOf(yaml)}`,
    'Write one name, like "denied: Rework"; several ways need routes that name "approval", like `approval.denied`',
  );
}

function textOf(item: Yaml): string {
  return item.kind === "scalar" ? oneLine(item.text, 80) : "";
}
