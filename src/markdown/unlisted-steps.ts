/** Files that are written like steps and linked in index.md, but not among its steps: legal, and mostly not meant. */
import { posix } from "node:path";
import type { MarkdownDocument } from "./blocks.ts";
import type { Expanded } from "./includes.ts";
import { readTarget, type StepLink } from "./index-file.ts";
import { linksIn, listItems } from "./list-items.ts";
import { INSTRUCTIONS } from "./own-sections.ts";
import type { Reading } from "./reading.ts";

/** Warns of each list item of the index that links to a step's file, where no step does. */
export function warnOfUnlisted(
  document: MarkdownDocument,
  steps: readonly StepLink[],
  source: Expanded,
  reading: Reading,
): void {
  const listed = new Set(steps.map(({ path }) => path));
  for (const { paragraphs } of listItems(document, document.blocks))
    for (const { link, line } of paragraphs.flatMap((inlines) => linksIn(inlines ?? []))) {
      const { kind, path, target } = readTarget(link.href);
      const file = posix.join(reading.directory, path);
      // Another workflow's may be meant as a reference, a private one's too.
      const isPrivate = [...reading.privates.keys()].some((name) => file.startsWith(`${name}/`));
      const isOwn = file.startsWith(`${reading.directory}/`) && !isPrivate;
      if (kind !== "step" || !isOwn || listed.has(file) || !looksLikeStep(file, reading)) continue;
      listed.add(file);
      reading.warnings.add("STEP_UNLISTED", source.origin(line), {
        message: `"${target}" is written like a step, and no item among the steps links to it: no run comes there`,
        hint: "Move the item into the list of steps, or remove it",
      });
    }
}

function looksLikeStep(file: string, { files }: Reading): boolean {
  const read = files.read(file);
  return read.ok && LIKE_STEP.test(read.text);
}

const LIKE_STEP = new RegExp(`^#[ \\t]+${INSTRUCTIONS}[ \\t]*$`, "im");
