/** fork_workflow: another way from an earlier visit, as a new run; the old one stays as it is. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditWorkflows, branchStep, doBranch } from "./support/branches.ts";
import { advance, expectError, expectRefused, expectStep, historyOf, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectInProcess } from "./support/in-process.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const to = (step: string) => ({ routes: [`otherwise → ${step}`], instructions: "See {{ context.n }}." });
writeFiles(workflows, {
  ...workflowFiles("W", { One: to("Two"), Two: to("Three"), Three: to("FINISH") }),
  ...workflowFiles("OTHER", { One: to("FINISH") }),
  ...workflowFiles("LOOP", {
    Try: { extras: ["max_visits: 2"], routes: ["`report.status == 'success'` → FINISH", "otherwise → Try"] },
  }),
  ...workflowFiles("PROVEN", {
    Build: { extras: ["checks:", "  - command: test"], routes: ["otherwise → Serve"] },
    Serve: { extras: ["run: {command: test}", "sets: {code: exit_code}"], routes: ["otherwise → Ship"] },
    Ship: { routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("FILED", { One: { instructions: "Write to {{ run.files }}.", routes: ["otherwise → FINISH"] } }),
  ...workflowFiles("TIMED", {
    Cool: { extras: ["wait: 10m"], routes: ["otherwise → Work"] },
    Work: { extras: ["deadline: 1h"], routes: ["otherwise → FINISH"] },
  }),
});

type On = Pick<Connection, "call" | "project" | "db">;

const fork = (on: On, instance_id: string, more: object = {}) => on.call("fork_workflow", { instance_id, ...more });

/** A run of W that is at Three; each visit reported `n`. */
async function atThree(on: On): Promise<string> {
  const { id } = await startRun(on, "W", { context: { n: 0, old: true } });
  await advance(on, { id, stepId: "1-one" }, { updates: { n: 1, old: null }, details: "did one", assumptions: ["a"] });
  await on.call("advance_workflow", {
    instance_id: id,
    report: { step_id: "2-two", status: "in_progress", details: "half" },
    context_updates: { half: true },
  });
  await advance(on, { id, stepId: "2-two" }, { updates: { n: 2 }, assumptions: ["b"] });
  return id;
}

test("hands out the visit's step with its context, history and assumptions, and leaves the old run alone", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const before = await statusOf(on, id);
  const told = expectStep(await fork(on, id, { at_visit: 2 }), { name: "Two", id: "2-two", instructions: "See 1." });
  const made = told.data.instance_id;
  expect(made).not.toBe(id);
  expect(told.data).toMatchObject({
    forked_from: { instance_id: id, visit: 2, status: "RUNNING" },
    also_running: [{ instance_id: id }],
    current_context: { n: 1 },
  });
  expect(told.text).toContain(`is a fork of ${id} from its visit 2; that run stays as it is (RUNNING).`);
  expect(await statusOf(on, id)).toEqual(before);
  const status = await statusOf(on, made);
  expect(status).toMatchObject({
    context: { n: 1 },
    assumptions: [{ text: "a", visit: 1 }],
    forked_from: { instance_id: id, visit: 2 },
    history_total: 2,
  });
  expect(status.history[0]).toEqual(before.history[0]);
  expect(status.history[1]).toMatchObject({
    kind: "move",
    visit: 2,
    step_id: "2-two",
    decision: null,
    ruling: { kind: "forked", instance_id: id, visit: 2 },
  });
  const { text } = await on.call("get_workflow_status", { instance_id: made });
  expect(text).toContain(`forked from ${id} at visit 2\n`);
  expect(text).toContain(`#2 forked from ${id} (what is above is that run's) at Two (2-two)`);
  const again = await advance(on, { id: made, stepId: "1-one" });
  expect(again.data).toMatchObject({ replayed: true, next_step: { step_id: "2-two" } });
  expect((await advance(on, { id: made, stepId: "2-two" }, { updates: { n: 7 } })).data.next_step.step_id).toBe(
    "3-three",
  );
  expect((await advance(on, { id: made, stepId: "3-three" })).data.status).toBe("COMPLETED");
  expect(await statusOf(on, id)).toEqual(before);
});

test("without a visit it begins with the current one, or of a final run with the last", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  expect((await fork(on, id)).data.next_step).toMatchObject({ step_id: "3-three", instructions: "See 2." });
  await advance(on, { id, stepId: "3-three" }, { updates: { n: 3 } });
  const told = await fork(on, id);
  expect(told.data.next_step).toMatchObject({ step_id: "3-three", instructions: "See 2." });
  expect(told.data.forked_from).toMatchObject({ status: "COMPLETED", visit: 3 });
  const cancelled = await atThree(on);
  await on.call("cancel_workflow", { instance_id: cancelled });
  expect((await fork(on, cancelled, { at_visit: 1 })).data.next_step).toMatchObject({ step_id: "1-one" });
});

