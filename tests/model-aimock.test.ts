/** The same over an OpenAI-compatible server that others wrote, for what it can do. */
import { describe, expect, test } from "bun:test";
import { LLMock } from "@copilotkit/aimock";
import { choiceText } from "./support/endpoint.ts";
import { closing, startModelRun } from "./support/model-run.ts";

const KEY = { auth: { apiKeys: ["sk-test-key"] } };

/** A mock on a free port that wants our key; `url` is its base URL as our settings have it. */
async function startMock(options: ConstructorParameters<typeof LLMock>[0] = KEY) {
  const mock = new LLMock({ port: 0, ...options });
  await mock.start();
  closing({ close: () => mock.stop() });
  return { mock, url: `${mock.url}/v1` };
}

const ANY = /./s;
const usage = { prompt_tokens: 900, completion_tokens: 40 };

describe("aimock", () => {
  test("a completion decides; model, tokens and reasoning are kept", async () => {
    const { mock, url } = await startMock();
    const content = choiceText("Test", { reasoning: "It is built." });
    mock.on({ userMessage: /Current step: Build/, responseFormat: "json_schema" }, { content, usage });
    const run = await startModelRun({ url });
    const told = await run.report({ details: "built" });
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    expect((await run.last()).decision).toMatchObject({
      reasoning: "It is built.",
      model: { name: "fake-model", rung: "json_schema", input_tokens: 900, output_tokens: 40 },
    });
    expect(mock.getRequests()).toHaveLength(1);
  });

  test("a whole run, each step matched by what the prompt says of it", async () => {
    const { mock, url } = await startMock();
    mock.onMessage(/Current step: Build/, { content: choiceText("Test") });
    mock.onMessage(/Current step: Test.*agent's report:[^\n]*\n[^\n]*2 failed/s, { content: choiceText("Repair") });
    mock.onMessage(/Current step: Test/, { content: choiceText("Deploy") });
    mock.onMessage(/Current step: Deploy/, { content: choiceText("FINISH") });
    const run = await startModelRun({ url });
    await run.report({ details: "built" });
    await run.report({ status: "failure", error: "2 failed" });
    await run.report({ details: "repaired" });
    await run.report({ details: "all 12 passed" });
    expect((await run.report({ details: "deployed" })).data.status).toBe("COMPLETED");
    const { history } = await run.status();
    expect(history.map(({ step_name, decision }) => `${step_name}: ${decision?.decided_by}`)).toEqual([
      "Build: model",
      "Test: model",
      "Repair: route",
      "Test: model",
      "Deploy: model",
    ]);
  });

  test("an error of 400 to each schema leads to JSON mode", async () => {
    const { mock, url } = await startMock();
    mock.on({ responseFormat: "json_schema" }, { error: { message: "no such response_format" }, status: 400 });
    mock.onJsonOutput(ANY, JSON.parse(choiceText("Test")));
    const run = await startModelRun({ url });
    expect((await run.report()).data.next_step.step_name).toBe("Test");
    expect((await run.last()).decision?.model?.rung).toBe("json_object");
  });

  test("one error, then an answer; a key that is wrong; nothing that fits", async () => {
    const { mock, url } = await startMock();
    mock.onMessage(ANY, { content: choiceText("Test") });
    mock.nextRequestError(503, { message: "overloaded" });
    const run = await startModelRun({ url });
    expect((await run.report()).data.next_step.step_name).toBe("Test");
    expect(mock.getRequests().map((each) => each.response.status)).toEqual([503, 200]);

    const stranger = await startModelRun({ url }, { env: { AI_SERVICE_API_KEY: "sk-other" } });
    const refused = await stranger.report({ details: "built" });
    expect(refused.data.decision_required.notes.join()).toContain("401");
    expect(refused.text).not.toContain("sk-other");

    mock.clearFixtures();
    const unmatched = await startModelRun({ url });
    expect((await unmatched.report()).data.decision_required.notes.join()).toContain("404");
  });

  test("malformed JSON, a dropped request, a broken connection: the agent chooses, the report is kept", async () => {
    const answers = [{ malformedRate: 1 }, { dropRate: 1 }, { disconnectRate: 1 }].map(async (chaos) => {
      const { mock, url } = await startMock({ ...KEY, chaos });
      mock.onMessage(ANY, { content: choiceText("Test") });
      const run = await startModelRun({ url });
      const told = await run.report({ details: "built" });
      expect(told.data.decision_required.notes.join()).toStartWith("the model could not decide");
      expect((await run.status()).pending_report?.report).toMatchObject({ details: "built" });
      expect((await run.report({ next_step: "Test" })).data.next_step.step_name).toBe("Test");
    });
    await Promise.all(answers);
  }, 15_000);
});
