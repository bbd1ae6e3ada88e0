/** One workflow from its files: parsed and validated as a whole, all of its problems collected. */
import type { JsonObject } from "../json.ts";
import { ENDS, FAIL, hashWorkflow, MAX_DEFINITION_BYTES, type Step, slugify, type Workflow } from "../workflow.ts";
import { type MarkdownDocument, MarkdownError, readMarkdown } from "./blocks.ts";
import { checkBranches } from "./branch-checks.ts";
import { checkDoer, checkLoops } from "./doers.ts";
import type { Files } from "./files.ts";
import { readFrontMatter } from "./front-matter.ts";
import { type Expanded, expandIncludes } from "./includes.ts";
import { parseIndexExtras } from "./index-extras.ts";
import { parseIndex, type StepLink } from "./index-file.ts";
import type { Judges } from "./judges.ts";
import { checkIndexPlaces } from "./misplaced.ts";
import type { ParseResult, Use } from "./parse-result.ts";
import { createProblemList, MAX_PROBLEMS } from "./problems.ts";
import { afterWork, type Reading, reportReadFailure } from "./reading.ts";
import { checkRoutes } from "./routes-section.ts";
import { sinkHeadings } from "./sink.ts";
import { inReadingOrder, withSource } from "./sources.ts";
import { checkNext, type PlacedExtras, parseStepExtras } from "./step-extras.ts";
import { parseStep, type StepFile } from "./step-file.ts";
import { checkTemplate } from "./template-extra.ts";
import { warnOfUnlisted } from "./unlisted-steps.ts";
import { placedUse, readPrivates } from "./uses.ts";
import { addWarnings } from "./warnings.ts";
import type { YamlMap } from "./yaml.ts";

/** A document of the workflow and the bytes that it takes with its includes. */
interface Source {
  document: MarkdownDocument;
  frontMatter: YamlMap | undefined;
  expanded: Expanded;
  bytes: number;
}

/**
 * Longest time for one workflow, by the clock and by what this process worked: a machine that is busy with others makes no
 * workflow a broken one. The largest that people write take a fiftieth of it.
 */
const MAX_READING_MS = 1_500;

/**
 * Reads `NAME/index.md` and what it leads to, private workflows included. Never throws, so that a broken workflow hides no
 * other.
 */
export function parseWorkflow(name: string, files: Files, judges: Judges): ParseResult {
  const privates = new Map<string, ParseResult>();
  const isOver = afterWork(MAX_READING_MS);
  const result = parseOne(name, { files, judges, isOver, privates, level: 0 });
  if (privates.size === 0) return result;
  if (result.ok) return { ...result, privates: Object.fromEntries(privates) };
  const others = [...privates.values()].flatMap((each) => (each.ok ? [] : each.problems));
  return { ok: false, problems: [...result.problems, ...others].slice(0, MAX_PROBLEMS + 1) };
}

function parseOne(name: string, shared: Omit<Reading, "directory" | "problems" | "warnings">): ParseResult {
  const problems = createProblemList();
  const warnings = createProblemList();
  const { files } = shared;
  const read = attempt(name, { ...shared, directory: name, problems, warnings });
  if (!read || problems.all.length > 0) return { ok: false, problems: withSource(inReadingOrder(problems.all), files) };
  const odd = withSource(inReadingOrder(warnings.all), files);
  const { workflow, uses } = read;
  return {
    ok: true,
    workflow,
    hash: hashWorkflow(workflow),
    ...(odd.length > 0 ? { warnings: odd } : {}),
    ...(uses.length > 0 ? { uses } : {}),
  };
}

/** A workflow with the places that only whoever knows the others can judge. */
interface Read {
  workflow: Workflow;
  uses: Use[];
}

function attempt(name: string, reading: Reading): Read | undefined {
  try {
    return readWorkflow(name, reading);
  } catch (error) {
    reading.problems.add(
      "PARSER_FAILED",
      { file: `${name}/index.md`, line: 1 },
      {
        message: `Reading the workflow "${name}" failed, which is a defect of this program: ${error}`,
        hint: "Please report it together with the workflow's files",
      },
    );
    return undefined;
  }
}

function readWorkflow(name: string, reading: Reading): Read | undefined {
  const path = `${name}/index.md`;
  const file = reading.files.read(path);
  if (!file.ok) {
    const at = { file: path, line: 1 };
    const subject = `Cannot read the workflow "${name}"`;
    reportReadFailure(file, reading, { path, at, kind: "INDEX", subject, context: "" });
    return undefined;
  }
  const source = openSource(path, file, reading);
  if (!source) return undefined;
  const { extras, template, outputsAt } = parseIndexExtras(source.frontMatter, reading);
  checkIndexPlaces(source.document, source.expanded, reading);
  const { goal, links } = parseIndex(source.document, source.expanded, reading);
  checkNames(links, reading);
  const steps = readSteps(links, { indexBytes: source.bytes, template }, reading);
  const names = links.map((link) => link.name);
  const placed = steps.map(({ link, content }) => {
    const { keys, routes } = content;
    return { step: toStep(link, content), at: link.at, keys, routes };
  });
  for (const [at, { content }] of steps.entries()) {
    checkRoutes(content.routes, { stepNames: names, isBranched: content.keys.has("uses") }, reading);
    checkNext(content, content.routes, names, reading);
    const written = placed[at];
    if (written) checkDoer(written, names, reading);
    if (written) checkBranches(written, placed, reading);
  }
  checkLoops(placed, reading);
  const named = steps.flatMap(({ content }) => content.branching?.uses ?? []);
  readPrivates(named, reading, (each) => parseOne(each, { ...reading, level: reading.level + 1 }));
  if (reading.problems.all.length === 0) {
    addWarnings(
      placed,
      { inputs: keysOf(extras.inputs), outputs: Object.keys(extras.outputs ?? {}), outputsAt },
      reading,
    );
    warnOfUnlisted(source.document, links, source.expanded, reading);
  }
  const uses = steps.flatMap(({ link, content }) => placedUse(link.name, content, reading) ?? []);
  return { workflow: { name, goal, ...extras, steps: placed.map(({ step }) => step) }, uses };
}

