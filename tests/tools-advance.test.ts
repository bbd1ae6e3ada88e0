/** advance_workflow if routes decide: decisions, notes, repeated reports, limits, and the end. */
import { beforeAll, expect, test } from "bun:test";
import { advance, expectError, expectRefused, expectStep, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("LOOP", {
    Work: { routes: ['`report.status == "failure"` → Repair', "otherwise → Check"] },
    Repair: { routes: ["otherwise → Work"] },
    Check: {
      instructions: "Check {{ context.what }}.",
      routes: ["`visits >= 3` → FINISH", "`context.again == true` → Work", "otherwise → FINISH"],
    },
  }),
});

/** Each test makes its own run there. */
let on: Connection;
beforeAll(async () => {
  on = await connect({ workflows, forAll: true });
});

test("a route decides, and the answer says who decided and why", async () => {
  const { id, stepId } = await startRun(on, "LOOP");
  const told = await advance(on, { id, stepId }, { details: "3 files", updates: { what: "all of it" } });
  expectStep(told, { name: "Check", id: "2-check", instructions: "Check all of it." });
  expect(told.data.decision).toEqual({ decided_by: "route", reasoning: "otherwise" });
  expect(told.data.decision_required).toBeUndefined();
  const again = await advance(on, { id, stepId: "2-check" }, { updates: { again: true } });
  expect(again.data.decision.reasoning).toBe("`context.again == true` is true");
  const failed = await advance(on, { id, stepId: "3-work" }, { status: "failure", error: "no luck" });
  expectStep(failed, { name: "Repair", id: "4-repair", instructions: "Do Repair." });
});

test("a route that cannot be evaluated is passed over, and the decision says why", async () => {
  const { id } = await startRun(on, "LOOP");
  await advance(on, { id, stepId: "1-work" });
  const told = await advance(on, { id, stepId: "2-check" });
  expect(told.data).toMatchObject({ status: "COMPLETED", decision: { decided_by: "route" } });
  expect(told.data.decision.notes).toEqual([expect.stringContaining("`context.again == true` could not be evaluated")]);
});

test("the agent's wish is noted if a route decides, and not followed", async () => {
  const { id, stepId } = await startRun(on, "LOOP");
  const told = await advance(on, { id, stepId }, { next_step: "Repair" });
  expect(told.data.next_step.step_name).toBe("Check");
  expect(told.data.decision.notes).toEqual([expect.stringContaining('"Repair" was not followed')]);
  expect(told.text).toContain('"Repair" was not followed');
});

test("the history holds the report, what it changed and what that was before, the decision, the actor and the times", async () => {
  const { id, stepId } = await startRun(on, "LOOP", { context: { a: 1, b: 1, same: [1] } });
  const report = { status: "passed", result: [1], details: { n: 1 }, message: "m" };
  await advance(on, { id, stepId }, { ...report, updates: { a: 2, b: null, c: 3, same: [1], gone: null } });
  const { history, context, history_total, visit } = await statusOf(on, id);
  expect({ context, history_total, visit }).toEqual({ context: { a: 2, c: 3, same: [1] }, history_total: 1, visit: 2 });
  expect(history).toEqual([
    {
      seq: 1,
      kind: "visit",
      visit: 1,
      step_id: "1-work",
      step_name: "Work",
      report: { ...report, step_id: "1-work", status: "success" },
      context_patch: { a: { before: 1, after: 2 }, b: { before: 1 }, c: { after: 3 } },
      decision: { decided_by: "route", next_step: "Check", reasoning: "otherwise" },
      actor: "mcp:test-client/1.0",
      definition: expect.stringMatching(/^[0-9a-f]{64}$/),
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ended_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    },
  ]);
});

