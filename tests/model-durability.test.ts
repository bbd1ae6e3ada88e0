/** While a model is asked: the report is durable already, other callers go on, and whoever asked may vanish or cancel. */
import { describe, expect, test } from "bun:test";
import { statusOf } from "./support/calls.ts";
import type { Connection } from "./support/client.ts";
import { type Behaviour, chooses, hangs, held, promptText } from "./support/endpoint.ts";
import {
  connectAlone,
  connectTo,
  endpointThat,
  reportOf,
  runOn,
  type Status,
  startModelRun,
  startOn,
} from "./support/model-run.ts";
import { waitFor } from "./support/stdio.ts";

const REPORT = { details: "built", updates: { artefact: "a.tgz" } };

/** A server on the same database that asks nobody. */
function besides(on: Connection): Promise<Connection> {
  return connectAlone({ db: on.db, project: on.project });
}

test("the report is committed before the endpoint is asked, at each decision", async () => {
  const seen: Status[] = [];
  let look: () => Promise<Status> = () => Promise.reject(new Error("too early"));
  const looks =
    (then: Behaviour): Behaviour =>
    async (body) => {
      seen.push(await look());
      return then(body);
    };
  const endpoint = endpointThat(looks(chooses("Test")), looks(chooses("Deploy")));
  const run = await startModelRun(endpoint);
  const other = await besides(run.on);
  look = () => statusOf(other, run.id);
  await run.report(REPORT);
  await run.report({ details: "12 passed" });
  expect(seen).toMatchObject([
    {
      current_step_name: "Build",
      pending_report: { report: { details: "built" }, context_updates: { artefact: "a.tgz" }, asked: false },
      context: { artefact: "a.tgz" },
      history: [],
    },
    { current_step_name: "Test", pending_report: { report: { details: "12 passed" } }, history: [{ visit: 1 }] },
  ]);
  expect((await run.status()).pending_report).toBeNull();
});

describe("killed while the endpoint hangs", () => {
  async function killed() {
    const endpoint = endpointThat(hangs);
    const run = await startModelRun(endpoint);
    const { id, on } = run;
    const lost = on.call("advance_workflow", reportOf({ id, stepId: run.stepId() }, REPORT)).catch(() => "lost");
    await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
    await on.kill();
    expect(await lost).toBe("lost");
    return { id, endpoint, where: { db: on.db, project: on.project } };
  }

  test("the report is there, and the same call on a new server decides", async () => {
    const { id, endpoint, where } = await killed();
    const on = await connectTo(endpoint, where);
    const { pending_report, current_step_name } = await statusOf(on, id);
    expect(current_step_name).toBe("Build");
    expect(pending_report).toMatchObject({ report: { details: "built" }, context_updates: { artefact: "a.tgz" } });
    endpoint.behave(chooses("Test"));
    const told = await runOn(on, id, "1-build").report(REPORT);
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    const { history, context } = await statusOf(on, id);
    expect(history).toMatchObject([{ kind: "visit", report: { details: "built" } }]);
    expect(context).toEqual({ artefact: "a.tgz" });
  });

  test("resume_workflow on a new server decides it, by the report that was kept", async () => {
    const { id, endpoint, where } = await killed();
    const on = await connectTo(endpoint, where);
    endpoint.behave(chooses("Test"));
    const told = await on.call("resume_workflow", {});
    expect(told.data).toMatchObject({ instance_id: id, next_step: { step_name: "Test", step_id: "2-test" } });
    expect(told.data.decision.decided_by).toBe("model");
    expect(promptText(endpoint.chats()[1]?.body ?? { model: "", messages: [] })).toContain("built");
    expect((await statusOf(on, id)).history).toMatchObject([{ kind: "visit", report: { details: "built" } }]);
  });

  test("a server without a model asks the agent about it", async () => {
    const { id, where } = await killed();
    const on = await connectAlone(where);
    const told = await on.call("resume_workflow", { instance_id: id });
    expect(told.data.decision_required.candidates[0]).toBe("Test");
    const chosen = await runOn(on, id, "1-build").report({ next_step: "Test" });
    expect(chosen.data.next_step.step_name).toBe("Test");
    expect((await statusOf(on, id)).history).toMatchObject([{ report: { details: "built" } }]);
  });
});

describe("a client that cancels", () => {
  /** A call that is cancelled once the endpoint was asked; resolves when the server is at rest again. */
  async function cancelled(said: object, env: Record<string, string> = {}) {
    const endpoint = endpointThat(hangs);
    const run = await startModelRun(endpoint, { env });
    const { client } = run.on;
    const abort = new AbortController();
    const args = reportOf({ id: run.id, stepId: run.stepId() }, { ...REPORT, ...said });
    const call = client
      .callTool({ name: "advance_workflow", arguments: args }, undefined, { signal: abort.signal })
      .catch(() => "cancelled");
    await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
    abort.abort();
    expect(await call).toBe("cancelled");
    await waitFor(() => endpoint.chats()[0]?.hungUp === true, "the request is given up");
    for (let n = 0; n < 5; n++) await run.status();
    return { run, endpoint };
  }

  const BOTH: Record<string, string>[] = [{ AI_ON_FAILURE: "agent" }, { AI_ON_FAILURE: "error" }];

  test.each(BOTH)(
    "ends the request at the endpoint; the report is kept, and the same call decides: %j",
    async (env) => {
      const { run, endpoint } = await cancelled({}, env);
      const { pending_report, current_step_name, history } = await run.status();
      expect({ current_step_name, history }).toEqual({ current_step_name: "Build", history: [] });
      expect(pending_report).toMatchObject({ report: { details: "built" }, context_updates: { artefact: "a.tgz" } });
      endpoint.behave(chooses("Test"));
      const told = await run.report(REPORT);
      expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    },
  );

  test.each(BOTH)("leaves nobody asked to choose: %j", async (env) => {
    const { run } = await cancelled({}, env);
    expect((await run.status()).pending_report?.asked).toBe(false);
  });

  test("does not make the agent's suggestion a decision", async () => {
    const { run, endpoint } = await cancelled({ next_step: "Repair" });
    expect(await run.status()).toMatchObject({ current_step_name: "Build", visit: 1, history: [] });
    endpoint.behave(chooses("Test"));
    const told = await run.report({ ...REPORT, next_step: "Repair" });
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
  });
});

