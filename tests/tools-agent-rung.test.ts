/** If no route decides, the agent chooses: by the guidance, with its report kept until it has. */
import { beforeAll, expect, test } from "bun:test";
import {
  advance,
  expectError,
  expectRefused,
  expectStep,
  historyOf,
  skeletonIn,
  startRun,
  statusOf,
} from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("CHOICE", {
    "Look Around": { guidance: "Go to Fix It when something is broken, else to Write Report." },
    Measure: {},
    "Fix It": { routes: ["otherwise → Write Report"] },
    "Write Report": { guidance: "When it is written, the work is over." },
  }),
  ...workflowFiles("HALF", {
    Try: {
      guidance: "Go to Retry or on to End.",
      routes: ['`report.status == "failure"` → Retry', "`context.late == true` → Retry"],
    },
    Retry: { routes: ["otherwise → Try"] },
    End: {},
  }),
});

/** Each test makes its own run there. */
let on: Connection;
beforeAll(async () => {
  on = await connect({ workflows, forAll: true });
});

const GUIDANCE = "Go to Fix It when something is broken, else to Write Report.";
/** Those the guidance names, in its order, then the following step, then the rest. */
const CANDIDATES = ["Fix It", "Write Report", "Measure", "Look Around", "FINISH"];

async function atChoice(on: Connection) {
  return startRun(on, "CHOICE");
}

test("a step that the agent decides comes with guidance and candidates, in both forms", async () => {
  const { told } = await atChoice(on);
  expectStep(told, { name: "Look Around", id: "1-look-around", instructions: "Do Look Around." });
  expect(told.data.decision_required).toEqual({ guidance: GUIDANCE, candidates: CANDIDATES });
  expect(told.text).toContain(`> ${GUIDANCE}\nCandidates: Fix It | Write Report | Measure\n`);
  expect(skeletonIn(told.text).report.next_step).toBe("<a candidate>");
  expect(told.data.rules).toContain("decision_required");
});

test("a step that routes decide comes without guidance and candidates", async () => {
  const run = await atChoice(on);
  const told = await advance(on, run, { next_step: "Fix It" });
  expect(told.data.decision_required).toBeUndefined();
  expect(told.text).not.toContain("Candidates");
  expect(skeletonIn(told.text).report).not.toHaveProperty("next_step");
});

const CHOICES: [said: string, meant: string][] = [
  ["Fix It", "Fix It"],
  [" fix it ", "Fix It"],
  ["fix-it", "Fix It"],
  ["fix-it.md", "Fix It"],
  ["CHOICE/steps/write-report.md", "Write Report"],
  ["Measure", "Measure"],
];

test("a choice by name, slug or file name decides, and the history says that the agent did", async () => {
  for (const [said, meant] of CHOICES) {
    const run = await atChoice(on);
    const told = await advance(on, run, { next_step: said });
    expect({ said, at: told.data.next_step?.step_name }).toEqual({ said, at: meant });
    const [entry] = (await statusOf(on, run.id)).history;
    expect(entry.decision).toMatchObject({ decided_by: "agent", next_step: meant });
    expect(entry.decision.off_guidance).toBeUndefined();
  }
});

test("a report without a choice is kept, nothing moves, and the bare choice is enough afterwards", async () => {
  const run = await atChoice(on);
  const told = await advance(on, run, { details: "looked", updates: { found: 2 } });
  expect(told.data).toMatchObject({
    status: "RUNNING",
    next_step: { step_id: "1-look-around" },
    decision_required: { guidance: GUIDANCE, candidates: CANDIDATES },
    current_context: { found: 2 },
  });
  expect(told.data.decision).toBeUndefined();
  expect(told.text).toStartWith("Report kept; nothing moved yet. Choose the step after Look Around (visit 1):");
  expect(told.data.report_with.arguments).toEqual(skeletonIn(told.text));
  expect(skeletonIn(told.text).report).toEqual({
    step_id: "1-look-around",
    status: "success",
    next_step: "<a candidate>",
  });
  const kept = await statusOf(on, run.id);
  expect(kept).toMatchObject({ history_total: 0, visit: 1, context: { found: 2 } });
  expect(kept.pending_report).toMatchObject({
    report: { details: "looked" },
    context_updates: { found: 2 },
    asked: true,
  });
  const choice = { instance_id: run.id, report: { step_id: "1-look-around", next_step: "Write Report" } };
  const moved = await on.call("advance_workflow", choice);
  expectStep(moved, { name: "Write Report", id: "2-write-report", instructions: "Do Write Report." });
  const after = await statusOf(on, run.id);
  expect(after).toMatchObject({ pending_report: null, context: { found: 2 } });
  expect(after.history).toEqual([
    expect.objectContaining({ report: expect.objectContaining({ details: "looked", next_step: "Write Report" }) }),
  ]);
  expect((await on.call("advance_workflow", choice)).data).toMatchObject({ replayed: true });
});

