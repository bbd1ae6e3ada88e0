/** Drawings of workflows: nothing that an author wrote is left out, and none of it is taken for syntax. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { candidatesAfter, leadsTo } from "../src/decision.ts";
import { place } from "../src/graph/layout.ts";
import { mermaidOf } from "../src/graph/mermaid.ts";
import { graphsOf, modelOf, withWalked } from "../src/graph/model.ts";
import { drawSvg } from "../src/graph/svg.ts";
import { drawText } from "../src/graph/terminal.ts";
import { walkedOf } from "../src/graph/walked.ts";
import type { Step } from "../src/workflow.ts";
import { anyWorkflow, stepOf, workflowOf } from "./support/graphs.ts";
import { runBare } from "./support/stdio.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

/** [what, the step, what leads from it to where] */
const WAYS: [string, Partial<Step>, Record<string, string[]>][] = [
  ["a step that says nothing is judged", {}, { B: ["judged"] }],
  [
    "names in the guidance are judged",
    { guidance: "C, or FINISH" },
    { B: ["judged"], C: ["judged"], FINISH: ["judged"] },
  ],
  ["a single next", { next: ["C"] }, { C: ["next"] }],
  ["several next", { next: ["B", "FAIL"] }, { B: ["judged"], FAIL: ["judged"] }],
  ["routes without otherwise", { routes: [{ when: "a", to: "C" }] }, { C: ["route a"], B: ["judged"] }],
  [
    "routes to one step are one edge",
    {
      routes: [
        { when: "a", to: "B" },
        { when: "b", to: "B" },
        { when: null, to: "A" },
      ],
    },
    { B: ["route a", "route b"], A: ["otherwise"] },
  ],
  [
    "a route behind otherwise bounded by next",
    { next: ["B", "C"], routes: [{ when: null, to: "C" }] },
    { C: ["otherwise"] },
  ],
  ["a no by its key", { approval: { denied: "C" }, next: ["B", "C"] }, { B: ["judged"], C: ["judged", "denied"] }],
  [
    "a no by a route",
    {
      approval: {},
      routes: [
        { when: "approval.denied", to: "C", about: "approval" },
        { when: null, to: "B" },
      ],
    },
    { C: ["denied approval.denied"], B: ["otherwise"] },
  ],
  ["a deadline", { deadline: { after: 60, then: "C" } }, { B: ["judged"], C: ["deadline"] }],
];

test.each(WAYS)("%s", (_, extras, ways) => {
  const { edges } = modelOf(workflowOf([stepOf("A", extras), stepOf("B", { next: ["C"] }), stepOf("C")]));
  const from = edges.filter((edge) => edge.from === "A");
  const told = from.map((edge) => [edge.to, edge.ways.map(({ kind, when }) => (when ? `${kind} ${when}` : kind))]);
  expect(Object.fromEntries(told)).toEqual(ways);
});

test("loops, ends and steps to which nothing leads are told", () => {
  const steps = [
    stepOf("A", { next: ["B"] }),
    stepOf("B", { next: ["A", "B", "FINISH"] }),
    stepOf("C", { next: ["A"] }),
  ];
  const { nodes, edges } = modelOf(workflowOf(steps));
  expect(nodes.map(({ name, kind, unreachable }) => [name, kind, unreachable === true])).toEqual([
    ["A", "agent", false],
    ["B", "agent", false],
    ["C", "agent", true],
    ["FINISH", "end", false],
  ]);
  expect(edges.filter(({ back }) => back).map(({ from, to }) => from + to)).toEqual(["BA", "BB", "CA"]);
});

test("each step and each way that a rule or the guidance names is in the model", () => {
  fc.assert(
    fc.property(anyWorkflow, (workflow) => {
      const { nodes, edges } = modelOf(workflow);
      const names = nodes.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const step of workflow.steps) {
        expect(names).toContain(step.name);
        const to = edges.filter(({ from }) => from === step.name).map((edge) => edge.to);
        expect(new Set(to).size).toBe(to.length);
        const rules = step.next ? [] : (leadsTo(step) ?? candidatesAfter(workflow, step).guided);
        for (const name of [...rules, ...step.routes.map((route) => route.to)]) expect(to).toContain(name);
      }
      for (const { from, to } of edges) expect(names).toEqual(expect.arrayContaining([from, to]));
    }),
  );
});

