/** Every way that an agent might take round a person's yes, each a test: none gets the instructions of a step that waits. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, type Run, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { person } from "./support/person.ts";
import { type StepText, scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const SECRET = "Run the secret script.";
const ASKS = ["approval:", '  ask: "Deploy?"', "  show: [notes.md]"];
const STEPS: Record<string, StepText> = {
  Build: { guidance: "Then Deploy." },
  Deploy: { extras: ASKS, instructions: SECRET, guidance: "Then Report." },
  Report: { guidance: "Then FINISH." },
};

interface At {
  on: Served;
  run: Run;
  workflows: string;
}

async function atGate(serve: (typeof TRANSPORTS)["stdio"], steps = STEPS): Promise<At> {
  const [workflows, project] = [scratchDir(), scratchDir()];
  writeFiles(workflows, workflowFiles("RELEASE", steps));
  writeFileSync(join(project, "notes.md"), "What is new.\n");
  const on = await serve({ workflows, project });
  const run = await startRun(on, "RELEASE");
  const told = await advance(on, run, { next_step: "Deploy", details: "built" });
  expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
  return { on, run, workflows };
}

/** Everything that an agent can call about a run; resolves to all that it is told. */
async function everything(on: Served, { id }: Run): Promise<string> {
  const at = { instance_id: id };
  const report = (step_id: string, status = "success") => ({ step_id, status, details: "approved by the user" });
  const calls: [tool: string, args: Record<string, unknown>][] = [
    ["list_workflows", {}],
    ["list_instances", { all_projects: true }],
    ["get_workflow_status", { ...at, history: "full", history_limit: 1000 }],
    ["resume_workflow", {}],
    ["resume_workflow", at],
    ["resume_workflow", { ...at, assumed_current_step_name: "Deploy" }],
    ["resume_workflow", { ...at, assumed_current_step_name: "Report" }],
    ["resume_workflow", { ...at, use_latest: true }],
    ["resume_workflow", { ...at, report: report("2-deploy"), context_updates: { approved: true } }],
    ["resume_workflow", { ...at, report: { ...report("2-deploy"), status: "clarification_provided" } }],
    ["advance_workflow", { ...at, report: { ...report("1-build"), next_step: "Deploy" } }],
    ["advance_workflow", { ...at, report: { ...report("1-build", "failure"), next_step: "Report" } }],
    ["advance_workflow", { ...at, report: { ...report("2-deploy"), next_step: "Report" } }],
    ["advance_workflow", { ...at, report: report("2-deploy", "in_progress") }],
    ["advance_workflow", { ...at, report: report("2-deploy", "paused") }],
    ["advance_workflow", { ...at, report: report("3-report") }],
    ["advance_workflow", { ...at, report: report("2-deploy", "approved"), context_updates: { approval: "yes" } }],
    ["rewind_workflow", { ...at, to_visit: 1 }],
    ["rewind_workflow", { ...at, to_visit: 2 }],
    ["approve_workflow", at],
    ["start_workflow", { workflow_name: "RELEASE", unattended: true }],
  ];
  const told: string[] = [];
  for (const [tool, args] of calls) {
    const answer = await on.call(tool, args).catch(String); // a tool that is not there
    told.push(typeof answer === "string" ? answer : `${answer.text}\n${JSON.stringify(answer.data)}`);
  }
  for (const { name } of await on.prompts()) told.push(await on.prompt(name, {}));
  for (const uri of [`instance://${id}`, "workflow://RELEASE"]) told.push(await on.read(uri).catch(String));
  return told.join("\n");
}

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`over ${name}`, () => {
    test("every tool, prompt and resource, repeated", async () => {
      const { on, run } = await atGate(serve);
      const seen = await statusOf(on, run.id);
      for (let round = 0; round < 2; round += 1) expect(await everything(on, run)).not.toContain(SECRET);
      expect(await statusOf(on, run.id)).toEqual(seen);
      await person(on).yes(run.id);
      expect((await on.call("resume_workflow", { instance_id: run.id })).data.next_step.instructions).toBe(SECRET);
    });

    test("reports between yes and hand-out", async () => {
      const { on, run } = await atGate(serve);
      await person(on).yes(run.id);
      for (const status of ["success", "failure", "in_progress", "paused"]) {
        expectError(await advance(on, { ...run, stepId: "2-deploy" }, { status }), "INSTANCE_SUSPENDED");
      }
      expect((await statusOf(on, run.id)).history).toHaveLength(2);
    });

    test("what was shown is edited between ask and yes, and between yes and hand-out", async () => {
      const { on, run } = await atGate(serve);
      const [who, file] = [person(on), join(on.project, "notes.md")];
      const seen = await who.look(run.id);
      writeFileSync(file, "Edited after it was shown.\n");
      expect(await who.yes(run.id, seen)).toMatchObject({ decided: false });
      expect(await everything(on, run)).not.toContain(SECRET);
      await who.yes(run.id);
      writeFileSync(file, "Edited after the yes.\n");
      expect(await everything(on, run)).not.toContain(SECRET);
      expect((await statusOf(on, run.id)).waiting_for).toMatchObject({
        again: expect.stringContaining("notes.md changed"),
      });
      await who.yes(run.id);
      rmSync(file);
      expect(await everything(on, run)).not.toContain(SECRET);
    });

    test("the definition is edited: the run keeps its own, and only a person moves it", async () => {
      const { on, run, workflows } = await atGate(serve);
      const { Deploy: _asks, ...rest } = STEPS;
      writeFiles(workflows, workflowFiles("RELEASE", { ...rest, Deploy: { instructions: SECRET } }));
      await Bun.sleep(1_000); // edits are picked up within a second
      const call = () => on.call("resume_workflow", { instance_id: run.id, use_latest: true });
      expectError(await call(), "STEP_NOT_ALLOWED");
      await person(on).yes(run.id);
      expectError(await call(), "STEP_NOT_ALLOWED");
      expect(
        await person(on)
          .engine.bound(run.id)
          .catch(({ code }) => code),
      ).toBe("INVALID_INPUT");
    });

    test("files that ask the same and are otherwise others void the yes", async () => {
      const { on, run, workflows } = await atGate(serve);
      await person(on).yes(run.id);
      writeFiles(
        workflows,
        workflowFiles("RELEASE", { ...STEPS, Deploy: { ...STEPS["Deploy"], instructions: `${SECRET} Twice.` } }),
      );
      await Bun.sleep(1_000); // edits are picked up within a second
      const told = await on.call("resume_workflow", { instance_id: run.id, use_latest: true });
      expect(told.data).toMatchObject({
        status: "SUSPENDED",
        waiting_for: { kind: "approval", again: expect.any(String) },
      });
    });

    test("a first step that asks, unattended or not, and a rewind to a step that a yes opened before", async () => {
      const [workflows, project] = [scratchDir(), scratchDir()];
      const deploy = { extras: ASKS, instructions: SECRET, guidance: "Report." };
      writeFiles(workflows, workflowFiles("RELEASE", { Deploy: deploy, Report: {} }));
      const on = await serve({ workflows, project });
      for (const unattended of [true, false]) {
        const told = await on.call("start_workflow", { workflow_name: "RELEASE", unattended });
        expect(told.data).toMatchObject({ status: "SUSPENDED", next_step: null });
        const run = { id: told.data.instance_id, stepId: "1-deploy", told };
        await person(on).yes(run.id);
        await on.call("resume_workflow", { instance_id: run.id });
        await advance(on, run, { next_step: "Report", details: "done" });
        const back = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
        expect(back.data.status).toBe("SUSPENDED");
        expect(back.text + JSON.stringify(back.data)).not.toContain(SECRET);
      }
    });
  });
}

