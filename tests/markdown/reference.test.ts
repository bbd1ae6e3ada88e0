/** docs/front-matter.md: it has every key, and what it shows can be loaded. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { INDEX_KEYS, STEP_KEYS } from "../../src/markdown/extra-keys.ts";
import { parseIndexWith, placesOf, STEP } from "./support.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/front-matter.md"), "utf8");
const sections = page.split(/^### /m).slice(1);
const LINKS =
  "- [A](a.md)\n- [Commit Changes](b.md)\n- [Attempt Auto Fix](b.md)\n- [Merge](b.md)\n- [Escalate](b.md)\n- [Rework](b.md)\n";

test("the page has a section for every key, and no other", () => {
  const titles = sections.map((section) => section.split("\n", 1)[0] ?? "");
  expect(titles).toEqual([...new Set([...STEP_KEYS, ...INDEX_KEYS])]);
  for (const key of titles) expect(page).toContain(`[\`${key}\`](#${key})`);
});

test.each(sections.flatMap((section) => [...section.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml = ""]) => yaml)))(
  "what it shows is taken: %j",
  (yaml) => {
    const isIndex = /^(?:description|inputs|outputs)/.test(yaml);
    // A server step needs a rule for what follows, and a section that is declared must be there.
    const next = /^run/.test(yaml) && !/^next/m.test(yaml) ? "next: FINISH\n" : "";
    const front = `---\n${next}${yaml}---\n`;
    const own = yaml.startsWith("sections") ? "# Background\nx\n" : "";
    const text = yaml.startsWith("uses") ? "# Orchestrator Guidance\nGo on.\n" : STEP;
    const files = { "W/a.md": (isIndex ? "" : front) + text + own };
    expect(placesOf(parseIndexWith((isIndex ? front : "") + LINKS, files))).toEqual([]);
  },
);