test("a kept report survives kill -9; after it the same call asks again and the choice still decides", async () => {
  const on = await connect({ workflows });
  const run = await atChoice(on);
  const asked = await advance(on, run, { details: "looked", updates: { found: 2 } });
  await on.kill();
  const again = await connect({ workflows, db: on.db, project: on.project });
  const repeated = await advance(again, run, { details: "looked", updates: { found: 2 } });
  expect(repeated.data).toEqual(asked.data);
  const told = await advance(again, run, { next_step: "Fix It" });
  expect(told.data).toMatchObject({ next_step: { step_name: "Fix It" }, current_context: { found: 2 } });
  expect((await statusOf(again, run.id)).history).toHaveLength(1);
});

test("what the choosing call adds is added to the kept report", async () => {
  const run = await atChoice(on);
  await advance(on, run, { details: "looked", updates: { found: 2 } });
  await advance(on, run, { next_step: "Fix It", message: "it is broken", updates: { place: "a.ts" } });
  const { history, context } = await statusOf(on, run.id);
  expect(history).toHaveLength(1);
  expect(history[0].report).toMatchObject({ details: "looked", message: "it is broken" });
  expect(context).toEqual({ found: 2, place: "a.ts" });
});

test("a different report replaces the kept one, which becomes a note; what it had set stays", async () => {
  const run = await atChoice(on);
  await advance(on, run, { details: "all fine", updates: { found: 0, seen: true } });
  const told = await advance(on, run, { status: "failure", error: "it is not", updates: { found: 2 } });
  expect(told.data).toMatchObject({ decision_required: {}, current_context: { found: 2, seen: true } });
  expect((await statusOf(on, run.id)).pending_report.report).toMatchObject({ status: "failure" });
  await on.call("advance_workflow", { instance_id: run.id, report: { step_id: run.stepId, next_step: "Fix It" } });
  const { history, context } = await statusOf(on, run.id);
  expect(history.map((entry: { kind: string }) => entry.kind)).toEqual(["note", "visit"]);
  expect(history[0].report).toMatchObject({ status: "success", details: "all fine" });
  expect(history[1].report).toMatchObject({ status: "failure", error: "it is not" });
  expect(history[1].report).not.toHaveProperty("details");
  expect(context).toEqual({ found: 2, seen: true });
});

test("a report that replaces the kept one counts as a note: the 101st is refused, and the choice still decides", async () => {
  const run = await atChoice(on);
  for (let n = 0; n <= 100; n++) expect((await advance(on, run, { details: `try ${n}` })).isError).toBe(false);
  const again = () => advance(on, run, { details: "one more" });
  expect((await expectRefused(on, run.id, again, "INVALID_INPUT")).text).toContain("100 notes");
  await on.call("advance_workflow", { instance_id: run.id, report: { step_id: run.stepId, next_step: "Fix It" } });
  expect((await historyOf(on, run.id)).at(-1)).toMatchObject({ kind: "visit", report: { details: "try 100" } });
});

test("what a resume sets counts as a note: the 101st is refused, and a resume that sets nothing is not", async () => {
  const run = await atChoice(on);
  const resume = (context_updates: object) => on.call("resume_workflow", { instance_id: run.id, context_updates });
  for (let n = 1; n <= 100; n++) expect((await resume({ n })).isError).toBe(false);
  const again = await expectRefused(on, run.id, () => resume({ n: 101 }), "INVALID_INPUT");
  expect(again.text).toContain("100 notes");
  expect((await resume({})).data.next_step.step_id).toBe(run.stepId);
});

