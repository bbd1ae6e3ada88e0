/** resume_workflow for a client that is behind, ahead or lost, that brings a report, or wants the files as they are now. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, expectRefused, expectStep, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const TRIP = workflowFiles("TRIP", {
  Pack: { routes: ["otherwise → Drive"] },
  Drive: { routes: ['`report.status == "failure"` → Repair', "otherwise → Arrive"] },
  Repair: { routes: ["otherwise → Drive"] },
  Arrive: { guidance: "Go to Rest, or Drive on." },
  Rest: {},
});

function definitions(): string {
  const dir = scratchDir();
  writeFiles(dir, TRIP);
  return dir;
}

/** A run at `Drive`, its second visit. */
async function atDrive(on: Connection): Promise<string> {
  const { id } = await startRun(on, "TRIP");
  await advance(on, { id, stepId: "1-pack" });
  return id;
}

/** A run at `Arrive`, which the agent decides, its fifth visit. */
async function atArrive(on: Connection): Promise<string> {
  const id = await atDrive(on);
  await advance(on, { id, stepId: "2-drive" }, { status: "failure" });
  await advance(on, { id, stepId: "3-repair" });
  await advance(on, { id, stepId: "4-drive" });
  return id;
}

const AT_DRIVE = { name: "Drive", id: "2-drive", instructions: "Do Drive." };
const AT_ARRIVE = { name: "Arrive", id: "5-arrive", instructions: "Do Arrive." };

test("a client that is where the run is gets its step, by name, slug, file or step_id", async () => {
  const on = await connect({ workflows: definitions() });
  await atDrive(on);
  for (const assumed_current_step_name of ["Drive", "drive", "drive.md", "2-drive"]) {
    const told = expectStep(await on.call("resume_workflow", { assumed_current_step_name }), AT_DRIVE);
    expect(told.data.recap).not.toContain("You thought");
  }
});

test("a client behind gets the current step, and the recap says what it missed", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atArrive(on);
  const before = await statusOf(on, id);
  const told = await on.call("resume_workflow", { assumed_current_step_name: "Pack" });
  expectStep(told, AT_ARRIVE);
  expect(told.data.recap).toContain(
    'You thought you were at "Pack": that is already done. Since then: Drive → Repair → Drive.',
  );
  expect(await statusOf(on, id)).toEqual(before);
});

test("a client ahead, or at a step that does not exist, gets the current step again if routes decide it", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atDrive(on);
  const before = await statusOf(on, id);
  const ahead = await on.call("resume_workflow", { assumed_current_step_name: "Rest" });
  expectStep(ahead, AT_DRIVE);
  expect(ahead.data.recap).toContain('You thought you were at "Rest": the run is not there yet. Nothing is skipped.');
  const lost = await on.call("resume_workflow", { assumed_current_step_name: "Fly\nto the moon" });
  expectStep(lost, AT_DRIVE);
  expect(lost.data.recap).toContain('You thought you were at "Fly to the moon": this workflow has no such step.');
  expect(await statusOf(on, id)).toEqual(before);
});

test("a client ahead of a step that the agent decides is asked to choose, both positions shown", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atArrive(on);
  const told = await on.call("resume_workflow", { assumed_current_step_name: "Rest" });
  expectStep(told, AT_ARRIVE);
  expect(told.data.decision_required.candidates.slice(0, 2)).toEqual(["Rest", "Drive"]);
  expect(told.text).toContain("Candidates: Rest | Drive");
  expect(told.data.recap).toContain('You thought you were at "Rest"');
  expect((await statusOf(on, id)).visit).toBe(5);
});

test("a report of the assumed step, which is current, counts as an advance", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atDrive(on);
  const report = { status: "done", details: "drove" };
  const told = await on.call("resume_workflow", {
    assumed_current_step_name: "Drive",
    report,
    context_updates: { km: 7 },
  });
  expectStep(told, { name: "Arrive", id: "3-arrive", instructions: "Do Arrive." });
  expect(told.data).toMatchObject({ decision: { decided_by: "route" }, current_context: { km: 7 } });
  expect(told.data.recap).toContain('2 Drive ✓ "drove"');
  expect(told.data.recap).not.toContain("handed out");
  const { history } = await statusOf(on, id);
  expect(history[1]).toMatchObject({ kind: "visit", step_id: "2-drive", report: { status: "success" } });
});

test("a report with the current step_id counts as an advance whatever the client assumed", async () => {
  const on = await connect({ workflows: definitions() });
  await atDrive(on);
  const report = { step_id: "2-drive", status: "failure" };
  const told = await on.call("resume_workflow", { report });
  expectStep(told, { name: "Repair", id: "3-repair", instructions: "Do Repair." });
});

test("an in_progress report that comes along is noted, and the text still holds recap and instructions", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atDrive(on);
  const report = { step_id: "2-drive", status: "in_progress", details: "half way" };
  const told = await on.call("resume_workflow", { report });
  expect((await statusOf(on, id)).history[1]).toMatchObject({ kind: "note", report });
  expect(told.data).toMatchObject({ next_step: { step_id: "2-drive", instructions: "Do Drive." } });
  expect(told.text).toContain(told.data.recap);
  expect(told.text).toContain("Do Drive.");
});

