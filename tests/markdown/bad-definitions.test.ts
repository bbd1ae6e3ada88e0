/** Every way in which a definition can be wrong: the problem's code and place, and that it names what is wrong and the way out. */
import { describe, expect, test } from "bun:test";
import { MAX_INLINE_CHARACTERS, MAX_PARAGRAPH_LINES } from "../../src/markdown/blocks.ts";
import { MAX_PROBLEMS } from "../../src/markdown/problems.ts";
import { MAX_DEFINITION_BYTES } from "../../src/workflow.ts";
import { parse, parseIndexWith, placesOf, problemsOf, routedStep, STEP } from "./support.ts";

interface Case {
  what: string;
  index?: string;
  files?: Record<string, string>;
  /** `CODE file:line` of each problem, in order. */
  problems: string[];
  /** Must stand in message and hint of the first. */
  says?: (string | RegExp)[];
}

const INDEX = "- [A](a.md)\n- [B](b.md)\n";
const step = (text: string) => ({ "W/a.md": text });

const CASES: Case[] = [
  {
    what: "no steps",
    index: "# W\nNothing.\n",
    problems: ["STEPS_MISSING W/index.md:1"],
    says: ["no steps", "[Build](steps/build.md)"],
  },
  { what: "an empty file", index: "", problems: ["STEPS_MISSING W/index.md:1"] },
  {
    what: "a steps heading with the list elsewhere",
    index: "# W\n\n- [A](a.md)\n\n# Steps:\n\nSee above.\n",
    problems: ["STEPS_MISSING W/index.md:5"],
    says: ['"Steps:"', "line 3"],
  },
  {
    what: "a step whose file is missing, with a near name",
    index: "# Steps\n\n1. [A](a.md)\n2. [C](step/c%20d.md)\n",
    problems: ["STEP_FILE_MISSING W/index.md:4"],
    says: ['step "C"', '"W/step/c d.md"', 'Did you mean "<steps/c d.md>"?'],
  },
  {
    what: "a step whose file is missing, with nothing near",
    index: "- [A](elsewhere/quite-different.md)\n",
    problems: ["STEP_FILE_MISSING W/index.md:1"],
    says: ['Create "W/elsewhere/quite-different.md"'],
  },
  {
    what: "a step outside the definitions directory",
    index: "- [A](../../etc/a.md)\n",
    problems: ["STEP_FILE_OUTSIDE W/index.md:1"],
    says: ['step "A"', "outside the definitions directory"],
  },
  {
    what: "a URL as step",
    index: "# Steps\n- [A](a.md)\n- [B](https://x.test/b.md)\n",
    problems: ["STEP_LINK_INVALID W/index.md:3"],
    says: ['"https://x.test/b.md"', "a URL", "[Build](steps/build.md)"],
  },
  {
    what: "a bare URL of a Markdown file as step",
    index: "# Steps\n- https://x.test/b.md\n",
    problems: ["STEP_LINK_INVALID W/index.md:2"],
  },
  {
    what: "an absolute path as step",
    index: "# Steps\n- [B](/W/b.md)\n",
    problems: ["STEP_LINK_INVALID W/index.md:2"],
    says: ["absolute path"],
  },
  {
    what: "an absolute path without a steps heading",
    index: "- [A](a.md)\n- [B](/W/b.md)\n",
    problems: ["STEP_LINK_INVALID W/index.md:2"],
  },
  {
    what: "another kind of file as step",
    index: "# Steps\n- [A](a.txt)\n",
    problems: ["STEP_LINK_INVALID W/index.md:2"],
    says: ['"a.txt"'],
  },
  {
    what: "two steps in one item",
    index: "# Steps\n- [A](a.md) and\n  [B](b.md)\n",
    problems: ["STEP_LINK_AMBIGUOUS W/index.md:3"],
    says: ['"a.md"', '"b.md"', "list item of its own"],
  },
  {
    what: "a link without text",
    index: "- x\n- [ ](a.md)\n",
    problems: ["STEP_NAME_MISSING W/index.md:2"],
    says: ['"a.md"'],
  },
  {
    what: "two steps of one name",
    index: "- [A](a.md)\n- [B](b.md)\n  - [*A*](b.md)\n",
    problems: ["STEP_NAME_DUPLICATE W/index.md:3"],
    says: ['"A"', "line 1"],
  },
  {
    what: "the reserved name",
    index: "- [A](a.md)\n- [FINISH](b.md)\n",
    problems: ["STEP_NAME_RESERVED W/index.md:2"],
    says: ['"FINISH"'],
  },
  {
    what: "a list item beyond all measure",
    index: `- ${"x ".repeat(MAX_INLINE_CHARACTERS)}[A](a.md)\n- [B](b.md)\n`,
    problems: ["PARAGRAPH_TOO_LONG W/index.md:1"],
  },
  {
    what: "an unknown key in the index's front matter",
    index: `---\nx: 1\n---\n${INDEX}- [C](no.md)\n`,
    problems: ["FRONT_MATTER_UNKNOWN_KEY W/index.md:2", "STEP_FILE_MISSING W/index.md:6"],
    says: ["front matter", '"x"', "description, inputs"],
  },
  {
    what: "an empty list in a step's front matter",
    files: step(`---\nchecks: []\n...\n${STEP}# Routes\n- x\n`),
    problems: ["CHECK_INVALID W/a.md:2", "ROUTE_SYNTAX W/a.md:9"],
  },
  {
    what: "a step without its sections",
    files: step("Do it.\n"),
    problems: ["SECTION_MISSING W/a.md:1", "SECTION_MISSING W/a.md:1"],
    says: ['"Orchestrator Guidance"', '"# Orchestrator Guidance"'],
  },
  {
    what: "a section one level too deep",
    files: step("# Orchestrator Guidance\ng\n\n## Client Instructions\ni\n"),
    problems: ["SECTION_MISSING W/a.md:4"],
    says: ['"Client Instructions" is missing', 'level-1 heading: "# Client Instructions"'],
  },
  {
    what: "a misspelt section",
    files: step("# Orchestrator Guidance\ng\n# Client Instruction\ni\n"),
    problems: ["SECTION_MISSING W/a.md:3"],
    says: ['by the heading "Client Instruction"'],
  },
  {
    what: "empty sections",
    files: step("# Orchestrator Guidance\n\n \n# Client Instructions\n"),
    problems: ["SECTION_EMPTY W/a.md:1", "SECTION_EMPTY W/a.md:4"],
    says: ['"Orchestrator Guidance" is empty'],
  },
  {
    what: "a section that stands twice",
    files: step(`${STEP}# client instructions\nMore.\n`),
    problems: ["SECTION_DUPLICATE W/a.md:5"],
    says: ['"Client Instructions"', "line 3"],
  },
  {
    what: "routes that stand twice",
    files: step(`${routedStep("- otherwise → B")}# Routes\n- otherwise → A\n`),
    problems: ["SECTION_DUPLICATE W/a.md:7"],
  },
  {
    what: "a routes section without routes",
    files: step(routedStep("None.")),
    problems: ["SECTION_EMPTY W/a.md:5"],
    says: ['"Routes" is empty', "otherwise"],
  },
  {
    what: "list items that are no routes",
    files: step(
      routedStep(
        "- to B",
        "- `visits > 1` B",
        "- visits > 1 → B",
        "- `visits > 1` →",
        "- → B",
        "- `a` or `b` → B",
        "- ` ` → B",
      ),
    ),
    problems: [6, 7, 8, 9, 10, 11, 12].map((line) => `ROUTE_SYNTAX W/a.md:${line}`),
    says: ['"to B"', "otherwise → Step Name"],
  },
  {
    what: "a route that is no list item",
    files: step(routedStep("- `visits > 1` → A", "", "`visits > 2` → B")),
    problems: ["ROUTE_SYNTAX W/a.md:8"],
    says: ["not a list item", "visits > 2"],
  },
  {
    what: "a nested route below an item that is none",
    files: step(routedStep("- When done:", "  - `visits > 1` → B")),
    problems: ["ROUTE_SYNTAX W/a.md:6"],
    says: ['"When done:"'],
  },
  {
    what: "an expression that is no CEL",
    files: step(routedStep("- `report.status ==` → B", "- `nonsense > 1` → B", "- `visits + 1` → B")),
    problems: [6, 7, 8].map((line) => `ROUTE_EXPRESSION W/a.md:${line}`),
    says: ['"report.status =="', "report.status == 'success'"],
  },
  {
    what: "a target that is no step, with a near name",
    index: "- [Run Unit Tests](a.md)\n- [B](b.md)\n",
    files: step(routedStep("- `visits > 1` → Run unit test", "- otherwise → finish")),
    problems: ["ROUTE_TARGET W/a.md:6", "ROUTE_TARGET W/a.md:7"],
    says: ['"Run unit test"', 'Did you mean "Run Unit Tests"?'],
  },
  {
    what: "a target that is no step, with nothing near",
    files: step(routedStep("- otherwise → Somewhere Else")),
    problems: ["ROUTE_TARGET W/a.md:6"],
    says: ['"Somewhere Else"', '"A", "B", "FINISH"'],
  },
  {
    what: "routes after otherwise",
    files: step(routedStep("- otherwise → B", "- `visits > 1` → A", "- otherwise → FINISH")),
    problems: ["ROUTE_UNREACHABLE W/a.md:7", "ROUTE_UNREACHABLE W/a.md:8"],
    says: ['route to "A"', "line 6"],
  },
  {
    what: "nesting beyond all measure",
    files: step(`${STEP}\n${">".repeat(20_000)} x\n`),
    problems: ["MARKDOWN_UNREADABLE W/a.md:6"],
    says: ['"W/a.md"', "nested too deeply"],
  },
  {
    what: "lists that begin in one line beyond all measure",
    files: step(`${STEP}\n${"- ".repeat(5_000)}x\n{\n`),
    problems: ["MARKDOWN_UNREADABLE W/a.md:6"],
    says: ["nested too deeply"],
  },
  {
    what: "a paragraph beyond all measure",
    files: step(`${STEP}\n${"x\n".repeat(MAX_PARAGRAPH_LINES + 1)}`),
    problems: ["MARKDOWN_UNREADABLE W/a.md:6"],
    says: [`${MAX_PARAGRAPH_LINES} lines`, "code fence"],
  },
  {
    what: "a step that is too large",
    files: step("x".repeat(MAX_DEFINITION_BYTES + 1)),
    problems: ["TOO_LARGE W/a.md:1"],
    says: [String(MAX_DEFINITION_BYTES), 'step "A"'],
  },
  {
    what: "steps that are too large together",
    index: "- [A](a.md)\n- [A2](a.md)\n- [B](b.md)\n",
    files: step(`${STEP}# Goal\n${"x".repeat(MAX_DEFINITION_BYTES / 2)}`),
    problems: ["TOO_LARGE W/index.md:2"],
    says: ['"A2"', "the workflow exceeds"],
  },
];

