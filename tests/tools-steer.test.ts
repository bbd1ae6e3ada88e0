/** cancel_workflow and rewind_workflow: what a user asks for beyond the workflow. */
import { expect, test } from "bun:test";
import { advance, expectError, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const routes = (to: string) => ({ routes: [`otherwise → ${to}`], instructions: `See {{ context.n }}.` });
writeFiles(
  workflows,
  workflowFiles("W", { One: routes("Two"), Two: routes("Three"), Three: routes("FINISH"), Free: {} }),
);

async function atThree(on: Awaited<ReturnType<typeof connect>>) {
  const { id } = await startRun(on, "W", { context: { n: 0 } });
  await advance(on, { id, stepId: "1-one" }, { updates: { n: 1, only_one: true } });
  await advance(on, { id, stepId: "2-two" }, { updates: { n: 2 } });
  return id;
}

test("cancel ends a run for good; repeated it says so again, and reports are refused", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const told = await on.call("cancel_workflow", { instance_id: id, reason: "the user changed her mind" });
  expect(told.isError).toBe(false);
  expect(told.data).toMatchObject({ status: "CANCELLED", next_step: null });
  expect(told.text).toContain("CANCELLED · W");
  const again = await on.call("cancel_workflow", { instance_id: id });
  expect(again.data).toMatchObject({ status: "CANCELLED", replayed: true });
  expectError(await advance(on, { id, stepId: "3-three" }), "INSTANCE_FINAL");
  const { history, completed_at } = await statusOf(on, id);
  expect(history.at(-1)).toMatchObject({
    kind: "move",
    decision: { status: "CANCELLED", reasoning: "the user changed her mind" },
  });
  expect(completed_at).not.toBeNull();
  expect((await on.call("resume_workflow")).data.instances).toEqual([]);
});

test("cancel and rewind refuse a run that is completed, and one that does not exist", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  await advance(on, { id, stepId: "3-three" });
  const before = await statusOf(on, id);
  expectError(await on.call("cancel_workflow", { instance_id: id }), "INSTANCE_FINAL");
  expectError(await on.call("rewind_workflow", { instance_id: id, to_visit: 1 }), "INSTANCE_FINAL");
  expect(await statusOf(on, id)).toEqual(before);
  expectError(await on.call("cancel_workflow", { instance_id: "wf_none" }), "INSTANCE_NOT_FOUND");
  expectError(await on.call("rewind_workflow", { instance_id: "wf_none", to_visit: 1 }), "INSTANCE_NOT_FOUND");
});

test("rewind hands out the step and the context of the earlier visit as a new visit, and keeps the history", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const told = await on.call("rewind_workflow", { instance_id: id, to_visit: 2, reason: "look again" });
  expect(told.data).toMatchObject({
    status: "RUNNING",
    decision: { decided_by: "rewind", reasoning: "look again" },
    next_step: { step_name: "Two", step_id: "4-two", visit: 4, instructions: "See 1." },
    current_context: { n: 1, only_one: true },
  });
  expect(told.text).toContain("See 1.");
  const { history } = await statusOf(on, id);
  expect(history.map((entry: { kind: string }) => entry.kind)).toEqual(["visit", "visit", "rewind"]);
  expectError(await advance(on, { id, stepId: "3-three" }), "STALE_REPORT");
  expect((await advance(on, { id, stepId: "4-two" })).data.next_step.step_id).toBe("5-three");
  const first = await on.call("rewind_workflow", { instance_id: id, to_visit: 1 });
  expect(first.data).toMatchObject({
    next_step: { step_id: "6-one", instructions: "See 0." },
    current_context: { n: 0 },
  });
});

test("rewind leads back from a step whose `next` names other steps, also to that step itself", async () => {
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("NEXT", { One: {}, Two: { extras: ["next: [Three]"] }, Three: {} }));
  const on = await connect({ workflows });
  const run = await startRun(on, "NEXT");
  await advance(on, run, { next_step: "Two" });
  const again = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 2 });
  expect(again.data.next_step).toMatchObject({ step_id: "3-two" });
  const back = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
  expect(back.data.next_step).toMatchObject({ step_id: "4-one" });
});

test("a rewind that is repeated adds nothing, also by another process", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const args = { instance_id: id, to_visit: 1 };
  const first = await on.call("rewind_workflow", args);
  const other = await connect({ workflows, db: on.db, project: on.project });
  const again = await other.call("rewind_workflow", args);
  expect(again.data).toMatchObject({ replayed: true, next_step: { step_id: first.data.next_step.step_id } });
  expect((await statusOf(on, id)).history_total).toBe(3);
});

test("a visit that was not yet cannot be rewound to", async () => {
  const on = await connect({ workflows });
  const id = await atThree(on);
  const before = await statusOf(on, id);
  const told = expectError(await on.call("rewind_workflow", { instance_id: id, to_visit: 9 }), "INVALID_INPUT");
  expect(told.data.hint).toContain("1 to 3");
  expectError(await on.call("rewind_workflow", { instance_id: id, to_visit: 0 }), "INVALID_INPUT");
  expect(await statusOf(on, id)).toEqual(before);
});