test("what is no visit or no run is refused, and a report that was kept is not the fork's", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const refused = await expectRefused(on, id, () => fork(on, id, { at_visit: 4 }), "INVALID_INPUT");
  expect(refused.text).toContain("Visit 4 was not yet");
  expect(refused.data.hint).toContain("from 1 to 3");
  for (const at_visit of [0, 1.5, "two"]) expectError(await fork(on, id, { at_visit }), "INVALID_INPUT");
  expectError(await fork(on, "run_none"), "INSTANCE_NOT_FOUND");
});

test("a fork of a fork, and a rewind in it, know the whole history", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const first = (await fork(on, id, { at_visit: 2 })).data.instance_id;
  await advance(on, { id: first, stepId: "2-two" }, { updates: { n: 7 } });
  const second = await fork(on, first, { at_visit: 3 });
  expect(second.data).toMatchObject({ next_step: { step_id: "3-three", instructions: "See 7." } });
  const at = { instance_id: second.data.instance_id };
  expect((await on.call("rewind_workflow", { ...at, to_visit: 1 })).data.next_step).toMatchObject({ step_id: "4-one" });
  const third = await fork(on, at.instance_id, { at_visit: 1 });
  expect(third.data.next_step).toMatchObject({ step_id: "1-one", instructions: "See 0." });
  expect(third.data.current_context).toEqual({ n: 0, old: true });
  expect(third.data.also_running.map((each: { instance_id: string }) => each.instance_id).sort()).toEqual(
    [id, first, at.instance_id].sort(),
  );
});

test("request_id makes one fork of the same call, and is refused for another", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const once = { at_visit: 2, request_id: "r" };
  const made = (await fork(on, id, once)).data.instance_id;
  await advance(on, { id: made, stepId: "2-two" });
  const again = await fork(on, id, once);
  expect(again.data).toMatchObject({ instance_id: made, replayed: true, next_step: { step_id: "3-three" } });
  expect(again.data.forked_from).toMatchObject({ instance_id: id, visit: 2 });
  const other = await startRun(on, "OTHER");
  for (const call of [
    () => fork(on, id, { ...once, at_visit: 1 }),
    () => fork(on, other.id, { request_id: "r" }),
    () => fork(on, made, { request_id: "r" }),
    () => on.call("start_workflow", { workflow_name: "W", request_id: "r", context: { n: 0, old: true } }),
  ])
    expectError(await call(), "INVALID_INPUT");
  await startRun(on, "W", { request_id: "s" });
  expectError(await fork(on, id, { request_id: "s" }), "INVALID_INPUT");
  const [one, two] = await Promise.all([fork(on, id, { request_id: "t" }), fork(on, id, { request_id: "t" })]);
  expect(one?.data.instance_id).toBe(two?.data.instance_id);
  expect((await fork(on, id)).data.instance_id).not.toBe((await fork(on, id)).data.instance_id);
});

test("resume_workflow {} takes the run of a family that was worked on last, and lists runs that are none", async () => {
  let time = Date.UTC(2026, 0, 1);
  const now = () => {
    time += 1_000;
    return new Date(time);
  };
  const on = await connectInProcess({ workflows: [workflows] }, { now });
  const id = await atThree(on);
  const made = (await fork(on, id, { at_visit: 2 })).data.instance_id;
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ instance_id: made, also_running: [{ instance_id: id }] });
  expect(resumed.data.recap).toContain(`Forked from ${id} at visit 2.`);
  expect(resumed.data.recap).toContain('Done: 1 One ✓ "did one"');
  await advance(on, { id, stepId: "3-three" }, { status: "in_progress" });
  expect((await on.call("resume_workflow", {})).data).toMatchObject({
    instance_id: id,
    also_running: [{ instance_id: made }],
  });
  await advance(on, { id, stepId: "3-three" });
  expect((await on.call("resume_workflow", {})).data.instance_id).toBe(made);
  const sibling = (await fork(on, id, { at_visit: 1 })).data.instance_id;
  expect((await on.call("resume_workflow", {})).data).toMatchObject({
    instance_id: sibling,
    also_running: [{ instance_id: made }],
  });
  await startRun(on, "OTHER");
  const unclear = await on.call("resume_workflow", {});
  expect(unclear.data.instances).toHaveLength(3);
  expect(unclear.data.instances[1].forked_from).toMatchObject({ instance_id: id, visit: 1 });
  const listed = await on.call("list_instances", {});
  expect(listed.data.instances[1].forked_from).toMatchObject({ instance_id: id, visit: 1 });
  expect(listed.text).toContain(`forked from ${id} at visit 1`);
});

