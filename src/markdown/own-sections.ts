/** Level-1 headings of a step that are the author's own: declared by `sections`, so that no pasted heading cuts a text short. */
import { oneLine } from "../words.ts";
import { nameOf } from "../written.ts";
import type { Heading } from "./blocks.ts";
import type { Expanded } from "./includes.ts";
import { nearest, type Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { titleKey } from "./titles.ts";
import type { Yaml } from "./yaml.ts";

/** A title of `sections` and where it stands. */
export interface OwnSection {
  title: string;
  at: Origin;
}

export const GUIDANCE = "Orchestrator Guidance";
export const INSTRUCTIONS = "Client Instructions";
export const JOIN = "Join Instructions";
export const ROUTES = "Routes";

/** The level-1 headings that need no declaration. */
const KNOWN = ["Goal", "Context Expectations", GUIDANCE, INSTRUCTIONS, JOIN, ROUTES];
const KNOWN_KEYS: ReadonlySet<string> = new Set(KNOWN.map(titleKey));

/** The titles of `sections`; what is wrong becomes problems. */
export function parseOwnSections(yaml: Yaml | undefined, reading: Reading): OwnSection[] {
  if (!yaml) return [];
  const refuse = (at: Origin, message: string): [] => {
    const hint = 'List the titles of level-1 headings, like "sections: [Background]"';
    reading.problems.add("SECTIONS_INVALID", at, { message, hint });
    return [];
  };
  const items = yaml.kind === "list" ? yaml.items : [yaml];
  if (items.length === 0) return refuse(yaml.at, '"sections" is empty');
  return items.flatMap((item) => {
    const title = item.kind === "scalar" && item.value !== null ? item.text.trim() : "";
    if (title === "") return refuse(item.at, `"sections" must hold titles of headings; here it is ${nameOf(item)}`);
    if (KNOWN_KEYS.has(titleKey(title)))
      return refuse(item.at, `"sections" names "${oneLine(title, 80)}", which needs no declaration`);
    return [{ title, at: item.at }];
  });
}

/** Reports headings that end what is handed to an agent without being known or declared, and declared ones that do not exist. */
export function checkOwnSections(
  top: readonly Heading[],
  own: readonly OwnSection[],
  source: Expanded,
  reading: Reading,
): void {
  const declared = new Set(own.map(({ title }) => titleKey(title)));
  const isForeign = ({ title }: Heading) => !KNOWN_KEYS.has(titleKey(title)) && !declared.has(titleKey(title));
  let ended: string | undefined;
  for (const heading of top) {
    if (reading.problems.isFull) return;
    if (ended !== undefined && isForeign(heading)) reportForeign(heading, ended, source, reading);
    else ended = [INSTRUCTIONS, JOIN].find((title) => titleKey(title) === titleKey(heading.title));
  }
  const present = new Set(top.map(({ title }) => titleKey(title)));
  for (const { title, at } of own)
    if (!present.has(titleKey(title)) && source.complete)
      reading.problems.add("SECTIONS_INVALID", at, {
        message: `"sections" names "${oneLine(title, 80)}", and no level-1 heading says so`,
        hint: nearestHint(title, top),
      });
}

function reportForeign({ title, line }: Heading, ended: string, source: Expanded, reading: Reading): void {
  const shown = oneLine(title, 80);
  const near = nearest(title, KNOWN, Math.min(3, Math.floor(title.length / 3)));
  const guess = near ? `Did you mean "# ${near}"? If not, write` : "Write";
  reading.problems.add("SECTION_UNKNOWN", source.origin(line), {
    message: `The level-1 heading "${shown}" ends "${ended}": what follows it is not handed to the agent`,
    hint: `${guess} "## ${shown}" to hand it out with the instructions; if it is a section of your own, say so in the front matter: "sections: [${shown}]"`,
  });
}

function nearestHint(title: string, top: readonly Heading[]): string {
  const near = nearest(
    title,
    top.map((heading) => heading.title),
  );
  return near ? `Did you mean "${near}"?` : `Add a heading "# ${oneLine(title, 80)}", or remove the title`;
}
