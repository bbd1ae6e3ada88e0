/** What was answered is there, whatever happens next: kill -9, lost memory, edited and deleted files. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { seeded } from "../scripts/torture/random.ts";
import { advance, expectStep, historyOf, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const STEPS = {
  Left: { routes: ['`report.status == "failure"` → FINISH', "otherwise → Right"] },
  Right: { routes: ["otherwise → Left"] },
};

function definitions(): string {
  const dir = scratchDir();
  writeFiles(dir, {
    ...workflowFiles("ROUND", STEPS),
    ...workflowFiles("CHOICE", { Ask: { guidance: "Go to Ask again, or to Rest." }, Rest: {} }),
  });
  return dir;
}

const stepIdAt = (visit: number) => `${visit}-${visit % 2 ? "left" : "right"}`;

/** What a client was answered; what it sent last may or may not have arrived. */
interface Acknowledged {
  visits: number;
  notes: string[];
}

/** Notes and advances one after the other until the process is killed; resolves to what it was told. */
async function workUntilKilled(on: Connection, id: string, known: Acknowledged): Promise<void> {
  for (;;) {
    const visit = known.visits + 1;
    const note = `note ${visit}`;
    if (!known.notes.includes(note)) {
      const said = { status: "in_progress", details: note };
      if (!(await answered(advance(on, { id, stepId: stepIdAt(visit) }, said)))) return;
      known.notes.push(note);
    }
    const said = { details: `did ${visit}`, updates: { [`key_${visit % 7}`]: visit, last: visit } };
    if (!(await answered(advance(on, { id, stepId: stepIdAt(visit) }, said)))) return;
    known.visits = visit;
  }
}

/** False if the process died before it answered. */
async function answered(call: Promise<Told>): Promise<boolean> {
  const told = await call.catch(() => null);
  if (told?.isError) throw new Error(told.text);
  return told !== null;
}

test("kill -9 twenty times at random moments: every answer is there once and in order, and the run goes on", async () => {
  const workflows = definitions();
  const random = seeded(20261122);
  let on = await connect({ workflows });
  const { id } = await startRun(on, "ROUND");
  const known: Acknowledged = { visits: 0, notes: [] };
  for (let death = 1; death <= 20; death++) {
    const work = workUntilKilled(on, id, known);
    await Bun.sleep(random() * 40);
    await on.kill();
    await work;
    on = await connect({ workflows, db: on.db, project: on.project });
    const resumed = await on.call("resume_workflow");
    const { context, visit } = await statusOf(on, id);
    const history = await historyOf(on, id);
    const visits = history.filter((entry) => entry.kind === "visit");
    expect(visits.length - known.visits).toBeWithin(0, 2);
    expect(visits.map((entry) => entry.step_id)).toEqual(visits.map((_, index) => stepIdAt(index + 1)));
    expect(visits.map((entry) => entry.report.details)).toEqual(visits.map((_, index) => `did ${index + 1}`));
    const noted = history.filter((entry) => entry.kind === "note").map((entry) => entry.report.details);
    expect(noted).toEqual(expect.arrayContaining(known.notes));
    expect(history.map((entry) => entry.seq)).toEqual(history.map((_, index) => index + 1));
    expect(visit).toBe(visits.length + 1);
    expect(context["last"] ?? 0).toBe(visits.length);
    expect(resumed.data.next_step.step_id).toBe(stepIdAt(visit));
    known.visits = visits.length;
  }
  expect(known.visits).toBeGreaterThan(5);
  const ends = stepIdAt(known.visits + 1).endsWith("left") ? known.visits + 1 : known.visits + 2;
  for (let visit = known.visits + 1; visit <= ends; visit++) {
    await advance(on, { id, stepId: stepIdAt(visit) }, { status: visit === ends ? "failure" : "success" });
  }
  expect((await statusOf(on, id)).status).toBe("COMPLETED");
}, 30_000);

test("kill -9 while several runs are worked at once: each run holds what it was answered", async () => {
  const workflows = definitions();
  const random = seeded(7);
  let on = await connect({ workflows });
  const runs = await Promise.all(Array.from({ length: 4 }, () => startRun(on, "ROUND")));
  const known = runs.map((): Acknowledged => ({ visits: 0, notes: [] }));
  for (let death = 1; death <= 5; death++) {
    const work = runs.map(({ id }, index) => workUntilKilled(on, id, known[index] ?? { visits: 0, notes: [] }));
    await Bun.sleep(random() * 60);
    await on.kill();
    await Promise.all(work);
    on = await connect({ workflows, db: on.db, project: on.project });
    for (const [index, { id }] of runs.entries()) {
      const { visit } = await statusOf(on, id);
      const mine = known[index];
      if (!mine) throw new Error("no such run");
      expect(visit - 1 - mine.visits).toBeWithin(0, 2);
      const visits = (await historyOf(on, id)).filter((entry) => entry.kind === "visit");
      expect(visits.map((entry) => entry.step_id)).toEqual(visits.map((_, at) => stepIdAt(at + 1)));
      expect(visits).toHaveLength(visit - 1);
      mine.visits = visit - 1;
    }
  }
}, 30_000);

