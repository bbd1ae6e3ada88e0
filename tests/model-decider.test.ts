/** What a model decides: between routes and agent, bounded by what may follow, recorded whole. */
import { describe, expect, test } from "bun:test";
import { choiceText, chooses, failsBriefly, promptText, says, sends, USAGE } from "./support/endpoint.ts";
import { connectTo, endpointThat, startModelRun, startOn } from "./support/model-run.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("ROUTED", {
    One: { routes: ['`report.status == "success"` → Two', "otherwise → One"] },
    Two: { routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("HALF_ROUTED", {
    One: { routes: ["`context.missing > 1` → One", "`visits >= 3` → Two"], guidance: "Go on to Two." },
    Two: {},
  }),
});

describe("in the order of the deciders", () => {
  test("routes win: a run that they decide asks no endpoint", async () => {
    const endpoint = endpointThat(chooses("Two"));
    const run = await startOn(await connectTo(endpoint, { workflows }), "ROUTED");
    const told = [
      await run.report({ status: "failure" }),
      await run.report({ next_step: "FINISH" }),
      await run.report(),
    ];
    expect(told.map(({ data }) => data.status)).toEqual(["RUNNING", "RUNNING", "COMPLETED"]);
    const { history } = await run.status();
    expect(history.map((entry) => entry.decision?.decided_by)).toEqual(["route", "route", "route"]);
    expect(endpoint.asked).toEqual([]);
  });

  test("routes that do not match leave it to the model, and their notes stay in the decision", async () => {
    const endpoint = endpointThat(chooses("Two"));
    const run = await startOn(await connectTo(endpoint, { workflows }), "HALF_ROUTED");
    const told = await run.report();
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Two" } });
    expect((await run.last()).decision?.notes?.join()).toContain("context.missing");
  });

  test("the agent's next_step is shown to the model as a suggestion, and not followed", async () => {
    const endpoint = endpointThat(chooses("Test"));
    const run = await startModelRun(endpoint);
    const told = await run.report({ details: "built", next_step: "Deploy" });
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    expect(promptText(endpoint.chats()[0]?.body ?? { model: "", messages: [] })).toMatch(/suggests.*Deploy/);
    expect((await run.last()).report?.next_step).toBe("Deploy");
  });

  test("once the agent was asked, its choice decides, although the endpoint is well again", async () => {
    const endpoint = endpointThat(says("no idea"));
    const run = await startModelRun(endpoint);
    const asked = await run.report({ details: "built" });
    expect(asked.data.decision_required).toBeDefined();
    endpoint.behave(chooses("Deploy"));
    const told = await run.report({ next_step: "Repair" });
    expect(told.data).toMatchObject({ decision: { decided_by: "agent" }, next_step: { step_name: "Repair" } });
    expect(endpoint.chats()).toHaveLength(2);
  });

  test("a step is handed out without the guidance: the agent is not the one to decide", async () => {
    const endpoint = endpointThat(chooses("Test"));
    const run = await startModelRun(endpoint);
    const told = await run.report();
    expect(told.data.decision_required).toBeUndefined();
    expect(told.text).not.toContain("Candidates");
    expect(told.data.report_with.arguments.report.next_step).toBeUndefined();
  });

  test("if the model cannot, a choice that came with the report decides, and the note says who could not", async () => {
    const run = await startModelRun(endpointThat(failsBriefly(500)));
    const told = await run.report({ details: "built", next_step: "Test" });
    expect(told.data).toMatchObject({ decision: { decided_by: "agent" }, next_step: { step_name: "Test" } });
    expect((await run.last()).decision?.notes?.join()).toMatch(/model could not decide: 500/);
  });
});

