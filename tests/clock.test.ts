/** Waits, deadlines and pauses, with a clock that the test sets: late perhaps, never lost, never twice. */
import { expect, test } from "bun:test";
import { advance, expectError, historyOf, startRun, statusOf } from "./support/calls.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("COOLED", {
    Cool: { extras: ["wait: 10m"], routes: ["otherwise → Ship"] },
    Ship: { routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("TIMED", {
    Work: { extras: ["deadline: {after: 2h, then: Escalate}", "next: [Ship, Escalate]"], routes: ["otherwise → Ship"] },
    Escalate: { extras: ["deadline: 1h"], routes: ["otherwise → Ship"] },
    Ship: { routes: ["otherwise → FINISH"] },
  }),
});

const PATIENCE = { call: 50, callBeforeModel: 50, look: 10, stop: 100 };
const MINUTE = 60_000;

/** A clock that stands until the test moves it. */
function clock() {
  let time = Date.UTC(2026, 0, 1);
  return {
    now: () => new Date(time),
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

/** Servers on one database, which share a clock. */
async function servers(count: number) {
  const time = clock();
  const all: InProcess[] = [];
  for (let n = 0; n < count; n++) {
    const [first] = all;
    const place = first ? { db: first.db, project: first.project } : {};
    all.push(await connectInProcess({ workflows: [workflows], ...place }, { now: time.now, patience: PATIENCE }));
  }
  const [on] = all;
  if (!on) throw new Error("no server");
  const sweep = async () => {
    await Promise.all(all.map(({ app }) => app.engine.sweep()));
    await Bun.sleep(50);
  };
  return { on, all, time, sweep };
}

test("a wait holds back the step's instructions, and whoever looks first after it opens it once", async () => {
  const { on, time, sweep } = await servers(3);
  const told = await on.call("start_workflow", { workflow_name: "COOLED" });
  const id = told.data.instance_id;
  expect(told.data).toMatchObject({ status: "RUNNING", next_step: null, waiting_for: { kind: "time" } });
  expect(told.text).toContain("It is handed out at 00:10:00 UTC.");
  expect(told.text).not.toContain("Do Cool.");
  const status = await on.call("get_workflow_status", { instance_id: id });
  expect(status.text).toContain("waits: the clock runs; the step is handed out at 2026-01-01T00:10:00.000Z\n");
  expectError(await advance(on, { id, stepId: "1-cool" }), "INSTANCE_SUSPENDED");
  time.pass(9 * MINUTE);
  await sweep();
  expect((await statusOf(on, id)).waiting_for).toMatchObject({ kind: "time", until: "2026-01-01T00:10:00.000Z" });
  time.pass(-30 * MINUTE);
  await sweep();
  time.pass(31 * MINUTE);
  await sweep();
  await sweep();
  const opened = (await historyOf(on, id)).filter(({ kind }) => kind === "move");
  expect(opened).toMatchObject([{ actor: "server", turn: { of: "agent" }, ended_at: "2026-01-01T00:10:00.000Z" }]);
  const resumed = await on.call("resume_workflow", { instance_id: id });
  expect(resumed.data.next_step).toMatchObject({ step_id: "1-cool", instructions: "Do Cool." });
  expect((await advance(on, { id, stepId: "1-cool" })).data.next_step.step_id).toBe("2-ship");
});

test("a call opens a wait that is over, without any sweep", async () => {
  const { on, time } = await servers(1);
  const told = await on.call("start_workflow", { workflow_name: "COOLED" });
  time.pass(10 * MINUTE);
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ instance_id: told.data.instance_id, next_step: { step_id: "1-cool" } });
});

test("a deadline counts from the hand-out, which names it; a report in time stops the clock", async () => {
  const { on, time, sweep } = await servers(2);
  const run = await startRun(on, "TIMED");
  for (const form of [run.told.text, run.told.data.rules]) {
    expect(form).toContain("Report by 02:00:00 UTC (2 h from the hand-out): a later report does not count.");
  }
  time.pass(119 * MINUTE);
  await sweep();
  const told = await advance(on, run);
  expect(told.data.next_step.step_id).toBe("2-ship");
  time.pass(60 * MINUTE);
  await sweep();
  expect((await statusOf(on, run.id)).visit).toBe(2);
});