test("a call that was cut off by kill -9 can be sent again: it is done once", async () => {
  const workflows = definitions();
  let on = await connect({ workflows });
  const { id } = await startRun(on, "ROUND");
  for (let visit = 1; visit <= 8; visit++) {
    const said = { details: `did ${visit}`, updates: { visit } };
    const cut = advance(on, { id, stepId: stepIdAt(visit) }, said).catch(() => null);
    await Bun.sleep(visit / 2);
    await on.kill();
    await cut;
    on = await connect({ workflows, db: on.db, project: on.project });
    const told = await advance(on, { id, stepId: stepIdAt(visit) }, said);
    expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: stepIdAt(visit + 1) } });
  }
  const history = await historyOf(on, id);
  expect(history.map((entry) => entry.step_id)).toEqual(history.map((_, at) => stepIdAt(at + 1)));
  expect(history).toHaveLength(8);
});

test("start_workflow with a request_id that was cut off by kill -9 can be sent again: it starts one run", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const start = { workflow_name: "ROUND", request_id: "r-1" };
  const cut = on.call("start_workflow", start).catch(() => null);
  await Bun.sleep(3);
  await on.kill();
  await cut;
  const again = await connect({ workflows, db: on.db, project: on.project });
  const told = await again.call("start_workflow", start);
  expect(told.data.status).toBe("RUNNING");
  expect((await again.call("list_instances")).data.instances).toHaveLength(1);
});

test("memory lost in the middle: a client that knows nothing goes on to the end from one call", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const { id } = await startRun(on, "ROUND");
  await advance(on, { id, stepId: "1-left" }, { details: "half of it", updates: { half: 1 } });
  await on.kill();
  const fresh = await connect({ workflows, db: on.db, project: on.project });
  const found = await fresh.call("resume_workflow");
  expect(found.data.recap).toContain('1 Left ✓ "half of it"');
  const next = await fresh.call("advance_workflow", {
    ...found.data.report_with.arguments,
    report: { ...found.data.report_with.arguments.report, details: "the rest" },
  });
  const last = next.data.report_with.arguments;
  const done = await fresh.call("advance_workflow", {
    ...last,
    report: { ...last.report, status: "failure", details: "over" },
  });
  expect(done.data).toMatchObject({ status: "COMPLETED", instance_id: id });
  expect((await statusOf(fresh, id)).context).toEqual({ half: 1 });
});

test("a report that waits for the agent's choice survives kill -9 with its updates", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE");
  await advance(on, run, { details: "asked", updates: { answer: 42 } });
  await on.kill();
  const again = await connect({ workflows, db: on.db, project: on.project });
  expect((await again.call("resume_workflow")).data).toMatchObject({
    decision_required: {},
    current_context: { answer: 42 },
  });
  const told = await advance(again, run, { next_step: "Ask" });
  expectStep(told, { name: "Ask", id: "2-ask", instructions: "Do Ask." });
  expect((await statusOf(again, run.id)).history[0].report).toMatchObject({ details: "asked" });
});

test("a run is pinned to its definition: edited, broken and deleted files change nothing of it, new runs get the new", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const { id } = await startRun(on, "ROUND");
  const edits: (() => void)[] = [
    () => writeFiles(workflows, workflowFiles("ROUND", { Left: { instructions: "Do otherwise." }, Other: {} })),
    () => writeFiles(workflows, { "ROUND/steps/left.md": "broken" }),
    () => rmSync(join(workflows, "ROUND"), { recursive: true }),
  ];
  let at = on;
  for (const [index, edit] of edits.entries()) {
    edit();
    await at.kill();
    at = await connect({ workflows, db: on.db, project: on.project });
    const visit = 2 * index + 1;
    expectStep(await at.call("resume_workflow", { instance_id: id }), {
      name: "Left",
      id: stepIdAt(visit),
      instructions: "Do Left.",
    });
    const told = await advance(at, { id, stepId: stepIdAt(visit) });
    expectStep(told, { name: "Right", id: stepIdAt(visit + 1), instructions: "Do Right." });
    await advance(at, { id, stepId: stepIdAt(visit + 1) });
    if (index === 0) expect((await startRun(at, "ROUND")).told.text).toContain("Do otherwise.");
  }
  const { history } = await statusOf(at, id);
  expect(new Set(history.map((entry: { definition: string }) => entry.definition)).size).toBe(1);
});