describe("what is kept", () => {
  test("a decision holds model, form, tokens, milliseconds, candidates and reasoning", async () => {
    const run = await startModelRun(endpointThat(chooses("Test", { reasoning: "It was built, so it is tested." })));
    const began = performance.now();
    const told = await run.report({ details: "built" });
    const { decision, report } = await run.last();
    expect(decision).toMatchObject({
      decided_by: "model",
      next_step: "Test",
      reasoning: "It was built, so it is tested.",
      candidates: ["Test", "Repair", "Build", "Deploy", "FINISH"],
      model: {
        name: "fake-model",
        rung: "json_schema",
        input_tokens: USAGE.prompt_tokens,
        output_tokens: USAGE.completion_tokens,
      },
    });
    expect(report?.details).toBe("built");
    expect(decision?.model?.milliseconds).toBeGreaterThanOrEqual(0);
    expect(decision?.model?.milliseconds).toBeLessThanOrEqual(performance.now() - began);
    expect(told.data.decision).toEqual({ decided_by: "model", reasoning: "It was built, so it is tested." });
  });

  test("the tokens of a repair turn count too; an endpoint that counts none leaves them open", async () => {
    const endpoint = endpointThat(says("hm"), chooses("Test"));
    const run = await startModelRun(endpoint);
    await run.report();
    const { input_tokens, output_tokens } = (await run.last()).decision?.model ?? {};
    expect([input_tokens, output_tokens]).toEqual([2 * USAGE.prompt_tokens, 2 * USAGE.completion_tokens]);
    const message = { role: "assistant", content: choiceText("Deploy") };
    endpoint.behave(sends({ choices: [{ index: 0, message, finish_reason: "stop" }] }));
    await run.report();
    expect((await run.last()).decision?.model).toMatchObject({ input_tokens: null, output_tokens: null });
  });

  test("the same call again gets the decision that was made, and asks nobody", async () => {
    const endpoint = endpointThat(chooses("Test", { reasoning: "once" }));
    const run = await startModelRun(endpoint);
    await run.report({ details: "built" });
    endpoint.behave(chooses("Deploy"));
    const again = await run.report({ step_id: "1-build", details: "built" });
    expect(again.data).toMatchObject({ replayed: true, decision: { decided_by: "model", reasoning: "once" } });
    expect(again.data.next_step.step_name).toBe("Test");
    expect(endpoint.chats()).toHaveLength(1);
  });

  test("a note is no decision, and asks nobody", async () => {
    const endpoint = endpointThat(chooses("Test"));
    const run = await startModelRun(endpoint);
    await run.report({ status: "in_progress", message: "half way" });
    expect(endpoint.asked).toEqual([]);
  });
});