describe("a definition", () => {
  for (const { what, index = INDEX, files = {}, problems, says = [] } of CASES) {
    test(`is refused for ${what}`, () => {
      const result = parseIndexWith(index, files);
      expect(placesOf(result)).toEqual(problems);
      const [first] = problemsOf(result);
      const text = `${first?.message}\n${first?.hint}`;
      for (const part of says) expect(text).toMatch(part);
    });
  }

  test("may be as large as the limit", () => {
    const before = `${STEP}# Goal\n`;
    const text = before + "x".repeat(MAX_DEFINITION_BYTES - INDEX.length - before.length - STEP.length);
    expect(placesOf(parseIndexWith(INDEX, step(text)))).toEqual([]);
    expect(placesOf(parseIndexWith(INDEX, step(`${text}x`)))).toEqual(["TOO_LARGE W/index.md:2"]);
  });

  test("may fence what is longer than a paragraph may be", () => {
    const fenced = `${STEP}Data:\n\`\`\`\n${"x\n".repeat(5000)}\`\`\`\n`;
    expect(placesOf(parseIndexWith(INDEX, step(fenced)))).toEqual([]);
  });

  test("without index.md says so", () => {
    expect(placesOf(parse({ "W/a.md": STEP }))).toEqual(["INDEX_MISSING W/index.md:1"]);
  });

  test("shows all its problems at once, those of a shared step once", () => {
    const index = "- [A](a.md)\n- [A2](a.md)\n- [A](no.md)\n- [FINISH](b.md)\n";
    const files = { "W/a.md": routedStep("- otherwise → Nowhere"), "W/b.md": "# Client Instructions\n" };
    expect(placesOf(parseIndexWith(index, files))).toEqual([
      "STEP_NAME_DUPLICATE W/index.md:3",
      "STEP_FILE_MISSING W/index.md:3",
      "STEP_NAME_RESERVED W/index.md:4",
      "SECTION_MISSING W/b.md:1",
      "SECTION_EMPTY W/b.md:1",
      "ROUTE_TARGET W/a.md:6",
    ]);
  });

  test("with problems without end shows a bounded number of them", () => {
    const index = Array.from({ length: 3 * MAX_PROBLEMS }, (_, at) => `- [S${at}](no-${at}.md)`).join("\n");
    const problems = problemsOf(parseIndexWith(index));
    expect(problems).toHaveLength(MAX_PROBLEMS + 1);
    expect(problems.at(-1)?.code).toBe("TOO_MANY_PROBLEMS");
  });

  test("takes time in proportion to its size", () => {
    const hostile = [
      `${"- ".repeat(49)}x\n{\n`,
      `${"* ".repeat(45)}-\nx\n`,
      `${"1. ".repeat(40)}x\ny\n`,
      "- ",
      "* * - ",
      "- > ",
      "_a_",
      "[a](",
      "*a ",
      "`a``",
      "a\n",
      "- x\n  a\n",
      "> a\n",
      "<a ",
      "{{file:",
      "- [",
      "# a\n",
      "\t",
      "a\n=\n",
    ];
    for (const piece of hostile) {
      const started = performance.now();
      const text = piece.repeat(100_000 / piece.length);
      parseIndexWith(`${INDEX}\n# Goal\n${text}`, step(`${STEP}${text}x\n{`));
      expect({ piece, quick: performance.now() - started < 5000 }).toEqual({ piece, quick: true });
    }
  });
});
