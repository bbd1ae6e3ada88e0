/** Resuming with a model: a client that is ahead or lost is reconciled by it if no route decides; nothing is skipped unseen. */
import { describe, expect, test } from "bun:test";
import { chooses, type FakeEndpoint, failsBriefly, hangs, promptText, says } from "./support/endpoint.ts";
import { endpointThat, type ModelRun, startModelRun } from "./support/model-run.ts";

const resume = (run: ModelRun, more: object = {}) => run.on.call("resume_workflow", { instance_id: run.id, ...more });

/** What the endpoint was asked last. */
function asked(endpoint: FakeEndpoint): string {
  const body = endpoint.chats().at(-1)?.body;
  return body ? promptText(body) : "";
}

const LOST: [where: string, assumed: string][] = [
  ["ahead", "Deploy"],
  ["ahead, by a step's file name", "deploy.md"],
  ["somewhere unknown", "Launch the rocket"],
];

describe.each(LOST)("a client that is %s", (_where, assumed) => {
  const words = assumed === "Launch the rocket" ? assumed : "Deploy";

  test("gets the current step again if the model says so", async () => {
    const endpoint = endpointThat(chooses("Build", { reasoning: "Nothing shows that Build is done." }));
    const run = await startModelRun(endpoint);
    const told = await resume(run, { assumed_current_step_name: assumed });
    expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-build" } });
    expect(told.data.decision).toMatchObject({ decided_by: "model", reasoning: "Nothing shows that Build is done." });
    expect(told.data.recap).toContain(words);
    expect(asked(endpoint)).toContain(words);
    expect(asked(endpoint)).toMatch(/record says Build/);
    const { visit, history, pending_report } = await run.status();
    expect({ visit, pending_report }).toEqual({ visit: 1, pending_report: null });
    expect(history.filter((entry) => entry.kind === "visit")).toEqual([]);
    const body = endpoint.chats()[0]?.body;
    expect(body?.response_format?.json_schema?.schema.properties["next_step_name"]?.enum).toContain("Build");
  });

  test("moves if the model says so, as an entry of its own kind", async () => {
    const endpoint = endpointThat(chooses("Test"));
    const run = await startModelRun(endpoint);
    const told = await resume(run, { assumed_current_step_name: assumed });
    expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_name: "Test", step_id: "2-test" } });
    expect(told.data.recap).toContain(words);
    const { history, pending_report } = await run.status();
    expect(history).toMatchObject([
      {
        kind: "resume",
        visit: 1,
        step_name: "Build",
        decision: { decided_by: "model", next_step: "Test", model: { name: "fake-model" } },
      },
    ]);
    expect(pending_report).toBeNull();
    endpoint.behave(chooses("Deploy"));
    expect((await run.report({ step_id: "2-test" })).data.next_step.step_name).toBe("Deploy");
  });

  test("gets the step and the choice if the model cannot say", async () => {
    for (const behaviour of [failsBriefly(500), says("no idea"), chooses("Launch")]) {
      const run = await startModelRun(endpointThat(behaviour));
      const told = await resume(run, { assumed_current_step_name: assumed });
      expect(told.isError).toBe(false);
      expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-build" } });
      expect(told.data.decision_required.candidates[0]).toBe("Test");
      expect(told.text).toContain("Do Build.");
      expect((await run.status()).history).toEqual([]);
      const chosen = await run.report({ next_step: "Test", details: "built" });
      expect(chosen.data.next_step.step_name).toBe("Test");
    }
  });
});

test("if a route decides, the step is handed out again and no endpoint is asked", async () => {
  const endpoint = endpointThat(chooses("Repair"));
  const run = await startModelRun(endpoint);
  await run.report({ status: "failure" });
  for (const assumed_current_step_name of ["Deploy", "Launch"]) {
    const told = await resume(run, { assumed_current_step_name });
    expect(told.data).toMatchObject({ next_step: { step_id: "2-repair" } });
    expect(told.data.decision).toBeUndefined();
  }
  expect(endpoint.chats()).toHaveLength(1);
  expect((await run.status()).visit).toBe(2);
});

test("a client that is behind, at the step, or says nothing gets the step; no endpoint is asked", async () => {
  const endpoint = endpointThat(chooses("Test"));
  const run = await startModelRun(endpoint);
  await run.report({ details: "built" });
  endpoint.behave(chooses("Deploy"));
  for (const more of [{ assumed_current_step_name: "Build" }, { assumed_current_step_name: "Test" }, {}]) {
    const told = await resume(run, more);
    expect(told.data).toMatchObject({ next_step: { step_id: "2-test" } });
    expect(told.data.decision).toBeUndefined();
  }
  expect(endpoint.chats()).toHaveLength(1);
});

test("a report of the assumed step counts as an advance, decided by the model", async () => {
  const endpoint = endpointThat(chooses("Test"));
  const run = await startModelRun(endpoint);
  const told = await resume(run, { assumed_current_step_name: "Build", report: { status: "done", details: "built" } });
  expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_id: "2-test" } });
  expect((await run.status()).history).toMatchObject([{ kind: "visit", report: { status: "success" } }]);
});

test("with AI_ON_FAILURE=error nothing is lost, and resume without a position always answers", async () => {
  const run = await startModelRun(endpointThat(failsBriefly(500)), { env: { AI_ON_FAILURE: "error" } });
  const failed = await resume(run, { assumed_current_step_name: "Deploy" });
  expect(failed.isError).toBe(true);
  expect(failed.data).toMatchObject({ error_code: "AI_SERVICE_ERROR", retryable: true });
  expect(await run.status()).toMatchObject({ status: "RUNNING", visit: 1, pending_report: null, history: [] });
  expect(failed.text).not.toContain("report is kept"); // there was none
  expect((await resume(run)).data).toMatchObject({ next_step: { step_id: "1-build" } });
});

test("a client that cancels its resume leaves the run where it is", async () => {
  const endpoint = endpointThat(hangs);
  const run = await startModelRun(endpoint);
  const args = { instance_id: run.id, assumed_current_step_name: "Deploy" };
  const call = run.on.client.callTool({ name: "resume_workflow", arguments: args }, undefined, { timeout: 200 });
  expect(await call.catch(() => "timed out")).toBe("timed out");
  expect(await run.status()).toMatchObject({ status: "RUNNING", visit: 1, pending_report: null });
  endpoint.behave(chooses("Test"));
  expect((await resume(run, { assumed_current_step_name: "Deploy" })).data.next_step.step_id).toBe("2-test");
});
