/** A person outside any agent cancels and rewinds, through the engine that the terminal's commands and the page use. */
import { describe, expect, test } from "bun:test";
import { auditWorkflows } from "./support/branches.ts";
import { advance, expectError, historyOf, type Run, startRun, statusOf } from "./support/calls.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { type Person, person } from "./support/person.ts";
import { linesOf, servedFiles, server } from "./support/serving.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const CLI = { actor: "cli" };
const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("RELEASE", {
    Build: { routes: ["otherwise → Deploy"] },
    Deploy: { extras: ["approval: true"], instructions: "Run the script.", routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("LOOP", { Try: { extras: ["max_visits: 1"], routes: ["otherwise → Try"] } }),
  ...servedFiles("SERVED"),
});

interface At {
  on: InProcess;
  run: Run;
  who: Person;
}

async function atGate(name = "RELEASE"): Promise<At> {
  const on = await connectInProcess({ workflows: [workflows] });
  const run = await startRun(on, name);
  expect((await advance(on, run)).data.status).toBe("SUSPENDED");
  return { on, run, who: person(on) };
}

const rewind = ({ who, run }: At, to_visit: number, by_person = false) =>
  who.engine.rewindAlone({ instance_id: run.id, to_visit, by_person }, CLI);
const cancel = ({ who, run }: At) =>
  who.engine.cancelAlone({ instance_id: run.id, reason: "not now", decided_by: "person" }, CLI);
const resume = ({ on, run }: At) => on.call("resume_workflow", { instance_id: run.id });
const codeOf = (made: Promise<unknown>) =>
  made.then(
    () => "done",
    ({ code }) => code,
  );

describe("a run that waits for a person", () => {
  test.each(["RELEASE", "LOOP"])("%s is rewound by one alone, with who and from where", async (name) => {
    const at = await atGate(name);
    const before = await statusOf(at.on, at.run.id);
    expect(await codeOf(rewind(at, 1))).toBe("INSTANCE_SUSPENDED");
    expect(await statusOf(at.on, at.run.id)).toEqual(before);
    expect((await rewind(at, 1, true)).instance).toMatchObject({
      status: "RUNNING",
      visit: 3,
      step_name: before.history[0].step_name,
    });
    expect((await historyOf(at.on, at.run.id)).at(-1)).toMatchObject({
      kind: "rewind",
      actor: "cli",
      decision: { decided_by: "rewind", to_visit: 1 },
    });
  });

  test("takes no yes that was asked for before, and asks anew when it is back", async () => {
    const at = await atGate();
    const seen = await at.who.look(at.run.id);
    await rewind(at, 2, true);
    expect(await codeOf(at.who.yes(at.run.id, seen))).toBe("INVALID_INPUT");
    expect((await at.who.look(at.run.id)).approval_id).not.toBe(seen.approval_id);
    await rewind(at, 1, true);
    expect(await codeOf(at.who.yes(at.run.id))).toBe("INVALID_INPUT");
    await advance(at.on, { id: at.run.id, stepId: "4-build" });
    expect((await resume(at)).data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "approval" } });
  });

  test("is cancelled, and its request is over", async () => {
    const at = await atGate();
    const seen = await at.who.look(at.run.id);
    expect((await cancel(at)).instance.status).toBe("CANCELLED");
    expect(await codeOf(at.who.yes(at.run.id, seen))).toBe("INVALID_INPUT");
    expect(await at.who.engine.approvals({ all: true })).toEqual([]);
    const { history } = await statusOf(at.on, at.run.id);
    expect(history.at(-1)).toMatchObject({ actor: "cli", decision: { decided_by: "person", reasoning: "not now" } });
    expect((await cancel(at)).replayed).toBe(true);
    expect(await codeOf(rewind(at, 1, true))).toBe("INSTANCE_FINAL");
  });
});

describe("a yes that is not spent", () => {
  test("is void by a rewind to the step before, and by one to the step itself", async () => {
    for (const [to, stepId] of [
      [1, "3-build"],
      [2, null],
    ] as const) {
      const at = await atGate();
      await at.who.yes(at.run.id);
      await rewind(at, to);
      if (stepId) await advance(at.on, { id: at.run.id, stepId });
      expect((await resume(at)).data).toMatchObject({ status: "SUSPENDED", next_step: null });
    }
  });

  test("is void by a cancel", async () => {
    const at = await atGate();
    await at.who.yes(at.run.id);
    await cancel(at);
    const told = await resume(at);
    expect(told.data).toMatchObject({ status: "CANCELLED", next_step: null });
    expect(told.text).not.toContain("Run the script.");
  });
});

