/** One attempt at a time for a visit: parallel calls, several processes, crashes, cancellation, the end of the server. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATIENCE } from "../src/attempt.ts";
import { advance, expectError, historyOf, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { connectInProcess } from "./support/in-process.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("SLOW", {
    Work: { extras: ["checks: [{run: sh check.sh}]"], routes: ["otherwise → Next"] },
    Next: { routes: ["otherwise → FINISH"] },
  }),
});

/** Notes that it began and its process, and waits until it may go on; `go` holds its exit code. */
const CHECK = "echo $$ >> pids\nwhile ! test -s go; do sleep 0.05; done\nexit $(cat go)\n";
const ALLOWED = ["--allow-checks"];

function slowProject(): string {
  const path = scratchDir();
  writeFiles(path, { "check.sh": CHECK });
  return path;
}

/** The processes of all attempts so far, the oldest first. */
function pidsIn(project: string): number[] {
  const file = join(project, "pids");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean).map(Number) : [];
}

/** Another process takes over once the first has said nothing for some seconds. */
async function begun(project: string, times = 1): Promise<void> {
  for (const until = Date.now() + 15_000; pidsIn(project).length < times; await Bun.sleep(20)) {
    if (Date.now() > until) throw new Error("waited in vain for the check's beginning");
  }
}

function lives(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

const gone = (pid: number) => waitFor(() => (lives(pid) ? undefined : "gone"), `the end of process ${pid}`);

/** A run whose server is gone in the middle of its checks. */
async function killedWhileChecking() {
  const project = slowProject();
  const on = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(on, "SLOW");
  const lost = advance(on, run).catch(() => "no answer");
  await begun(project);
  await on.kill();
  expect(await lost).toBe("no answer");
  return { project, db: on.db, run };
}

test("a client that asks for progress hears which check runs", async () => {
  const project = slowProject();
  const on = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(on, "SLOW");
  const heard: (string | undefined)[] = [];
  const onprogress = ({ message }: { message?: string | undefined }) => void heard.push(message);
  const call = on.client.callTool({ name: "advance_workflow", arguments: callOf(run) }, undefined, { onprogress });
  await begun(project);
  writeFileSync(join(project, "go"), "0");
  await call;
  expect(heard[0]).toBe("checking: sh check.sh");
});

test("parallel calls for one visit share one attempt, and all get its decision", async () => {
  const project = slowProject();
  const on = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(on, "SLOW");
  const calls = [1, 2, 3, 4].map(() => advance(on, run));
  await begun(project);
  writeFileSync(join(project, "go"), "0");
  for (const told of await Promise.all(calls)) expect(told.data.next_step.step_id).toBe("2-next");
  expect(pidsIn(project)).toHaveLength(1);
  expect(await historyOf(on, run.id)).toHaveLength(1);
});

test("a note that comes while checks run is recorded, and the report that is checked counts", async () => {
  const project = slowProject();
  const on = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(on, "SLOW");
  const call = advance(on, run);
  await begun(project);
  expect((await advance(on, run, { status: "in_progress", details: "waiting" })).isError).toBe(false);
  writeFileSync(join(project, "go"), "0");
  expect((await call).data.next_step.step_id).toBe("2-next");
  expect((await historyOf(on, run.id)).map(({ kind }) => kind)).toEqual(["note", "visit"]);
});

test("two processes on one database make one attempt", async () => {
  const project = slowProject();
  const one = await connect({ workflows, project, args: ALLOWED });
  const two = await connect({ workflows, project, db: one.db, args: ALLOWED });
  const run = await startRun(one, "SLOW");
  const first = advance(one, run);
  await begun(project);
  const second = advance(two, run);
  await statusOf(two, run.id); // it has begun to wait
  await Bun.sleep(500);
  expect(pidsIn(project)).toHaveLength(1);
  writeFileSync(join(project, "go"), "0");
  expect((await first).data.next_step.step_id).toBe("2-next");
  expect((await second).data).toMatchObject({ replayed: true, next_step: { step_id: "2-next" } });
  expect(pidsIn(project)).toHaveLength(1);
});

test("a killed server takes its programs along, and another one begins the attempt again", async () => {
  const { project, db, run } = await killedWhileChecking();
  await gone(pidsIn(project)[0] ?? 0);
  const two = await connect({ workflows, project, db, args: ALLOWED });
  const again = advance(two, run);
  await begun(project, 2);
  writeFileSync(join(project, "go"), "0");
  expect((await again).data.next_step.step_id).toBe("2-next");
}, 60_000);

test("a run that is cancelled, here or in another process, ends its programs", async () => {
  for (const elsewhere of [false, true]) {
    const project = slowProject();
    const one = await connect({ workflows, project, args: ALLOWED });
    const run = await startRun(one, "SLOW");
    const call = advance(one, run);
    await begun(project);
    const who = elsewhere ? await connect({ workflows, project, db: one.db }) : one;
    expect((await who.call("cancel_workflow", { instance_id: run.id })).data.status).toBe("CANCELLED");
    await gone(pidsIn(project)[0] ?? 0);
    expect((await call).isError).toBe(true);
    expect((await statusOf(one, run.id)).status).toBe("CANCELLED");
  }
});

test("a server that is told to end kills what it runs and is gone within two seconds; the next one goes on", async () => {
  const project = slowProject();
  const one = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(one, "SLOW");
  const lost = advance(one, run);
  await begun(project);
  const began = performance.now();
  process.kill(one.pid, "SIGTERM");
  expectError(await lost, "CONFLICT");
  await gone(one.pid);
  expect(performance.now() - began).toBeLessThan(2_000);
  await gone(pidsIn(project)[0] ?? 0);
  writeFileSync(join(project, "go"), "0");
  const two = await connect({ workflows, project, db: one.db, args: ALLOWED });
  expect((await advance(two, run)).data.next_step.step_id).toBe("2-next");
});

/** Long enough for a program to begin, and short enough for a test. */
const SHORT = { ...PATIENCE, call: 1_000, callBeforeModel: 300 };

test("checks that take longer than a call may go on in the background, and the same call asks again", async () => {
  const on = await connectInProcess(
    { workflows: [workflows], project: slowProject(), allowChecks: true },
    { patience: SHORT },
  );
  const bad = await connectInProcess(
    { workflows: [workflows], project: slowProject(), allowChecks: true },
    { patience: SHORT },
  );
  const [run, other] = [await startRun(on, "SLOW"), await startRun(bad, "SLOW")];
  const told = await Promise.all([advance(on, run), advance(bad, other)]);
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data.checks_running.checks).toEqual(["sh check.sh"]);
  expect(resumed.data.recap).toContain("the server checks it now (sh check.sh): change nothing");
  for (const each of told) {
    expect(each.data).toMatchObject({ status: "RUNNING", checks_running: { checks: ["sh check.sh"] } });
    expect(each.text).toContain("send the same call again");
  }
  expect((await statusOf(on, run.id)).pending_report).toBeNull();
  writeFileSync(join(on.project, "go"), "0");
  writeFileSync(join(bad.project, "go"), "3");
  await gone(pidsIn(on.project)[0] ?? 0);
  expect((await advance(on, run)).data.next_step.step_id).toBe("2-next");
  expect(pidsIn(on.project)).toHaveLength(1);
  const failed = expectError(await advance(bad, other), "CHECK_FAILED");
  expect(failed.text).toContain("exited with 3");
});