test("where git's HEAD was at that visit and is now is told, in the first answer and in the recap", async () => {
  const on = await connect({ workflows });
  const commit = (name: string) => {
    writeFileSync(join(on.project, "a.txt"), name);
    git(on.project, "add", "-A");
    git(on.project, "commit", "-qm", name);
    return git(on.project, "rev-parse", "HEAD");
  };
  git(on.project, "init", "-q");
  const before = commit("before");
  const { id } = await startRun(on, "W");
  const first = commit("first");
  await advance(on, { id, stepId: "1-one" });
  const second = commit("second");
  await advance(on, { id, stepId: "2-two" });
  const told = await fork(on, id, { at_visit: 2 });
  expect(told.data.forked_from).toMatchObject({ head: first, head_now: second });
  const words = `git HEAD was ${first.slice(0, 7)} then and is ${second.slice(0, 7)} now.`;
  expect(told.text).toContain(words);
  const resumed = await on.call("resume_workflow", { instance_id: told.data.instance_id });
  expect(resumed.data.recap).toContain(words);
  expect((await fork(on, id, { at_visit: 1 })).data.forked_from).toMatchObject({ head: before });
  expect((await fork(on, id)).text).toContain(`git HEAD is still ${second.slice(0, 7)}.`);
  expect((await historyOf(on, id))[1]).toMatchObject({ head: first });
  const older = new Database(on.db);
  older.run("UPDATE history SET head = NULL");
  older.close();
  expect((await fork(on, id, { at_visit: 1 })).text).toContain(
    `git HEAD is ${second.slice(0, 7)} now; where it was then is not known.`,
  );
});

test("the fork has a place of its own for files, and is told where those of the old run are", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "FILED");
  const told = await fork(on, run.id);
  expect(told.text).toContain(`Files of that run were not copied: ${run.told.data.files}`);
  expect(told.data.forked_from.files).toBe(run.told.data.files);
  expect(told.data.files).toContain(told.data.instance_id);
  expect(told.data.next_step.instructions).toBe(`Write to ${told.data.files}.`);
});

describe("nothing of the old run counts", () => {
  const SERVER = ["--command", "test=test -e good", "--allow-checks"];

  async function proven(on: On): Promise<string> {
    const { id } = await startRun(on, "PROVEN");
    writeFileSync(join(on.project, "good"), "");
    expect((await advance(on, { id, stepId: "1-build" })).data.next_step.step_id).toBe("3-ship");
    return id;
  }

  test("a step that was proven is named at the end, and what its server did is not told as the fork's", async () => {
    const on = await connect({ workflows, args: SERVER });
    const id = await proven(on);
    const told = await fork(on, id);
    expect(told.data.server_did).toBeUndefined();
    expect(told.data.next_step.step_id).toBe("3-ship");
    const resumed = await on.call("resume_workflow", { instance_id: told.data.instance_id });
    expect(resumed.data.server_did).toBeUndefined();
    const done = await advance(on, { id: told.data.instance_id, stepId: "3-ship" });
    expect(done.text).toContain("Proven before a rewind or fork only: Build (visit 1); Serve (visit 2).");
  });

  test("its checks are looked at again, and its program runs again", async () => {
    const on = await connect({ workflows, args: SERVER });
    const id = await proven(on);
    Bun.spawnSync(["rm", join(on.project, "good")]);
    const build = (await fork(on, id, { at_visit: 1 })).data.instance_id;
    await expectRefused(on, build, () => advance(on, { id: build, stepId: "1-build" }), "CHECK_FAILED");
    const served = await fork(on, id, { at_visit: 2 });
    expect(served.data.server_did).toMatchObject([{ step_name: "Serve", visit: 2, outcome: "failed" }]);
    expect(served.data).toMatchObject({ next_step: { step_id: "3-ship" }, current_context: { code: 1 } });
  });

  test("a wait and a deadline begin again, a released limit asks again", async () => {
    let time = Date.UTC(2026, 0, 1);
    const clockwork = { now: () => new Date(time), patience: { call: 50, callBeforeModel: 50, look: 10, stop: 100 } };
    const on = await connectInProcess({ workflows: [workflows] }, clockwork);
    const { data } = await on.call("start_workflow", { workflow_name: "TIMED" });
    time += 600_000;
    await on.call("resume_workflow", {});
    await advance(on, { id: data.instance_id, stepId: "1-cool" });
    time += 1_800_000;
    const cool = await fork(on, data.instance_id, { at_visit: 1 });
    expect(cool.data).toMatchObject({ waiting_for: { kind: "time", until: "2026-01-01T00:50:00.000Z" } });
    const work = await fork(on, data.instance_id);
    expect(work.text).toContain("Report by 01:40:00 UTC");
    const loop = await startRun(on, "LOOP");
    await advance(on, { id: loop.id, stepId: "1-try" }, { status: "failure" });
    await advance(on, { id: loop.id, stepId: "2-try" }, { status: "failure" });
    await expectRefused(on, loop.id, () => fork(on, loop.id, { at_visit: 1 }), "INSTANCE_SUSPENDED");
    await on.app.engine.release({ instance_id: loop.id, use_latest: false }, { actor: "cli" });
    expect((await fork(on, loop.id)).data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "visits" } });
    const early = (await fork(on, loop.id, { at_visit: 2 })).data.instance_id;
    const over = await advance(on, { id: early, stepId: "2-try" }, { status: "failure" });
    expect(over.data).toMatchObject({ waiting_for: { kind: "visits" } });
  });
});