test("a hanging endpoint keeps no other call waiting, not even one of the same run", async () => {
  const { behaviour, release } = held(chooses("Test"));
  const endpoint = endpointThat(behaviour);
  const slow = await startModelRun(endpoint);
  const waiting = slow.report(REPORT);
  await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
  const began = performance.now();
  const other = await startOn(slow.on);
  endpoint.behave(chooses("Repair"));
  expect((await other.report()).data.next_step.step_name).toBe("Repair");
  expect((await other.report()).data.decision).toMatchObject({ decided_by: "route" });
  expect((await slow.status()).pending_report).not.toBeNull();
  expect(performance.now() - began).toBeLessThan(500);
  release();
  expect((await waiting).data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
});

test("a server that is told to end while the endpoint hangs ends within two seconds, the report kept", async () => {
  const endpoint = endpointThat(hangs);
  const run = await startModelRun(endpoint);
  const call = run.report(REPORT).catch(() => "gone");
  await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
  const began = performance.now();
  await run.on.close();
  await waitFor(() => !alive(run.on.pid), "the process is gone");
  expect(performance.now() - began).toBeLessThan(2_500); // two seconds, and some for a busy machine
  await call;
  const { pending_report } = await statusOf(await besides(run.on), run.id);
  expect(pending_report?.report).toMatchObject({ details: "built" });
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("one visit is decided once: the same call twice at the same time", async () => {
  const { behaviour, release } = held(chooses("Test"));
  const endpoint = endpointThat(behaviour);
  const run = await startModelRun(endpoint);
  const at = { id: run.id, stepId: run.stepId() };
  const call = () => run.on.call("advance_workflow", reportOf(at, REPORT));
  const first = call();
  await waitFor(() => endpoint.chats().length === 1, "the first request");
  const second = call();
  await waitFor(() => endpoint.chats().length === 2, "the second request");
  release();
  const told = await Promise.all([first, second]);
  for (const { data } of told) expect(data.next_step.step_id).toBe("2-test");
  expect(told.filter(({ data }) => data.replayed === true)).toHaveLength(1);
  expect((await run.status()).history).toHaveLength(1);
});

test("one visit is decided once: another server was quicker than the model", async () => {
  const { behaviour, release } = held(chooses("Test"));
  const endpoint = endpointThat(behaviour);
  const run = await startModelRun(endpoint);
  const waiting = run.report(REPORT);
  await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
  const quicker = runOn(await besides(run.on), run.id, "1-build");
  const { data } = await quicker.report({ ...REPORT, next_step: "Repair" });
  expect(data).toMatchObject({ decision: { decided_by: "agent" }, next_step: { step_name: "Repair" } });
  release();
  expect((await waiting).data).toMatchObject({ replayed: true, next_step: { step_id: "2-repair" } });
  expect((await run.status()).history).toMatchObject([{ decision: { decided_by: "agent" } }]);
});

test("a different report for the same visit replaces the kept one, which becomes a note", async () => {
  const endpoint = endpointThat(hangs);
  const run = await startModelRun(endpoint);
  const { id, on } = run;
  const lost = on.call("advance_workflow", reportOf({ id, stepId: run.stepId() }, REPORT)).catch(() => null);
  await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
  await on.kill();
  await lost;
  endpoint.behave(chooses("Repair"));
  const next = runOn(await connectTo(endpoint, { db: on.db, project: on.project }), id, "1-build");
  const told = await next.report({ status: "failure", error: "does not compile" });
  expect(told.data.next_step.step_name).toBe("Repair");
  expect((await next.status()).history).toMatchObject([
    { kind: "note", report: { status: "success", details: "built" } },
    { kind: "visit", report: { status: "failure", error: "does not compile" } },
  ]);
});

test("a client that asks for progress hears at once that a model is thinking, and of routes nothing", async () => {
  const { behaviour, release } = held(chooses("Repair"));
  const endpoint = endpointThat(behaviour);
  const run = await startModelRun(endpoint);
  const heard: { progress: number; message?: string | undefined }[] = [];
  const advance = (stepId: string) =>
    run.on.client.callTool({ name: "advance_workflow", arguments: reportOf({ id: run.id, stepId }) }, undefined, {
      onprogress: (progress) => void heard.push(progress),
    });
  const answer = advance("1-build");
  await waitFor(() => heard.length === 1, "a progress notification");
  expect(heard[0]?.message).toMatch(/fake-model.*Build/);
  release();
  await answer;
  await advance("2-repair"); // by its route
  expect(heard).toHaveLength(1);
});