test("private workflows are drawn too, others that are used are not", () => {
  const used = (name: string) => ({ hash: "", workflow: workflowOf([stepOf("A")], name) });
  const workflow = { ...workflowOf([stepOf("A")]), used: { "W/own": used("W/own"), OTHER: used("OTHER") } };
  expect(graphsOf(workflow).map(({ name }) => name)).toEqual(["W", "W/own"]);
});

test("a walk off the drawing is added to it", () => {
  const graph = modelOf(workflowOf([stepOf("A", { next: ["B"] }), stepOf("B", { next: ["FINISH"] })]));
  const taken = [
    { from: "A", to: "B", count: 1 },
    { from: "B", to: "A", count: 2 },
    { from: "B", to: "Old", count: 1 },
  ];
  const { nodes, edges } = withWalked(graph, { visits: { A: 3, B: 3, Old: 1 }, taken, current: "FAIL" });
  expect(nodes.slice(3).map(({ name, kind }) => [name, kind])).toEqual([
    ["Old", "gone"],
    ["FAIL", "end"],
  ]);
  expect(edges.slice(2)).toEqual([
    { from: "B", to: "A", ways: [], back: true },
    { from: "B", to: "Old", ways: [] },
  ]);
});

/** What no drawing may hold: what steers a terminal, turns text round, or is half a character. */
const STEERING = /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u200c\u200d])\p{Cf}/u;

/** What a picture is made of: no script, no style, no attribute that runs anything. */
const TAGS = ["svg", "title", "circle", "g", "path", "text", "tspan", "rect", "a"];
const SAFE =
  /^(xmlns|class|role|aria-label|aria-hidden|href|viewBox|width|height|[xydr]|[rc][xy]|fill|stroke|font-size|font-weight|text-anchor|paint-order|(stroke|fill)-[a-z]+)$/;
