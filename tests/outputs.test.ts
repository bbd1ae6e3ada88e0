/** `outputs` of an index: what the context holds at FINISH, whoever leads there. */
import { describe, expect, test } from "bun:test";
import { advance, expectError, expectRefused, historyOf, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { chooses } from "./support/endpoint.ts";
import { connectInProcess } from "./support/in-process.ts";
import { connectTo, endpointThat } from "./support/model-run.ts";
import { person } from "./support/person.ts";
import { type StepText, scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const OUTPUTS = ["outputs: {count: integer, notes: array}"];
const MISSING = "count is missing (integer); notes is missing (array)";
const GOOD = { count: 3, notes: ["a"] };

const wf = (name: string, steps: Record<string, StepText>) => workflowFiles(name, steps, undefined, OUTPUTS);
const workflows = scratchDir();
writeFiles(workflows, {
  ...wf("ROUTED", { Work: { routes: ["`report.status == 'success'` → FINISH", "otherwise → FAIL"] } }),
  ...wf("NEXT", { Work: { extras: ["next: FINISH"] } }),
  ...wf("CHOSEN", { Work: {}, Other: {} }),
  ...wf("BOTH", { Work: { extras: ["produces: {count: {type: integer, minimum: 1}}", "next: FINISH"] } }),
  ...wf("SERVED", { Work: { extras: ["next: Run"] }, Run: { extras: ["run: 'true'", "next: FINISH"] } }),
  ...wf("TIMED", {
    Work: { extras: ["deadline: {after: 2h, then: FINISH}", "next: [Work, FINISH]", "max_visits: 3"] },
  }),
  ...wf("ASKED", {
    Work: { extras: ["next: Deploy"] },
    Deploy: { extras: ["approval: {denied: FINISH}", "next: FINISH"] },
  }),
});

describe("a report that leads to FINISH without the outputs is INCOMPLETE_REPORT, nothing moves, and the same with them works", () => {
  const said: [by: string, workflow: string, report: Record<string, unknown>][] = [
    ["a route", "ROUTED", {}],
    ["a single next", "NEXT", {}],
    ["a single next, after a failure", "NEXT", { status: "failure" }],
    ["the agent's choice", "CHOSEN", { next_step: "FINISH", details: "all is done" }],
  ];
  test.each(said)("by %s", async (_, workflow, report) => {
    const on = await connect({ workflows });
    const run = await startRun(on, workflow);
    const told = await expectRefused(on, run.id, () => advance(on, run, report), "INCOMPLETE_REPORT");
    expect(told.text).toContain(MISSING);
    expect(told.data.details.faults).toHaveLength(2);
    const wrong = await advance(on, run, { ...report, updates: { count: "three", notes: [] } });
    expect(expectError(wrong, "INCOMPLETE_REPORT").text).toContain("count");
    const done = await advance(on, run, { ...report, updates: { count: "3", notes: '["a"]' } });
    expect(done.data).toMatchObject({ status: "COMPLETED", current_context: GOOD });
    const [entry] = await historyOf(on, run.id);
    expect(entry).toMatchObject({ context_patch: { count: { after: 3 }, notes: { after: ["a"] } } });
  });

  test("by a model, whose question keeps the report: only the values need be sent", async () => {
    const endpoint = endpointThat(chooses("FINISH"));
    const on = await connectTo(endpoint, { workflows });
    const run = await startRun(on, "CHOSEN");
    const refused = expectError(await advance(on, run, { details: "counted" }), "INCOMPLETE_REPORT");
    expect(refused.text).toContain(MISSING);
    const kept = await statusOf(on, run.id);
    expect(kept).toMatchObject({ status: "RUNNING", visit: 1, pending_report: { report: { details: "counted" } } });
    const told = await on.call("advance_workflow", {
      instance_id: run.id,
      report: { step_id: run.stepId },
      context_updates: GOOD,
    });
    expect(told.data).toMatchObject({ status: "COMPLETED", current_context: GOOD });
    expect((await historyOf(on, run.id))[0]).toMatchObject({ report: { status: "success", details: "counted" } });
  });

  test("a kept report that a resume decides becomes a note, and the step is handed out again", async () => {
    const endpoint = endpointThat(chooses("FINISH"));
    const on = await connectTo(endpoint, { workflows });
    const run = await startRun(on, "CHOSEN");
    expectError(await advance(on, run, { details: "counted" }), "INCOMPLETE_REPORT");
    const told = await on.call("resume_workflow", { instance_id: run.id });
    expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-work", instructions: "Do Work." } });
    expect(told.text).toContain(MISSING);
    expect(await statusOf(on, run.id)).toMatchObject({ pending_report: null, visit: 1 });
    const done = await advance(on, run, { updates: GOOD });
    expect(done.data.status).toBe("COMPLETED");
  });

  test("a model that lets a lost client finish is not followed; its report with a resume is refused like any", async () => {
    const endpoint = endpointThat(chooses("FINISH"));
    const on = await connectTo(endpoint, { workflows });
    const run = await startRun(on, "CHOSEN");
    const at = { instance_id: run.id };
    const lost = await on.call("resume_workflow", { ...at, assumed_current_step_name: "Other" });
    expect(lost.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-work" } });
    const report = { step_id: "1-work", status: "success" };
    expectError(await on.call("resume_workflow", { ...at, report }), "INCOMPLETE_REPORT");
    const done = await on.call("resume_workflow", { ...at, report, context_updates: GOOD });
    expect(done.data.status).toBe("COMPLETED");
  });
});

test("a value that takes its type is no change if the context held it so", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "NEXT", { context: { count: 3, old: 1 } });
  await advance(on, run, { updates: { count: "3", notes: [], old: null } });
  expect((await statusOf(on, run.id)).context).toEqual({ count: 3, notes: [] });
  expect((await historyOf(on, run.id))[0]).toMatchObject({
    context_patch: { notes: { after: [] }, old: { before: 1 } },
  });
  expect(Object.keys((await statusOf(on, run.id)).history[0].context_patch).sort()).toEqual(["notes", "old"]);
});

test("FAIL and a cancelled run need no outputs, and what the context holds already need not be set again", async () => {
  const on = await connect({ workflows });
  const failed = await startRun(on, "ROUTED");
  expect((await advance(on, failed, { status: "failure" })).data.status).toBe("FAILED");
  const cancelled = await startRun(on, "ROUTED");
  expect((await on.call("cancel_workflow", { instance_id: cancelled.id })).data.status).toBe("CANCELLED");
  const full = await startRun(on, "ROUTED", { context: GOOD });
  expect((await advance(on, full)).data.status).toBe("COMPLETED");
});

test("a key that the report produces must fit both, and the skeleton asks for what is unset if only an end follows", async () => {
  const on = await connect({ workflows });
  const skeletonOf = async (name: string, context = {}) =>
    (await startRun(on, name, { context })).told.data.report_with.arguments.context_updates;
  expect(await skeletonOf("BOTH")).toEqual({ count: "<integer>", notes: "<array>" });
  expect(await skeletonOf("BOTH", GOOD)).toEqual({ count: "<integer>" });
  expect(await skeletonOf("ROUTED", { count: 1 })).toEqual({ notes: "<array>" });
  expect(await skeletonOf("NEXT", GOOD)).toBeUndefined();
  for (const open of ["CHOSEN", "TIMED"]) expect(await skeletonOf(open)).toBeUndefined();
  const run = await startRun(on, "BOTH", { context: { notes: [] } });
  expectError(await advance(on, run, { updates: { count: 0 } }), "INCOMPLETE_REPORT");
  expect((await advance(on, run, { updates: { count: 1 } })).data.status).toBe("COMPLETED");
});

describe("where no agent reported, an end without the outputs is FAILED with the reason", () => {
  test("a server step", async () => {
    const on = await connect({ workflows, args: ["--allow-checks"] });
    const run = await startRun(on, "SERVED");
    const told = await advance(on, run);
    expect(told.data).toMatchObject({ status: "FAILED", next_step: null });
    expect(told.text).toContain(MISSING);
    const good = await startRun(on, "SERVED");
    expect((await advance(on, good, { updates: GOOD })).data.status).toBe("COMPLETED");
  });

  test("a deadline", async () => {
    let time = Date.UTC(2026, 0, 1);
    const on = await connectInProcess({ workflows: [workflows] }, { now: () => new Date(time) });
    const [bare, good] = [await startRun(on, "TIMED"), await startRun(on, "TIMED", { context: GOOD })];
    time += 3 * 3_600_000;
    await on.app.engine.sweep();
    await Bun.sleep(50);
    expect(await statusOf(on, bare.id)).toMatchObject({ status: "FAILED" });
    expect((await historyOf(on, bare.id)).at(-1)?.decision.reasoning).toContain(MISSING);
    expect((await statusOf(on, good.id)).status).toBe("COMPLETED");
  });

  test("a person's no", async () => {
    const on = await connect({ workflows });
    const run = await startRun(on, "ASKED");
    await advance(on, run);
    const decided = await person(on).no(run.id, "not now");
    expect(decided).toMatchObject({ decided: true, outcome: { instance: { status: "FAILED" } } });
    const told = await on.call("resume_workflow", { instance_id: run.id });
    expect(told.text).toContain(MISSING);
    expect((await historyOf(on, run.id)).at(-1)).toMatchObject({ ruling: { kind: "denied", comment: "not now" } });
    const good = await startRun(on, "ASKED", { context: GOOD });
    await advance(on, good);
    expect(await person(on).no(good.id)).toMatchObject({ outcome: { instance: { status: "COMPLETED" } } });
  });
});