test("a note leaves a kept report where it is", async () => {
  const run = await atChoice(on);
  await advance(on, run, { details: "looked" });
  await advance(on, run, { status: "in_progress", details: "thinking" });
  expect((await statusOf(on, run.id)).pending_report.report).toMatchObject({ status: "success", details: "looked" });
  const told = await advance(on, run, { next_step: "Measure" });
  expect(told.data.next_step.step_name).toBe("Measure");
});

test("a choice off the guidance needs a reason, and is recorded as off the guidance", async () => {
  const run = await atChoice(on);
  const bare = { next_step: "Look Around" };
  const told = await expectRefused(on, run.id, () => advance(on, run, bare), "STEP_NOT_ALLOWED");
  expect(told.data.hint).toContain("Fix It | Write Report | Measure");
  expect(told.data.hint).toContain("details");
  await advance(on, run, { ...bare, details: "saw nothing the first time" });
  const [entry] = (await statusOf(on, run.id)).history;
  expect(entry.decision).toMatchObject({ next_step: "Look Around", decided_by: "agent", off_guidance: true });
  expect(entry.decision.reasoning).toContain("saw nothing the first time");
});

test("FINISH before the end needs a reason; after the last step it needs none", async () => {
  const early = await atChoice(on);
  await expectRefused(on, early.id, () => advance(on, early, { next_step: "FINISH" }), "STEP_NOT_ALLOWED");
  const told = await advance(on, early, { next_step: "finish", message: "the user changed his mind" });
  expect(told.data.status).toBe("COMPLETED");
  expect((await statusOf(on, early.id)).history[0].decision.off_guidance).toBe(true);
  const run = await atChoice(on);
  await advance(on, run, { next_step: "Write Report" });
  expect((await advance(on, { id: run.id, stepId: "2-write-report" }, { next_step: "FINISH" })).data.status).toBe(
    "COMPLETED",
  );
  expect((await statusOf(on, run.id)).history[1].decision.off_guidance).toBeUndefined();
});

test("a choice that is no step is STEP_NOT_ALLOWED with the candidates and the nearest of them", async () => {
  const run = await atChoice(on);
  const call = () => advance(on, run, { next_step: "Fix Them", details: "looked" });
  const told = await expectRefused(on, run.id, call, "STEP_NOT_ALLOWED");
  expect(told.data.details.candidates).toEqual(CANDIDATES);
  expect(told.text).toContain('Did you mean "Fix It"?');
});

test("a choice that is refused leaves a kept report as it was, also when it came with a different report", async () => {
  const run = await atChoice(on);
  await advance(on, run, { details: "looked" });
  await expectRefused(on, run.id, () => advance(on, run, { next_step: "Nowhere" }), "STEP_NOT_ALLOWED");
  const other = { status: "failure", error: "it is broken", next_step: "Nowhere" };
  await expectRefused(on, run.id, () => advance(on, run, other), "STEP_NOT_ALLOWED");
});

test("after a choice that was refused, an agent that lost its memory still finds back with one call", async () => {
  const on = await connect({ workflows });
  const run = await atChoice(on);
  await advance(on, run, { details: "looked" });
  expectError(await advance(on, run, { status: "failure", next_step: "Nowhere" }), "STEP_NOT_ALLOWED");
  const told = await on.call("resume_workflow");
  expect({ isError: told.isError, at: told.data.next_step?.step_id }).toEqual({ isError: false, at: "1-look-around" });
});

test("the agent is asked if no route matches, and not if one does", async () => {
  const run = await startRun(on, "HALF");
  expect(run.told.data.decision_required).toBeUndefined();
  const told = await advance(on, run);
  expect(told.data.decision_required.candidates.slice(0, 2)).toEqual(["Retry", "End"]);
  expect((await advance(on, run, { next_step: "End" })).data.next_step.step_name).toBe("End");
  const failed = await startRun(on, "HALF");
  expect((await advance(on, failed, { status: "failure" })).data).toMatchObject({
    decision: { decided_by: "route" },
    next_step: { step_name: "Retry" },
  });
});

test("once the agent was asked, its choice decides, and no route is tried again", async () => {
  const run = await startRun(on, "HALF");
  await advance(on, run, { details: "did it" });
  await advance(on, run, { next_step: "End", updates: { late: true } });
  const [entry] = (await statusOf(on, run.id)).history;
  expect(entry.decision).toMatchObject({ decided_by: "agent", next_step: "End" });
});
