/** Server steps that outlast a call: told at the end, steered meanwhile, kept from a database that is away, and limited. */
import { expect, test } from "bun:test";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProgress } from "../src/mcp/progress.ts";
import { advance, expectError, historyOf, startRun } from "./support/calls.ts";
import type { InProcess } from "./support/in-process.ts";
import { asked, begun, linesOf, lives, SHIP, SLOW, servedFiles, server } from "./support/serving.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...servedFiles("SERVED"),
  ...servedFiles("MOVED"),
  ...workflowFiles("LIMITED", {
    Work: { routes: ["otherwise → Test"] },
    Test: { extras: ["run: {command: test}", "max_visits: 1"], routes: ["otherwise → Work"] },
  }),
  ...workflowFiles("LARGE", {
    Work: { routes: ["otherwise → Test"] },
    Test: { extras: ["run: {command: test}", "sets: {end: output_end}", "next: Ship"] },
    Ship: SHIP,
  }),
});

/** A run whose program goes on after the call that led there was answered. */
async function inBackground(workflow = "SERVED") {
  const on = await server({ workflows, script: SLOW });
  const run = await startRun(on, workflow);
  const told = await advance(on, run);
  await begun(on, 1);
  return { on, run, told };
}

test("a program longer than a call waits goes on: the answer says so, and resume and the repeated call tell its end", async () => {
  const { on, run, told } = await inBackground();
  const wait = `wait ${run.id} --db ${on.db}`;
  expect(told.data).toMatchObject({
    status: "RUNNING",
    next_step: null,
    waiting_for: { kind: "server_step" },
    report_with: { tool: "resume_workflow", arguments: { instance_id: run.id } },
  });
  for (const form of [told.text, told.data.rules]) {
    expect(form).toContain("Do not poll.");
    expect(form).toContain(`${wait}\n`); // copied without what follows
    expect(form).toContain(`resume_workflow {"instance_id":"${run.id}"}`);
  }
  const early = expectError(await advance(on, { id: run.id, stepId: "2-test" }), "INSTANCE_SUSPENDED");
  expect(early.text).toContain("the server does this step");
  expect(early.text).not.toContain("person");
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ next_step: null, waiting_for: { kind: "server_step" } });
  const eager = { instance_id: run.id, assumed_current_step_name: "Test", report: { status: "success" } };
  const unused = "The report that came along is not about a step that is yours now, and was not used.";
  expect((await on.call("resume_workflow", eager)).data.recap).toContain(unused);
  writeFileSync(join(on.project, "go"), "3");
  expect(await asked(on, run.id)).toMatchObject({ current_step_name: "Ship", visit: 4, context: { code: 3 } });
  const did = [
    { step_name: "Test", outcome: "failed", exit_code: 3 },
    { step_name: "Count", outcome: "passed" },
  ];
  expect((await on.call("resume_workflow", {})).data).toMatchObject({
    next_step: { step_id: "4-ship" },
    server_did: did,
  });
  expect((await advance(on, run)).data).toMatchObject({
    replayed: true,
    next_step: { step_id: "4-ship" },
    server_did: did,
  });
  expect(linesOf(on, "pids")).toHaveLength(1);
});

const STEERED: Record<string, { steer: (on: InProcess, id: string) => Promise<unknown>; runs: number; then: object }> =
  {
    cancelled: {
      steer: (on, instance_id) => on.call("cancel_workflow", { instance_id }),
      runs: 1,
      then: { status: "CANCELLED", visit: 2 },
    },
    "rewound to the step before": {
      steer: (on, instance_id) => on.call("rewind_workflow", { instance_id, to_visit: 1 }),
      runs: 1,
      then: { status: "RUNNING", current_step_name: "Build", visit: 3 },
    },
    "rewound to the same step": {
      steer: (on, instance_id) => on.call("rewind_workflow", { instance_id, to_visit: 2 }),
      runs: 2,
      then: { current_step_name: "Ship", visit: 5 },
    },
    "moved to the latest definition": {
      steer: async (on, instance_id) => {
        writeFiles(workflows, servedFiles("MOVED", "latest"));
        const moved = async () => (await historyOf(on, instance_id)).some(({ kind }) => kind === "move");
        while (!(await moved())) await on.call("resume_workflow", { instance_id, use_latest: true });
      },
      runs: 2,
      then: { current_step_name: "Ship", visit: 4, context: { latest: 0 } },
    },
  };

