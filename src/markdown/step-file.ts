/** A step's file: its level-1 sections. Does not know the other steps. */
import { jsonText } from "../json.ts";
import { MAX_INSTRUCTIONS, MAX_INSTRUCTIONS_SENT, type Section } from "../workflow.ts";
import type { Heading, MarkdownDocument } from "./blocks.ts";
import type { Expanded } from "./includes.ts";
import { countLineBreaks, sliceText } from "./lines.ts";
import { checkStepPlaces } from "./misplaced.ts";
import { checkOwnSections, GUIDANCE, INSTRUCTIONS, JOIN, type OwnSection, ROUTES } from "./own-sections.ts";
import { nearest, type Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { reportNearRoutes } from "./routes-doubt.ts";
import { type PlacedRoute, parseRoutes } from "./routes-section.ts";
import { titleKey } from "./titles.ts";

export interface StepFile {
  guidance: string;
  /** What is handed to an agent: Client Instructions, or Join Instructions of a branch step; empty if it has none. */
  instructions: string;
  /** The line of the document in which the instructions begin. */
  instructionsLine: number;
  sections: Section[];
  routes: PlacedRoute[];
}

interface Part {
  heading: Heading;
  start: number;
  end: number;
  text: string;
  /** The line in which the text begins. */
  line: number;
}

const OWN_KEYS: ReadonlySet<string> = new Set([GUIDANCE, INSTRUCTIONS, JOIN, ROUTES].map(titleKey));

/** What the step says; what is wrong with it becomes problems, and a missing text is empty. */
export function parseStep(
  document: MarkdownDocument,
  { path, ownSections, isBranched }: { path: string; ownSections: readonly OwnSection[]; isBranched: boolean },
  source: Expanded,
  reading: Reading,
): StepFile {
  const parts = partsOf(document);
  const top = parts.map(({ heading }) => heading);
  checkStepPlaces(document, source, reading);
  checkOwnSections(top, ownSections, source, reading);
  reportNearRoutes(document, ownSections, source, reading);
  const only = (title: string) => onlyPart(title, parts, source, reading);
  const required = (title: string): Part | undefined => {
    const part = only(title);
    if (!part && source.complete) reportMissing(title, document, { file: path, source, reading });
    if (part?.text === "") reportEmpty(part, "Write its text, or correct the next heading's level", source, reading);
    return part;
  };
  const guidance = required(GUIDANCE)?.text ?? "";
  const told = isBranched ? only(JOIN) : required(INSTRUCTIONS);
  if (isBranched && told?.text === "") reportEmpty(told, "Write its text, or remove the heading", source, reading);
  const idle = only(isBranched ? INSTRUCTIONS : JOIN);
  if (idle) reportIdle(idle, isBranched, source, reading);
  const instructions = told?.text ?? "";
  if (told) reportTooLong(told, source, reading);
  const sections = parts
    .filter(({ heading }) => !OWN_KEYS.has(titleKey(heading.title)))
    .map(({ heading, text }) => ({ title: heading.title, text }));
  const routesPart = only(ROUTES);
  const routes = routesPart ? readRoutes(routesPart, document, source, reading) : [];
  return { guidance, instructions, instructionsLine: told?.line ?? 1, sections, routes };
}

function readRoutes(part: Part, document: MarkdownDocument, source: Expanded, reading: Reading): PlacedRoute[] {
  const before = reading.problems.all.length;
  const routes = parseRoutes(document, part, source, reading);
  if (routes.length === 0 && reading.problems.all.length === before && source.complete)
    reportEmpty(part, "List routes, like `- otherwise → Step Name`, or remove the heading", source, reading);
  return routes;
}

/** Reports instructions that nobody is given. */
function reportIdle({ heading }: Part, isBranched: boolean, source: Expanded, reading: Reading): void {
  const add = (code: string, message: string, hint: string) =>
    reading.problems.add(code, source.origin(heading.line), { message, hint });
  if (isBranched)
    add(
      "INSTRUCTIONS_BESIDE_USES",
      `Branches do this step, and "${INSTRUCTIONS}" would be read as those of each branch`,
      `Remove the section: the workflow that is used says what to do; "# ${JOIN}" is for whoever combines the results`,
    );
  else
    add(
      "JOIN_WITHOUT_USES",
      `"${JOIN}" is about the results of branches, and this step has none`,
      `Add "uses" to the front matter, or write "# ${INSTRUCTIONS}"`,
    );
}

/** Reports instructions that are too long: they would be cut at their end, where the exceptions stand. */
function reportTooLong({ heading, text: instructions }: Part, source: Expanded, reading: Reading): void {
  const bytes = Buffer.byteLength(instructions);
  const sent = Buffer.byteLength(jsonText(instructions));
  if (bytes <= MAX_INSTRUCTIONS && sent <= MAX_INSTRUCTIONS_SENT) return;
  const size =
    bytes > MAX_INSTRUCTIONS
      ? `has ${bytes} bytes, and at most ${MAX_INSTRUCTIONS} are`
      : `takes ${sent} bytes as JSON, and at most ${MAX_INSTRUCTIONS_SENT} are`;
  reading.problems.add("INSTRUCTIONS_TOO_LONG", source.origin(heading.line), {
    message: `"${heading.title}" ${size} handed out whole`,
    hint: "Divide the step, or let it name a file that the agent reads itself",
  });
}

function partsOf({ text, headings }: MarkdownDocument): Part[] {
  const top = headings.filter(({ level }) => level === 1);
  return top.map((heading, index) => {
    const end = top[index + 1]?.start ?? text.length;
    const own = sliceText(text, heading.end, end);
    const line = heading.line + countLineBreaks(text.slice(heading.start, text.indexOf(own, heading.end)));
    return { heading, start: heading.end, end, text: own, line };
  });
}

function onlyPart(title: string, parts: readonly Part[], source: Expanded, reading: Reading): Part | undefined {
  const [first, ...others] = parts.filter(({ heading }) => titleKey(heading.title) === titleKey(title));
  for (const { heading } of others)
    reading.problems.add("SECTION_DUPLICATE", source.origin(heading.line), {
      message: `The section "${title}" stands here for the second time`,
      hint: `Merge it into the first, at line ${source.origin(first?.heading.line ?? 1).line}`,
    });
  return first;
}

function reportEmpty(part: Part, hint: string, source: Expanded, reading: Reading): void {
  const message = `The section "${part.heading.title}" is empty`;
  reading.problems.add("SECTION_EMPTY", source.origin(part.heading.line), { message, hint });
}

function reportMissing(
  title: string,
  { headings }: MarkdownDocument,
  place: { file: string; source: Expanded; reading: Reading },
): void {
  const deeper = headings.find((heading) => titleKey(heading.title) === titleKey(title));
  const others = headings.filter((heading) => !OWN_KEYS.has(titleKey(heading.title)));
  const near = nearest(
    title,
    others.map((heading) => heading.title),
  );
  const similar = deeper ?? others.find((heading) => heading.title === near);
  const at: Origin = similar ? place.source.origin(similar.line) : { file: place.file, line: 1 };
  place.reading.problems.add("SECTION_MISSING", at, {
    message: `The level-1 section "${title}" is missing`,
    hint: deeper && place.source.include(deeper.line) ? SUNK_HINT(title) : missingHint(title, deeper, near),
  });
}

const SUNK_HINT = (title: string) =>
  `Write "# ${title}" in the step's own file: the headings of an include sink below the section that includes it`;

function missingHint(title: string, deeper: Heading | undefined, near: string | undefined): string {
  if (deeper) return `Make the heading "${deeper.title}" a level-1 heading: "# ${title}"`;
  if (near !== undefined) return `Did you mean "# ${title}" by the heading "${near}"?`;
  return `Add a heading "# ${title}" with text under it`;
}
