/** Steps that other runs do: what their front matter may say, and every way in which it is wrong, by itself. */
import { describe, expect, test } from "bun:test";
import type { Branching, Problem, Step } from "../../src/workflow.ts";
import { MAX_INSTRUCTIONS } from "../../src/workflow.ts";
import { parse, placesOf, problemsOf, STEP, workflowOf } from "./support.ts";

const GUIDANCE = "# Orchestrator Guidance\nGo on.\n";

/** `W/A.md` with this front matter, from line 2 on, and `next`; then the sections. */
const stepOf = (front: string, sections = GUIDANCE, next = "next: FINISH\n") =>
  `---\n${front}\n${next}---\n${sections}`;

const parseStep = (text: string, more: Record<string, string> = {}) =>
  parse({ "W/index.md": "- [A](A.md)\n- [B](B.md)\n", "W/A.md": text, "W/B.md": STEP, ...more });

function stepA(text: string): Step | undefined {
  return workflowOf(parseStep(text)).steps[0];
}

describe("a branch step", () => {
  const good: [string, string, Branching][] = [
    ["one workflow, once", "uses: X", { uses: ["X"] }],
    ["one workflow, with an item", "uses: X\nas: name", { uses: ["X"], as: "name" }],
    ["a list of workflows, each an item", "uses: [X, Y]", { uses: ["X", "Y"], as: "item" }],
    ["a list of one", "uses: [X]", { uses: ["X"], as: "item" }],
    ["CEL for the items", "uses: X\neach: context.modules", { uses: ["X"], each: "context.modules", as: "item" }],
    [
      "CEL that makes a list",
      "uses: X\neach: context.a.map(x, x.name)\nas: m",
      { uses: ["X"], each: "context.a.map(x, x.name)", as: "m" },
    ],
    [
      "items of any kind",
      "uses: X\neach: [a, 1, true, ~, {b: [c]}]",
      { uses: ["X"], each: ["a", 1, true, null, { b: ["c"] }], as: "item" },
    ],
    [
      "what else a branch begins with",
      'uses: X\nwith:\n  a: context.a\n  b: 2\n  c: true\n  d: "\'x\'"\n  e: "item"',
      { uses: ["X"], with: { a: "context.a", b: "2", c: "true", d: "'x'", e: "item" } },
    ],
    ["several at once", "uses: X\nmax_parallel: 20", { uses: ["X"], max_parallel: 20 }],
    ["a number as text", "uses: X\nmax_parallel: '3'", { uses: ["X"], max_parallel: 3 }],
    ["CEL for how many", "uses: X\nmax_parallel: context.n", { uses: ["X"], max_parallel: "context.n" }],
    ["fail_fast", "uses: X\nfail_fast: true\ninto: r", { uses: ["X"], fail_fast: true, into: "r" }],
    ["fail_fast: false, as without", "uses: X\nfail_fast: false", { uses: ["X"] }],
  ];
  test.each(good)("takes %s", (_, front, branches) => {
    const step = stepA(stepOf(front));
    expect(step?.branches).toEqual(branches);
    expect(step?.instructions).toBe("");
  });

  test("hands Join Instructions out as its instructions, with checks and products of that report", () => {
    const text = stepOf(
      "uses: X\nproduces: {a: string}\nchecks: [{file: a.md}]\nedits: none",
      `${GUIDANCE}# Join Instructions\nCombine.\n`,
    );
    const step = stepA(text);
    expect(step).toMatchObject({ instructions: "Combine.", sections: [], branches: { uses: ["X"] } });
    expect(step?.checks).toHaveLength(2);
  });

  test("passes the gates that others pass, and may have a deadline", () => {
    expect(stepA(stepOf("uses: X\nmax_visits: 2\nwait: 1m\ndeadline: 2h"))).toMatchObject({ max_visits: 2, wait: 60 });
  });

  test("routes by its branches", () => {
    const routes =
      "# Routes\n- `branches.failed + branches.cancelled > 0 && report.status != 'x'` → B\n- otherwise → FINISH\n";
    expect(stepA(stepOf("uses: X", GUIDANCE + routes, ""))?.routes).toHaveLength(2);
  });

  test("ends a loop without an agent by max_visits, or by Join Instructions", () => {
    const loop = (front: string, sections = GUIDANCE) => placesOf(parseStep(stepOf(front, sections, "next: A\n")));
    expect(loop("uses: X\neach: context.x")).toEqual(["LOOP_WITHOUT_AGENT W/A.md:2"]);
    expect(loop("uses: X\neach: context.x\nmax_visits: 3")).toEqual([]);
    expect(loop("uses: X\neach: context.x", `${GUIDANCE}# Join Instructions\nx\n`)).toEqual([]);
  });
});

