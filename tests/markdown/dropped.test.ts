/** Nothing that an author wrote is dropped: what the parser does not understand is a problem that says how to write it. */
import { describe, expect, test } from "bun:test";
import { MAX_INSTRUCTIONS, MAX_INSTRUCTIONS_SENT } from "../../src/workflow.ts";
import { parseIndexWith, placesOf, problemsOf, routedStep, STEP, workflowOf } from "./support.ts";

const INDEX = "- [A](a.md)\n- [B](b.md)\n";

/** [what stands below `# Steps` and a good item in line 2, `CODE line` of each problem, what the first one says] */
const LEFT_OUT: [string, string[], (string | RegExp)[]][] = [
  ["- [Run tests](steps/run tests.md)", ["STEP_ITEM_UNLINKED 3"], ['"[Run tests](<steps/run tests.md>)"']],
  ["- [Run tests] (b.md)", ["STEP_ITEM_UNLINKED 3"], ['"[Run tests](b.md)"', "Remove the blank"]],
  ["- [Run tests][tests]", ["STEP_ITEM_UNLINKED 3"], ["[tests]:"]],
  ["- [Run tests][]", ["STEP_ITEM_UNLINKED 3"], ["[Run tests]:"]],
  ["- steps/run-tests.md", ["STEP_ITEM_UNLINKED 3"], ['"1. [Run tests](steps/run-tests.md)"']],
  ["- `b.md`", ["STEP_ITEM_UNLINKED 3"], ["(b.md)"]],
  ["- Run tests: all of them", ["STEP_ITEM_UNLINKED 3"], ['"1. [Run tests](steps/run-tests.md)"']],
  ["- ![B](b.md)", ["STEP_ITEM_UNLINKED 3"], ['plain link, closed and neither code nor an image: "[B](b.md)"']],
  ["- [B](b.md", ["STEP_ITEM_UNLINKED 3"], ['"[B](b.md)"']],
  ["- `[B](b.md)`", ["STEP_ITEM_UNLINKED 3"], ['"[B](b.md)"']],
  ["-\n- [B](b.md)", ["STEP_ITEM_UNLINKED 3"], ['"1. [Build](steps/build.md)"']],
  ["- <b>B</b>\n  - and a note", ["STEP_ITEM_UNLINKED 3"], []],
  ["- [ ] Run tests", ["STEP_ITEM_UNLINKED 3"], ["(steps/run-tests.md)"]],
  ["1. Run tests\n2. [B](b.md)", ["STEP_ITEM_UNLINKED 3"], []],
  ["> - Run tests", ["STEP_ITEM_UNLINKED 3"], []],
  ["## Later\n- [B](b.md)\n- Run tests", ["STEP_ITEM_UNLINKED 5"], []],
  ["\n[B](b.md)", ["STEP_NAME_UNLINKED 4"], ['"b.md"', '"1. [B](b.md)"']],
  ["\nThen b.md, and\nc.md.", ["STEP_NAME_UNLINKED 4", "STEP_NAME_UNLINKED 5"], []],
  ["\n| 2 | [B](b.md) |\n|-|-|\n| 3 | `c.md` |", ["STEP_NAME_UNLINKED 4", "STEP_NAME_UNLINKED 6"], []],
  ["## [B](b.md)", ["STEP_NAME_UNLINKED 3"], []],
  ["\n```\n- [B](b.md)\n```", ["STEP_NAME_UNLINKED 5"], []],
  ["\n<ul>\n<li><a href='b.md'>B</a></li>\n</ul>", ["STEP_NAME_UNLINKED 5"], []],
  ["  - then `b.md`", ["STEP_NAME_UNLINKED 3"], []],
  ["  see [B] (b.md)", ["STEP_NAME_UNLINKED 3"], []],
  ["\n[b]: b.md", ["STEP_NAME_UNLINKED 4"], []],
  ["\n![B](b.md)", ["STEP_NAME_UNLINKED 4"], []],
  ["\n> Then [B](b.md)", ["STEP_NAME_UNLINKED 4"], []],
];

