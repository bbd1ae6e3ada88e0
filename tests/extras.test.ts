/** The extras of a definition that demand something of a run, from the executable, over both transports. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { advance, expectError, expectRefused, expectStep, skeletonIn, startRun, statusOf } from "./support/calls.ts";
import { TRANSPORTS } from "./support/either.ts";
import { decide } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("MEASURE", {
    Test: {
      extras: [
        "produces:",
        "  test_exit_code: integer",
        "  passed: {type: boolean}",
        "  names: {type: array, items: {type: string}}",
      ],
      routes: ["`report.status == 'success' && context.test_exit_code == 0` → FINISH", "otherwise → Test"],
    },
  }),
  ...workflowFiles("STRICT", {
    One: { extras: ["next: [Two, Three]"], guidance: "Choose Four, they say." },
    Two: { extras: ["next: Four"], guidance: "On." },
    Three: { extras: ["next: [FINISH]"] },
    Four: {},
  }),
  ...workflowFiles("LOOP", {
    Try: { extras: ["max_visits: 2"], routes: ["`report.status == 'success'` → FINISH", "otherwise → Try"] },
  }),
  ...workflowFiles("ASKS", { Only: {} }, "Ask.", [
    "description: Ask for what is needed",
    "inputs:",
    "  properties:",
    "    name: {type: string, description: whose it is}",
    "    count: {type: integer, minimum: 1}",
    "  required: [name]",
  ]),
});

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    test("produces: the answer shows what to set; a report without it is refused and changes nothing", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "MEASURE", { context: { test_exit_code: 1 } });
      const asked = { test_exit_code: "<integer>", passed: "<boolean>", names: "<array>" };
      expect(run.told.data.report_with.arguments.context_updates).toEqual(asked);
      expect(skeletonIn(run.told.text).context_updates).toEqual(asked);
      const none = await expectRefused(on, run.id, () => advance(on, run), "INCOMPLETE_REPORT");
      for (const word of ["test_exit_code", "(integer)", "passed", "(boolean)", "names", "nothing changed"]) {
        expect(none.text).toContain(word);
      }
      expect(none.text).toContain("context holds as test_exit_code was set before this report");
      const wrong = { test_exit_code: "abc", passed: true, names: ["a", 3, {}] };
      const told = await expectRefused(on, run.id, () => advance(on, run, { updates: wrong }), "INCOMPLETE_REPORT");
      expect(told.text).toContain("abc");
      const removed = { test_exit_code: null, passed: true, names: [] };
      expectError(await advance(on, run, { updates: removed }), "INCOMPLETE_REPORT");
      const unfilled = { updates: asked };
      expectError(await advance(on, run, unfilled), "INVALID_INPUT");
    });

    test("produces: values are coerced to their types, and a failure has to produce nothing", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "MEASURE");
      const failed = await advance(on, run, { status: "failure" });
      expect(failed.data.next_step.step_id).toBe("2-test");
      const at = { id: run.id, stepId: "2-test" };
      const done = await advance(on, at, {
        updates: { test_exit_code: "0", passed: "true", names: '["a"]', more: "[0]" },
      });
      expect(done.data.status).toBe("COMPLETED");
      expect((await statusOf(on, run.id)).context).toEqual({
        test_exit_code: 0,
        passed: true,
        names: ["a"],
        more: "[0]",
      });
    });

    test("produces: a whole number that would be rounded is refused, and taken as text if text will do", async () => {
      const own = scratchDir();
      writeFiles(own, workflowFiles("OWN", { Only: { extras: ["produces: {id: integer, key: string}"] } }));
      const on = await open({ workflows: own });
      const run = await startRun(on, "OWN");
      const report = (id: unknown) => () => advance(on, run, { updates: { id, key: "725653563933458433" } });
      const number = await expectRefused(on, run.id, report(JSON.parse("725653563933458433")), "INVALID_INPUT");
      expect(number.text).toContain("context_updates.id is");
      expect(number.text).toContain("send it as text");
      const text = await expectRefused(on, run.id, report("725653563933458433"), "INCOMPLETE_REPORT");
      expect(text.text).toMatch(/id is beyond what a number holds exactly.*schema says "string"/);
      expect((await report("7")()).data.current_context).toMatchObject({ id: 7, key: "725653563933458433" });
    });

    test("produces: the answer shows the texts of a short enum to choose from", async () => {
      const own = scratchDir();
      const many = Array.from({ length: 30 }, (_, at) => `word${at}`);
      const produces = `produces: {risk: {enum: [low, high]}, many: {enum: [${many}]}, level: {type: integer, enum: [1, 2]}}`;
      writeFiles(own, workflowFiles("OWN", { Only: { extras: [produces] } }));
      const on = await open({ workflows: own });
      const run = await startRun(on, "OWN");
      const shown = { risk: "<low | high>", many: "<value>", level: "<integer>" };
      expect(run.told.data.report_with.arguments.context_updates).toEqual(shown);
      expect(skeletonIn(run.told.text).context_updates).toEqual(shown);
      const copied = { ...shown, many: "word1", level: 1 };
      const told = await expectRefused(on, run.id, () => advance(on, run, { updates: copied }), "INCOMPLETE_REPORT");
      expect(told.text).toContain('risk must be one of: "low", "high"');
    });

    test("produces: a schema may refer to its own parts", async () => {
      const own = scratchDir();
      const part = "{type: array, items: {$ref: '#/definitions/part'}, definitions: {part: {type: integer}}}";
      writeFiles(own, workflowFiles("OWN", { Only: { extras: [`produces: {a: ${part}, b: ${part}}`] } }));
      const on = await open({ workflows: own });
      const run = await startRun(on, "OWN");
      const wrong = () => advance(on, run, { next_step: "FINISH", updates: { a: [1], b: ["x"] } });
      const refused = await expectRefused(on, run.id, wrong, "INCOMPLETE_REPORT");
      expect(refused.text).toContain('b[0] must be integer, not "x"');
      const done = await advance(on, run, { next_step: "FINISH", updates: { a: [1], b: ["2"] } });
      expect(done.data).toMatchObject({ status: "COMPLETED", current_context: { a: [1], b: [2] } });
    });

    test("next: only what it names may follow, and a single one decides like a route", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "STRICT");
      expect(run.told.data.decision_required.candidates).toEqual(["Two", "Three"]);
      const refused = await expectRefused(
        on,
        run.id,
        () => advance(on, run, { next_step: "Four", details: "they say so" }),
        "STEP_NOT_ALLOWED",
      );
      expect(refused.text).toContain("Two | Three");
      const two = await advance(on, run, { next_step: "Two" });
      expectStep(two, { name: "Two", id: "2-two", instructions: "Do Two." });
      expect(two.data.decision_required).toBeUndefined();
      const four = await advance(on, { id: run.id, stepId: "2-two" }, { next_step: "FINISH" });
      expect(four.data.decision).toMatchObject({ decided_by: "route", notes: [expect.stringContaining("FINISH")] });
      expect(four.data.next_step.step_name).toBe("Four");
    });

    test("max_visits: one visit more suspends the run until a person releases it, and no tool does", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "LOOP");
      await advance(on, run, { status: "failure" });
      const third = await advance(on, { id: run.id, stepId: "2-try" }, { status: "failure" });
      expect(third.data).toMatchObject({ status: "SUSPENDED", next_step: null, waiting_for: { kind: "visits" } });
      for (const form of [third.text, third.data.rules]) {
        expect(form).toContain(` release ${run.id}`);
        expect(form.toLowerCase()).toContain("do not poll");
      }
      const at = { id: run.id, stepId: "3-try" };
      const refused = await expectRefused(on, run.id, () => advance(on, at), "INSTANCE_SUSPENDED");
      expect(refused.text).toContain(`orchestrator release ${run.id}`);
      for (const args of [
        {},
        { assumed_current_step_name: "Try" },
        { report: { step_id: "3-try", status: "success" } },
      ]) {
        const resumed = await on.call("resume_workflow", { instance_id: run.id, ...args });
        expect(resumed.data).toMatchObject({ status: "SUSPENDED", next_step: null });
      }
      for (const to_visit of [1, 3]) {
        const rewind = () => on.call("rewind_workflow", { instance_id: run.id, to_visit });
        await expectRefused(on, run.id, rewind, "INSTANCE_SUSPENDED");
      }
      expect(await release(run.id, on.db)).toMatchObject({ code: 0, seen: expect.stringContaining("RUNNING at Try") });
      const held = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 3 });
      expect(held.data.status).toBe("SUSPENDED");
      await release(run.id, on.db);
      const { text } = await on.call("get_workflow_status", { instance_id: run.id });
      expect(text).toContain("released at Try");
      const resumed = await on.call("resume_workflow", { instance_id: run.id });
      expect(resumed.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "4-try" } });
      const again = await advance(on, { id: run.id, stepId: "4-try" }, { status: "failure" });
      expect(again.data.status).toBe("SUSPENDED");
      const { history } = await statusOf(on, run.id);
      expect(history.find(({ kind }: { kind: string }) => kind === "approval")).toMatchObject({ actor: "cli" });
    });

    test("inputs and description: listed, checked at the start, and told by the prompt", async () => {
      const on = await open({ workflows });
      const { data, text } = await on.call("list_workflows");
      const asks = data.workflows.find(({ name }: { name: string }) => name === "ASKS");
      expect(asks).toMatchObject({
        description: "Ask for what is needed",
        inputs: { type: "object", required: ["name"] },
      });
      expect(text).toContain("ASKS: Ask for what is needed");
      expect(text).toContain("name (string, required), count (integer)");
      for (const [context, word] of [
        [{}, "name is missing"],
        [{ name: 3 }, "name must be string"],
        [{ name: "a", count: "2" }, "count must be integer"],
        [{ name: "a", count: 0 }, "count"],
      ] as const) {
        const told = expectError(await on.call("start_workflow", { workflow_name: "ASKS", context }), "INVALID_INPUT");
        expect(told.text).toContain(word);
      }
      expect((await on.call("list_instances")).data.instances).toEqual([]);
      await startRun(on, "ASKS", { context: { name: "a", count: 2, other: true } });
      const prompt = (await on.prompts()).find(({ name }) => name === "ASKS");
      expect(prompt?.arguments?.map(({ name, required }) => [name, required])).toEqual([["request", false]]);
      const said = await on.prompt("ASKS", { request: 'for O"Neil, twice' });
      expect(said).toContain('The user wants: for O"Neil, twice\n');
      expect(said).toMatch(/"context".*:\n {3}- name \(string, required\).*\n {3}- count \(integer\)/);
    });
  });
}

test("release: what does not wait is refused, and so is what is over", async () => {
  const on = await TRANSPORTS.stdio({ workflows });
  const run = await startRun(on, "LOOP");
  expect(await release(run.id, on.db)).toMatchObject({ code: 1, seen: expect.stringContaining("waits for nobody") });
  await advance(on, run);
  expect(await release(run.id, on.db)).toMatchObject({ code: 1, seen: expect.stringContaining("COMPLETED") });
  expect(await release("wf_none", on.db)).toMatchObject({ code: 1, seen: expect.stringContaining("wf_none") });
  expect((await release("", on.db)).code).toBe(2);
});

/** As a person does it, in a terminal. */
function release(id: string, db: string) {
  return decide(["release", ...(id ? [id] : []), "--db", db], [["Type yes: ", "yes"]], join(db, ".."));
}
