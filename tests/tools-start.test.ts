/** start_workflow: the first step in both forms, its context, repeated calls, and what cannot be started. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, expectStep, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const HELLO = workflowFiles(
  "HELLO",
  {
    Greet: {
      instructions:
        "Greet {{ context.name }} of {{context.team.lead}} with {{ context.list }}; {{ context.unset }} stays.",
      routes: ["otherwise → Part"],
    },
    Part: { routes: ["otherwise → FINISH"] },
  },
  "Be polite.",
);

function definitions(files = HELLO): string {
  const dir = scratchDir();
  writeFiles(dir, files);
  return dir;
}

test("the first step comes in both forms, each enough alone, with the context filled into its instructions", async () => {
  const on = await connect({ workflows: definitions() });
  const context = { name: "{{ context.list }}", team: { lead: "Ada" }, list: [1, "two"] };
  const { told } = await startRun(on, "HELLO", { context });
  const instructions = 'Greet {{ context.list }} of Ada with [1,"two"]; {{ context.unset }} stays.';
  expectStep(told, { name: "Greet", id: "1-greet", instructions });
  expect(told.text).toStartWith("Step 1 of 2 · Greet · visit 1 · HELLO\n");
  expect(told.data).toMatchObject({
    workflow_name: "HELLO",
    instance_id: expect.stringMatching(/^run_[a-z0-9]{12}$/),
    next_step: { visit: 1, progress: "step 1 of 2" },
    current_context: context,
  });
  expect(told.data.also_running).toBeUndefined();
});

test("a value longer than 400 characters is cut in the answer, which says how long it is", async () => {
  const on = await connect({ workflows: definitions() });
  const { told } = await startRun(on, "HELLO", { context: { short: "s".repeat(400), long: "x".repeat(401) } });
  expect(told.data.current_context.short).toBe("s".repeat(400));
  expect(told.data.current_context.long).toBe(`${"x".repeat(400)}… (401 characters)`);
});

test("live runs of the same workflow in this project are named, those of others and finished ones are not", async () => {
  const on = await connect({ workflows: definitions() });
  const finished = await startRun(on, "HELLO");
  await advance(on, finished);
  await advance(on, { id: finished.id, stepId: "2-part" });
  const live = await startRun(on, "HELLO");
  const elsewhere = await connect({ workflows: definitions(), db: on.db });
  expect((await startRun(elsewhere, "HELLO")).told.data.also_running).toBeUndefined();
  const { told } = await startRun(on, "HELLO");
  expect(told.data.also_running).toEqual([{ instance_id: live.id, step_name: "Greet" }]);
  expect(told.text).toContain(`Also running here: ${live.id}`);
});

test("the same request_id answers where that run is now, also after a restart and without its definition", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const args = { request_id: "ticket-7", context: { name: "Ada" } };
  const first = await startRun(on, "HELLO", args);
  expect(first.told.data.replayed).toBeUndefined();
  expect((await startRun(on, "HELLO", args)).told.data).toMatchObject({ instance_id: first.id, replayed: true });
  await advance(on, first);
  await on.kill();
  rmSync(join(workflows, "HELLO"), { recursive: true });
  const again = await connect({ workflows, db: on.db, project: on.project });
  const { told } = await startRun(again, "HELLO", args);
  expectStep(told, { name: "Part", id: "2-part", instructions: "Do Part." });
  expect(told.data).toMatchObject({ instance_id: first.id, replayed: true });
  expect(told.text).toContain("repeated call");
  await advance(again, { id: first.id, stepId: "2-part" });
  const done = await again.call("start_workflow", { workflow_name: "HELLO", ...args });
  expect(done.data).toMatchObject({ status: "COMPLETED", instance_id: first.id, replayed: true });
});

test("a request_id with other arguments is refused and starts nothing; in another project it is free", async () => {
  const workflows = definitions({ ...HELLO, ...workflowFiles("OTHER", { A: {} }) });
  const on = await connect({ workflows });
  const { id } = await startRun(on, "HELLO", { request_id: "r", context: { a: 1 } });
  for (const args of [
    { workflow_name: "HELLO", request_id: "r", context: { a: 2 } },
    { workflow_name: "HELLO", request_id: "r" },
    { workflow_name: "OTHER", request_id: "r", context: { a: 1 } },
  ]) {
    const told = expectError(await on.call("start_workflow", args), "INVALID_INPUT");
    expect(told.text).toContain(id);
  }
  expect((await on.call("list_instances")).data.instances).toHaveLength(1);
  const elsewhere = await connect({ workflows, db: on.db });
  expect((await startRun(elsewhere, "HELLO", { request_id: "r" })).id).not.toBe(id);
});

test("callers that send one request_id at the same moment get one run", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const other = await connect({ workflows, db: on.db, project: on.project });
  const starts = [on, other, on, other, on, other].map((each) => startRun(each, "HELLO", { request_id: "once" }));
  const runs = await Promise.all(starts);
  expect(new Set(runs.map((run) => run.id)).size).toBe(1);
  expect(runs.filter((run) => !run.told.data.replayed)).toHaveLength(1);
});

test("a workflow that does not exist is DEFINITION_NOT_FOUND, which offers the nearest name", async () => {
  const on = await connect({ workflows: definitions({ ...HELLO, ...workflowFiles("RELEASE", { A: {} }) }) });
  const told = expectError(await on.call("start_workflow", { workflow_name: "RELAESE" }), "DEFINITION_NOT_FOUND");
  expect(told.data.hint).toContain('Did you mean "RELEASE"?');
  expect(told.data.details.workflows.sort()).toEqual(["HELLO", "RELEASE"]);
  expect((await on.call("list_instances")).data.instances).toEqual([]);
});

test("a name in another case is taken, also when the start is repeated; one that nothing is near gets the list alone", async () => {
  const on = await connect({ workflows: definitions({ ...HELLO, ...workflowFiles("RELEASE", { A: {} }) }) });
  const { id, told } = await startRun(on, "hello", { request_id: "r" });
  expect(told.data.workflow_name).toBe("HELLO");
  expect((await startRun(on, "Hello", { request_id: "r" })).id).toBe(id);
  expect((await startRun(on, "hello")).told.data.also_running).toMatchObject([{ instance_id: id }]);
  expect((await on.call("list_instances", { workflow_name: "hello" })).data.instances).toHaveLength(2);
  const begun = expectError(await on.call("start_workflow", { workflow_name: "rel" }), "DEFINITION_NOT_FOUND");
  expect(begun.data.hint).toContain('Did you mean "RELEASE"?');
  const lost = expectError(await on.call("start_workflow", { workflow_name: "X" }), "DEFINITION_NOT_FOUND");
  expect(lost.data.hint).toMatch(/^There are: HELLO, RELEASE\. Looked in: \//);
});

test("a broken workflow is DEFINITION_INVALID with its problems, and hides no good one", async () => {
  const files = { ...HELLO, ...workflowFiles("BROKEN", { Only: {} }), "BROKEN/steps/only.md": "# Goal\n\nNothing.\n" };
  const on = await connect({ workflows: definitions(files) });
  const told = expectError(await on.call("start_workflow", { workflow_name: "BROKEN" }), "DEFINITION_INVALID");
  const [problem] = told.data.details.problems;
  expect(told.text).toContain(`${problem.file}:${problem.line} ${problem.message}`);
  expect(problem).toMatchObject({ file: expect.stringContaining("BROKEN"), line: expect.any(Number) });
  expect((await startRun(on, "HELLO")).told.data.status).toBe("RUNNING");
});

test("a context over 256 KiB is refused and nothing is started", async () => {
  const on = await connect({ workflows: definitions() });
  const args = { workflow_name: "HELLO", context: { big: "x".repeat(256 * 1024) } };
  const told = expectError(await on.call("start_workflow", args), "INVALID_INPUT");
  expect(told.text).toContain("262144");
  expect(told.data.hint).toContain("file");
  expect((await on.call("list_instances")).data.instances).toEqual([]);
  const most = { big: "x".repeat(256 * 1024 - '{"big":""}'.length) };
  expect((await startRun(on, "HELLO", { context: most })).told.isError).toBe(false);
});

test("a workflow that is added or edited while the server runs is seen within a second", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  await startRun(on, "HELLO");
  writeFiles(workflows, {
    ...workflowFiles("NEW", { A: {} }),
    ...workflowFiles("HELLO", { Greet: { instructions: "Wave." } }),
  });
  const edited = Date.now();
  const seen = async () => {
    const { text, isError } = await on.call("start_workflow", { workflow_name: "NEW" });
    return !isError && text.includes("Do A.") && (await startRun(on, "HELLO")).told.text.includes("Wave.");
  };
  while (!(await seen())) {
    if (Date.now() - edited > 1_500) throw new Error("not seen within a second");
    await Bun.sleep(50);
  }
});
