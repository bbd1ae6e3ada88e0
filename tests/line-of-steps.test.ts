/** "Step 2 of 5" is said only of workflows whose steps follow each other in a line. */
import { expect, test } from "bun:test";
import { progressOf } from "../src/mcp/line-of-steps.ts";
import type { Step, Workflow } from "../src/workflow.ts";

type Leads = Pick<Step, "next" | "routes" | "deadline" | "approval">;

const to = (...names: string[]): Leads => ({ next: names, routes: [] });
const otherwise = (name: string, ...before: string[]): Leads => ({
  routes: [...before.map((each) => ({ when: "visits > 1", to: each })), { when: null, to: name }],
});
const anything: Leads = { routes: [] };

function workflow(leads: Record<string, Leads>): Workflow {
  const steps = Object.entries(leads).map(([name, lead]) => {
    const slug = name.toLowerCase();
    return { name, slug, file: `${slug}.md`, guidance: "", instructions: "", sections: [], ...lead };
  });
  return { name: "W", goal: "", steps };
}

const CASES: [what: string, leads: Record<string, Leads>, isLine: boolean][] = [
  ["each leads to the following one", { A: to("B"), B: otherwise("C"), C: to("FINISH") }, true],
  ["a step may end the run early", { A: to("B", "FINISH"), B: otherwise("C", "FINISH"), C: to("FINISH") }, true],
  ["a step comes again", { A: to("B"), B: otherwise("B", "FINISH") }, false],
  ["the last leads back", { A: to("B"), B: otherwise("FINISH", "A") }, false],
  [
    "its time runs out",
    { A: { ...otherwise("B"), deadline: { after: 9, then: "C" } }, B: to("C"), C: to("FINISH") },
    false,
  ],
  ["a no leads back", { A: to("B"), B: { ...otherwise("FINISH"), approval: { denied: "A" } } }, false],
  ["a no ends the run", { A: to("B"), B: { ...otherwise("FINISH"), approval: { denied: "FINISH" } } }, true],
  ["a step can be left out", { A: to("B", "C"), B: to("C"), C: to("FINISH") }, false],
  ["a step is never reached", { A: to("FINISH"), B: to("FINISH") }, false],
  ["the steps stand in another order", { A: to("C"), C: to("B"), B: to("FINISH") }, true],
  ["the list has another order than the routes", { A: to("C"), B: to("FINISH"), C: to("B") }, false],
  ["whoever decides may choose any step", { A: anything, B: to("FINISH") }, false],
  ["no route matches for sure", { A: { routes: [{ when: "visits > 1", to: "B" }] }, B: to("FINISH") }, false],
  ["there is one step alone", { A: to("FINISH") }, false],
];

test.each(CASES)("%s", (_what, leads, isLine) => {
  const found = workflow(leads);
  const { length } = found.steps;
  const said = found.steps.map((step) => progressOf(step, found));
  const line = found.steps.map((_, index) => `step ${index + 1} of ${length}`);
  expect<(string | undefined)[]>(said).toEqual(isLine ? line : found.steps.map(() => undefined));
});
