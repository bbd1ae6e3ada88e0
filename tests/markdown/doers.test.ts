/** Steps that the server or the clock moves on: where they may lead, that they end, and what is odd about them. */
import { describe, expect, test } from "bun:test";
import { MAX_PROBLEMS } from "../../src/markdown/problems.ts";
import { parse, placesOf, problemsOf, STEP, workflowOf } from "./support.ts";

/** A step's front matter, and its routes. */
interface Sketch {
  front?: string[];
  routes?: string[];
}

/** Parses a workflow of these steps; the step `A` stands in `W/A.md`. */
function parseSteps(sketches: Record<string, Sketch>, indexFront = "") {
  const files = Object.entries(sketches).map(([name, { front, routes }]) => {
    const extras = front ? `---\n${front.join("\n")}\n---\n` : "";
    return [
      `W/${name}.md`,
      `${extras}${STEP}${routes ? `# Routes\n${routes.map((each) => `- ${each}\n`).join("")}` : ""}`,
    ];
  });
  const links = Object.keys(sketches).map((name) => `- [${name}](${name}.md)`);
  return parse({ "W/index.md": `${indexFront}# Steps\n${links.join("\n")}\n`, ...Object.fromEntries(files) });
}

function warningsOf(sketches: Record<string, Sketch>, indexFront = "") {
  const result = parseSteps(sketches, indexFront);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return (result.warnings ?? []).map(({ code, message }) => `${code} ${message}`);
}

const RUN = ["run: make"];

describe("a server step", () => {
  test.each([
    ["otherwise as its last route", { front: RUN, routes: ["`context.x == 1` → B", "otherwise → FINISH"] }],
    ["a single name as next", { front: [...RUN, "next: B"] }],
    ["several names as next, and otherwise", { front: [...RUN, "next: [B, FAIL]"], routes: ["otherwise → FAIL"] }],
  ] as [string, Sketch][])("is taken with %s", (_, sketch) => {
    expect(workflowOf(parseSteps({ A: sketch, B: {} })).steps[0]?.run).toMatchObject({ kind: "run", words: ["make"] });
  });

  test("is refused with routes of which none may match", () => {
    const result = parseSteps({ A: { front: RUN, routes: ["`context.x == 1` → B"] }, B: {} });
    expect(placesOf(result)).toEqual(["RUN_UNDECIDED W/A.md:2"]);
  });

  test("needs Client Instructions, for where the server may not run", () => {
    const text = "---\nrun: make\nnext: FINISH\n---\n# Orchestrator Guidance\nGo on.\n";
    expect(placesOf(parse({ "W/index.md": "- [A](A.md)\n", "W/A.md": text }))).toEqual(["SECTION_MISSING W/A.md:1"]);
  });
});

describe("FAIL", () => {
  test("may be named by next, routes and then, and by no step", () => {
    const { steps } = workflowOf(
      parseSteps({
        A: { front: ["next: [B, FAIL]", "deadline: {after: 2h, then: FAIL}"] },
        B: { routes: ["`visits > 2` → FAIL", "otherwise → FINISH"], front: ["deadline: {after: 2h, then: FAIL}"] },
      }),
    );
    expect(steps.map(({ deadline }) => deadline?.then)).toEqual(["FAIL", "FAIL"]);
    const named = parseSteps({ FAIL: {}, Fail: {} });
    expect(placesOf(named)).toEqual(["STEP_NAME_RESERVED W/index.md:2"]);
    expect(problemsOf(named)[0]?.hint).toContain('"Report Failure"');
    expect(problemsOf(parseSteps({ A: { routes: ["otherwise → fail"] } }))[0]?.hint).toBe('Did you mean "FAIL"?');
  });

  test("is an end: who leads there is not stuck, and its values are the run's result", () => {
    const ends = { front: ["next: FAIL", "run: make", "sets: {code: exit_code}"] };
    expect(warningsOf({ A: { front: ["next: B"] }, B: ends })).toEqual([]);
    expect(
      warningsOf({ A: { front: ["next: B"] }, B: { ...ends, front: [...ends.front.slice(1), "next: A"] } }),
    ).toEqual([
      expect.stringContaining("FINISH_UNREACHABLE"),
      expect.stringContaining('PRODUCT_UNUSED The step "B" sets "code"'),
    ]);
  });
});