test("FINISH completes the run, and both forms say that nothing more is to be called", async () => {
  const { id } = await startRun(on, "LOOP");
  await advance(on, { id, stepId: "1-work" });
  const told = await advance(on, { id, stepId: "2-check" });
  expect(told.data).toMatchObject({ status: "COMPLETED", next_step: { step_name: "FINISH", instructions: "" } });
  expect(told.data.report_with).toBeUndefined();
  expect(told.data.rules).toContain("Nothing more to call");
  expect(told.text).toStartWith("COMPLETED · LOOP · 2 visits, ");
  expect(told.text).toContain("nothing more to call");
  const { status, current_step_name, completed_at, next_step } = await statusOf(on, id);
  expect({ status, current_step_name, next_step }).toMatchObject({
    status: "COMPLETED",
    current_step_name: "FINISH",
    next_step: { step_name: "FINISH" },
  });
  expect(Date.parse(completed_at)).not.toBeNaN();
});

test("the end names each step whose last visit ended as a failure, and none that was done after one", async () => {
  const { id } = await startRun(on, "LOOP");
  await advance(on, { id, stepId: "1-work" }, { status: "failure", error: "no luck" });
  await advance(on, { id, stepId: "2-repair" }, { status: "failed", error: "no tools" });
  await advance(on, { id, stepId: "3-work" });
  const ended = await advance(on, { id, stepId: "4-check" });
  const resumed = await on.call("resume_workflow", { instance_id: id });
  for (const said of [ended.text, ended.data.rules, resumed.text]) {
    expect(said).toContain("Tell the user the outcome. Ended as a failure: Repair (visit 2).");
  }
});

test("a final run takes no report, whatever step it names, and stays as it is", async () => {
  const { id } = await startRun(on, "LOOP");
  await advance(on, { id, stepId: "1-work" });
  await advance(on, { id, stepId: "2-check" });
  for (const stepId of ["2-finish", "FINISH", "3-work", "Repair", undefined]) {
    const call = () => advance(on, stepId === undefined ? { id } : { id, stepId });
    const told = await expectRefused(on, id, call, "INSTANCE_FINAL");
    expect(told.data.details).toEqual({ status: "COMPLETED" });
  }
  const note = () => advance(on, { id, stepId: "2-finish" }, { status: "in_progress" });
  await expectRefused(on, id, note, "INSTANCE_FINAL");
});

test("a repeated report gets its decision and where the run is now, however often and however late", async () => {
  const { id } = await startRun(on, "LOOP");
  const first = await advance(on, { id, stepId: "1-work" }, { details: "once" });
  const before = await statusOf(on, id);
  for (const status of ["success", "done"]) {
    const told = await advance(on, { id, stepId: "1-work" }, { status, details: "said otherwise" });
    expect(told.data).toEqual({ ...first.data, replayed: true });
    expect(told.text).toContain("repeated call");
    expectStep(told, { name: "Check", id: "2-check", instructions: "Check {{ context.what }}." });
  }
  expect(await statusOf(on, id)).toEqual(before);
  await advance(on, { id, stepId: "2-check" });
  const late = await advance(on, { id, stepId: "1-work" });
  expect(late.data).toMatchObject({ status: "COMPLETED", replayed: true, decision: first.data.decision });
  const last = await advance(on, { id, stepId: "2-check" });
  expect(last.data).toMatchObject({ status: "COMPLETED", replayed: true });
  expect(last.text).toContain("repeated call");
});

test("a report of another status for a decided visit is STALE_REPORT and says where the run is", async () => {
  const { id } = await startRun(on, "LOOP");
  await advance(on, { id, stepId: "1-work" }, { status: "failure" });
  for (const status of ["success", "in_progress", "Blocked"]) {
    const told = await expectRefused(on, id, () => advance(on, { id, stepId: "1-work" }, { status }), "STALE_REPORT");
    expect(told.text).toContain("visit 1 (Work) is already decided (reported as failure, ");
    expect(told.text).toContain("Now at: Repair, step_id 2-repair");
    expect(told.data.hint).toContain(`resume_workflow {"instance_id":"${id}"}`);
    expect(told.data.details).toMatchObject({ decided_visit: 1, current_step_id: "2-repair" });
  }
  await advance(on, { id, stepId: "2-repair" });
  await advance(on, { id, stepId: "3-work" });
  await advance(on, { id, stepId: "4-check" });
  const told = await expectRefused(on, id, () => advance(on, { id, stepId: "1-work" }), "STALE_REPORT");
  expect(told.text).toContain("COMPLETED");
});

