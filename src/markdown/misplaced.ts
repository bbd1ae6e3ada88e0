/** Front matter, or keys of it, where nobody reads them; and what stands before a step's first section. */
import { oneLine } from "../words.ts";
import { type Block, isQuiet, type MarkdownDocument } from "./blocks.ts";
import { INDEX_KEYS, STEP_KEYS } from "./extra-keys.ts";
import type { Expanded } from "./includes.ts";
import type { Reading } from "./reading.ts";

const CODE = "FRONT_MATTER_MISPLACED";

/**
 * Reports what stands before a step's first level-1 heading, comments and thematic breaks aside, and keys further down.
 */
export function checkStepPlaces(document: MarkdownDocument, source: Expanded, reading: Reading): void {
  const first = document.headings.find(({ level }) => level === 1);
  if (!first || !source.complete) return;
  const before = document.blocks.filter(({ start, token }) => start < first.start && !isQuiet(token));
  const [block] = before;
  if (block) reportPreamble(block, before, source, reading);
  reportKeys(document, { from: first.start, keys: STEP_KEYS }, source, reading);
}

/** Reports front matter in another form at the top of index.md, and keys of it further down. */
export function checkIndexPlaces(document: MarkdownDocument, source: Expanded, reading: Reading): void {
  if (!source.complete) return;
  const top = document.headings[0]?.start ?? document.text.length;
  for (const block of document.blocks) {
    const form = block.start < top ? formOf(block.token.raw, [...INDEX_KEYS, ...STEP_KEYS]) : undefined;
    if (form) add(block, FORMS[form], source, reading);
  }
  // Prose may begin with "next:". But whoever wrote "approval:" counts on being asked.
  reportKeys(document, { from: 0, keys: [...INDEX_KEYS, "approval"] }, source, reading);
}

type Form = keyof typeof FORMS;

const FORMS = {
  toml: "Front matter in TOML is not read",
  fenced: "Front matter in a code fence is not read",
  json: "Front matter in JSON is not read",
  keys: "A key of the front matter is read at the top of the file only",
} as const;
const HINT = 'Write it as YAML at the top of the file, "key: value" lines between two lines "---"';

/** Characters of a block by which it is judged. */
const MAX_LOOKED_AT = 2_000;

/** Which front matter the block looks like; undefined if it is just text. */
function formOf(whole: string, keys: readonly string[]): Form | undefined {
  const raw = whole.slice(0, MAX_LOOKED_AT).trim();
  if (!/^["'+;`~{a-z]/.test(raw)) return undefined;
  const [first = "", ...rest] = raw.split("\n");
  const names = keys.join("|");
  if (/^(?:\+\+\+|;;;)\s*$/.test(first)) return "toml";
  if (/^(?:```|~~~)/.test(first))
    return rest.some((line) => new RegExp(`^\\s*"?(?:${names})"?\\s*[:=]`).test(line)) ? "fenced" : undefined;
  if (first.startsWith("{") && new RegExp(`"(?:${names})"\\s*:`).test(raw)) return "json";
  return new RegExp(`^["']?(?:${names})["']?\\s*:(?:\\s|$)`).test(first) ? "keys" : undefined;
}

/** One problem for all of it: it is one piece of text to the author. */
function reportPreamble(block: Block, all: readonly Block[], source: Expanded, reading: Reading): void {
  const forms = all.map(({ token }) => formOf(token.raw, [...STEP_KEYS, ...INDEX_KEYS]));
  const at = forms.findIndex((form) => form !== undefined);
  const form = forms[at];
  if (form) {
    add(all[at] ?? block, FORMS[form], source, reading);
    return;
  }
  const text = oneLine(block.token.raw, 80);
  reading.problems.add("TEXT_BEFORE_SECTIONS", source.origin(block.line), {
    message: `Nobody is given what stands before the first level-1 heading: "${text}"`,
    hint: 'Move it below a heading, such as "# Goal", or into a comment: <!-- … -->',
  });
}

/** Keys at the beginning of a paragraph, as in a second front matter. An include's text is not the author's own: it is left alone. */
function reportKeys(
  { blocks }: MarkdownDocument,
  { from, keys }: { from: number; keys: readonly string[] },
  source: Expanded,
  reading: Reading,
): void {
  for (const block of blocks) {
    const { token, start, line } = block;
    if (start < from || (token.type !== "paragraph" && token.type !== "heading") || source.include(line)) continue;
    const form = formOf(token.raw, keys);
    if (form) add(block, FORMS[form], source, reading);
  }
}

function add({ line, token }: Block, message: string, source: Expanded, reading: Reading): void {
  const shown = oneLine(token.raw, 80);
  reading.problems.add(CODE, source.origin(line), { message: `${message}: "${shown}"`, hint: HINT });
}