describe("what a model may set", () => {
  test("updated_context is merged after the report's own updates; null removes a key", async () => {
    const updated_context = [
      { key: "coverage", value: 81.5 },
      { key: "artefact", value: "b.tgz" },
      { key: "old", value: null },
    ];
    const endpoint = endpointThat(chooses("Test", { updated_context }));
    const run = await startOn(await connectTo(endpoint), "JUDGED", { old: 1, kept: true });
    const told = await run.report({ updates: { artefact: "a.tgz" } });
    const context = { kept: true, artefact: "b.tgz", coverage: 81.5 };
    expect(told.data.current_context).toEqual({
      artefact: "b.tgz",
      coverage: 81.5,
      old: null,
      "…": "get_workflow_status has kept",
    });
    expect(told.text).toContain("\nSet in the context: coverage=81.5, artefact=b.tgz, old=null\n");
    expect((await run.status()).context).toEqual(context);
    expect((await run.last()).context_patch).toEqual({
      artefact: { after: "b.tgz" },
      coverage: { after: 81.5 },
      old: { before: 1 },
    });
  });

  test("updates that the context has no room for are left out, with a note; the step is entered", async () => {
    const updated_context = [{ key: "log", value: "y".repeat(7_000) }];
    const endpoint = endpointThat(chooses("Test", { updated_context }));
    const full = Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`k${n}`, "x".repeat(51_500)]));
    const run = await startOn(await connectTo(endpoint), "JUDGED", full);
    const told = await run.report();
    expect(told.data).toMatchObject({ decision: { decided_by: "model" }, next_step: { step_name: "Test" } });
    expect((await run.last()).decision?.notes?.join()).toContain("context");
    expect((await run.status()).context["log"]).toBeUndefined();
  });

  test("FINISH completes, and a status suggested with it is ignored", async () => {
    const endpoint = endpointThat();
    const on = await connectTo(endpoint);
    for (const status_suggestion of [null, "FAILED", "SUSPENDED"]) {
      endpoint.behave(chooses("FINISH", { status_suggestion }));
      const run = await startOn(on);
      const told = await run.report();
      expect(told.data).toMatchObject({ status: "COMPLETED", next_step: { step_name: "FINISH", instructions: "" } });
      expect(await run.status()).toMatchObject({ status: "COMPLETED", waiting_for: null });
      expect((await run.last()).decision).toEqual(expect.not.objectContaining({ status: expect.anything() }));
      expect((await run.report({ step_id: "1-build" })).data).toMatchObject({ replayed: true, status: "COMPLETED" });
    }
  });

  test("SUSPENDED enters the step and waits there; advance is refused, resume goes on", async () => {
    const reasoning = "Which database is meant?";
    const endpoint = endpointThat(chooses("Test", { status_suggestion: "SUSPENDED", reasoning }));
    const run = await startModelRun(endpoint);
    const told = await run.report({ details: "built" });
    expect(told.data).toMatchObject({ status: "SUSPENDED", next_step: null });
    expect(told.data.waiting_for.message).toBe(reasoning);
    expect(told.text).toContain(reasoning);
    const waits = { status: "SUSPENDED", current_step_name: "Test", visit: 2 };
    expect(await run.status()).toMatchObject(waits);
    const refused = await run.report({ step_id: "2-test" });
    expect(refused).toMatchObject({ isError: true, data: { error_code: "INSTANCE_SUSPENDED" } });
    expect(refused.text).toContain(reasoning);
    expect(await run.status()).toMatchObject({ ...waits, pending_report: null });
    const resumed = await run.on.call("resume_workflow", { instance_id: run.id });
    expect(resumed.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "2-test" } });
    endpoint.behave(chooses("Deploy"));
    expect((await run.report({ step_id: "2-test" })).data.next_step.step_name).toBe("Deploy");
    expect((await run.status()).history.map((entry) => entry.kind)).toEqual(["visit", "resume", "visit"]);
  });

  test("FAILED is final", async () => {
    const endpoint = endpointThat(
      chooses("Repair", { status_suggestion: "FAILED", reasoning: "The goal is out of reach." }),
    );
    const run = await startModelRun(endpoint);
    const told = await run.report({ status: "failure" });
    expect(told.data).toMatchObject({ status: "FAILED", next_step: null });
    const { status, waiting_for, history } = await run.status();
    expect({ status, waiting_for }).toEqual({ status: "FAILED", waiting_for: null });
    expect(history).toMatchObject([{ decision: { status: "FAILED", reasoning: "The goal is out of reach." } }]);
    const refused = await run.report({ step_id: "2-repair" });
    expect(refused).toMatchObject({ isError: true, data: { error_code: "INSTANCE_FINAL" } });
    expect((await run.on.call("resume_workflow", { instance_id: run.id })).data.status).toBe("FAILED");
    expect(endpoint.chats()).toHaveLength(1);
  });

  test("any other suggestion of a status is ignored", async () => {
    const endpoint = endpointThat();
    const on = await connectTo(endpoint);
    for (const status_suggestion of ["COMPLETED", "CANCELLED", "RUNNING", "failed?", 3]) {
      endpoint.behave(chooses("Test", { status_suggestion }));
      const run = await startOn(on);
      expect((await run.report()).data).toMatchObject({ status: "RUNNING", next_step: { step_name: "Test" } });
    }
  });
});