describe("among the steps", () => {
  test.each(LEFT_OUT)("%j is no step, and that is said", (text, places, says) => {
    const result = parseIndexWith(`# Steps\n- [A](a.md)\n${text}\n`);
    expect(placesOf(result)).toEqual(places.map((place) => place.replace(" ", " W/index.md:")));
    const [first] = problemsOf(result);
    for (const part of says) expect(`${first?.message}\n${first?.hint}`).toMatch(part);
    expect(first?.source).toBe(text.split("\n")[(first?.line ?? 0) - 3]?.trim());
  });

  test.each([
    "## Error Handling\n- If it fails: stop\n1. Tell the user",
    "  - a note\n  - [the manual](https://x.test/manual.md)\n\n  More of it.",
    "\nA paragraph, see <https://x.test/x.md>.",
    "<!-- - [Old](old.md) -->",
    "- Group\n  - [B](b.md)",
    "- [B][b]\n\n[b]: b.md",
    "\n---\n\n",
  ])("%j is fine", (text) => {
    workflowOf(parseIndexWith(`# Steps\n- [A](a.md)\n${text}\n`));
  });

  test("of an index without a steps heading, a list of steps is held to the same", () => {
    expect(placesOf(parseIndexWith(`${INDEX}- [C](steps/c d.md)\n- C\n`))).toEqual([
      "STEP_ITEM_UNLINKED W/index.md:3",
      "STEP_ITEM_UNLINKED W/index.md:4",
    ]);
    expect(placesOf(parseIndexWith(`${INDEX}\n| [C](c.md) |\n|-|\n`))).toEqual(["STEP_NAME_UNLINKED W/index.md:4"]);
    workflowOf(parseIndexWith(`Look at docs/a.md first.\n\n${INDEX}# Notes\n- c.md\n`));
  });
});

/** [what stands before the sections of a step, `CODE line`, what it says] */
const BEFORE: [string, string, string[]][] = [
  ["Text.\n", "TEXT_BEFORE_SECTIONS 1", ["Text.", "# Goal"]],
  ["<!-- a -->\n- item\n", "TEXT_BEFORE_SECTIONS 2", []],
  ["## Goal\nx\n", "TEXT_BEFORE_SECTIONS 1", []],
  ["+++\nnext = 'A'\n+++\n", "FRONT_MATTER_MISPLACED 1", ["TOML", '"---"']],
  ["```yaml\nproduces:\n  a: string\n```\n", "FRONT_MATTER_MISPLACED 1", ["fence", '"---"']],
  ['{ "max_visits": 3 }\n\n', "FRONT_MATTER_MISPLACED 1", ["JSON"]],
  ["max_visits: 3\n\n", "FRONT_MATTER_MISPLACED 1", ["at the top"]],
  ["```yaml\napproval: true\n```\n", "FRONT_MATTER_MISPLACED 1", ["fence"]],
  ["---\nnext: A\n---\n\n---\napproval: true\n---\n", "FRONT_MATTER_MISPLACED 6", ["approval: true"]],
  ["---\nmax_visits: 3\n---\n\n---\nchecks:\n- file: a\n---\n", "FRONT_MATTER_MISPLACED 6", []],
  ["Text\n\n---\nnext: A\n---\n", "FRONT_MATTER_MISPLACED 4", []],
];

