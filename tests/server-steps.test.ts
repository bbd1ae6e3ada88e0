/** Steps that the server does, over both transports: what the agent reads, what is kept, and who does them where it may not. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, expectRefused, historyOf, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("SERVED", {
    Build: { extras: ["next: Test"] },
    Test: {
      extras: ["run: {command: test}", "sets: {code: exit_code, end: output_end}", "max_visits: 9"],
      routes: ["`report.status == 'success' && context.code == 0` → Count", "otherwise → Repair"],
    },
    Count: { extras: ["run: {run: 'echo 3 of 3', shell: true}", "next: Ship"] },
    Repair: { routes: ["otherwise → Test"] },
    Ship: { routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("ALONE", {
    One: { extras: ["run: {command: test}", "next: Two"] },
    Two: { extras: ["run: 'false'"], routes: ["`report.status == 'failure'` → FAIL", "otherwise → FINISH"] },
  }),
  ...workflowFiles("COOLED", { Cool: { extras: ["wait: 4s"], routes: ["otherwise → FINISH"] } }),
  ...workflowFiles("POLLED", {
    Watch: {
      extras: ["run: {command: test}", "until_passes: {every: 1s, at_most: 20s, while_exit: [8]}", "next: Ship"],
    },
    Ship: { routes: ["otherwise → FINISH"] },
  }),
});

const TEST = ["--command", "test=sh check.sh", "--allow-checks"];

function project(script: string): string {
  const path = scratchDir();
  writeFiles(path, { "check.sh": script });
  return path;
}

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    test("several are done in one call: what they did is told, set, kept and decided by routes", async () => {
      const on = await open({ workflows, project: project("echo '2 of 2 seen'; test -e good"), args: TEST });
      const run = await startRun(on, "SERVED", { context: { code: 7 } });
      const repair = await advance(on, run);
      expect(repair.text).toMatch(
        /^Done by the server: Test ✗ exit 1, \d+ m?s; last line: "2 of 2 seen"; output: \S+\/2-test\.log\n/,
      );
      expect(repair.data.next_step.step_id).toBe("3-repair");
      expect(repair.data.current_context).toMatchObject({ code: 1, end: "2 of 2 seen" });
      for (const status of ["success", "in_progress", "paused"]) {
        const forged = advance(on, { id: run.id, stepId: "3-repair" }, { status, updates: { code: 0 } });
        expect(expectError(await forged, "INVALID_INPUT").text).toContain('code is set by step "Test" alone');
      }
      const forged = { instance_id: run.id, context_updates: { end: "all fine" } };
      expectError(await on.call("resume_workflow", forged), "INVALID_INPUT");
      expect((await statusOf(on, run.id)).context).toEqual({ code: 1, end: "2 of 2 seen" });
      writeFileSync(join(on.project, "good"), "");
      const ship = await advance(on, { id: run.id, stepId: "3-repair" });
      expect(ship.data.next_step.step_id).toBe("6-ship");
      expect(ship.text).toMatch(/^Done by the server: Test ✓ exit 0, .* → Count ✓ exit 0, /);
      expect(ship.data.server_did).toMatchObject([
        { step_name: "Test", visit: 4, outcome: "passed", exit_code: 0, command: "sh check.sh" },
        { step_name: "Count", visit: 5, outcome: "passed", exit_code: 0, output_end: "3 of 3" },
      ]);
      expect(readFileSync(ship.data.server_did[0].output_file, "utf8")).toBe("2 of 2 seen\n");
      const entries = await historyOf(on, run.id);
      expect(entries.filter(({ step_name }) => step_name === "Test")).toMatchObject([
        { actor: "server", report: { status: "failure", result: { exit_code: 1 } }, decision: { decided_by: "route" } },
        { actor: "server", report: { status: "success", result: { exit_code: 0 } }, decision: { next_step: "Count" } },
      ]);
      const again = await advance(on, { id: run.id, stepId: "3-repair" });
      expect(again.data).toMatchObject({ replayed: true, next_step: { step_id: "6-ship" } });
      expect(again.data.server_did).toEqual(ship.data.server_did);
    });

    test("where the program may not run, the agent does the step, must set what it would have, and it is unchecked", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "SERVED");
      const handed = await advance(on, run);
      for (const form of [handed.text, handed.data.rules]) {
        expect(form).toContain(
          "The server would do this step, but may not here (the server was started without --command",
        );
      }
      expect(handed.data.report_with.arguments.context_updates).toEqual({ code: "<integer>", end: "<string>" });
      const at = { id: run.id, stepId: "2-test" };
      await expectRefused(on, run.id, () => advance(on, at), "INCOMPLETE_REPORT");
      const next = await advance(on, at, { updates: { code: 0, end: "fine" } });
      expect(next.data.next_step.step_id).toBe("3-count");
      const [entry] = (await historyOf(on, run.id)).filter(({ visit, kind }) => visit === 2 && kind === "visit");
      expect(entry?.evidence).toMatchObject([{ check: "test", outcome: "unchecked" }]);
    });

    test("a workflow that the server does alone ends in the call that starts it, and FAIL says why", async () => {
      const on = await open({ workflows, project: project("exit 0"), args: TEST });
      const told = await on.call("start_workflow", { workflow_name: "ALONE" });
      expect(told.data).toMatchObject({ status: "FAILED", next_step: null });
      expect(told.text).toContain("Done by the server: One ✓ exit 0");
      expect(told.text).toContain("`report.status == 'failure'` is true");
      expect(await statusOf(on, told.data.instance_id)).toMatchObject({ status: "FAILED", current_step_name: "FAIL" });
    });

    test("a report for it is refused while it runs, and it can be cancelled, which ends its program", async () => {
      const on = await open({ workflows, project: project("echo $$ > pid; exec sleep 300"), args: TEST });
      const run = await startRun(on, "SERVED");
      const waits = advance(on, run);
      await waitFor(() => existsSync(join(on.project, "pid")), "the program");
      await expectRefused(on, run.id, () => advance(on, { id: run.id, stepId: "2-test" }), "INSTANCE_SUSPENDED");
      const cancelled = await on.call("cancel_workflow", { instance_id: run.id });
      expect(cancelled.data.status).toBe("CANCELLED");
      expect((await waits).data.status).toBe("CANCELLED");
    });

    test("until_passes looks again while it exits as told, and no more when it passes", async () => {
      const script = 'n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n; test "$n" -ge 2 || exit 8';
      const on = await open({ workflows, project: project(script), args: TEST });
      const run = await startRun(on, "POLLED");
      expect(run.stepId).toBe("2-ship");
      expect(readFileSync(join(on.project, "n"), "utf8").trim()).toBe("3");
      expect(run.told.data.server_did).toMatchObject([{ step_name: "Watch", visit: 1, outcome: "passed" }]);
    });
  });
}

test("kill -9 in the middle of a server step, twice over: another server takes it over and ends what was left", async () => {
  const path = project("echo $$ >> pids; test -e fast || sleep 300");
  const first = await connect({ workflows, project: path, args: TEST });
  const run = await startRun(first, "SERVED");
  void advance(first, run).catch(() => {});
  const pids = () =>
    existsSync(join(path, "pids")) ? readFileSync(join(path, "pids"), "utf8").trim().split("\n") : [];
  await waitFor(() => pids().length === 1, "the first program");
  await first.kill();
  const second = await connect({ workflows, project: path, args: TEST, db: first.db });
  void second.call("resume_workflow", { instance_id: run.id }).catch(() => {});
  await waitFor(() => pids().length === 2, "the second program", 15_000);
  await second.kill();
  writeFileSync(join(path, "fast"), "");
  const third = await connect({ workflows, project: path, args: TEST, db: first.db });
  const told = await third.call("resume_workflow", { instance_id: run.id });
  expect(told.data).toMatchObject({ next_step: { step_id: "4-ship" }, server_did: [{ step_name: "Test" }, {}] });
  for (const pid of pids()) expect(() => process.kill(Number(pid), 0)).toThrow();
  const waited = Bun.spawnSync([EXECUTABLE, "wait", run.id, "--db", first.db]);
  expect(waited.stdout.toString()).toContain(`Next: resume_workflow {"instance_id":"${run.id}"}`);
}, 60_000);

test("two servers that both want the step run its program once", async () => {
  const path = project("echo run >> runs; sleep 1");
  const servers = [await connect({ workflows, project: path, args: TEST })];
  servers.push(await connect({ workflows, project: path, args: TEST, db: servers[0]?.db ?? "" }));
  const [one, two] = servers;
  if (!one || !two) throw new Error("no server");
  const run = await startRun(one, "SERVED");
  const [told, resumed] = await Promise.all([
    advance(one, run),
    waitFor(() => existsSync(join(path, "runs")), "the program").then(() =>
      two.call("resume_workflow", { instance_id: run.id }),
    ),
  ]);
  expect([told.data.next_step.step_id, resumed.data.next_step.step_id]).toEqual(["4-ship", "4-ship"]);
  expect(readFileSync(join(path, "runs"), "utf8")).toBe("run\n");
});

test("kill -9 in the middle of a wait and between looks, twice over: both go on, opened once and looked at no more often", async () => {
  const script = 'echo "$(date +%s%N)" >> looks; test "$(wc -l < looks)" -ge 4 || exit 8';
  const path = project(script);
  const args = { workflows, project: path, args: TEST };
  const first = await connect(args);
  const looks = () =>
    existsSync(join(path, "looks")) ? readFileSync(join(path, "looks"), "utf8").trim().split("\n") : [];
  const begin = (workflow_name: string) => void first.call("start_workflow", { workflow_name }).catch(() => {});
  begin("POLLED");
  begin("COOLED");
  await waitFor(() => looks().length === 1, "the first look");
  await waitFor(() => existsSync(first.db), "the database");
  const [polled, cooled] = await idsOf(first);
  await first.kill();
  const second = await connect({ ...args, db: first.db });
  for (const instance_id of [polled, cooled]) void second.call("resume_workflow", { instance_id }).catch(() => {});
  await waitFor(() => looks().length === 2, "the second look", 15_000);
  await second.kill();
  const third = await connect({ ...args, db: first.db });
  const resume = (instance_id?: string) => third.call("resume_workflow", { instance_id });
  const told = await Promise.all([resume(polled), resume(cooled)]);
  expect(told.map(({ data }) => data.next_step.step_id)).toEqual(["2-ship", "1-cool"]);
  const between = looks().map((time, n, all) => (Number(time) - Number(all[n - 1] ?? 0)) / 1e6);
  expect(between).toHaveLength(4);
  for (const milliseconds of between) expect(milliseconds).toBeGreaterThan(900);
  const opened = (await historyOf(third, cooled ?? "")).filter(({ kind }) => kind === "move");
  expect(opened).toHaveLength(1);
}, 60_000);

/** The runs that are there, POLLED before COOLED. */
async function idsOf(on: Pick<Served, "call">): Promise<string[]> {
  const { data } = await on.call("list_instances", {});
  const of = (name: string) => data.instances.filter((each: { workflow_name: string }) => each.workflow_name === name);
  return ["POLLED", "COOLED"].flatMap(of).map(({ instance_id }: { instance_id: string }) => instance_id);
}
