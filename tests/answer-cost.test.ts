/** Every word that an agent reads is paid for: what tools and answers may cost. */
import { expect, test } from "bun:test";
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { filledIn } from "./support/shipped-scenarios.ts";

const MAX_TOOLS_BYTES = 6_000;
const MAX_BEYOND_INSTRUCTIONS = 1_000;

test("names, descriptions and input schemas of all eight tools stay under 6,000 bytes", async () => {
  const { client } = await connect();
  const { tools } = await client.listTools();
  const paid = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  expect(tools).toHaveLength(8);
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
  expect(next.text.replace(run.id, "run_ID")).toMatchSnapshot();
  expect(JSON.parse(JSON.stringify(next.data).replaceAll(run.id, "run_ID"))).toMatchSnapshot();
});
