/** `{{file:path}}`: what is put in place, where its lines come from, and what is refused. */
import { describe, expect, test } from "bun:test";
import { MAX_INCLUDE_DEPTH } from "../../src/markdown/includes.ts";
import { MAX_DEFINITION_BYTES } from "../../src/workflow.ts";
import { parse, parseIndexWith, placesOf, problemsOf, STEP, workflowOf } from "./support.ts";

const INDEX = "- [A](a.md)\n";
const instructions = (files: Record<string, string>) => workflowOf(parseIndexWith(INDEX, files)).steps[0]?.instructions;

/** The step's text with its instructions' last lines. */
const step = (text: string) => `# Orchestrator Guidance\ng\n# Client Instructions\n${text}`;

describe("an include", () => {
  test("is replaced by the file's text, relative to the file that includes it", () => {
    const files = {
      "W/a.md": step("before\n{{file:parts/one.md}}\nafter\n"),
      "W/parts/one.md": "one\n{{ file: ../../SHARED/two.txt }}\n{{file:three.md}}",
      "SHARED/two.txt": "two",
      "W/parts/three.md": "\uFEFFthree\r\nlast",
    };
    expect(instructions(files)).toBe("before\none\ntwo\nthree\nlast\nafter");
  });

  test("within a line leaves the line whole", () => {
    const files = {
      "W/a.md": step("Run `{{file:outer.txt}}` now, {{file:inner.txt}}.\n"),
      "W/outer.txt": "a {{file:inner.txt}}\n",
      "W/inner.txt": "b\n",
    };
    expect(instructions(files)).toBe("Run `a b` now, b.");
  });

  test("stays as text behind a backslash, which is removed", () => {
    const files = {
      "W/a.md": step("\\{{file:no.md}} {{file:b.txt}} \\{{file: {{ context.file }}\n"),
      "W/b.txt": "\\{{file:c.md}}",
    };
    expect(instructions(files)).toBe("{{file:no.md}} {{file:c.md}} {{file: {{ context.file }}");
  });

  test("works in code fences, and brings headings and routes", () => {
    const files = {
      "W/a.md": "{{file:guidance.md}}\n# Client Instructions\n```\n{{file:b.txt}}\n```\n# Routes\n{{file:routes.md}}\n",
      "W/guidance.md": "# Orchestrator Guidance\ng\n",
      "W/b.txt": "# Routes\n",
      "W/routes.md": "- otherwise → FINISH\n",
    };
    const [only] = workflowOf(parseIndexWith(INDEX, files)).steps;
    expect(only).toMatchObject({
      guidance: "g",
      instructions: "```\n# Routes\n\n```",
      routes: [{ when: null, to: "FINISH" }],
    });
  });

  test("works in the index, where links stay relative to the index", () => {
    const result = parseIndexWith("{{file:../SHARED/list.md}}", { "SHARED/list.md": "1. [A](a.md)\n2. [B](b.md)\n" });
    expect(workflowOf(result).steps.map(({ file }) => file)).toEqual(["W/a.md", "W/b.md"]);
  });

  test("may stand in a row of files as long as the limit, and no longer", () => {
    const chain = (length: number) => {
      const files: Record<string, string> = { "W/a.md": step("{{file:1.md}}\n") };
      for (let at = 1; at <= length; at++) files[`W/${at}.md`] = at < length ? `{{file:${at + 1}.md}}` : "the end";
      return files;
    };
    expect(instructions(chain(MAX_INCLUDE_DEPTH))).toBe("the end");
    const [problem] = problemsOf(parseIndexWith(INDEX, chain(MAX_INCLUDE_DEPTH + 1)));
    expect(problem).toMatchObject({ code: "INCLUDE_TOO_DEEP", file: "W/10.md", line: 1 });
    expect(problem?.message).toContain("W/a.md → W/1.md → W/2.md");
  });

  test("of the same file twice, side by side, is no cycle", () => {
    expect(instructions({ "W/a.md": step("{{file:b.txt}}{{file:b.txt}}"), "W/b.txt": "x" })).toBe("xx");
  });
});