describe("a rewind to a gate that an agent sends again", () => {
  test("hands out the step that was approved since, at the same visit, as often as it is sent", async () => {
    const at = await atGate();
    await rewind(at, 1, true);
    await advance(at.on, { id: at.run.id, stepId: "3-build" });
    await at.who.yes(at.run.id);
    await resume(at);
    const back = () => at.on.call("rewind_workflow", { instance_id: at.run.id, to_visit: 4 });
    expect((await back()).data).toMatchObject({ status: "SUSPENDED", next_step: null });
    await at.who.yes(at.run.id);
    for (let times = 0; times < 2; times += 1) {
      expect((await back()).data).toMatchObject({ replayed: true, next_step: { step_id: "5-deploy" } });
    }
    await advance(at.on, { id: at.run.id, stepId: "5-deploy" }, { status: "paused" });
    expect((await back()).data.next_step).toBeNull();
  });

  test("goes on at the visit that a person released since", async () => {
    const at = await atGate("LOOP");
    await at.who.engine.release({ instance_id: at.run.id, use_latest: false }, CLI);
    const back = () => at.on.call("rewind_workflow", { instance_id: at.run.id, to_visit: 2 });
    expect((await back()).data.status).toBe("SUSPENDED");
    await at.who.engine.release({ instance_id: at.run.id, use_latest: false }, CLI);
    expect((await back()).data).toMatchObject({ replayed: true, next_step: { step_id: "3-try" } });
  });

  test("asks anew if it is a person who wants it, unless that is all that happened", async () => {
    const at = await atGate();
    await rewind(at, 2, true);
    expect((await rewind(at, 2, true)).replayed).toBe(true);
    await at.who.yes(at.run.id);
    expect((await rewind(at, 2, true)).instance).toMatchObject({ status: "SUSPENDED", visit: 4 });
  });
});

test("open branches are cancelled by either, and begin anew after a rewind", async () => {
  const on = await connectInProcess({ workflows: [auditWorkflows()] });
  const run = await startRun(on, "AUDIT");
  const first = await advance(on, run, { updates: { modules: ["a.js", "b.js"] } });
  const at = { on, run, who: person(on) };
  await rewind(at, 2);
  expect((await statusOf(on, first.data.instance_id)).status).toBe("CANCELLED");
  const second = await resume(at);
  expect(second.data).toMatchObject({ branch: { number: 1 }, next_step: { step_id: "b1-1-read-module" } });
  await cancel(at);
  expect((await statusOf(on, second.data.instance_id)).status).toBe("CANCELLED");
  expectError(await advance(on, { id: second.data.instance_id }), "INSTANCE_FINAL");
});

test("a server step that is rewound to is done by a process that serves, not by the one that rewinds", async () => {
  const on = await server({ workflows, script: "echo $$ >> pids" });
  const run = await startRun(on, "SERVED");
  await advance(on, run);
  const at = { on, run, who: person(on) };
  expect((await rewind(at, 2)).instance).toMatchObject({ step_name: "Test", turn: { of: "server" } });
  await at.who.engine.sweep();
  expect(linesOf(on, "pids")).toHaveLength(1);
  expect((await resume(at)).data.next_step).toMatchObject({ step_name: "Ship" });
  expect(linesOf(on, "pids")).toHaveLength(2);
});

test("an agent is told that a person took its run back, and why: by its next report, and when it resumes", async () => {
  const on = await connectInProcess({ workflows: [workflows] });
  const run = await startRun(on, "RELEASE");
  await person(on).engine.rewindAlone({ instance_id: run.id, to_visit: 1, reason: "the wrong branch" }, CLI);
  const late = await advance(on, run);
  expectError(late, "STALE_REPORT");
  expect(late.text).toContain("a person took the run back: the wrong branch");
  const told = await on.call("resume_workflow", { instance_id: run.id });
  expect(told.text).toMatch(/A person took the run back \d+ s ago, to what visit 1 began with: "the wrong branch"\./);
  const next = await advance(on, { ...run, stepId: told.data.next_step.step_id });
  const after = await on.call("resume_workflow", { instance_id: run.id });
  expect([next.isError, after.text.includes("took the run back")]).toEqual([false, false]);
});