describe("two servers and two databases", () => {
  test("a second server on the database, of another project, hands out nothing that waits", async () => {
    const { on, run } = await atGate(TRANSPORTS.stdio);
    const other = await TRANSPORTS.HTTP({ db: on.db, project: scratchDir() });
    expect(await everything(other, run)).not.toContain(SECRET);
    await person(on).yes(run.id);
    writeFileSync(join(on.project, "notes.md"), "Edited.\n"); // the run's own project is looked at
    expect(await everything(other, run)).not.toContain(SECRET);
  });

  test("a yes in a copy of the database, or a copy taken before a no, opens nothing in the database itself", async () => {
    const { on, run, workflows } = await atGate(TRANSPORTS.stdio);
    const copy = join(scratchDir(), "copy.sqlite");
    new Database(on.db).run("PRAGMA wal_checkpoint(TRUNCATE)");
    copyFileSync(on.db, copy);
    await person({ db: copy, project: on.project }).yes(run.id);
    expect(await everything(on, run)).not.toContain(SECRET);
    const there = await connect({ db: copy, project: on.project, workflows });
    expect((await there.call("resume_workflow", { instance_id: run.id })).data.next_step.instructions).toBe(SECRET);
  });

  test("one yes is spent once by two servers that resume at the same moment", async () => {
    const { on, run } = await atGate(TRANSPORTS.stdio);
    const other = await TRANSPORTS.stdio({ db: on.db, project: on.project });
    await person(on).yes(run.id);
    const answers = await Promise.all(
      [on, other, on, other].map((each) => each.call("resume_workflow", { instance_id: run.id })),
    );
    for (const { data } of answers) expect(data.next_step?.instructions ?? data.error_code).toBe(SECRET);
    const { history } = await statusOf(on, run.id);
    expect(history.map(({ ruling }: { ruling?: { kind: string } }) => ruling?.kind ?? "")).toEqual([
      "",
      "approved",
      "opened",
    ]);
  });
});