test("in_progress records a note with its updates and keeps the step", async () => {
  const { id } = await startRun(on, "LOOP");
  const told = await advance(
    on,
    { id, stepId: "1-work" },
    { status: "In progress", details: "half", updates: { n: 1 } },
  );
  expect(told.text).toBe("Noted. Still at Work (1-work); instructions unchanged.");
  expect(told.data).toEqual({
    status: "RUNNING",
    workflow_name: "LOOP",
    instance_id: id,
    next_step: { step_name: "Work", step_id: "1-work", visit: 1 },
    rules: told.text,
    report_with: { tool: "advance_workflow", when: "the step is over" },
  });
  const moved = await advance(on, { id, stepId: "1-work" });
  expect(moved.data.next_step.step_id).toBe("2-check");
  const { history, context } = await statusOf(on, id);
  expect(context).toEqual({ n: 1 });
  expect(history.map((entry: { kind: string; seq: number }) => [entry.seq, entry.kind])).toEqual([
    [1, "note"],
    [2, "visit"],
  ]);
  expect(history[0]).toMatchObject({ report: { status: "in_progress", details: "half" }, decision: null });
});

test("the 101st note of a visit is refused; the next visit may have notes again", async () => {
  const { id } = await startRun(on, "LOOP");
  const noteAt = (stepId: string) => advance(on, { id, stepId }, { status: "in_progress" });
  for (let n = 0; n < 100; n++) expect((await noteAt("1-work")).isError).toBe(false);
  const told = await expectRefused(on, id, () => noteAt("1-work"), "INVALID_INPUT");
  expect(told.text).toContain("100 notes");
  expect((await advance(on, { id, stepId: "1-work" })).isError).toBe(false);
  expect((await noteAt("2-check")).isError).toBe(false);
});

test("updates that would make the context larger than 256 KiB are refused, and nothing of the report is kept", async () => {
  const { id } = await startRun(on, "LOOP", { context: { big: "x".repeat(250_000) } });
  const call = () => advance(on, { id, stepId: "1-work" }, { updates: { more: "y".repeat(20_000) } });
  const told = await expectRefused(on, id, call, "INVALID_INPUT");
  expect(told.text).toContain("262144");
  const instead = await advance(on, { id, stepId: "1-work" }, { updates: { big: null, more: "y".repeat(20_000) } });
  expect(instead.data.next_step.step_id).toBe("2-check");
});

test("an instance that does not exist is INSTANCE_NOT_FOUND for every tool that takes one", async () => {
  const instance_id = "wf_000000000000";
  const calls: [string, Record<string, unknown>][] = [
    ["advance_workflow", { instance_id, report: { step_id: "1-work", status: "success" } }],
    ["resume_workflow", { instance_id }],
    ["get_workflow_status", { instance_id }],
  ];
  for (const [tool, args] of calls) {
    const told = expectError(await on.call(tool, args), "INSTANCE_NOT_FOUND");
    expect(told.text).toContain(instance_id);
    expect(told.data.hint).toContain("list_instances");
  }
});

test("keys with the names of JavaScript's own properties are data like any other", async () => {
  const context = { constructor: 1, toString: "x", hasOwnProperty: { a: 1 } };
  const { id, stepId } = await startRun(on, "LOOP", { context });
  await advance(on, { id, stepId }, { updates: { toString: null, valueOf: 2 } });
  const after = { constructor: 1, hasOwnProperty: { a: 1 }, valueOf: 2 };
  expect((await statusOf(on, id)).context).toEqual(after);
  expect((await statusOf(on, id, { keys: ["valueOf", "toString"] })).context).toEqual({ valueOf: 2 });
});
