/** What clients use beside tools: prompts, resources, completion, notifications, log messages. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  LoggingMessageNotificationSchema,
  PromptListChangedNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

function definitions(): string {
  const dir = scratchDir();
  const steps = { One: { instructions: "Do it.", routes: ["otherwise → Two"] }, Two: {} };
  writeFiles(dir, workflowFiles("W", steps, "Reach the goal."));
  writeFiles(dir, { "BROKEN/index.md": "# nothing\n" });
  return dir;
}

function textOf(content: unknown): string {
  return JSON.stringify(content);
}

test("each workflow is a prompt that starts it with what is known, and one prompt teaches to write a workflow", async () => {
  const { client } = await connect({ workflows: definitions() });
  const { prompts } = await client.listPrompts();
  expect(prompts.map((prompt) => prompt.name)).toEqual(["W", "create_workflow"]);
  expect(prompts[0]).toMatchObject({ title: "Start W", description: "Reach the goal." });
  const started = await client.getPrompt({ name: "W", arguments: { request: "the file is a.ts" } });
  expect(textOf(started.messages)).toContain("start_workflow");
  expect(textOf(started.messages)).toContain("the file is a.ts");
  const taught = await client.getPrompt({ name: "create_workflow", arguments: { request: "releases" } });
  for (const part of [
    "Orchestrator Guidance",
    "Client Instructions",
    "# Routes",
    "orchestrator validate",
    "releases",
  ]) {
    expect(textOf(taught.messages)).toContain(part);
  }
});

/** What clients make of `/W fix the login`: of one argument, of three that they knew before, and of those left empty. */
const TYPED: [what: string, args: Record<string, string>, told: string][] = [
  ["all of it to the first argument", { request: "fix the login" }, "The user wants: fix the login\n"],
  [
    "a word for each argument",
    { task: "fix", project_path: "the", criteria: "login" },
    "The user wants: fix the login\n",
  ],
  ["the first word alone", { request: "fix" }, "The user wants: fix\n"],
  ["empty ones beside it", { request: "fix the login", context: "", path: " " }, "The user wants: fix the login\n"],
  ["nothing", {}, "The user's own words after the command are what counts"],
  ["empty ones alone", { request: "" }, "The user's own words after the command are what counts"],
];

test.each(TYPED)("a prompt that is given %s is a good start all the same", async (_what, args, told) => {
  const { client } = await connect({ workflows: definitions() });
  const { messages } = await client.getPrompt({ name: "W", arguments: args });
  const [content] = messages.map((each) => each.content);
  const text = content?.type === "text" ? content.text : "";
  expect(text).toContain(told);
  expect(text).toContain('start_workflow {"workflow_name":"W"}');
  expect(text).toContain("The user's own words after the command are what counts");
  expect(text.includes("The user wants:")).toBe(told.startsWith("The user wants:"));
});

test("what the create_workflow prompt shows is a workflow that can be started", async () => {
  const taught = await (await connect()).client.getPrompt({ name: "create_workflow" });
  const content = taught.messages[0]?.content;
  const text = content?.type === "text" ? content.text : "";
  const blocks = [...text.matchAll(/(?:^ {4}.*\n|^\n)+/gm)].map(([block]) => block.replace(/^ {4}/gm, "").trim());
  const [index = "", step = ""] = blocks.filter((block) => block.startsWith("---"));
  const dir = scratchDir();
  const names = ["Step Name", "Commit Changes", "Fix Problems", "Give Up"];
  const list = names.map((name) => `1. [${name}](steps/step-name.md)`).join("\n");
  writeFiles(dir, { "NAME/index.md": index.replace(/^1\. .*$/m, list), "NAME/steps/step-name.md": step });
  const listed = await (await connect({ workflows: dir })).call("list_workflows");
  expect(listed.data).toMatchObject({ workflows: [{ name: "NAME", steps: names }], invalid: [] });
});

test("a prompt that does not exist, or whose workflow is broken, is an error that says what there is", async () => {
  const { client } = await connect({ workflows: definitions() });
  await expect(client.getPrompt({ name: "W1" })).rejects.toThrow("There are: W");
  await expect(client.getPrompt({ name: "BROKEN" })).rejects.toThrow("orchestrator validate BROKEN");
});

