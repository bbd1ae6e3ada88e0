/** An endpoint that fails: retried within limits, then left alone; the agent chooses or the call is refused, the report stays. */
import { describe, expect, test } from "bun:test";
import { residentMb } from "../scripts/client/server.ts";
import { readConfig } from "../src/config.ts";
import { createLog } from "../src/log.ts";
import { createModelDecider } from "../src/openai/model-decider.ts";
import { chooses, fails, failsBriefly, floods, hangs, stalls, startResetting, takesOnly } from "./support/endpoint.ts";
import { closing, connectTo, endpointThat, modelEnv, runOn, startModelRun, startOn } from "./support/model-run.ts";
import { sampleQuestion } from "./support/question.ts";

const REPORT = { details: "built", updates: { artefact: "a.tgz" } };

/** A URL where nobody listens. */
async function nobody(): Promise<{ url: string }> {
  const { url, close } = startResetting();
  close();
  return { url };
}

describe("a failed request", () => {
  test.each([401, 403, 404, 400])("with %i is not retried; the agent chooses, and is told why", async (status) => {
    const endpoint = endpointThat(fails(status, {}, "the reason"));
    const run = await startModelRun(endpoint);
    const told = await run.report(REPORT);
    expect(told.data.next_step.step_id).toBe("1-build");
    expect(told.data.decision_required.notes).toEqual([`the model could not decide: ${status} the reason`]);
    expect(told.text).toContain(`${status} the reason`);
    expect(endpoint.chats()).toHaveLength(status === 400 ? 3 : 1);
    const { pending_report, context } = await run.status();
    expect(pending_report).toMatchObject({ report: { details: "built" }, context_updates: { artefact: "a.tgz" } });
    expect(context).toEqual({ artefact: "a.tgz" });
    await run.report({ next_step: "Test" });
    expect(await run.last()).toMatchObject({ report: { details: "built" }, decision: { decided_by: "agent" } });
  });

  test("429 is retried after the time that the endpoint asks for", async () => {
    const endpoint = endpointThat(fails(429, { "retry-after": "1" }), chooses("Test"));
    const run = await startModelRun(endpoint);
    const told = await run.report(REPORT);
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    const [first, second, ...more] = endpoint.chats();
    expect(more).toEqual([]);
    const waited = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waited).toBeGreaterThanOrEqual(990);
    expect(waited).toBeLessThan(1_900);
  });

  test("an answer without end is not read on: the agent chooses, and memory stays flat", async () => {
    const endpoint = endpointThat(floods);
    const run = await startModelRun(endpoint);
    const told = await run.report(REPORT);
    expect(told.data.decision_required.notes.join()).toContain("over 1048576 bytes");
    expect(endpoint.chats()).toHaveLength(1);
    expect(residentMb(run.on.pid)).toBeLessThan(300);
  });

  test("500 is retried, and the second answer decides", async () => {
    const endpoint = endpointThat(fails(500), chooses("Test"));
    const run = await startModelRun(endpoint);
    const told = await run.report(REPORT);
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    expect(endpoint.chats()).toHaveLength(2);
    expect(told.data.decision.notes).toBeUndefined();
  });

  test.each([408, 429, 500, 503])("with %i is retried twice, no more", async (status) => {
    const endpoint = endpointThat(failsBriefly(status));
    const run = await startModelRun(endpoint);
    const told = await run.report(REPORT);
    expect(told.data.decision_required.notes.join()).toContain(`${status}`);
    expect(endpoint.chats()).toHaveLength(3);
  });

  test("a connection that is reset, or refused, is tried three times at most", async () => {
    const resetting = closing(startResetting());
    const runs = await Promise.all([startModelRun(resetting), startModelRun(await nobody())]);
    const told = await Promise.all(runs.map((run) => run.report(REPORT)));
    for (const { data } of told) expect(data.decision_required.notes.join()).toMatch(/connect/i);
    expect(resetting.connections()).toBe(3);
    for (const run of runs) expect((await run.status()).pending_report?.report).toMatchObject({ details: "built" });
  });

  test("AI_REQUEST_TIMEOUT_MS holds for each try, also when only the body fails to come", async () => {
    const env = { AI_REQUEST_TIMEOUT_MS: "200" };
    const endpoints = [endpointThat(hangs), endpointThat(stalls)];
    const runs = await Promise.all(endpoints.map((endpoint) => startModelRun(endpoint, { env })));
    const began = performance.now();
    const told = await Promise.all(runs.map((run) => run.report(REPORT)));
    expect(performance.now() - began).toBeLessThan(5_000); // three tries of 0.2 s, two pauses of 0.4 to 1 s
    for (const { data } of told) expect(data.decision_required.notes.join()).toMatch(/time/i);
    for (const endpoint of endpoints) {
      const [first = 0, second = 0, third = 0, ...more] = endpoint.chats().map((each) => each.at);
      expect(more).toEqual([]);
      expect(second - first).toBeGreaterThan(200);
      expect(third - second).toBeGreaterThan(200);
    }
    expect(endpoints[0]?.chats().every((each) => each.hungUp)).toBe(true);
  }, 15_000);
});

