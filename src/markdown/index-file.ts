/** index.md: the goal and the links to the steps. Does not look at the files that they lead to. */
import { posix } from "node:path";
import { type Block, decodeEntities, type Heading, type MarkdownDocument, plainText } from "./blocks.ts";
import { isMarkdown } from "./files.ts";
import type { Expanded } from "./includes.ts";
import { reportLeftOut } from "./left-out.ts";
import { sliceText } from "./lines.ts";
import { type Item, linksIn, listItems } from "./list-items.ts";
import type { Origin } from "./problems.ts";
import { OUTSIDE_HINT, type Reading } from "./reading.ts";
import { titleKey } from "./titles.ts";

/** A step as index.md names it. */
export interface StepLink {
  name: string;
  /** Relative to the definitions directory; may lead outside, or nowhere. */
  path: string;
  /** As the author wrote it. */
  target: string;
  at: Origin;
}

export interface IndexFile {
  goal: string;
  links: StepLink[];
}

const GOAL_TITLES: ReadonlySet<string> = new Set(["goal", "overallgoal"]);
const STEPS_TITLES: ReadonlySet<string> = new Set(["steps", "high-levelplan", "highlevelplan"]);

/** What index.md says; what is wrong with it becomes problems. */
export function parseIndex(document: MarkdownDocument, source: Expanded, reading: Reading): IndexFile {
  const stepsHeadings = document.headings.filter(({ title }) => STEPS_TITLES.has(titleKey(title)));
  const inSection = stepsHeadings.length > 0;
  const blocks = inSection ? blocksUnder(stepsHeadings, document) : document.blocks;
  const links: StepLink[] = [];
  let firstList: Block | undefined;
  const stepItems = new Set<Item>();
  const items = listItems(document, blocks);
  for (const item of items) {
    const found = readItem(item, { inSection, isNote: isBelow(item, stepItems) }, source, reading);
    if (!found) continue;
    stepItems.add(item);
    firstList ??= item.block;
    links.push(...found);
  }
  const around = { document, headings: stepsHeadings, blocks: inSection ? blocks : blocksFrom(firstList, document) };
  if (links.length > 0) reportLeftOut({ ...around, items, stepItems }, source, reading);
  if (links.length === 0 && source.complete && stepItems.size === 0)
    reportNoSteps(document, stepsHeadings, source, reading);
  return { goal: goalOf(document, { steps: stepsHeadings, firstList }), links };
}

/** The item's step; undefined if the item is no step, empty if it is a faulty one. */
function readItem(
  item: Item,
  place: { inSection: boolean; isNote: boolean },
  source: Expanded,
  reading: Reading,
): StepLink[] | undefined {
  const add = (code: string, line: number, message: string, hint: string): [] => {
    reading.problems.add(code, source.origin(line), { message, hint });
    return [];
  };
  if (item.paragraphs.includes(undefined))
    return add("PARAGRAPH_TOO_LONG", item.line, "A list item is too long to be read", "Move its text into the step");
  const links = item.paragraphs
    .flatMap((inlines) => linksIn(inlines ?? []))
    .map(({ link, line }) => ({ ...readTarget(link.href), name: plainText(link.tokens), line, bare: link.autolink }));
  const [step, second] = links.filter(({ kind }) => kind === "step");
  if (step && second)
    return add(
      "STEP_LINK_AMBIGUOUS",
      second.line,
      `A list item links to two steps, "${step.target}" and "${second.target}"`,
      "Give each step a list item of its own",
    );
  if (step) return readStep(step, source.origin(step.line), reading);
  const wrong = links.find(({ kind, path, bare }) => {
    if (kind === "absolute") return place.inSection || isMarkdown(path);
    return place.inSection && !place.isNote && (!bare || isMarkdown(path));
  });
  if (!wrong) return undefined;
  return add(
    "STEP_LINK_INVALID",
    wrong.line,
    `A step must be a relative link to a .md file, and "${wrong.target}" is ${WRONG_KINDS[wrong.kind]}`,
    wrong.kind === "absolute" ? OUTSIDE_HINT : 'Link to the step\'s file, like "[Build](steps/build.md)"',
  );
}