describe("front matter", () => {
  test.each(BEFORE)("%j before a step's sections is a problem", (text, place, says) => {
    const result = parseIndexWith(INDEX, { "W/a.md": text + STEP });
    expect(placesOf(result)).toEqual([place.replace(" ", " W/a.md:")]);
    const [first] = problemsOf(result);
    for (const part of says) expect(`${first?.message}\n${first?.hint}`).toContain(part);
  });

  test.each([
    ["\n---\nproduces:\n  a: string\n---\n", 7],
    ["\nchecks:\n- run: a\n", 6],
    ["\napproval: true\n", 6],
    ["# Goal\n\nnext: [A]\n---\n", 7],
  ] as const)("%j below a step's sections is a problem", (text, line) => {
    expect(placesOf(parseIndexWith(INDEX, { "W/a.md": STEP + text }))).toEqual([
      `FRONT_MATTER_MISPLACED W/a.md:${line}`,
    ]);
  });

  test.each([
    ["+++\ndescription = 'x'\n+++\n\n", 1],
    ["```yaml\ndescription: x\n```\n", 1],
    ["# W\ndescription: x\n\n", 2],
    ["approval: true\n\n", 1],
    ["# W\n\napproval:\n  show: [changes]\n\n", 3],
    ["Text\n\n---\ninputs:\n---\n", 4],
  ] as const)("%j in the index is a problem", (text, line) => {
    expect(placesOf(parseIndexWith(text + INDEX))).toEqual([`FRONT_MATTER_MISPLACED W/index.md:${line}`]);
  });

  test("in a fence, or as prose, is text", () => {
    const text = "Write:\n```yaml\n---\nnext: A\n---\n```\nThe key `next`: see there. Next: go on.\n";
    expect(workflowOf(parseIndexWith(INDEX, { "W/a.md": STEP + text })).steps[0]?.instructions).toContain("next: A");
  });

  test.each(["Fix ticket #12 today", "Fix #12", "Work on C # today", "Fix it  #soon", "Fix #"])(
    "description: %s is not cut without a word",
    (text) => {
      const isComment = text === "Fix #";
      const result = parseIndexWith(`---\ndescription: ${text}\n---\n${INDEX}`);
      expect(placesOf(result)).toEqual(isComment ? [] : ["FRONT_MATTER_SYNTAX W/index.md:2"]);
      if (!isComment) expect(problemsOf(result)[0]?.hint).toContain(`"${text.replace(/ +/g, " ")}"`);
    },
  );

  test("may hold comments", () => {
    const yaml =
      "next: [A, B]  # either\nproduces: # keys\n  code: integer # of the run\n  text: string  # a line\nmax_visits: 3 #three";
    workflowOf(parseIndexWith(INDEX, { "W/a.md": `---\n${yaml}\n---\n${STEP}` }));
    workflowOf(parseIndexWith(`---\ndescription: Fix the ticket  # for lists\n---\n${INDEX}`));
  });
});

describe("a level-1 heading", () => {
  const inStep = (text: string) => parseIndexWith(INDEX, { "W/a.md": text });

  test("that ends Client Instructions is known, declared, or a problem", () => {
    const text = `${STEP}# How to debug\nMore.\n# And more\n# Goal\nx\n# Other\n`;
    const result = inStep(text);
    expect(placesOf(result)).toEqual(["SECTION_UNKNOWN W/a.md:5", "SECTION_UNKNOWN W/a.md:7"]);
    expect(problemsOf(result)[0]?.hint).toContain('"## How to debug"');
    expect(problemsOf(result)[0]?.hint).toContain('"sections: [How to debug]"');
    const declared = workflowOf(inStep(`---\nsections: [How to Debug, And More]\n---\n${text}`));
    expect(declared.steps[0]?.sections.map(({ title }) => title)).toEqual([
      "How to debug",
      "And more",
      "Goal",
      "Other",
    ]);
    expect(problemsOf(inStep(`${STEP}# Context Expectation\nx\n`))[0]?.hint).toContain('"# Context Expectations"');
    for (const title of ["Goal", "context expectations:"]) workflowOf(inStep(`${STEP}# ${title}\nx\n`));
  });

  test.each([
    ["Notes", undefined],
    ["Rules", undefined],
    ["Route", "# Routes"],
    ["Client Instruction", "# Client Instructions"],
  ])("%s ends Client Instructions, and every way out is named", (title, near) => {
    const [problem] = problemsOf(inStep(`${STEP}# ${title}\nMore.\n`));
    expect(problem?.hint.match(/Did you mean "([^"]*)"/)?.[1]).toBe(near);
    expect(problem?.hint).toContain(`"## ${title}"`);
    expect(problem?.hint).toContain(`"sections: [${title}]"`);
  });

  test.each([
    ["sections: []", "empty"],
    ["sections: {a: b}", "a mapping"],
    ["sections: [Goal]", "no declaration"],
    ["sections: Backgrund", 'Did you mean "Background"?'],
  ])("declared by %j is refused", (yaml, says) => {
    const result = inStep(`---\n${yaml}\n---\n# Background\nx\n${STEP}`);
    expect(placesOf(result)).toEqual(["SECTIONS_INVALID W/a.md:2"]);
    expect(`${problemsOf(result)[0]?.message} ${problemsOf(result)[0]?.hint}`).toContain(says);
  });

  test("of an include sinks below the section that includes it, and its front matter is left off", () => {
    const files = {
      "W/a.md": `${STEP}## Debug\n{{file:skill.md}}\n# Goal\nx\n`,
      "W/skill.md":
        "<!-- a skill -->\n---\nname: debug\ndescription: x\n---\n# Debugging\n\nOne\ntwo\n===\n## Then\n{{file:deep.md}}\n",
      "W/deep.md": "# Deepest\n#### End\n",
    };
    const [step] = workflowOf(parseIndexWith(INDEX, files)).steps;
    expect(step?.instructions).toBe(
      "Do it.\n## Debug\n### Debugging\n\n### One two\n\n\n#### Then\n##### Deepest\n###### End",
    );
    expect(step?.sections).toEqual([{ title: "Goal", text: "x" }]);
  });

  test("of an include in a code fence stays as it is", () => {
    const files = { "W/a.md": `${STEP}\`\`\`\n{{file:x.py}}\n\`\`\`\n`, "W/x.py": "---\nnext: A\n---\n# x\n" };
    expect(workflowOf(parseIndexWith(INDEX, files)).steps[0]?.instructions).toContain("---\nnext: A\n---\n# x");
  });

  test("of an include in the index does not end the steps", () => {
    const files = { "W/list.md": "# First\n- [A](a.md)\n\nThen\n====\n- [B](b.md)\n" };
    expect(workflowOf(parseIndexWith("# Steps\n{{file:list.md}}\n", files)).steps).toHaveLength(2);
  });

  test("whose front matter makes demands is left off with a warning", () => {
    const files = { "W/a.md": `${STEP}{{file:x.md}}\n`, "W/x.md": "---\nname: x\nchecks:\n- file: a\n---\nx\n" };
    const result = parseIndexWith(INDEX, files);
    expect(workflowOf(result).steps[0]?.checks).toBeUndefined();
    expect(result).toMatchObject({ warnings: [{ code: "INCLUDE_FRONT_MATTER", file: "W/x.md", line: 3 }] });
  });
});

