/** Runs that the user pauses, whatever goes on meanwhile, and runs that their agent ends as failed. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, expectRefused, historyOf, startRun, statusOf } from "./support/calls.ts";
import { begun, linesOf, lives, SHIP, SLOW, servedFiles, server } from "./support/serving.ts";
import { runBare, waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...servedFiles("SERVED"),
  ...workflowFiles("JUDGED", { Work: {}, Ship: {} }),
  ...workflowFiles("LIMITED", { Work: { extras: ["max_visits: 1", "next: Work"] }, Ship: SHIP }),
  ...workflowFiles("LATER", { Work: { extras: ["wait: 1h", "next: Ship"] }, Ship: SHIP }),
  ...workflowFiles("CHECKED", { Work: { extras: ["checks: [{command: test}]"], ...SHIP } }),
  ...workflowFiles("ENDED", { Work: { extras: ["next: [Ship, FAIL]"] }, Ship: { extras: ["next: [FINISH, Work]"] } }),
});

interface Listed {
  instance_id: string;
  waiting_for?: { kind: string };
}

const pause = { status: "paused", message: "lunch" };

test("a pause that is sent again is answered alike and noted once; notes and reports wait for whoever resumes", async () => {
  const on = await server({ workflows });
  const run = await startRun(on, "JUDGED");
  const first = await advance(on, run, pause);
  expect(await advance(on, run, pause)).toEqual(first);
  expect(await historyOf(on, run.id)).toHaveLength(1);
  for (const status of ["in_progress", "success", "failure"]) {
    const refused = await expectRefused(on, run.id, () => advance(on, run, { status }), "INSTANCE_SUSPENDED");
    expect(refused.text).toContain(`If the user wants to go on: resume_workflow {"instance_id":"${run.id}"}`);
  }
  expect(first.data.report_with).toMatchObject({ tool: "resume_workflow", arguments: { instance_id: run.id } });
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-work" } });
  expect(resumed.data.recap).toMatch(/It was paused \d+ s ago because the user wanted to stop: "lunch"\./);
  expect((await advance(on, run, { status: "in_progress", details: "again" })).text).toStartWith(
    "Noted. Still at Work",
  );
  expect((await historyOf(on, run.id)).map(({ kind }) => kind)).toEqual(["note", "resume", "note"]);
});

test("lists say of a run that is paused, served, waiting or at its limit what it waits for, and nothing of others", async () => {
  const on = await server({ workflows, script: SLOW });
  const runs = {
    paused: await startRun(on, "JUDGED"),
    visits: await startRun(on, "LIMITED"),
    time: { id: (await on.call("start_workflow", { workflow_name: "LATER" })).data.instance_id },
    server_step: await startRun(on, "SERVED"),
  };
  const own = await startRun(on, "JUDGED");
  await advance(on, runs.paused, pause);
  await advance(on, runs.visits);
  await advance(on, runs.server_step);
  const kindOf = Object.fromEntries(Object.entries(runs).map(([kind, { id }]) => [id, { kind }]));
  for (const told of [await on.call("list_instances"), await on.call("resume_workflow", {})]) {
    const listed = told.data.instances.map((each: Listed) => [each.instance_id, each.waiting_for]);
    expect(Object.fromEntries(listed)).toEqual({ ...kindOf, [own.id]: undefined });
    for (const [kind, { id }] of Object.entries(runs)) {
      const status = kind === "paused" || kind === "visits" ? "SUSPENDED" : "RUNNING";
      expect(told.text).toMatch(new RegExp(`^${id} · \\w+ · ${status} \\(${kind.replace("_", " ")}\\) · at `, "m"));
    }
    expect(told.text).toContain(`${own.id} · JUDGED · RUNNING · at Work`);
  }
  const { resources } = await on.client.listResources();
  const described = resources.find(({ name }) => name === runs.paused.id);
  expect(described?.description).toBe("SUSPENDED (paused), at Work");
  const { told } = await startRun(on, "JUDGED");
  expect(told.data.also_running).toEqual([
    { instance_id: own.id, step_name: "Work" },
    { instance_id: runs.paused.id, step_name: "Work", waiting_for: { kind: "paused" } },
  ]);
  expect(told.text).toContain(`${own.id} (at Work), ${runs.paused.id} (at Work, paused). If`);
  const printed = await runBare({ cwd: on.project, args: ["instances", "--db", on.db] });
  expect(printed.stdout).toContain(`${runs.paused.id}  SUSPENDED  JUDGED  Work (visit 1; paused)  `);
  expect(printed.stdout).toContain(`${runs.server_step.id}  RUNNING    SERVED  Test (visit 2; server step)  `);
  expect(printed.stdout).toContain(`${own.id}  RUNNING    JUDGED  Work (visit 1)  `);
  const json = await runBare({ cwd: on.project, args: ["instances", "--db", on.db, "--json"] });
  expect(JSON.parse(json.stdout).instances).toContainEqual(
    expect.objectContaining({ instance_id: runs.paused.id, waiting_for: { kind: "paused" } }),
  );
});

test("a report that is kept until the agent chooses outlasts a pause", async () => {
  const on = await server({ workflows });
  const run = await startRun(on, "JUDGED");
  const kept = await advance(on, run, { details: "42 lines", updates: { lines: 42 } });
  expect(kept.data.decision_required.candidates).toContain("Ship");
  await advance(on, run, pause);
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ status: "RUNNING", decision_required: {}, current_context: { lines: 42 } });
  const chosen = await advance(on, run, { next_step: "Ship" });
  expect(chosen.data.next_step.step_id).toBe("2-ship");
  const [visit] = (await historyOf(on, run.id)).filter(({ kind }) => kind === "visit");
  expect(visit).toMatchObject({ report: { details: "42 lines" }, decision: { decided_by: "agent" } });
});

test("a pause while checks run ends them: the report that they were for decides nothing", async () => {
  const on = await server({ workflows, script: SLOW });
  const run = await startRun(on, "CHECKED");
  const told = await advance(on, run);
  expect(told.data.checks_running).toMatchObject({ checks: ["test"] });
  await begun(on, 1);
  await advance(on, run, pause);
  await waitFor(() => !lives(linesOf(on, "pids")[0] ?? ""), "the end of the check");
  writeFileSync(join(on.project, "go"), "0");
  expectError(await advance(on, run), "INSTANCE_SUSPENDED");
  expect(await statusOf(on, run.id)).toMatchObject({ status: "SUSPENDED", visit: 1, waiting_for: { kind: "paused" } });
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data.next_step.step_id).toBe("1-work");
  expect((await advance(on, run)).data).toMatchObject({ status: "COMPLETED", checked: [{ outcome: "passed" }] });
});

test("a server step that was handed over and paused is the server's again, if the one that goes on may do it", async () => {
  const may = await server({ workflows });
  const idle = await server({ workflows, beside: may, mayRun: false });
  const run = await startRun(idle, "SERVED");
  await advance(idle, run);
  await advance(idle, { id: run.id, stepId: "2-test" }, pause);
  expect((await may.call("resume_workflow", {})).data).toMatchObject({
    next_step: { step_id: "4-ship" },
    server_did: [{ step_name: "Test" }, { step_name: "Count" }],
  });
});

test("an agent ends a run as failed where the step lists FAIL, and nowhere else", async () => {
  const on = await server({ workflows });
  const run = await startRun(on, "ENDED");
  expect(run.told.data.decision_required.candidates).toEqual(["Ship", "FAIL"]);
  const ship = await advance(on, run, { next_step: "Ship" });
  expect(ship.data.decision_required.candidates).not.toContain("FAIL");
  const at = { id: run.id, stepId: "2-ship" };
  const said = { status: "failure", error: "no remote", next_step: "FAIL" };
  await expectRefused(on, run.id, () => advance(on, at, said), "STEP_NOT_ALLOWED");
  await advance(on, at, { next_step: "Work" });
  const ended = await advance(on, { id: run.id, stepId: "3-work" }, said);
  expect(ended.data).toMatchObject({ status: "FAILED", next_step: null });
  expect(ended.text).toStartWith("FAILED · ENDED");
  expect(ended.text).toContain('Reason: "no remote" ');
  expect(ended.data.decision.reasoning).toContain("no remote");
  expect(ended.text).toContain("Tell the user the outcome.");
  const chosen = await startRun(on, "ENDED");
  const told = await advance(on, chosen, { next_step: "FAIL", details: "no remote" });
  expect(told.data.decision.reasoning).toBe('the agent chose it: "no remote"');
  expect(await statusOf(on, run.id)).toMatchObject({ status: "FAILED", current_step_name: "FAIL", visit: 3 });
  expect((await advance(on, { id: run.id, stepId: "3-work" }, said)).data).toMatchObject({ replayed: true });
  expectError(await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 }), "INSTANCE_FINAL");
});