describe("the form of an answer", () => {
  const FORMS: [takes: string[], rung: string, requests: number][] = [
    [["json_schema", "json_object", "text"], "json_schema", 1],
    [["json_object", "text"], "json_object", 2],
    [["text"], "text", 3],
  ];

  test.each(FORMS)("an endpoint that takes %j is asked by %s, and asked so at once the next time", async (...row) => {
    const [takes, rung, requests] = row;
    const endpoint = endpointThat(takesOnly(takes, chooses("Test")));
    const run = await startModelRun(endpoint);
    const first = await run.report();
    expect(first.data.next_step.step_name).toBe("Test");
    expect((await run.last()).decision?.model?.rung).toBe(rung);
    expect(endpoint.chats()).toHaveLength(requests);
    const again = await startOn(run.on);
    await again.report();
    expect(endpoint.chats()).toHaveLength(requests + 1);
    expect(endpoint.chats().at(-1)?.body.response_format?.type ?? "text").toBe(rung);
    expect((await again.last()).decision).toMatchObject({ decided_by: "model", model: { rung } });
  });

  test("a schema that is taken names the candidates as an enum, strictly", async () => {
    const endpoint = endpointThat(chooses("Test"));
    await (await startModelRun(endpoint)).report();
    const form = endpoint.chats()[0]?.body.response_format;
    expect(form).toMatchObject({ type: "json_schema", json_schema: { strict: true } });
    const properties = form?.json_schema?.schema.properties;
    expect(Object.keys(properties ?? {}).sort()).toEqual(
      ["next_step_name", "reasoning", "status_suggestion", "updated_context"].sort(),
    );
    expect(properties?.["next_step_name"]?.enum).toEqual(["Test", "Repair", "Build", "Deploy", "FINISH"]);
  });

  test("an endpoint that no longer takes the form it took is asked in another at once", async () => {
    const endpoint = endpointThat(takesOnly(["json_schema"], chooses("Test")));
    const run = await startModelRun(endpoint);
    await run.report();
    endpoint.behave(takesOnly(["json_object"], chooses("Deploy")));
    const told = await run.report();
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Deploy" } });
  });
});

describe("an endpoint that was down", () => {
  test("is left alone: the next step waits for nobody, and says so", async () => {
    const endpoint = endpointThat(failsBriefly(503));
    const run = await startModelRun(endpoint);
    await run.report();
    await run.report({ next_step: "Test" });
    expect(endpoint.chats()).toHaveLength(3);
    endpoint.behave(chooses("Deploy"));
    for (const other of [run, await startOn(run.on)]) {
      const began = performance.now();
      const told = await other.report();
      expect(performance.now() - began).toBeLessThan(300);
      expect(told.data.decision_required.notes.join()).toMatch(/left alone.*503/);
    }
    expect(endpoint.chats()).toHaveLength(3);
  });

  test("is asked again after a minute", async () => {
    const endpoint = endpointThat(failsBriefly(503));
    const settings = readConfig({}, modelEnv(endpoint)).model;
    if (!settings) throw new Error("a model is configured");
    let seconds = 0;
    const now = () => new Date(seconds * 1000);
    const decider = createModelDecider(settings, { log: createLog("error"), now });
    const ask = () => decider.decide(sampleQuestion(), {});
    expect(await ask()).toMatchObject({ passed: [expect.stringContaining("503")] });
    endpoint.behave(chooses("Deploy"));
    seconds = 59;
    expect(await ask()).toMatchObject({ passed: [expect.stringContaining("left alone")] });
    expect(endpoint.chats()).toHaveLength(3);
    seconds = 61;
    expect(await ask()).toMatchObject({ decision: { next_step: "Deploy" } });
  });
});

describe("with AI_ON_FAILURE=error", () => {
  const env = { AI_ON_FAILURE: "error" };

  /** A run whose report could not be decided, and where it is kept. */
  async function failedRun() {
    const endpoint = endpointThat(failsBriefly(500));
    const run = await startModelRun(endpoint, { env });
    const told = await run.report(REPORT);
    expect(told).toMatchObject({ isError: true, data: { error_code: "AI_SERVICE_ERROR", retryable: true } });
    expect(told.text).toStartWith("AI_SERVICE_ERROR: ");
    expect(told.text).toContain("500");
    expect(told.text).toContain("kept");
    const { pending_report, ...status } = await run.status();
    expect(status).toMatchObject({ status: "RUNNING", current_step_name: "Build", visit: 1, history: [] });
    expect(pending_report).toMatchObject({ report: { details: "built" }, asked: false });
    endpoint.behave(chooses("Test"));
    return { run, endpoint, where: { db: run.on.db, project: run.on.project, env } };
  }

  test("the same call decides once the endpoint is well", async () => {
    const { run, endpoint, where } = await failedRun();
    const again = runOn(await connectTo(endpoint, where), run.id, run.stepId());
    const told = await again.report(REPORT);
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    expect(told.data.current_context).toEqual({ artefact: "a.tgz" });
    expect((await again.status()).history).toMatchObject([{ kind: "visit", report: { details: "built" } }]);
  });

  test("resume_workflow decides once the endpoint is well", async () => {
    const { run, endpoint, where } = await failedRun();
    const on = await connectTo(endpoint, where);
    const told = await on.call("resume_workflow", {});
    expect(told.data).toMatchObject({ instance_id: run.id, next_step: { step_name: "Test" } });
    expect((await run.status()).history).toMatchObject([{ decision: { decided_by: "model" } }]);
  });

  test("while it is left alone each call is refused at once, and the report stays", async () => {
    const { run, endpoint } = await failedRun();
    const began = performance.now();
    const told = await run.report(REPORT);
    expect(performance.now() - began).toBeLessThan(300);
    expect(told.data.error_code).toBe("AI_SERVICE_ERROR");
    expect(endpoint.chats()).toHaveLength(3);
    expect((await run.status()).pending_report?.report).toMatchObject({ details: "built" });
  });
});
