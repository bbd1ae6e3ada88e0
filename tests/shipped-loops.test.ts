/** However steps go and whatever is chosen by the guidance, a run of a shipped workflow comes to its end. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { candidatesAfter, type Decision } from "../src/decision.ts";
import { currentStep, type Instance, type Start } from "../src/instance.ts";
import { EMBEDDED_WORKFLOWS } from "../src/markdown/embedded.ts";
import { createLibrary } from "../src/markdown/library.ts";
import { createRoutesDecider } from "../src/routes/routes-decider.ts";
import { begin } from "../src/rules/begin.ts";
import { move } from "../src/rules/move.ts";
import type { LoadedWorkflow } from "../src/workflow.ts";
import { JUDGES } from "./support/judges.ts";

/** Far more than a patient user would bear, far less than an endless loop takes. */
const MOST_VISITS = 60;

const library = createLibrary({ places: [{ texts: EMBEDDED_WORKFLOWS }], judges: JUDGES });
const { workflows } = await library.catalog();
const routes = createRoutesDecider();

/** How one step goes: what is reported, what it sets, and which candidate is chosen if no route decides. */
const turn = fc.record({
  status: fc.constantFrom("success", "failure", "partly"),
  code: fc.constantFrom(0, 1, "none", ["one"]),
  choice: fc.nat(),
});
type Loaded = Pick<LoadedWorkflow, "workflow" | "hash">;
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;

const KEYS = [
  "test_exit_code",
  "baseline_exit_code",
  "verify_exit_code",
  "slices_left",
  "small_task",
  "base_commit",
  "differences",
  "findings",
  "retry",
];

async function play({ workflow, hash }: Loaded, turns: Turn[]): Promise<Instance> {
  const moment = { actor: "t", now: "2026-01-01T00:00:00.000Z" };
  const start: Start = {
    instance_id: "wf_1",
    definition: hash,
    first_step: workflow.steps[0]?.name ?? "",
    context: {},
    request_id: null,
    unattended: false,
    actor: "t",
    started_at: moment.now,
  };
  let instance = begin(workflow, start, { project: "/p", trusted: true });
  for (const each of turns) {
    const step = currentStep(workflow, instance);
    if (!step) break;
    const report = { step_id: "x", status: each.status };
    const context_updates = Object.fromEntries(KEYS.map((key) => [key, each.code]));
    const choice = candidatesAfter(workflow, step);
    const question = { workflow, instance, step, report, choice, recent: async () => [] };
    const verdict = await routes.decide({ ...question, context: context_updates }, {});
    const chosen = choice.guided[each.choice % choice.guided.length] ?? "";
    const decision: Decision =
      "decision" in verdict ? verdict.decision : { decided_by: "agent", next_step: chosen, reasoning: "" };
    instance = move(workflow, instance, { report, context_updates, decision, ...moment }).instance;
  }
  return instance;
}

/** With those that others use. */
const all = new Map<string, Loaded>(workflows);
for (const { workflow } of all.values())
  for (const [name, used] of Object.entries(workflow.used ?? {})) all.set(name, used);

test.each([...all.keys()])("%s comes to its end, however its steps go", async (name) => {
  const loaded = all.get(name);
  if (!loaded) throw new Error(name);
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: MOST_VISITS, maxLength: MOST_VISITS }), async (turns) => {
      expect(["COMPLETED", "FAILED"]).toContain((await play(loaded, turns)).status);
    }),
    { numRuns: 300 },
  );
  const stubborn = (status: string, code: unknown): Turn[] =>
    Array.from({ length: MOST_VISITS }, () => ({ status, code, choice: 0 }) as Turn);
  for (const status of ["success", "failure", "partly"]) {
    for (const code of [0, 1, ["one"]]) {
      expect(["COMPLETED", "FAILED"]).toContain((await play(loaded, stubborn(status, code))).status);
    }
  }
});
