/** Every word that an agent reads is paid for: what tools and answers may cost. */
import { expect, test } from "bun:test";
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { filledIn } from "./support/shipped-scenarios.ts";
import { costOf, RECORDED_WORKFLOWS, replay, sumOf, walk } from "./support/walks.ts";

const MAX_TOOLS_BYTES = 6_000;
const MAX_BEYOND_INSTRUCTIONS = 1_000;

/**
 * Bytes of all answers with version 0.1.0, by the form that a client hands on: the executable of that version was driven by
 * the same `replay` and `walk` as below. Its shipped workflows were those of that version, and its answers 38 and 11.
 */
const WITH_0_1_0 = {
  "module-audit": { structured: 54_383, text: 27_033 },
  work: { structured: 38_370, text: 20_371 },
};
/** What may be left of them for a client that hands on the structured form alone. */
const STRUCTURED_SHARE = 0.75;
const MAX_STEP_BYTES = 4_500;
const MAX_STATUS_BYTES = 5_000;

test("names, descriptions and input schemas of all nine tools stay under 6,000 bytes", async () => {
  const { client } = await connect();
  const { tools } = await client.listTools();
  const paid = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  expect(tools).toHaveLength(9);
  expect(Buffer.byteLength(JSON.stringify(paid))).toBeLessThan(MAX_TOOLS_BYTES);
});

test("a step answer is, in either form, at most 1,000 bytes longer than its instructions and the context", async () => {
  const on = await connect();
  const context = { project_path: "/home/ada/engine", old_function_name: "foo", new_function_name: "bar" };
  const run = await startRun(on, "REFACTOR_WITH_TESTS", { context });
  const updates = filledIn(run.told.data.report_with.arguments.context_updates);
  const next = await advance(on, run, { details: "found it in src/a.ts:12", updates });
  for (const { text, data } of [run.told, next]) {
    const { instructions } = data.next_step;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(Buffer.byteLength(instructions) + MAX_BEYOND_INSTRUCTIONS);
    const given = JSON.stringify([instructions, data.current_context]);
    const beyond = Buffer.byteLength(JSON.stringify(data)) - Buffer.byteLength(given);
    expect(beyond).toBeLessThanOrEqual(MAX_BEYOND_INSTRUCTIONS);
  }
  const same = (text: string) => text.replaceAll(run.id, "run_ID").replaceAll(on.db, "DB");
  expect(same(next.text)).toMatchSnapshot();
  expect(JSON.parse(same(JSON.stringify(next.data)))).toMatchSnapshot();
});

test.each([
  ["a loop over seven items", "module-audit", 38],
  ["a feature whose tests find a defect", "work", 12],
] as const)("%s costs at most 75 %% of what it did with 0.1.0, and as text no more", async (_what, name, calls) => {
  const answers =
    name === "work"
      ? await walk(await connect(), name)
      : await replay(await connect({ workflows: RECORDED_WORKFLOWS }), name);
  expect(answers.length).toBeLessThanOrEqual(calls);
  expect(answers.at(-1)?.data.status).toBe("COMPLETED");
  const cost = sumOf(answers);
  const before = WITH_0_1_0[name];
  expect(cost.structured).toBeLessThanOrEqual(before.structured * STRUCTURED_SHARE);
  expect(cost.text).toBeLessThanOrEqual(before.text);
});

test("each step of a ticket's run is answered in at most 4.5 kB, in either form", async () => {
  const answers = await walk(await connect(), "sprint-task");
  const steps = answers.filter(({ data }) => data.next_step?.instructions);
  expect(steps.length).toBeGreaterThan(10);
  const costs = steps.map((told) => ({ step: told.data.next_step.step_id, ...costOf(told) }));
  expect(costs.filter(({ structured, text }) => Math.max(structured, text) > MAX_STEP_BYTES)).toEqual([]);
});

test("the status of a ticket's run after six visits takes at most 5 kB in either form, with its context whole", async () => {
  const on = await connect();
  const answers = await walk(on, "sprint-task", 6);
  const { instance_id } = answers.at(-1)?.data ?? {};
  const told = await on.call("get_workflow_status", { instance_id });
  expect(told.data).toMatchObject({ visit: 7, history_total: 7 });
  expect(told.data.history).toHaveLength(7);
  expect(told.data.cut).toBeUndefined();
  const { structured, text } = costOf(told);
  expect(Math.max(structured, text)).toBeLessThanOrEqual(MAX_STATUS_BYTES);
});