test("if a model may be asked after the checks, because no route need match, they leave it its time", async () => {
  const own = scratchDir();
  const work = { extras: ["checks: [{run: sh check.sh}]"], routes: ["`report.status == 'odd'` → Next"] };
  writeFiles(own, workflowFiles("ASK", { Work: work, Next: {} }));
  const env = { AI_SERVICE_ENDPOINT: "http://127.0.0.1:9/v1", AI_MODEL: "m" };
  const patience = { ...SHORT, call: 50_000 };
  const on = await connectInProcess({ workflows: [own], project: slowProject(), allowChecks: true, env }, { patience });
  const told = await advance(on, await startRun(on, "ASK"));
  expect(told.data.checks_running).toMatchObject({ checks: ["sh check.sh"] });
});

test("a clock that was set back does not keep the attempt of a dead server alive", async () => {
  const { project, db, run } = await killedWhileChecking();
  const anHourAgo = () => new Date(Date.now() - 3_600_000);
  const two = await connectInProcess({ workflows: [workflows], project, db, allowChecks: true }, { now: anHourAgo });
  const again = advance(two, run);
  await begun(project, 2);
  writeFileSync(join(project, "go"), "0");
  expect((await again).data.next_step.step_id).toBe("2-next");
});

test("a server whose clock runs ahead may take the checks over; the other one tells no failure of what it lost", async () => {
  const project = slowProject();
  const one = await connect({ workflows, project, args: ALLOWED });
  const run = await startRun(one, "SLOW");
  const first = advance(one, run);
  await begun(project);
  const ahead = () => new Date(Date.now() + 30_000);
  const two = await connectInProcess(
    { workflows: [workflows], project, db: one.db, allowChecks: true },
    { now: ahead },
  );
  const second = advance(two, run);
  await begun(project, 2);
  expectError(await first, "CONFLICT");
  writeFileSync(join(project, "go"), "0");
  expect((await second).data.next_step.step_id).toBe("2-next");
});

function callOf({ id, stepId }: { id: string; stepId: string }) {
  return { instance_id: id, report: { step_id: stepId, status: "success" } };
}
