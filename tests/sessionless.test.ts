/** The revision without sessions, by the SDK's newer client that is held to it, over both transports. */
import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { advance, startRun, statusOf } from "./support/calls.ts";
import { REVISION, SESSIONLESS } from "./support/sessionless.ts";
import { slowModel } from "./support/slow-model.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

function definitions(): string {
  const dir = scratchDir();
  writeFiles(dir, {
    ...workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: { routes: ["otherwise → FINISH"] } }),
    ...workflowFiles("ASKS", { One: { guidance: "Two, or FINISH." }, Two: {} }),
  });
  return dir;
}

describe.each(Object.entries(SESSIONLESS))("over %s", (_name, open) => {
  test("a run from the list to its end, with prompts, resources and completion", async () => {
    const on = await open({ workflows: definitions() });
    const { client } = on;
    expect(client.getNegotiatedProtocolVersion()).toBe(REVISION);
    expect(client.getServerVersion()).toMatchObject({ name: "workflow-orchestrator", title: "Workflow Orchestrator" });
    expect(client.getServerCapabilities()).toMatchObject({ tools: {}, resources: { subscribe: true } });
    expect(client.getInstructions()).toContain("resume_workflow");

    const run = await startRun(on, "W");
    expect((await on.call("resume_workflow")).data.next_step.step_id).toBe("1-one");
    const second = await advance(on, run);
    expect(second.data).toMatchObject({ decision: { decided_by: "route" }, next_step: { step_id: "2-two" } });
    expect((await advance(on, { id: run.id, stepId: "2-two" })).data.status).toBe("COMPLETED");
    expect((await statusOf(on, run.id)).status).toBe("COMPLETED");
    expect((await advance(on, run, { status: "failure" })).data.error_code).toBe("STALE_REPORT");

    expect((await client.listPrompts()).prompts.map(({ name }) => name)).toEqual(["ASKS", "W", "create_workflow"]);
    expect(JSON.stringify(await client.getPrompt({ name: "W" }))).toContain("start_workflow");
    const uris = (await client.listResources()).resources.map(({ uri }) => uri);
    expect(uris).toEqual(["workflow://ASKS", "workflow://W", `instance://${run.id}`]);
    expect(JSON.stringify(await client.readResource({ uri: `instance://${run.id}` }))).toContain("COMPLETED");
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(2);
    const ref = { type: "ref/resource" as const, uri: "workflow://{name}" };
    const { completion } = await client.complete({ ref, argument: { name: "name", value: "w" } });
    expect(completion.values).toEqual(["W"]);
  });

  test("what is not there is an error of invalid params", async () => {
    const { client } = await open({ workflows: definitions() });
    const refused = { code: -32602 };
    await expect(client.callTool({ name: "no_such_tool" })).rejects.toMatchObject(refused);
    await expect(client.getPrompt({ name: "NO_SUCH" })).rejects.toMatchObject(refused);
    await expect(client.listResources({ cursor: "nonsense" })).rejects.toMatchObject(refused);
    const uri = "instance://none";
    await expect(client.readResource({ uri })).rejects.toMatchObject({ ...refused, data: { uri } });
  });

  test("a subscription acknowledges what there is, and tells of it until it is closed", async () => {
    const workflows = definitions();
    const on = await open({ workflows });
    const run = await startRun(on, "W");
    const uri = `instance://${run.id}`;
    const told: string[] = [];
    on.client.setNotificationHandler("notifications/resources/updated", ({ params }) => void told.push(params.uri));
    on.client.setNotificationHandler("notifications/prompts/list_changed", () => void told.push("prompts"));
    on.client.setNotificationHandler("notifications/resources/list_changed", () => void told.push("resources"));
    const subscription = await on.client.listen({
      toolsListChanged: true,
      promptsListChanged: true,
      resourceSubscriptions: [uri, "workflow://W", "workflow://NONE", "instance://none"],
    });
    expect(subscription.honoredFilter).toEqual({
      promptsListChanged: true,
      resourceSubscriptions: [uri, "workflow://W"],
    });
    await Bun.sleep(100); // the state before the change has to be seen
    await advance(on, run);
    await waitFor(() => told.includes(uri), "the run's update");
    rmSync(join(workflows, "W"), { recursive: true });
    await waitFor(() => told.includes("prompts") && told.includes("workflow://W"), "the workflow's update");
    expect(told).not.toContain("resources");
    await subscription.close();
    const before = told.length;
    await on.call("cancel_workflow", { instance_id: run.id });
    await Bun.sleep(1_000); // longer than it takes to tell
    expect(told.length).toBe(before);
  });

  test("a call that takes a while tells of its progress, and can be cancelled", async () => {
    const model = slowModel();
    const on = await open({ workflows: definitions(), env: model.env });
    const run = await startRun(on, "ASKS");
    const args = { instance_id: run.id, report: { step_id: run.stepId, status: "success" } };
    const heard: unknown[] = [];
    const abort = new AbortController();
    const call = on.client.callTool(
      { name: "advance_workflow", arguments: args },
      { signal: abort.signal, onprogress: ({ message }) => void heard.push(message) },
    );
    await model.called();
    await waitFor(() => heard.length > 0, "progress");
    abort.abort("enough");
    await expect(call).rejects.toThrow("enough");
    model.go();
    // What the cancelled call had made durable is gone on from.
    const again = await on.call("advance_workflow", args);
    expect(again.data.next_step.step_id).toBe("2-two");
  });

  test("log messages belong to the request that asks for them", async () => {
    const on = await open({ workflows: definitions() });
    const said: unknown[] = [];
    on.client.setNotificationHandler("notifications/message", ({ params }) => void said.push(params));
    const run = await startRun(on, "W");
    const args = { instance_id: run.id, report: { step_id: "1-one", status: "success", details: "secret words" } };
    const _meta = { "io.modelcontextprotocol/logLevel": "info" as const };
    await on.client.callTool({ name: "advance_workflow", arguments: args, _meta });
    await waitFor(() => said.length > 0, "a message");
    expect(said).toMatchObject([{ level: "info", data: { decided_by: "route", step: "Two" } }]);
    expect(JSON.stringify(said)).not.toContain("secret");
  });
});