describe("a problem", () => {
  /** [what, front matter, `CODE line` of each, what the first says in message and hint] */
  const bad: [string, string, string[], ...(string | RegExp)[]][] = [
    ["no name", "uses:", ["USES_INVALID 2"], "here it is empty", '"uses: ./module"'],
    ["a mapping for a name", "uses: {a: b}", ["USES_INVALID 2"], "a mapping"],
    ["an empty list", "uses: []", ["USES_INVALID 2"], '"uses" is empty'],
    ["a name twice", "uses:\n  - X\n  - Y\n  - X", ["USES_INVALID 5"], '"uses" names "X" twice', '"each"'],
    ["a private one twice", "uses: [./p, ./p/]", ["USES_INVALID 2", "USES_UNKNOWN 2"], '"./p/" twice'],
    [
      "too many",
      `uses: [${Array.from({ length: 51 }, (_, at) => `X${at}`).join(", ")}]`,
      ["USES_INVALID 2"],
      "51",
      "50",
    ],
    ["itself as a private one", "uses: .", ["USES_INVALID 2"], '"."', 'not inside the directory "W"'],
    ["a path that leads out", "uses: ../X", ["USES_INVALID 2"], '"../X"', "used by its name"],
    ["a path far out", "uses: ./../../..", ["USES_INVALID 2"], "not inside"],
    ["each for a list of workflows", "uses: [X, Y]\neach: context.a", ["EACH_INVALID 3"], "names 2", "leave"],
    ["each that is no CEL", "uses: X\neach: context.", ["EACH_INVALID 3"], "cannot be evaluated", "context.modules"],
    ["each that names what there is not", "uses: X\neach: modules", ["EACH_INVALID 3"], "Unknown variable: modules"],
    [
      "each of a report that is not made yet",
      "uses: X\neach: report.a",
      ["EACH_INVALID 3"],
      "Unknown variable: report",
    ],
    ["each that is a text", "uses: X\neach: \"'a, b'\"", ["EACH_INVALID 3"], "of type string, not list"],
    ["each that is a number", "uses: X\neach: 3", ["EACH_INVALID 3"], "of type int, not list"],
    ["each that is a mapping", "uses: X\neach: {a: 1}", ["EACH_INVALID 3"], "it is a mapping"],
    ["each that is empty", "uses: X\neach: []", ["EACH_INVALID 3"], '"each" is empty'],
    ["each with nothing", "uses: X\neach:", ["EACH_INVALID 3"], "it is empty"],
    ["too many items", `uses: X\neach: [${"1,".repeat(1001)}]`, ["EACH_INVALID 3"], "1001 items", "1000"],
    ["as that is a list", "uses: X\nas: [a]", ["AS_INVALID 3"], "a list", '"as: module"'],
    ["as that is empty", "uses: X\nas: ''", ["AS_INVALID 3"], "empty"],
    ["with that is a text", "uses: X\nwith: context", ["WITH_INVALID 3"], "must be a mapping"],
    ["with that is empty", "uses: X\nwith: {}", ["WITH_INVALID 3"], "it is empty"],
    [
      "with that is no CEL",
      "uses: X\nwith:\n  a: hello world",
      ["WITH_INVALID 4"],
      '"a" in "with" cannot',
      "in quotes twice",
    ],
    ["with that is a list", "uses: X\nwith: {a: [1]}", ["WITH_INVALID 3"], '"a" in "with" must be CEL; it is a list'],
    ["with an empty value", "uses: X\nwith:\n  a:", ["WITH_INVALID 4"], "it is empty"],
    ["with an empty key", "uses: X\nwith:\n  ' ': context.a", ["WITH_INVALID 4"], "the key is empty"],
    [
      "with the item's key",
      "uses: X\neach: [1]\nwith: {item: context.a}",
      ["WITH_INVALID 4"],
      '"with" sets "item"',
      '"as"',
    ],
    ["no branch at once", "uses: X\nmax_parallel: 0", ["MAX_PARALLEL_INVALID 3"], 'from 1 to 20; it is "0"'],
    ["too many at once", "uses: X\nmax_parallel: 21", ["MAX_PARALLEL_INVALID 3"], '"21"'],
    ["half a branch", "uses: X\nmax_parallel: 1.5", ["MAX_PARALLEL_INVALID 3"], '"1.5"'],
    ["a negative number", "uses: X\nmax_parallel: -1", ["MAX_PARALLEL_INVALID 3"], '"-1"'],
    ["max_parallel that is a text", "uses: X\nmax_parallel: \"'a'\"", ["MAX_PARALLEL_INVALID 3"], "not int"],
    ["max_parallel that is a word", "uses: X\nmax_parallel: all", ["MAX_PARALLEL_INVALID 3"], "Unknown variable: all"],
    ["max_parallel that is a list", "uses: X\nmax_parallel: [3]", ["MAX_PARALLEL_INVALID 3"], "it is a list"],
    ["fail_fast that is a word", "uses: X\nfail_fast: yes", ["FAIL_FAST_INVALID 3"], '"yes"', '"fail_fast: true"'],
    ["into that is a mapping", "uses: X\ninto: {a: b}", ["INTO_INVALID 3"], "a mapping", '"into: audits"'],
    ["run beside uses", "uses: X\nrun: make", ["KEY_BESIDE_USES 3"], '"run"', "a step of its own"],
    [
      "produces without a report",
      "uses: X\nproduces: {a: string}",
      ["KEY_BESIDE_USES 3"],
      "nobody reports it",
      "# Join Instructions",
    ],
    ["checks without a report", "uses: X\nchecks: [{file: a}]", ["KEY_BESIDE_USES 3"], '"checks"'],
    ["edits without a report", "uses: X\nedits: none", ["KEY_BESIDE_USES 3"], '"edits"'],
    ["sets, which is about a program", "uses: X\nsets: {a: exit_code}", ["KEY_WITHOUT_RUN 3"], '"sets"'],
    [
      "a key that is nearly one",
      "uses: X\nmax_paralel: 3",
      ["FRONT_MATTER_UNKNOWN_KEY 3"],
      'Did you mean "max_parallel"?',
    ],
  ];
  test.each(bad)("is %s", (_, front, places, ...says) => {
    expectProblems(problemsOf(parseStep(stepOf(front))), places, says);
  });

  test.each(["each: [1]", "as: a", "with: {a: context.a}", "max_parallel: 2", "fail_fast: true", "into: a"])(
    "is %s without uses",
    (front) => {
      const key = front.split(":", 1)[0] ?? "";
      expectProblems(problemsOf(parseStep(stepOf(front, STEP))), ["KEY_WITHOUT_USES 2"], [`"${key}"`, 'Add "uses"']);
    },
  );

  const sections: [string, string, string[], ...string[]][] = [
    [
      "Client Instructions in a branch step",
      stepOf("uses: X", STEP),
      ["INSTRUCTIONS_BESIDE_USES 7"],
      "would be read as those of each branch",
      "# Join Instructions",
    ],
    ["Join Instructions in another step", `${STEP}# Join Instructions\nx\n`, ["JOIN_WITHOUT_USES 5"], 'Add "uses"'],
    ["Join Instructions that are empty", stepOf("uses: X", `${GUIDANCE}# Join Instructions\n`), ["SECTION_EMPTY 7"]],
    [
      "Join Instructions that are too long",
      stepOf("uses: X", `${GUIDANCE}# Join Instructions\n${"x".repeat(MAX_INSTRUCTIONS + 1)}\n`),
      ["INSTRUCTIONS_TOO_LONG 7"],
      '"Join Instructions" has',
    ],
    [
      "a heading that ends Join Instructions",
      stepOf("uses: X", `${GUIDANCE}# Join Instructions\nx\n# Notes\ny\n`),
      ["SECTION_UNKNOWN 9"],
      'ends "Join Instructions"',
    ],
    [
      "a fault in Join Instructions that are a template",
      stepOf("uses: X\ntemplate: liquid", `${GUIDANCE}# Join Instructions\nx\n{% if %}\n`),
      ["TEMPLATE_FAULT 10"],
    ],
    ["no guidance", stepOf("uses: X", "# Goal\nx\n"), ["SECTION_MISSING 1"], "Orchestrator Guidance"],
    ["no rule for what follows", stepOf("uses: X", GUIDANCE, ""), ["USES_UNDECIDED 2"], "otherwise"],
    ["two names as next", stepOf("uses: X", GUIDANCE, "next: [B, FINISH]\n"), ["USES_UNDECIDED 2"], "single name"],
    [
      "a route that names branches in another step",
      `${STEP}# Routes\n- \`branches.failed > 0\` → B\n`,
      ["ROUTE_EXPRESSION 6"],
      "Unknown variable: branches",
      'a step with "uses"',
    ],
    [
      "a route that asks more of branches than there is",
      stepOf("uses: X", `${GUIDANCE}# Routes\n- \`branches.fail > 0\` → B\n- otherwise → B\n`, ""),
      ["ROUTE_EXPRESSION 7"],
      "No such key: fail",
      "total, completed, failed, cancelled and results",
    ],
  ];
  test.each(sections)("is %s", (_, text, places, ...says) => {
    expectProblems(problemsOf(parseStep(text)), places, says);
  });

  test("is a key that the results go into and another sets too", () => {
    const join = `${GUIDANCE}# Join Instructions\nx\n`;
    const own = parseStep(stepOf("uses: X\ninto: a\nproduces: {a: string}", join));
    expectProblems(problemsOf(own), ["INTO_TAKEN 3"], ['this step\'s "produces"', "another key"]);
    const server = `---\nrun: make\nsets: {a: exit_code}\nnext: FINISH\n---\n${STEP}`;
    const other = parseStep(stepOf("uses: X\ninto: a"), { "W/B.md": server });
    expectProblems(problemsOf(other), ["INTO_TAKEN 3"], ['"sets" of the step "B"']);
  });
});