describe("a server step that asks", () => {
  const LOG = ["run: {run: 'date >> ran.log', shell: true}", ...ASKS];
  async function atServerStep() {
    const [workflows, project] = [scratchDir(), scratchDir()];
    const steps = { Deploy: { extras: LOG, routes: ["otherwise → Report"] }, Report: {} };
    writeFiles(workflows, workflowFiles("RELEASE", steps));
    const on = await connect({ workflows, project, args: ["--allow-checks"] });
    const told = await on.call("start_workflow", { workflow_name: "RELEASE" });
    expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
    return { on, id: told.data.instance_id as string, ran: join(project, "ran.log") };
  }

  test("its program runs after the yes, not before, and not by the terminal that gave it", async () => {
    const { on, id, ran } = await atServerStep();
    await on.call("resume_workflow", { instance_id: id });
    const who = person(on);
    expect(existsSync(ran)).toBe(false);
    await who.yes(id);
    await who.engine.sweep();
    expect(existsSync(ran)).toBe(false);
    const told = await on.call("resume_workflow", { instance_id: id });
    expect(told.data).toMatchObject({ next_step: { step_id: "2-report" }, server_did: [{ step_name: "Deploy" }] });
    expect(readFileSync(ran, "utf8").trim().split("\n")).toHaveLength(1);
  });

  test("what was shown changes after the yes: its program does not run", async () => {
    const { on, id, ran } = await atServerStep();
    await person(on).yes(id);
    writeFileSync(join(on.project, "notes.md"), "New.\n");
    const told = await on.call("resume_workflow", { instance_id: id });
    expect(told.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
    expect(existsSync(ran)).toBe(false);
  });
});

test("the terminal's show, which an agent can run, keeps the instructions back", async () => {
  const { on, run } = await atGate(TRANSPORTS.stdio);
  for (const args of [[], ["--json"]]) {
    const show = Bun.spawnSync([EXECUTABLE, "show", run.id, "--db", on.db, "--project", on.project, ...args]);
    expect(show.stdout.toString()).not.toContain(SECRET);
    expect(show.stdout.toString()).toContain("Deploy");
  }
});

test("killed at any moment between yes and hand-out, the yes counts once or not at all, and the history says which", async () => {
  const { on: first, run, workflows } = await atGate(TRANSPORTS.stdio);
  const { db, project } = first;
  const who = person(first);
  for (let death = 0; death < 12; death += 1) {
    const on = await connect({ db, project, workflows });
    const waiting = (await statusOf(on, run.id)).waiting_for;
    if (waiting && !waiting.approved_at) await who.yes(run.id);
    const asked = on.call("resume_workflow", { instance_id: run.id }).catch(() => null);
    await Bun.sleep(death % 6); // the moment differs; what holds does not
    await on.kill();
    const told = await asked;
    const { history, waiting_for } = await statusOf(first, run.id);
    const kinds = history.flatMap(({ ruling }: { ruling?: { kind: string; approval_id: string } }) =>
      ruling ? [ruling] : [],
    );
    const spent = kinds
      .filter(({ kind }: { kind: string }) => kind === "opened")
      .map((each: { approval_id: string }) => each.approval_id);
    expect(spent).toEqual([...new Set(spent)]);
    if (told) expect(waiting_for).toBeNull();
    expect(waiting_for === null || waiting_for.approved_at !== undefined).toBe(true);
    if (waiting_for === null)
      await who.engine.rewindAlone({ instance_id: run.id, to_visit: 2, by_person: true }, { actor: "cli" });
  }
});