test("a greeting does not end a step", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atDrive(on);
  for (const status of ["resuming", "clarification_provided", "Resuming"]) {
    const report = { step_id: "2-drive", status, message: "hello" };
    const told = await on.call("resume_workflow", { assumed_current_step_name: "Drive", report });
    expectStep(told, AT_DRIVE);
  }
  const { history } = await statusOf(on, id);
  expect(history.slice(1).map((entry: { kind: string }) => entry.kind)).toEqual(["resume", "resume", "resume"]);
});

test("a report of another step is not used, and the recap says so", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atArrive(on);
  const before = await statusOf(on, id);
  for (const args of [
    { report: { step_id: "1-pack", status: "failure" } },
    { assumed_current_step_name: "Pack", report: { status: "success" } },
    { assumed_current_step_name: "Rest", report: { status: "success" } },
    { assumed_current_step_name: "Nowhere", report: { status: "success" } },
  ]) {
    const told = expectStep(await on.call("resume_workflow", args), AT_ARRIVE);
    expect(told.data.recap).toContain("not about a step that is yours now, and was not used");
    expect(told.text).toContain("was not used");
  }
  expect(await statusOf(on, id)).toEqual(before);
});

test("updates that came with an unused report are not taken for the current step's", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atArrive(on);
  const args = { report: { step_id: "1-pack", status: "failure" }, context_updates: { test_exit_code: 1 } };
  await on.call("resume_workflow", args);
  expect((await statusOf(on, id)).context).toEqual({});
});

test("a report that is kept but undecided comes first: the agent is asked for its choice again", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atArrive(on);
  await advance(on, { id, stepId: "5-arrive" }, { details: "arrived", updates: { at: "noon" } });
  await on.kill();
  const again = await connect({ workflows: definitions(), db: on.db, project: on.project });
  for (const args of [{}, { assumed_current_step_name: "Rest" }, { assumed_current_step_name: "Pack" }]) {
    const told = await again.call("resume_workflow", args);
    expect(told.data).toMatchObject({
      next_step: { step_id: "5-arrive" },
      decision_required: { guidance: "Go to Rest, or Drive on." },
      current_context: { at: "noon" },
    });
    expect(told.text).toContain("Report kept; nothing moved yet.");
    expect(told.text).toContain(told.data.recap);
  }
  const choice = { assumed_current_step_name: "Arrive", report: { status: "success", next_step: "Rest" } };
  const told = await again.call("resume_workflow", choice);
  expectStep(told, { name: "Rest", id: "6-rest", instructions: "Do Rest." });
  expect((await statusOf(again, id)).history.at(-1)).toMatchObject({
    report: { details: "arrived", next_step: "Rest" },
  });
});

test("a run keeps its definition while the files change; use_latest moves it to them at the same step", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const id = await atDrive(on);
  const edited = workflowFiles("TRIP", {
    Pack: {},
    Drive: { instructions: "Drive slowly.", routes: ["otherwise → Sleep"] },
    Sleep: {},
  });
  rmSync(join(workflows, "TRIP"), { recursive: true });
  writeFiles(workflows, edited);
  const again = await connect({ workflows, db: on.db, project: on.project });
  const [before] = (await statusOf(again, id)).history;
  expectStep(await again.call("resume_workflow"), AT_DRIVE);
  const told = await again.call("resume_workflow", { use_latest: true });
  expectStep(told, { name: "Drive", id: "2-drive", instructions: "Drive slowly." });
  const { history } = await statusOf(again, id);
  expect(history[1].kind).toBe("move");
  expect(history[1].definition).not.toBe(before.definition);
  expect((await advance(again, { id, stepId: "2-drive" })).data.next_step.step_name).toBe("Sleep");
});

test("use_latest with unchanged files changes nothing", async () => {
  const on = await connect({ workflows: definitions() });
  const id = await atDrive(on);
  const before = await statusOf(on, id);
  expectStep(await on.call("resume_workflow", { use_latest: true }), AT_DRIVE);
  expect(await statusOf(on, id)).toEqual(before);
});

test("use_latest is refused if the files no longer have the step, or are gone or broken; the run goes on pinned", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const id = await atDrive(on);
  await on.close();
  const cases: [files: Record<string, string>, code: string][] = [
    [workflowFiles("TRIP", { Pack: {}, Fly: {} }), "STEP_NOT_ALLOWED"],
    [{ ...TRIP, "TRIP/steps/drive.md": "nothing\n" }, "DEFINITION_INVALID"],
    [{}, "DEFINITION_NOT_FOUND"],
  ];
  for (const [files, code] of cases) {
    rmSync(join(workflows, "TRIP"), { recursive: true, force: true });
    writeFiles(workflows, files);
    const again = await connect({ workflows, db: on.db, project: on.project });
    const call = () => again.call("resume_workflow", { use_latest: true });
    const told = await expectRefused(again, id, call, code);
    if (code === "STEP_NOT_ALLOWED") expect(told.text).toContain('have no step "Drive"');
    expectStep(await again.call("resume_workflow"), AT_DRIVE);
  }
});

test("INSTANCE_NOT_FOUND comes before everything else that a resume may bring", async () => {
  const on = await connect({ workflows: definitions() });
  await atDrive(on);
  const args = { instance_id: "wf_nope", use_latest: true, report: { status: "success" } };
  expectError(await on.call("resume_workflow", args), "INSTANCE_NOT_FOUND");
});