test("a report after the deadline is stale, whatever it says; it is kept as a note and shown in the recap, once", async () => {
  for (const swept of [true, false]) {
    const { on, time, sweep } = await servers(2);
    const run = await startRun(on, "TIMED");
    time.pass(132 * MINUTE);
    if (swept) await sweep();
    for (const status of ["success", "success", "failure"]) {
      const late = expectError(await advance(on, run, { status, details: `${status} at last` }), "STALE_REPORT");
      expect(late.text).toContain("the deadline of visit 1 (Work) passed 12 min ago");
    }
    const entries = await historyOf(on, run.id);
    expect(entries.filter(({ kind }) => kind === "visit")).toMatchObject([
      { visit: 1, report: null, decision: { decided_by: "timer", next_step: "Escalate" }, actor: "server" },
    ]);
    expect(entries.filter(({ kind }) => kind === "note")).toMatchObject([
      { report: { status: "success" } },
      { report: { status: "failure" } },
    ]);
    const resumed = await on.call("resume_workflow", {});
    expect(resumed.data.next_step.step_id).toBe("2-escalate");
    expect(resumed.text).toContain("Reported too late, and not used:");
    expect(resumed.text).toContain('"success at last"');
    expect(resumed.text).toContain('"failure at last"');
    expect(resumed.text).toContain('Done: 1 Work ✗ "no report came within 2 h"');
  }
});

test("a late report that comes with a resume is kept too, and nobody is told that the step was done", async () => {
  for (const said of [{ step_id: "1-work" }, {}]) {
    const { on, time } = await servers(1);
    const run = await startRun(on, "TIMED");
    time.pass(132 * MINUTE);
    const report = { ...said, status: "success", details: "done at last" };
    const late = { instance_id: run.id, assumed_current_step_name: "Work", report };
    for (const told of [await on.call("resume_workflow", late), await on.call("resume_workflow", late)]) {
      expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "2-escalate" } });
      expect(told.data.recap).toContain('You thought you were at "Work": its deadline passed.');
      expect(told.data.recap).toContain('Reported too late, and not used: 1 Work ✓ "done at last"');
    }
    const notes = (await historyOf(on, run.id)).filter(({ kind }) => kind === "note");
    expect(notes).toMatchObject([{ report: { step_id: "1-work", status: "success" } }]);
    const { text } = await on.call("get_workflow_status", { instance_id: run.id });
    expect(text).toContain('late report of 1-work at Escalate (2-escalate) success "done at last"');
  }
});

test("a deadline that leads nowhere suspends the run until a person releases it, which counts anew", async () => {
  const { on, time, sweep } = await servers(2);
  const run = await startRun(on, "TIMED");
  time.pass(121 * MINUTE);
  const at = { id: run.id, stepId: "2-escalate" };
  await on.call("resume_workflow", {});
  time.pass(61 * MINUTE);
  await sweep();
  expect(await statusOf(on, run.id)).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "deadline" } });
  const refused = expectError(await advance(on, at), "INSTANCE_SUSPENDED");
  expect(refused.text).toContain(`orchestrator release ${run.id}`);
  expect((await on.call("resume_workflow", {})).data.status).toBe("SUSPENDED");
  await on.app.engine.release({ instance_id: run.id, use_latest: false }, { actor: "cli" });
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.text).toContain("Report by 04:02:00 UTC (60 min from the hand-out)");
  expect((await advance(on, at)).data.next_step.step_id).toBe("3-ship");
});

test("a pause is a note that lets the run wait; any resume goes on with it, and the clock counts anew", async () => {
  const { on, time, sweep } = await servers(1);
  const run = await startRun(on, "TIMED");
  const paused = await advance(on, run, { status: "paused", message: "lunch", updates: { half: true } });
  expect(paused.data).toMatchObject({ status: "SUSPENDED", next_step: null, waiting_for: { kind: "paused" } });
  expect(paused.text).toBe(
    `Noted, and paused at Work (1-work). Whoever goes on calls resume_workflow {"instance_id":"${run.id}"}. You may stop here.`,
  );
  time.pass(24 * 60 * MINUTE);
  await sweep();
  expectError(await advance(on, run), "INSTANCE_SUSPENDED");
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ status: "RUNNING", current_context: { half: true } });
  expect(resumed.text).toContain("Report by 02:00:00 UTC");
  expect((await advance(on, run)).data.next_step.step_id).toBe("2-ship");
});