const WRONG_KINDS = { step: "", remote: "a URL", absolute: "an absolute path", other: "another kind of file" } as const;

function readStep(step: { name: string; path: string; target: string }, at: Origin, reading: Reading): StepLink[] {
  const { name, target } = step;
  if (name !== "") return [{ name, target, at, path: posix.join(reading.directory, step.path) }];
  reading.problems.add("STEP_NAME_MISSING", at, {
    message: `The link to "${target}" has no text, and its text names the step`,
    hint: `Write "[Name of the step](${target})"`,
  });
  return [];
}

interface Target {
  kind: keyof typeof WRONG_KINDS;
  /** Decoded, without query and fragment. */
  path: string;
  target: string;
}

/** Where a link of the index leads, by its look alone. */
export function readTarget(href: string): Target {
  const target = decodeEntities(href).trim();
  const path = decodePercent(target.replace(/[?#].*$/s, ""));
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return { kind: "remote", path, target };
  if (target.startsWith("/")) return { kind: "absolute", path, target };
  return { kind: isMarkdown(path) ? "step" : "other", path, target };
}

function decodePercent(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isBelow(item: Item, ancestors: ReadonlySet<Item>): boolean {
  for (let at = item.parent; at; at = at.parent) if (ancestors.has(at)) return true;
  return false;
}

function blocksUnder(headings: readonly Heading[], document: MarkdownDocument): Block[] {
  const openers = new Map(headings.map(({ start, level }) => [start, level]));
  const levels = new Map(document.headings.map(({ start, level }) => [start, level]));
  let open: number | undefined;
  return document.blocks.filter(({ start }) => {
    const level = levels.get(start);
    if (open !== undefined && level !== undefined && level <= open) open = undefined;
    if (open !== undefined) return true;
    open = openers.get(start);
    return false;
  });
}

/** Without a steps heading: from the first list of steps to the next heading. */
function blocksFrom(list: Block | undefined, { blocks, headings }: MarkdownDocument): Block[] {
  if (!list) return [];
  const end = headings.find(({ start }) => start > list.start)?.start ?? Number.POSITIVE_INFINITY;
  return blocks.filter(({ start }) => start >= list.start && start < end);
}

/** Where the next heading of the same or a higher level begins, or the next one of `alsoEnds`. */
function sectionEnd(heading: Heading, document: MarkdownDocument, alsoEnds: readonly Heading[] = []): number {
  const next = document.headings.find(
    (other) => other.start > heading.start && (other.level <= heading.level || alsoEnds.includes(other)),
  );
  return next?.start ?? document.text.length;
}

function goalOf(document: MarkdownDocument, list: { steps: readonly Heading[]; firstList: Block | undefined }): string {
  const { text, headings } = document;
  const goal = headings.find(({ title }) => GOAL_TITLES.has(titleKey(title)));
  if (goal) {
    const end = sectionEnd(goal, document, list.steps);
    const listStart = list.firstList?.start ?? end;
    return sliceText(text, goal.end, listStart > goal.start ? Math.min(listStart, end) : end);
  }
  const [first] = headings;
  const ends = [list.steps.find((heading) => heading !== first)?.start, list.firstList?.start];
  const end = Math.min(...ends.map((each) => each ?? text.length));
  const start = first && first.end <= end ? first.end : 0;
  return sliceText(text, start, end);
}

function reportNoSteps(
  document: MarkdownDocument,
  stepsHeadings: readonly Heading[],
  source: Expanded,
  reading: Reading,
): void {
  const [heading] = stepsHeadings;
  const message = heading
    ? `No list item under "${heading.title}" links to a .md file`
    : "No list item links to a .md file, so the workflow has no steps";
  const elsewhere = listItems(document, document.blocks).find(({ paragraphs }) =>
    paragraphs.some((inlines) => linksIn(inlines ?? []).some(({ link }) => readTarget(link.href).kind === "step")),
  );
  const hint = elsewhere
    ? `Move the list of line ${source.origin(elsewhere.line).line} under that heading`
    : 'List the steps, like "1. [Build](steps/build.md)"';
  reading.problems.add("STEPS_MISSING", source.origin(heading?.line ?? 1), { message, hint });
}