describe("a loop that needs no agent", () => {
  const to = (name: string, ...front: string[]): Sketch => ({
    front: [...RUN, ...front],
    routes: [`otherwise → ${name}`],
  });
  const late = (name: string): Sketch => ({ front: ["deadline:", "  after: 2h", `  then: ${name}`] });

  const bad: [string, Record<string, Sketch>, string, string][] = [
    ["of one step", { A: to("A") }, "W/A.md:2", '"A" → "A"'],
    ["of three steps", { A: to("B"), B: to("C"), C: to("A") }, "W/C.md:2", '"A" → "B" → "C" → "A"'],
    ["behind other steps", { A: {}, B: to("C"), C: to("D"), D: to("C") }, "W/D.md:2", '"C" → "D" → "C"'],
    [
      "by a route that is not the last",
      { A: { front: RUN, routes: ["`visits < 3` → A", "otherwise → FINISH"] } },
      "W/A.md:2",
      "A",
    ],
    ["by a deadline", { A: late("B"), B: to("A") }, "W/B.md:2", '"A" → "B" → "A"'],
    ["of deadlines alone", { A: late("B"), B: late("A") }, "W/B.md:4", '"A" → "B" → "A"'],
    ["by a single next", { A: to("B"), B: { front: [...RUN, "next: A"] } }, "W/B.md:2", '"B"'],
  ];
  test.each(bad)("%s is a problem at the step that closes it", (_, steps, place, way) => {
    const result = parseSteps(steps);
    expect(placesOf(result)).toEqual([`LOOP_WITHOUT_AGENT ${place}`]);
    expect(problemsOf(result)[0]?.message).toContain(way);
  });

  const good: [string, Record<string, Sketch>][] = [
    ["one of its steps has max_visits", { A: to("B"), B: to("C", "max_visits: 9"), C: to("A") }],
    ["an agent works one of its steps", { A: to("B"), B: {}, C: to("A") }],
    [
      "next allows it and the routes never lead there",
      { A: { front: [...RUN, "next: [A, FINISH]"], routes: ["otherwise → FINISH"] } },
    ],
    [
      "it is none, only two ways to one step",
      { A: { front: RUN, routes: ["`visits > 1` → C", "otherwise → B"] }, B: to("C"), C: to("FINISH") },
    ],
  ];
  test.each(good)("is taken if %s", (_, steps) => {
    expect(placesOf(parseSteps(steps))).toEqual([]);
  });

  test("is named once for each step that closes one, and long ones in short", () => {
    const both = parseSteps({ A: to("B"), B: { front: RUN, routes: ["`visits > 1` → A", "otherwise → B"] } });
    expect(problemsOf(both)).toHaveLength(1);
    const names = Array.from({ length: 9 }, (_, at) => `S${at}`);
    const ring = Object.fromEntries(names.map((name, at) => [name, to(names[(at + 1) % 9] ?? "")]));
    expect(problemsOf(parseSteps(ring))[0]?.message).toContain('"S0" → "S1" → "S2" → "S3" → "S4" → … → "S8" → "S0"');
  });

  test("is found in time among thousands", () => {
    const names = Array.from({ length: 3_000 }, (_, at) => `S${at}`);
    const all = Object.fromEntries(names.map((name, at) => [name, to(names[at + 1] ?? "S0")]));
    const back = (name: string, at: number): [string, Sketch] => [
      name,
      { front: RUN, routes: ["`visits > 1` → S0", `otherwise → ${names[at + 1] ?? "S0"}`] },
    ];
    const started = performance.now();
    expect(problemsOf(parseSteps(all)).length).toBeGreaterThan(0);
    expect(problemsOf(parseSteps(Object.fromEntries(names.map(back)))).length).toBeLessThanOrEqual(MAX_PROBLEMS + 1);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("warnings", () => {
  test("know that a deadline leads somewhere", () => {
    const routes = ["otherwise → FINISH"];
    expect(warningsOf({ A: { routes, front: ["deadline: {after: 2h, then: B}"] }, B: { routes } })).toEqual([]);
    expect(warningsOf({ A: { routes, front: ["deadline: 2h"] }, B: { routes } })).toEqual([
      'STEP_UNREACHABLE Nothing leads to the step "B"',
    ]);
  });

  test("know that sets sets a key", () => {
    const inputs = "---\ninputs: {properties: {a: {type: string}}}\n---\n";
    const uses = { routes: ["`context.code == 0` → FINISH", "otherwise → FAIL"] };
    const sets = { front: [...RUN, "next: B", "sets: {code: exit_code, time: milliseconds}"] };
    expect(warningsOf({ A: sets, B: uses }, inputs)).toEqual([
      'PRODUCT_UNUSED The step "A" sets "time", and no other step uses it',
    ]);
    expect(warningsOf({ A: { front: [...RUN, "next: B"] }, B: uses }, inputs)).toEqual([
      'KEY_NEVER_SET The step "B" uses "context.code", and nothing sets it',
    ]);
  });
});
