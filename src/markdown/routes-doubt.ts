/** Headings that nearly say Routes: without the exact one, the agent or a model decides, which their author did not mean. */
import { distance } from "fastest-levenshtein";
import type { Token } from "marked";
import { oneLine } from "../words.ts";
import { type Block, type Heading, type MarkdownDocument, plainText } from "./blocks.ts";
import type { Expanded } from "./includes.ts";
import { type OwnSection, ROUTES } from "./own-sections.ts";
import type { Reading } from "./reading.ts";
import { routesIn } from "./routes-section.ts";
import { titleKey } from "./titles.ts";

/**
 * Most such headings in one file that are looked at: nobody writes more, and each costs a look at what stands below it.
 */
const MAX_LOOKED_AT = 50;

/** Reports them; declared titles are the author's own. */
export function reportNearRoutes(
  document: MarkdownDocument,
  own: readonly OwnSection[],
  source: Expanded,
  reading: Reading,
): void {
  const declared = new Set(own.map(({ title }) => titleKey(title)));
  let left = MAX_LOOKED_AT;
  for (const block of document.blocks) {
    const title = titleOf(document, block);
    if (title === undefined || !isNear(title) || declared.has(titleKey(title))) continue;
    if (left-- === 0) return;
    const isExact = titleKey(title) === titleKey(ROUTES);
    if ((isExact && levelOf(block) === 1) || !isMeant(document, block, { isExact, source })) continue;
    const shown = oneLine(title, 80);
    const otherwise =
      levelOf(block) === 1
        ? `declare it: "sections: [${shown}]"`
        : `give it another name${source.include(block.line) ? "; headings of an include sink below the section that includes it" : ""}`;
    reading.problems.add("ROUTES_NEARLY", source.origin(block.line), {
      message: `"${shown}" nearly says "# ${ROUTES}", and what stands below it decides nothing`,
      hint: `Are these the step's routes? Then write "# ${ROUTES}" in the step's own file. If not, ${otherwise}`,
    });
  }
}

/** Headings, and paragraphs and HTML that stand in for one. */
function titleOf(document: MarkdownDocument, { token }: Block): string | undefined {
  switch (token.type) {
    case "heading":
    case "paragraph": {
      if (token.raw.length > 100) return undefined;
      return plainText(document.inline(token) ?? []);
    }
    case "html":
      return token.raw.length > 100 ? undefined : token.raw.replace(/<[^>]*>/g, " ").trim();
    default:
      return undefined;
  }
}

/** Letters alone count: `➡ Routes`, `#Routes`, `Routing rules`, `Ruotes`. */
function isNear(title: string): boolean {
  const key = title.toLowerCase().replace(/[^\p{L}]/gu, "");
  const isTwisted = key.startsWith("r") && [...key].sort().join("") === "eorstu";
  return (
    isTwisted ||
    /^(?:the)?(?:next|step)?rout(?:e|es|ing)(?:rules?|table|to)?$/.test(key) ||
    distance(key, "routes") === 1
  );
}

/**
 * Whether the author may have meant routes: at level 1 always; deeper, or without a heading, it depends on what is
 * below.
 */
function isMeant(
  document: MarkdownDocument,
  block: Block,
  { isExact, source }: { isExact: boolean; source: Expanded },
): boolean {
  const level = levelOf(block);
  if (level === 1) return true;
  const section = { start: block.end, end: endOf(document, block, level) };
  if (routesIn(document, section).length > 0) return true;
  if (level === undefined || !isExact || source.include(block.line)) return false;
  return document.text.slice(section.start, section.end).trim() !== "";
}

function levelOf({ token }: Block): number | undefined {
  return isHeading(token) ? token.depth : undefined;
}

function endOf({ headings, text }: MarkdownDocument, { start }: Block, level = 6): number {
  const next = headings.find((heading: Heading) => heading.start > start && heading.level <= level);
  return next?.start ?? text.length;
}

function isHeading(token: Token): token is Token & { depth: number } {
  return token.type === "heading";
}
