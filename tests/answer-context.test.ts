/** What an answer says of the context: all of it to who begins or comes back, to who goes on what changed. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { changedContext } from "../src/mcp/context-view.ts";
import { advance, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("LINE", {
    One: { routes: ["otherwise → Two"] },
    Two: {
      instructions: "Mend {{ context.module }}, one of {{ context.modules }}; {{ context.module.size }} stays.",
      routes: ["otherwise → Three"],
    },
    Three: { routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("CHOICE", { First: {}, Second: {} }),
});

const long = "x".repeat(500);
const cut = `${"x".repeat(400)}… (500 characters)`;
const STARTED = { who: "Ada", old: true, log: long };
const UPDATES = { module: "a.js", modules: ["a.js", "b.js"], module_exit_code: 1, note: long, old: null };
const CHANGED = { module_exit_code: 1, note: cut, old: null, "…": "get_workflow_status has who, log" };

test("an advance says what changed and the instructions do not say, and names the other keys", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "LINE", { context: STARTED });
  expect(run.told.data.current_context).toEqual({ ...STARTED, log: cut });
  const next = await advance(on, run, { updates: UPDATES });
  expect(next.data.current_context).toEqual(CHANGED);
  expect(next.data.next_step.instructions).toStartWith('Mend a.js, one of ["a.js","b.js"];');
  const again = await advance(on, run, { updates: UPDATES });
  expect(again.data).toMatchObject({ replayed: true, current_context: CHANGED });
  const last = await advance(on, { id: run.id, stepId: "2-two" });
  expect(last.data.current_context).toEqual({
    "…": "get_workflow_status has who, log, module, modules, module_exit_code, note",
  });
});

test("who comes back is told the context whole, its long values cut, and the status has these whole", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "LINE", { context: STARTED });
  await advance(on, run, { updates: UPDATES });
  const { old: _removed, ...updates } = UPDATES;
  const whole = { who: "Ada", log: long, ...updates };
  const shown = { ...whole, log: cut, note: cut };
  const report = { step_id: "2-two", status: "success" };
  for (const told of [
    await on.call("resume_workflow"),
    await on.call("resume_workflow", { instance_id: run.id, report }),
  ]) {
    expect(told.data.current_context).toEqual(shown);
  }
  expect((await statusOf(on, run.id)).context).toEqual(whole);
  const back = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 2 });
  expect(back.data.current_context).toEqual(shown);
});

test("a report that waits for the agent's choice has changed the context already", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE", { context: { who: "Ada" } });
  const changed = { found: 2, "…": "get_workflow_status has who" };
  expect((await advance(on, run, { updates: { found: 2 } })).data.current_context).toEqual(changed);
  expect((await advance(on, run, { next_step: "Second" })).data.current_context).toEqual(changed);
});

test("a value that the instructions had no room for is no value that they say", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "LINE");
  const modules = "m".repeat(50_000);
  const { current_context } = (await advance(on, run, { updates: { module: "a.js", modules } })).data;
  expect(current_context).toEqual({ modules: `${"m".repeat(400)}… (50000 characters)` });
});

test("whatever changed, an advance spends at most 1 kB on the context, and each key is shown, named or counted", () => {
  const key = fc.string({ minLength: 1, maxLength: 80, unit: "grapheme" });
  const context = fc.dictionary(key, fc.oneof(fc.jsonValue(), fc.string({ maxLength: 2_000, unit: "binary" })));
  fc.assert(
    fc.property(context, fc.array(key), (values, more) => {
      const keys = Object.keys(values);
      const changed = [...new Set([...keys.slice(keys.length / 2), ...more])];
      const shown = changedContext(values, { changed, isTold: () => false, mostBytes: 5_600 });
      expect(Buffer.byteLength(JSON.stringify(shown))).toBeLessThanOrEqual(1_000);
      const { "…": names, ...told } = shown;
      const left = [...new Set([...keys, ...changed])].filter((each) => !Object.hasOwn(told, each));
      expect(names === undefined).toBe(left.length === 0);
    }),
  );
});