describe("routes", () => {
  test.each([
    ["| `visits > 1` | A |\n|-|-|", 8],
    ["```\n- `visits > 1` → A\n```", 8],
    ["If it fails, A.", 8],
    ["## Failure", 8],
    ["<p>A</p>", 8],
    ["- `visits > 1` → A\n\n  But not always.", 8],
    ["- `visits > 1` → A\n\n      code", 8],
    ["> A", 8],
  ])("%j beside a route is a problem", (text, line) => {
    const result = parseIndexWith(INDEX, { "W/a.md": routedStep("- `visits > 2` → B", "", text) });
    expect(placesOf(result)).toEqual([`ROUTE_SYNTAX W/a.md:${line}`]);
  });

  test.each([
    "## Routes",
    "# Route",
    "# Routing",
    "# Routing Rules",
    "# Ruotes",
    "# ➡️ Routes",
    "#Routes",
    "**Routes**",
    "### Routing",
    "<h1>Routes</h1>",
  ])("%j asks whether routes are meant", (heading) => {
    const result = parseIndexWith(INDEX, { "W/a.md": `${STEP}\n${heading}\n\n- otherwise → B\n` });
    const [first] = problemsOf(result).filter(({ code }) => code === "ROUTES_NEARLY");
    expect(first).toMatchObject({ file: "W/a.md", line: 6, hint: expect.stringContaining('"# Routes"') });
  });

  test.each(["### Routing\nBy bus.", "# Notes\nx", "## Roots\nx", "Routes and rails.\n\n- a"])(
    "%j asks nothing",
    (text) => {
      workflowOf(parseIndexWith(INDEX, { "W/a.md": `# Goal\n${text}\n${STEP}` }));
      const declared = `---\nsections: [Routing]\n---\n${STEP}# Routing\nBy bus.\n`;
      workflowOf(parseIndexWith(INDEX, { "W/a.md": declared }));
    },
  );
});

