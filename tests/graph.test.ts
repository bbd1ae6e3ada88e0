/** Drawings of workflows: nothing that an author wrote is left out, and none of it is taken for syntax. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { candidatesAfter, leadsTo } from "../src/decision.ts";
import { graphsOf, modelOf, withWalked } from "../src/graph/model.ts";
import type { Step } from "../src/workflow.ts";
import { anyWorkflow, stepOf, workflowOf } from "./support/graphs.ts";

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