test("workflows and runs are resources, listed, templated and readable", async () => {
  const on = await connect({ workflows: definitions() });
  const { id } = await startRun(on, "W", { context: { who: "Ada" } });
  const { resources } = await on.client.listResources();
  expect(resources.map((each) => each.uri)).toEqual(["workflow://W", `instance://${id}`]);
  const { resourceTemplates } = await on.client.listResourceTemplates();
  expect(resourceTemplates.map((each) => each.uriTemplate)).toEqual(["workflow://{name}", "instance://{id}"]);
  const workflow = await on.client.readResource({ uri: "workflow://W" });
  expect(textOf(workflow.contents)).toContain("Do it.");
  expect(textOf(workflow.contents)).toContain("otherwise → Two");
  const run = await on.client.readResource({ uri: `instance://${id}` });
  expect(textOf(run.contents)).toContain("Ada");
  for (const uri of [
    "workflow://NONE",
    "instance://wf_none",
    "file:///etc/passwd",
    "workflow://../x",
    "workflow://%",
  ]) {
    await expect(on.client.readResource({ uri })).rejects.toMatchObject({ code: -32002 });
  }
});

test("resources are listed by page", async () => {
  const on = await connect({ workflows: definitions() });
  await Promise.all(Array.from({ length: 103 }, () => startRun(on, "W")));
  const first = await on.client.listResources();
  expect(first.resources).toHaveLength(101);
  const second = await on.client.listResources({ cursor: first.nextCursor });
  expect(second.resources).toHaveLength(3);
  expect(second.nextCursor).toBeUndefined();
  await expect(on.client.listResources({ cursor: "nonsense" })).rejects.toMatchObject({ code: -32602 });
});

test("names and ids are completed", async () => {
  const on = await connect({ workflows: definitions() });
  const { id } = await startRun(on, "W");
  const complete = async (uri: string, name: string, value: string) =>
    (await on.client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } })).completion.values;
  expect(await complete("workflow://{name}", "name", "w")).toEqual(["W"]);
  expect(await complete("workflow://{name}", "name", "x")).toEqual([]);
  expect(await complete("instance://{id}", "id", id.slice(0, 5))).toEqual([id]);
  const prompt = { ref: { type: "ref/prompt" as const, name: "W" }, argument: { name: "context", value: "" } };
  expect((await on.client.complete(prompt)).completion.values).toEqual([]);
});

test("a client that listed prompts or resources is told when definitions change", async () => {
  const dir = definitions();
  const { client } = await connect({ workflows: dir });
  const told: string[] = [];
  client.setNotificationHandler(PromptListChangedNotificationSchema, () => void told.push("prompts"));
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => void told.push("resources"));
  await client.listPrompts();
  await Bun.sleep(100); // the state before the edit has to be seen
  rmSync(join(dir, "W"), { recursive: true });
  await waitFor(() => told.includes("prompts") && told.includes("resources"), "both notifications");
  expect((await client.listPrompts()).prompts.map((prompt) => prompt.name)).toEqual(["create_workflow"]);
});

test("a subscriber is told of a change by another process, until it unsubscribes", async () => {
  const workflows = definitions();
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W");
  const uri = `instance://${id}`;
  const told: string[] = [];
  on.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void told.push(params.uri));
  await on.client.subscribeResource({ uri });
  await Bun.sleep(100); // the state before the change has to be seen
  const other = await connect({ workflows, db: on.db, project: on.project });
  await advance(other, { id, stepId: "1-one" });
  await waitFor(() => told.includes(uri), "the update");
  await on.client.unsubscribeResource({ uri });
  const before = told.length;
  await advance(other, { id, stepId: "2-two" }, { next_step: "FINISH" });
  await Bun.sleep(1_000); // longer than it takes to tell
  expect(told.length).toBe(before);
  await expect(on.client.subscribeResource({ uri: "instance://wf_none" })).rejects.toMatchObject({ code: -32002 });
});

test("log messages come from the level that the client sets, and hold no agent's words", async () => {
  const on = await connect({ workflows: definitions() });
  const messages: { level: string; data: unknown }[] = [];
  on.client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void messages.push(params));
  const { id } = await startRun(on, "W");
  expect(messages).toEqual([]);
  await on.client.setLoggingLevel("info");
  await advance(on, { id, stepId: "1-one" }, { details: "secret words" });
  await on.call("advance_workflow", { instance_id: "wf_none", report: { step_id: "1-one", status: "success" } });
  await waitFor(() => messages.length >= 2, "two messages");
  expect(messages[0]).toMatchObject({ level: "info", data: { decided_by: "route", step: "Two", instance_id: id } });
  expect(messages[1]).toMatchObject({ level: "warning", data: { error_code: "INSTANCE_NOT_FOUND" } });
  expect(JSON.stringify(messages)).not.toContain("secret");
});

test("the server names itself, with an icon", async () => {
  const { client } = await connect({ workflows: definitions() });
  expect(client.getServerVersion()).toMatchObject({
    name: "workflow-orchestrator",
    title: "Workflow Orchestrator",
    icons: [{ mimeType: "image/svg+xml" }],
  });
  expect(Buffer.byteLength(client.getInstructions() ?? "")).toBeLessThan(2_048);
});