describe("branches", () => {
  const AT_ONCE = auditWorkflows({ "Audit Modules": branchStep(["into: audits", "max_parallel: 2"]) });
  const ASKING = auditWorkflows({}, { "Judge Module": { extras: ["approval: true", "next: FINISH"] } });
  const MODULES = { updates: { modules: ["a.js", "b.js"] } };

  test("a fork at a branch step begins branches of its own, and tells where it came from; a branch is not forked", async () => {
    const on = await connect({ workflows: auditWorkflows() });
    const run = await startRun(on, "AUDIT");
    const first = await advance(on, run, MODULES);
    const second = await doBranch(on, first);
    const told = await fork(on, run.id);
    expect(told.data).toMatchObject({
      branch: { number: 1, item: "a.js" },
      forked_from: { instance_id: run.id, visit: 2 },
    });
    expect(told.text).toContain(`${told.data.branch.of} is a fork of ${run.id} from its visit 2`);
    const resumed = await on.call("resume_workflow", { instance_id: told.data.branch.of });
    expect(resumed.data.recap).toContain(`Forked from ${run.id} at visit 2.`);
    const last = await doBranch(on, await doBranch(on, told));
    expect(last.data).toMatchObject({ instance_id: told.data.branch.of, next_step: { step_id: "3-report" } });
    expect(await statusOf(on, run.id)).toMatchObject({ waiting_for: { branches: { begun: 2, completed: 1 } } });
    const of = second.data.instance_id;
    const refused = await expectRefused(on, of, () => fork(on, of), "INVALID_INPUT");
    expect(refused.text).toContain(`is a branch of "${run.id}"`);
  });

  test("with several at once the answer is the board of the fork", async () => {
    const on = await connect({ workflows: AT_ONCE });
    const run = await startRun(on, "AUDIT");
    await advance(on, run, MODULES);
    const told = await fork(on, run.id);
    expect(told.data).toMatchObject({ branches: { total: 2 }, forked_from: { instance_id: run.id } });
    expect(told.data.branches.new).toHaveLength(2);
    const before = await fork(on, run.id, { at_visit: 1 });
    expect(before.data.next_step.step_id).toBe("1-list");
  });

  test("a run with a branch that waits for a person is not forked by the tool", async () => {
    const on = await connect({ workflows: ASKING });
    const run = await startRun(on, "AUDIT");
    const first = await advance(on, run, MODULES);
    expect((await advance(on, { id: first.data.instance_id, stepId: "b1-1-read-module" })).data.status).toBe(
      "SUSPENDED",
    );
    for (const more of [{}, { at_visit: 1 }]) expectError(await fork(on, run.id, more), "INSTANCE_SUSPENDED");
    const words = [EXECUTABLE, "fork", run.id, "--db", on.db];
    const done = Bun.spawnSync(words, { cwd: on.project, stdin: "ignore" });
    expect(done.stderr.toString()).toContain("Only a person at a terminal");
  });
});

test("prune takes the old run and leaves the fork, which is whole", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const made = (await fork(on, id)).data.instance_id;
  await advance(on, { id, stepId: "3-three" });
  const file = new Database(on.db);
  file.run("UPDATE instances SET completed_at = '2020-01-01T00:00:00.000Z' WHERE status = 'COMPLETED'");
  file.close();
  const pruned = Bun.spawnSync([EXECUTABLE, "prune", "--older-than", "30d", "--db", on.db], { cwd: on.project });
  expect(pruned.exitCode).toBe(0);
  expectError(await on.call("get_workflow_status", { instance_id: id }), "INSTANCE_NOT_FOUND");
  expect(await historyOf(on, made)).toHaveLength(4);
  expect((await on.call("rewind_workflow", { instance_id: made, to_visit: 1 })).data.next_step.step_id).toBe("4-one");
});

function git(cwd: string, ...args: string[]): string {
  const done = Bun.spawnSync(["git", "-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd });
  if (done.exitCode !== 0) throw new Error(done.stderr.toString());
  return done.stdout.toString().trim();
}
