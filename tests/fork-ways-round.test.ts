/** A fork is no way round a person's yes: whatever is forked, and wherever, a step that asks asks again. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectRefused, type Run, startRun, statusOf } from "./support/calls.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { person } from "./support/person.ts";
import { decide, sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const SECRET = "Run the secret script.";
const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("RELEASE", {
    Build: { routes: ["otherwise → Deploy"] },
    Deploy: { extras: ["approval:", "  show: [changes]"], instructions: SECRET, routes: ["otherwise → Report"] },
    Report: { routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("FIRST", {
    Deploy: { extras: ["approval: true"], instructions: SECRET, routes: ["otherwise → Report"] },
    Report: { routes: ["otherwise → FINISH"] },
  }),
});

function project(): string {
  const path = scratchDir();
  for (const args of [
    ["init", "-q"],
    ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "x"],
  ])
    Bun.spawnSync(["git", ...args], { cwd: path });
  return path;
}

async function atGate(on: Served): Promise<Run> {
  const run = await startRun(on, "RELEASE");
  expect((await advance(on, run)).data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
  return run;
}

/** The run whose gate a yes has opened; its step is handed out. */
async function opened(on: Served): Promise<Run> {
  const run = await atGate(on);
  await person(on).yes(run.id);
  expect((await on.call("resume_workflow", { instance_id: run.id })).data.next_step.instructions).toBe(SECRET);
  return run;
}

const fork = (on: Served, id: string, more: object = {}) => on.call("fork_workflow", { instance_id: id, ...more });

/** A fork that waits for a yes of its own, and hands out the step by that alone. */
async function expectAsked(on: Served, id: string, more: object = {}): Promise<string> {
  const told = await fork(on, id, more);
  expect(told.data).toMatchObject({ status: "SUSPENDED", next_step: null, waiting_for: { kind: "approval" } });
  expect(told.data.waiting_for.approved_at).toBeUndefined();
  expect(told.text + JSON.stringify(told.data)).not.toContain(SECRET);
  const made = told.data.instance_id;
  const resumed = await on.call("resume_workflow", { instance_id: made });
  expect(resumed.text + JSON.stringify(resumed.data)).not.toContain(SECRET);
  return made;
}

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`over ${name}`, () => {
    test("a run that waits for a yes, or was told no, is not forked by the tool, at whichever visit", async () => {
      const on = await serve({ workflows, project: project() });
      const run = await atGate(on);
      const refuse = async () => {
        for (const more of [{}, { at_visit: 1 }, { at_visit: 2, request_id: "r" }])
          await expectRefused(on, run.id, () => fork(on, run.id, more), "INSTANCE_SUSPENDED");
      };
      await refuse();
      await person(on).no(run.id, "not yet");
      await refuse();
      expect((await on.call("list_instances", {})).data.instances).toHaveLength(1);
    });

    test("at a gate that a yes has opened, and before it, asks again; behind it the step is not handed out", async () => {
      const on = await serve({ workflows, project: project() });
      const run = await opened(on);
      await expectAsked(on, run.id);
      const before = (await fork(on, run.id, { at_visit: 1 })).data.instance_id;
      const reached = await advance(on, { id: before, stepId: "1-build" });
      expect(reached.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
      await advance(on, { id: run.id, stepId: "2-deploy" });
      const behind = await fork(on, run.id);
      expect(behind.data.next_step.step_id).toBe("3-report");
      const back = await on.call("rewind_workflow", { instance_id: behind.data.instance_id, to_visit: 2 });
      expect(back.data).toMatchObject({ status: "SUSPENDED", next_step: null });
    });

    test("of a run with a yes that is not spent carries none, and leaves that one's", async () => {
      const on = await serve({ workflows, project: project() });
      const run = await atGate(on);
      await person(on).yes(run.id);
      const made = await expectAsked(on, run.id);
      const told = await on.call("resume_workflow", { instance_id: run.id });
      expect(told.data.next_step.instructions).toBe(SECRET);
      expect((await statusOf(on, made)).status).toBe("SUSPENDED");
      const { approval_id, hash, shown } = await person(on).look(made);
      const seen = { instance_id: made, visit: 2, approval_id, hash, shown, yes: true };
      await person(on).engine.decide(seen, { actor: "cli" });
      const forked = await on.call("resume_workflow", { instance_id: made });
      expect(forked.data.next_step.instructions).toBe(SECRET);
    });

    test("a fork of a fork, of a final run, after a rewind, of a first step, by another server: each asks", async () => {
      const on = await serve({ workflows, project: project() });
      const run = await opened(on);
      await advance(on, { id: run.id, stepId: "2-deploy" });
      const once = (await fork(on, run.id)).data.instance_id;
      await expectAsked(on, once, { at_visit: 2 });
      await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
      await expectAsked(on, run.id, { at_visit: 2 });
      await on.call("cancel_workflow", { instance_id: run.id });
      await expectAsked(on, run.id, { at_visit: 2 });
      const other = await serve({ workflows, project: scratchDir(), db: on.db });
      await expectAsked(other, run.id, { at_visit: 2 });
      const told = await on.call("start_workflow", { workflow_name: "FIRST" });
      const first = { id: told.data.instance_id, stepId: "1-deploy", told };
      await person(on).yes(first.id);
      await on.call("resume_workflow", { instance_id: first.id });
      await advance(on, first);
      await expectAsked(on, first.id, { at_visit: 1 });
    });

    test("a person is shown in a fork what the run before it changed too", async () => {
      const on = await serve({ workflows, project: project() });
      const run = await startRun(on, "RELEASE");
      writeFileSync(join(on.project, "evil.js"), "steal();\n");
      const made = (await fork(on, run.id)).data.instance_id;
      writeFileSync(join(on.project, "more.js"), "steal();\n");
      const twice = (await fork(on, made)).data.instance_id;
      await advance(on, { id: twice, stepId: "1-build" });
      const { shown } = await person(on).look(twice);
      expect(shown).toHaveLength(1);
      for (const file of ["evil.js", "more.js"]) expect(shown[0]?.text).toContain(file);
      expect(shown[0]?.fault).toBeUndefined();
    });
  });
}