describe("what a workflow must have at the end", () => {
  const outputs = (front: string) => parse({ "W/index.md": `---\n${front}\n---\n- [A](A.md)\n`, "W/A.md": STEP });

  test("is a schema by key", () => {
    expect(workflowOf(outputs("outputs: {a: string, b: {type: integer, minimum: 1}}")).outputs).toEqual({
      a: { type: "string" },
      b: { type: "integer", minimum: 1 },
    });
  });

  test.each([
    ["outputs: [a]", "a list", "test_exit_code: integer"],
    ["outputs: {}", "empty", ""],
    ["outputs: {a: strin}", '"outputs" of "a"', 'Did you mean "string"?'],
    ["outputs: {a: {typ: string}}", "no JSON Schema", ""],
  ])("%s is a problem", (front, message, hint) => {
    expectProblems(problemsOf(outputs(front)), ["OUTPUTS_INVALID 2"], [message, hint]);
  });
});

test("a key that must be there at the end is used, and must be set", () => {
  const index =
    "---\noutputs: {a: string, b: string, c: string}\ninputs: {properties: {c: {}}}\n---\n- [A](A.md)\n- [B](B.md)\n";
  const produces = `---\nproduces: {a: string}\nnext: B\n---\n${STEP}`;
  const result = parse({ "W/index.md": index, "W/A.md": produces, "W/B.md": `---\nnext: FINISH\n---\n${STEP}` });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.warnings?.map(({ code, line, message }) => `${code} ${line} ${message}`)).toEqual([
    'OUTPUT_NEVER_SET 2 "outputs" names "b", and nothing sets it',
  ]);
});