test("instructions that no answer hands out whole are a problem, up to the limit they are not", () => {
  const withText = (text: string) =>
    parseIndexWith(INDEX, { "W/a.md": `# Orchestrator Guidance\ng\n# Client Instructions\n${text}\n` });
  workflowOf(withText("x".repeat(MAX_INSTRUCTIONS)));
  workflowOf(withText(`${"x".repeat(29)}\n`.repeat(800).trimEnd()));
  expect(placesOf(withText("x".repeat(MAX_INSTRUCTIONS + 1)))).toEqual(["INSTRUCTIONS_TOO_LONG W/a.md:3"]);
  // Two bytes as JSON each, and six: a line end that readers of lines do not expect.
  for (const long of ['"'.repeat(MAX_INSTRUCTIONS_SENT / 2), `x${"\u2028x".repeat(MAX_INSTRUCTIONS / 5)}`])
    expect(problemsOf(withText(long))[0]?.message).toContain("as JSON");
});

describe("warnings", () => {
  const go = (front: string, ...routes: string[]) =>
    `${front && `---\n${front}\n---\n`}${routes.length > 0 ? routedStep(...routes) : STEP}`;
  const warned = (a: string, b: string, front = "") => {
    const result = parseIndexWith(`${front}# Steps\n${INDEX}`, { "W/a.md": a, "W/b.md": b });
    workflowOf(result);
    return result.ok ? (result.warnings ?? []).map(({ code, file, line }) => `${code} ${file}:${line}`) : [];
  };

  test.each([
    ["a step that nothing leads to", go("", "- otherwise → FINISH"), STEP, ["STEP_UNREACHABLE W/index.md:3"]],
    ["no way to FINISH", go("next: B"), go("next: A"), ["FINISH_UNREACHABLE W/index.md:2"]],
    [
      "a loop without a way out or a limit",
      go("", "- `visits > 1` → FINISH", "- otherwise → B"),
      go("next: B"),
      ["LOOP_ENDLESS W/index.md:3"],
    ],
    [
      "such a loop with a limit",
      go("", "- `visits > 1` → FINISH", "- otherwise → B"),
      go("next: B\nmax_visits: 3"),
      [],
    ],
    ["a product that nothing uses", go("produces: {x: string}\nnext: B"), STEP, ["PRODUCT_UNUSED W/a.md:2"]],
    ["one that is used", go("produces: {x: string}\nnext: B"), `${STEP}{{ context.x }}`, []],
    ["one that decides", go("produces: {x: boolean}", "- `context.x` → A", "- otherwise → B"), STEP, []],
    ["a product of the last step", STEP, go("produces: {x: string}"), []],
  ])("%s", (_, a, b, places) => {
    expect(warned(a, b)).toEqual(places);
  });

  test("a key that nothing sets, in a text or a route, if it is known what a run starts with, or a near one is set", () => {
    const inputs = "---\ninputs: {properties: {ticket: {}}}\n---\n";
    const text = `${STEP}{{ context.x }} {{ context.y.z }} {{ context.ticket }}\nset y`;
    const route = go("", "- `context.x == 'context.w'` → A");
    expect(warned(text, route, inputs)).toEqual(["KEY_NEVER_SET W/a.md:5", "KEY_NEVER_SET W/b.md:6"]);
    expect(warned(text, route)).toEqual([]);
    const near = `${STEP}{{ context.tikket }}\n`;
    expect(warned(near, `---\nproduces: {ticket: string}\n---\n${STEP}`)).toEqual(["KEY_NEVER_SET W/a.md:5"]);
  });

  test.each([
    ["a step in a list under another heading", "# Later\n- [B](b.md)\n", ["STEP_UNLISTED W/index.md:4"]],
    ["one that is linked twice there", "# Later\n- [B](b.md)\n- [B](b.md)\n", ["STEP_UNLISTED W/index.md:4"]],
    ["a step that is listed as well", "# Errors\n- If [A](a.md) fails, stop\n", []],
    ["a step of another directory", "# Errors\n- As in [S](../SHARED/s.md)\n", []],
    ["a manual", "# Errors\n- Read [the manual](manual.md)\n", []],
    ["a file that is not there", "# Errors\n- Read [it](none.md)\n", []],
  ])("%s", (_, below, places) => {
    const result = parseIndexWith(`# Steps\n- [A](a.md)\n${below}`, { "W/manual.md": "# Manual\n\nText.\n" });
    workflowOf(result);
    const found = result.ok ? (result.warnings ?? []) : [];
    expect(found.map(({ code, file, line }) => `${code} ${file}:${line}`)).toEqual(places);
  });
});