/** The context keys that `inputs` speaks of. */
function keysOf(inputs: JsonObject | undefined): string[] | undefined {
  if (!inputs) return undefined;
  const { properties, required } = inputs;
  const named = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  return [...named, ...(Array.isArray(required) ? required.map(String) : [])];
}

/** What a step's file holds. */
type Content = StepFile & PlacedExtras;

function toStep({ name, path }: StepLink, { guidance, instructions, sections, routes, extras }: Content): Step {
  const plainRoutes = routes.map(({ at: _at, ...route }) => route);
  return { name, slug: slugify(name), file: path, guidance, instructions, sections, routes: plainRoutes, ...extras };
}

/** A file that is linked more than once is parsed once, and counts as often as it is linked. */
function readSteps(
  links: readonly StepLink[],
  { indexBytes, template }: { indexBytes: number; template: Step["template"] },
  reading: Reading,
): { link: StepLink; content: Content }[] {
  const known = new Map<string, { content: Content; bytes: number } | undefined>();
  const steps: { link: StepLink; content: Content }[] = [];
  let bytes = indexBytes;
  for (const link of links) {
    if (reading.problems.isFull) break;
    if (!known.has(link.path)) known.set(link.path, readStep(link, template, reading));
    const step = known.get(link.path);
    if (!step) continue;
    bytes += step.bytes;
    if (bytes > MAX_DEFINITION_BYTES) {
      reading.problems.add("TOO_LARGE", link.at, {
        message: `With the step "${link.name}" the workflow exceeds ${MAX_DEFINITION_BYTES} bytes, includes expanded`,
        hint: "Shorten the steps, or let their instructions name files that the agent reads itself",
      });
      break;
    }
    steps.push({ link, content: step.content });
  }
  return steps;
}

function readStep(
  link: StepLink,
  ofAll: Step["template"],
  reading: Reading,
): { content: Content; bytes: number } | undefined {
  const { path, at, name } = link;
  const file = reading.files.read(path);
  if (!file.ok) {
    const subject = `Cannot read the step "${name}"`;
    reportReadFailure(file, reading, { path, at, kind: "STEP_FILE", subject, context: "" });
    return undefined;
  }
  const source = openSource(path, file, reading);
  if (!source) return undefined;
  const placed = parseStepExtras(source.frontMatter, reading);
  const { ownSections } = placed;
  const sections = parseStep(
    source.document,
    { path, ownSections, isBranched: placed.keys.has("uses") },
    source.expanded,
    reading,
  );
  const template = placed.extras.template ?? ofAll;
  if (template) checkTemplate(sections, source.expanded, reading);
  const extras = { ...placed.extras, ...(template ? { template } : {}) };
  return { content: { ...sections, ...placed, extras }, bytes: source.bytes };
}

function openSource(path: string, file: { ok: true; id: string; text: string }, reading: Reading): Source | undefined {
  const expanded = expandIncludes(path, file, reading);
  if (!expanded) return undefined;
  const { text, root } = readFrontMatter(expanded, reading);
  try {
    const asWritten = readMarkdown(text, reading.isOver);
    const sunk = sinkHeadings(asWritten, expanded);
    const document = sunk === undefined ? asWritten : readMarkdown(sunk, reading.isOver);
    return { document, frontMatter: root, expanded, bytes: Buffer.byteLength(expanded.text) };
  } catch (error) {
    if (!(error instanceof MarkdownError)) throw error;
    reading.problems.add("MARKDOWN_UNREADABLE", expanded.origin(error.line), {
      message: `"${path}" cannot be read as Markdown: ${error.message}`,
      hint: "Put long material into a code fence, or divide it by blank lines",
    });
    return undefined;
  }
}

function checkNames(links: readonly StepLink[], reading: Reading): void {
  const first = new Map<string, StepLink>();
  for (const link of links) {
    const { name, at } = link;
    if (ENDS.includes(name))
      reading.problems.add("STEP_NAME_RESERVED", at, {
        message: `No step may be named "${name}": that name ends the workflow`,
        hint: `Give the step another name, like "${name === FAIL ? "Report Failure" : "Finish Up"}"`,
      });
    const same = first.get(name);
    if (same)
      reading.problems.add("STEP_NAME_DUPLICATE", at, {
        message: `Two steps are named "${name}": the first stands in line ${same.at.line} of "${same.at.file}"`,
        hint: "Give each step a name of its own; two names may lead to the same file",
      });
    else first.set(name, link);
  }
}