for (const [how, { steer, runs, then }] of Object.entries(STEERED)) {
  test(`a run that is ${how} while its program runs ends that, and its outcome counts for nothing`, async () => {
    const { on, run } = await inBackground("MOVED");
    const [first = ""] = linesOf(on, "pids");
    await steer(on, run.id);
    await waitFor(() => !lives(first), "the end of the program");
    await begun(on, runs);
    writeFileSync(join(on.project, "go"), "0");
    expect(await asked(on, run.id)).toMatchObject(then);
    await Bun.sleep(100);
    expect(linesOf(on, "pids")).toHaveLength(runs);
    const served = (await historyOf(on, run.id)).filter(({ step_name, report }) => step_name === "Test" && report);
    expect(served).toHaveLength(runs - 1);
  });
}

test("a rewind that is sent again after the server went on is answered, not done twice", async () => {
  const on = await server({ workflows, script: "echo $$ >> pids" });
  const run = await startRun(on, "SERVED");
  await advance(on, run);
  expect(await asked(on, run.id)).toMatchObject({ visit: 4 });
  const back = () => on.call("rewind_workflow", { instance_id: run.id, to_visit: 2 });
  await back();
  expect(await asked(on, run.id)).toMatchObject({ visit: 7 });
  const again = await back();
  expect(again.data).toMatchObject({ replayed: true, next_step: { step_id: "7-ship" } });
  expect(linesOf(on, "pids")).toHaveLength(2);
});

test("a database that is away when the outcome is to be written does not cost it: the program is not run again", async () => {
  const { on, run } = await inBackground();
  const files = ["", "-wal", "-shm"].map((end) => on.db + end);
  for (const file of files) renameSync(file, `${file}.away`);
  writeFileSync(join(on.project, "go"), "0");
  await waitFor(() => !lives(linesOf(on, "pids")[0] ?? ""), "the end of the program");
  await Bun.sleep(300);
  for (const file of files) renameSync(`${file}.away`, file);
  expect(await asked(on, run.id)).toMatchObject({ current_step_name: "Ship", context: { code: 0 } });
  expect(linesOf(on, "pids")).toHaveLength(1);
});

test("a server step that is entered once too often waits for a person; once released a sweep does it", async () => {
  const on = await server({ workflows, script: "echo $$ >> pids" });
  const run = await startRun(on, "LIMITED");
  const second = await advance(on, run);
  const held = await advance(on, { id: run.id, stepId: second.data.next_step.step_id });
  expect(held.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "visits" } });
  await on.app.engine.sweep();
  await Bun.sleep(50);
  expect(linesOf(on, "pids")).toHaveLength(1);
  await on.app.engine.release({ instance_id: run.id, use_latest: false }, { actor: "cli" });
  expect(linesOf(on, "pids")).toHaveLength(1);
  await on.app.engine.sweep();
  expect(await asked(on, run.id)).toMatchObject({ current_step_name: "Work", visit: 5 });
  expect(linesOf(on, "pids")).toHaveLength(2);
});

test("what a server step may not write ends the run as failed, with the reason and what was seen", async () => {
  const on = await server({ workflows, script: "head -c 3000 /dev/zero | tr '\\0' x" });
  const run = await startRun(on, "LARGE", { context: { big: "b".repeat(255 * 1024) } });
  const told = await advance(on, run, { updates: { more: "m".repeat(600) } });
  expect(told.data).toMatchObject({
    status: "FAILED",
    next_step: null,
    server_did: [{ step_name: "Test", outcome: "passed" }],
  });
  expect(told.text).toContain("The context would be");
  const entries = await historyOf(on, run.id);
  expect(entries.at(-1)).toMatchObject({ actor: "server", decision: { next_step: "FAIL", status: "FAILED" } });
});

test("what goes on after the answer is not told to the call that is over", () => {
  const sent: unknown[] = [];
  const progress = createProgress(1, async (notification) => void sent.push(notification));
  progress.tell("checking: test");
  progress.end();
  progress.tell("checking: count");
  expect(sent).toHaveLength(1);
});