test("keys that only branches use or set are known to the warnings", () => {
  const set = `---\nproduces: {modules: array, path: string, typo: string}\nnext: B\n---\n${STEP}`;
  const use = stepOf("uses: X\neach: context.modules\nwith: {p: context.path, q: context.none}\ninto: found");
  const index = "---\ninputs: {properties: {z: {type: string}}}\n---\n- [A](A.md)\n- [B](B.md)\n- [C](C.md)\n";
  const end = "---\nnext: FINISH\n---\n# Orchestrator Guidance\ng\n# Client Instructions\nSee {{ context.found }}.\n";
  const result = parse({
    "W/index.md": index,
    "W/A.md": set,
    "W/B.md": use.replace("next: FINISH", "next: C"),
    "W/C.md": end,
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.warnings?.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'PRODUCT_UNUSED The step "A" produces "typo", and no other step uses it',
    'KEY_NEVER_SET The step "B" uses "context.none", and nothing sets it',
  ]);
});

function expectProblems(problems: readonly Problem[], places: readonly string[], says: readonly (string | RegExp)[]) {
  expect(problems.map(({ code, line }) => `${code} ${line}`)).toEqual([...places]);
  const [first] = problems;
  for (const each of says) expect(`${first?.message}\n${first?.hint}`).toMatch(each);
}