/** [what, the files, `CODE file:line` of each problem, what the first message and hint say] */
const REFUSED: [string, Record<string, string>, string[], string[]][] = [
  [
    "a file that is missing",
    { "W/a.md": `${STEP}\n{{file:parts/x.md}}\n`, "W/parts/x.md": "x\n{{file:snipet.md}}", "W/parts/snippet.md": "" },
    ["INCLUDE_MISSING W/parts/x.md:2"],
    ['"snipet.md"', "W/a.md → W/parts/x.md → W/parts/snipet.md", 'Did you mean "snippet.md"?'],
  ],
  [
    "a cycle",
    { "W/a.md": `${STEP}{{file:x.md}}`, "W/x.md": "\n{{file:./y.md}}", "W/y.md": "{{file:x.md}}" },
    ["INCLUDE_CYCLE W/y.md:1"],
    ["W/a.md → W/x.md → W/y.md → W/x.md", "circle"],
  ],
  [
    "a file that includes itself",
    { "W/a.md": `${STEP}{{file:a.md}}` },
    ["INCLUDE_CYCLE W/a.md:5"],
    ["W/a.md → W/a.md"],
  ],
  [
    "a path outside",
    { "W/a.md": `${STEP}{{file:../../x.md}}` },
    ["INCLUDE_OUTSIDE W/a.md:5"],
    ['"../../x.md"', "W/a.md → ../x.md"],
  ],
  [
    "an absolute path",
    { "W/a.md": `${STEP}{{file:/etc/hostname}}` },
    ["INCLUDE_OUTSIDE W/a.md:5"],
    ['"/etc/hostname"'],
  ],
  [
    "one without a path, or without an end",
    { "W/a.md": `${STEP}{{file:}}\n{{file:x.md\n}}\n{{file:{x}.md}}\n` },
    [5, 6, 8].map((line) => `INCLUDE_SYNTAX W/a.md:${line}`),
    ["{{file:path/to/file.md}}"],
  ],
  [
    "a file that is too large",
    { "W/a.md": `${STEP}{{file:x.md}}`, "W/x.md": "x".repeat(MAX_DEFINITION_BYTES + 1) },
    ["TOO_LARGE W/x.md:1"],
    ["W/a.md → W/x.md", String(MAX_DEFINITION_BYTES)],
  ],
  [
    "files that are too large together",
    { "W/a.md": `${STEP}{{file:x.md}}\n{{file:x.md}}`, "W/x.md": "x".repeat(600_000) },
    ["TOO_LARGE W/a.md:6"],
    ['"W/a.md"', String(MAX_DEFINITION_BYTES)],
  ],
];

describe("an include is refused for", () => {
  for (const [what, files, places, says] of REFUSED) {
    test(what, () => {
      const result = parseIndexWith(INDEX, files);
      expect(placesOf(result)).toEqual(places);
      const [first] = problemsOf(result);
      for (const part of says) expect(`${first?.message}\n${first?.hint}`).toContain(part);
    });
  }

  test("growth without end, before it is built", () => {
    const files: Record<string, string> = { "W/a.md": `${STEP}{{file:1.md}}` };
    const empty: Record<string, string> = { "W/a.md": `${STEP}{{file:1.md}}` };
    for (let at = 1; at <= 9; at++) {
      files[`W/${at}.md`] = at < 9 ? `{{file:${at + 1}.md}}\n`.repeat(30) : "boom";
      empty[`W/${at}.md`] = at < 9 ? `{{file:${at + 1}.md}}`.repeat(30) : "";
    }
    const started = performance.now();
    expect(placesOf(parseIndexWith(INDEX, files))[0]).toStartWith("TOO_LARGE W/");
    expect(placesOf(parseIndexWith(INDEX, empty))[0]).toStartWith("TOO_LARGE W/");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("what a missing include would have brought is not reported missing", () => {
    const files = { "W/index.md": `{{file:no.md}}\n${INDEX}`, "W/a.md": "{{file:no.md}}\n# Routes\n{{file:no.md}}" };
    expect(placesOf(parse(files))).toEqual([
      "INCLUDE_MISSING W/index.md:1",
      "INCLUDE_MISSING W/a.md:1",
      "INCLUDE_MISSING W/a.md:3",
    ]);
  });
});

test("problems stand where the author wrote the line, even if it was included", () => {
  const files = {
    "W/index.md": "# W\n{{file:list.md}}\n- [C](no.md)\n",
    "W/list.md": "\n# Steps\n- [A](a.md)\n- [A](a.md)\n",
    "W/a.md": `${STEP}# Routes\n{{file:routes.md}}\n- \`visits > 2\` → Nowhere\n- {{file:word.txt}}\n`,
    "W/routes.md": "\n\n- `nonsense` → A\n",
    "W/word.txt": "to\nA\n",
  };
  expect(placesOf(parse(files))).toEqual([
    "STEP_NAME_DUPLICATE W/list.md:4",
    "ROUTE_TARGET W/a.md:7",
    "ROUTE_SYNTAX W/a.md:8",
    "STEP_FILE_MISSING W/index.md:3",
    "ROUTE_EXPRESSION W/routes.md:3",
  ]);
});