/** An element's beginning or end, text without markup, or nothing: whatever else would stand in a picture breaks this. */
const XML = /<\/?(?<tag>[a-z]+)(?<attributes>(?: [A-Za-z-]+="[^<>"]*")*)\/?>|[^<>&"']+|&#\d+;/y;

function tagsOf(svg: string) {
  const tags: { tag: string; attributes: Map<string, string> }[] = [];
  XML.lastIndex = 0;
  while (XML.lastIndex < svg.length) {
    const at = XML.lastIndex;
    const found = XML.exec(svg);
    if (!found) throw new Error(`No XML: ${svg.slice(at, at + 80)}`);
    const { tag, attributes = "" } = found.groups ?? {};
    const pairs = [...attributes.matchAll(/ ([A-Za-z-]+)="([^"]*)"/g)];
    if (tag && !found[0].startsWith("</"))
      tags.push({ tag, attributes: new Map(pairs.map(([, name = "", value = ""]) => [name, value])) });
  }
  return tags;
}

test("a picture holds each node and each edge once, and nothing that an author wrote is markup", async () => {
  await fc.assert(
    fc.asyncProperty(anyWorkflow, fc.boolean(), async (workflow, linked) => {
      const graph = modelOf(workflow);
      const path = { visits: { [graph.start]: 2 }, taken: [], current: graph.start };
      const svg = await drawSvg(graph, { path, ...(linked ? { links: (name) => `#"><b>${name}` } : {}) });
      const tags = tagsOf(svg);
      const withClass = (name: string) =>
        tags.filter(
          ({ attributes }) => attributes.get("class")?.split(" ").includes(name) && !attributes.has("aria-hidden"),
        );
      expect(withClass("g-node")).toHaveLength(graph.nodes.length);
      expect(withClass("g-edge")).toHaveLength(graph.edges.length + 1);
      expect(withClass("g-current")).toHaveLength(1);
      expect(tags.filter(({ tag }) => tag === "a")).toHaveLength(linked ? graph.nodes.length : 0);
      expect(tags.map(({ tag }) => tag).filter((tag) => !TAGS.includes(tag))).toEqual([]);
      expect(tags.flatMap(({ attributes }) => [...attributes.keys()]).filter((name) => !SAFE.test(name))).toEqual([]);
      expect(svg).not.toMatch(STEERING);
      expect(svg).not.toMatch(/NaN|undefined|[\ufffe\uffff]/);
    }),
    { numRuns: 40 },
  );
});

test("a picture is the same each time, has colours only as a file of its own, and tells a walk in words too", async () => {
  const graph = modelOf(workflowOf([stepOf("A", { next: ["B"] }), stepOf("B", { next: ["A", "FINISH"] })]));
  const path = { visits: { A: 3, B: 2 }, taken: [{ from: "A", to: "B", count: 2 }], current: "A" };
  const svg = await drawSvg(graph, { path });
  expect(await drawSvg(graph, { path })).toBe(svg);
  expect(svg).not.toContain("<style");
  const places = (text: string) => text.match(/ viewBox="[^"]*"|<rect class="g-box" x="[^"]*" y="[^"]*"/g);
  expect(places(svg)).toEqual(places(await drawSvg(graph)));
  expect(await drawSvg(graph, { standalone: true })).toContain("<style>.graph{");
  expect(svg).toContain('aria-label="A, visits: 3, current"');
  expect(svg).toContain(">3× now<");
  expect(svg.match(/class="g-edge g-next g-taken" role="img" aria-label="A → B: always"/g)).toHaveLength(1);
});

test("a workflow of ever so many ways is drawn whole, and holds nobody up", async () => {
  const names = Array.from({ length: 60 }, (_, at) => `Step ${at}`);
  const graph = modelOf(workflowOf(names.map((name) => stepOf(name, { next: [...names, "FINISH"] }))));
  const began = performance.now();
  const tags = tagsOf(await drawSvg(graph, { path: { visits: {}, taken: [], current: "Step 1" } }));
  expect(performance.now() - began).toBeLessThan(1_000);
  const classes = tags.map(({ attributes }) => attributes.get("class") ?? "");
  expect(classes.filter((each) => each.startsWith("g-node"))).toHaveLength(61);
  expect(classes.filter((each) => each.startsWith("g-edge"))).toHaveLength(1 + 60 * 61);
  const [width, height] = ["width", "height"].map((name) => Number(tags[0]?.attributes.get(name)));
  const points = tags.flatMap(({ attributes }) => attributes.get("d")?.match(/-?[\d.]+ -?[\d.]+/g) ?? []);
  expect(points.filter((at) => !isWithin(at.split(" ").map(Number), [width ?? 0, height ?? 0]))).toEqual([]);
});

function isWithin(at: number[], size: number[]): boolean {
  return at.every((each, axis) => each >= 0 && each <= (size[axis] ?? 0));
}

test("a workflow is laid out once, however often a page draws it", () => {
  const graph = () => modelOf(workflowOf([stepOf("A", { next: ["B"] }), stepOf("B", { next: ["A", "FINISH"] })]));
  expect(place(graph())).toBe(place(graph()));
});

/** A line of Mermaid as it is printed here: within quotes nothing has a meaning but a code and a line break. */
const LABEL = '(?:[^"#<>&;:`*_~^|$\\\\{}\\[\\]%@]|#\\d+;|<br/>)+';
const MERMAID = [
  "flowchart TD",
  `  n\\d+(?:\\["${LABEL}"\\]|\\[\\["${LABEL}"\\]\\]|\\{\\{"${LABEL}"\\}\\}|\\(\\["${LABEL}"\\]\\))`,
  '  start\\(\\(" "\\)\\) --> n\\d+',
  `  n\\d+ (?:-->|-\\.->)(?:\\|"${LABEL}"\\|)? n\\d+`,
].map((line) => new RegExp(`^${line}$`, "u"));

test("Mermaid has a line for each node and each edge, and no name breaks one", () => {
  fc.assert(
    fc.property(anyWorkflow, (workflow) => {
      const graph = modelOf(workflow);
      const text = mermaidOf(graph);
      const lines = text.split("\n");
      expect(text).not.toMatch(STEERING);
      expect(lines).toHaveLength(graph.nodes.length + graph.edges.length + 2);
      for (const line of lines) if (!MERMAID.some((form) => form.test(line))) throw new Error(line);
    }),
  );
});

test("a terminal gets each step and each edge, within its width, and nothing that steers it", () => {
  fc.assert(
    fc.property(anyWorkflow, fc.constantFrom(40, 80), (workflow, width) => {
      const graph = modelOf(workflow);
      const text = drawText(graph, { width });
      const lines = text.split("\n");
      expect(text).not.toMatch(STEERING);
      expect(lines.filter((line) => Bun.stringWidth(line) > width)).toEqual([]);
      expect(lines.filter((line) => /^ +\d+ {2}/.test(line)).length).toBeGreaterThanOrEqual(workflow.steps.length);
      expect(lines.filter((line) => /^ {5,6}[→⇢↺] /.test(line)).length).toBeGreaterThanOrEqual(graph.edges.length);
    }),
  );
});

test("a terminal sees loops, judgement and a walk by signs, and by colours only if it has them", () => {
  const steps = [
    stepOf("A", { next: ["B"] }),
    stepOf("B", { guidance: "FINISH", routes: [{ when: "report.status == 'failure'", to: "A" }], max_visits: 3 }),
  ];
  const graph = modelOf(workflowOf(steps));
  const path = {
    visits: { A: 2, B: 2 },
    taken: [
      { from: "A", to: "B", count: 2 },
      { from: "B", to: "A", count: 1 },
    ],
    current: "B",
  };
  const drawn = drawText(graph, { path });
  expect(drawn).toBe(
    [
      "  1  A  2×",
      "     → 2 B 2×",
      "",
      "▶ 2  B  2× ◀ now",
      "     at most 3×",
      "     ↺ 1 A 1×  failure",
      "     ⇢ FINISH  by judgement",
      "",
      "     FINISH",
    ].join("\n"),
  );
  const coloured = drawText(graph, { path, colour: true });
  expect(coloured).toContain("\u001b[");
  expect(Bun.stripANSI(coloured)).toBe(drawn);
});

test("the path of a run is its visits and its decisions, a rewind among them", () => {
  const decided = (visit: number, step_name: string, next_step: string, status?: "CANCELLED") => ({
    visit,
    step_name,
    decision: { decided_by: "agent" as const, next_step, reasoning: "", ...(status ? { status } : {}) },
  });
  const noted = { visit: 1, step_name: "A", decision: null };
  const history = [
    noted,
    decided(1, "A", "B"),
    decided(2, "B", "A"),
    decided(3, "A", "B"),
    decided(4, "B", "B", "CANCELLED"),
  ];
  expect(walkedOf({ step_name: "B", visit: 4 }, history)).toEqual({
    visits: { A: 2, B: 2 },
    taken: [
      { from: "A", to: "B", count: 2 },
      { from: "B", to: "A", count: 1 },
    ],
    current: "B",
  });
  expect(walkedOf({ step_name: "A", visit: 1 }, [])).toEqual({ visits: { A: 1 }, taken: [], current: "A" });
});

const home = scratchDir();
const draw = (...args: string[]) =>
  runBare({ cwd: home, args: ["graph", ...args], env: { HOME: home, XDG_DATA_HOME: join(home, "data") } });

test("the command draws a workflow and its private ones, for a terminal, as Mermaid, as SVG", async () => {
  const text = await draw("audit");
  const mermaid = await draw("AUDIT/part", "--mermaid");
  const svg = await draw("AUDIT", "--svg");
  expect([text, mermaid, svg].map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, ""]));
  expect(text.stdout).toMatch(/^AUDIT\n\n {2}1 {2}Agree on Scope\n[\s\S]*\nAUDIT\/part\n\n {2}1 {2}Read Part\n/);
  expect(mermaid.stdout).toStartWith('flowchart TD\n  n0["Read Part"]\n');
  expect(svg.stdout).toMatch(/^<svg [\s\S]*<style>[\s\S]*<\/svg>\n$/);
  expect(svg.stdout).toBe(readFileSync(join(import.meta.dir, "../docs/graph.svg"), "utf8"));
});

test("a name that is none, a broken workflow and wrong words are told apart", async () => {
  const workflows = scratchDir();
  writeFiles(workflows, { "BROKEN/index.md": "# Steps\n1. [Do](a.md)\n" });
  const unknown = await draw("ADIT");
  const broken = await draw("BROKEN", "--workflows", workflows);
  const wrong = await draw("AUDIT", "--svg", "--mermaid");
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('Did you mean "AUDIT"?')]);
  expect([broken.code, broken.stdout, broken.stderr]).toEqual([1, "", expect.stringContaining("BROKEN/index.md:2")]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("Choose one of --mermaid and --svg")]);
});