describe("the terminal", () => {
  const run = (on: Served, ...args: string[]) => {
    const done = Bun.spawnSync([EXECUTABLE, "fork", ...args, "--db", on.db], { cwd: on.project, stdin: "ignore" });
    return { code: done.exitCode, out: done.stdout.toString(), err: done.stderr.toString() };
  };

  test("forks a run that waits for nobody, says what it did, and runs nothing", async () => {
    const on = await TRANSPORTS.stdio({ workflows, project: project() });
    const { id } = await startRun(on, "RELEASE");
    const forked = run(on, id);
    expect(forked).toMatchObject({ code: 0, err: "" });
    expect(forked.out).toContain(`is a fork of ${id} from its visit 1; that run stays as it is (RUNNING).`);
    expect(forked.out).toMatch(
      /^run_\w+ is RUNNING at Build, visit 1\. Tell the agent: resume_workflow \{"instance_id":"run_\w+"\}$/m,
    );
    const json = JSON.parse(run(on, id, "--at", "1", "--json").out);
    expect(json).toMatchObject({
      status: "RUNNING",
      step_name: "Build",
      visit: 1,
      forked_from: { instance_id: id, visit: 1 },
    });
    expect((await statusOf(on, json.instance_id)).history[0]).toMatchObject({ actor: "cli", kind: "move" });
    const listed = Bun.spawnSync([EXECUTABLE, "instances", "--db", on.db], { cwd: on.project }).stdout.toString();
    expect(listed).toContain(`forked from ${id} at visit 1`);
    expect(run(on, id, "--at", "2")).toMatchObject({ code: 1, err: expect.stringContaining("Visit 2 was not yet") });
    for (const args of [[], [id, "more"], [id, "--at", "0"], [id, "--at", "x"]]) expect(run(on, ...args).code).toBe(2);
  });

  test("one that waits for a person is forked by a person alone, who is told what it does", async () => {
    const on = await TRANSPORTS.stdio({ workflows, project: project() });
    const { id } = await atGate(on);
    for (const args of [[id], [id, "--at", "1"], [id, "--json"]]) {
      const refused = run(on, ...args);
      expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("Only a person at a terminal") });
    }
    const words = ["fork", id, "--at", "1", "--db", on.db];
    const unsure = sitDown(words, { cwd: on.project });
    await unsure.sees("no yes is carried over");
    await unsure.sees("Type yes: ");
    unsure.types("y\r");
    expect(await unsure.exited).toBe(1);
    expect((await on.call("list_instances", {})).data.instances).toHaveLength(1);
    const sure = await decide(words, [["Type yes: ", "yes"]], on.project);
    expect(sure.code).toBe(0);
    expect(sure.seen).toContain(`is a fork of ${id} from its visit 1; that run stays as it is (SUSPENDED).`);
    const made = (await on.call("list_instances", {})).data.instances[0];
    expect(made).toMatchObject({ status: "RUNNING", current_step_name: "Build", forked_from: { instance_id: id } });
    expect((await statusOf(on, id)).status).toBe("SUSPENDED");
  });
});
