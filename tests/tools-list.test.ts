/** What a client learns before its first call: the tools, their schemas, the server's instructions, the workflows. */
import { expect, test } from "bun:test";
import { connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const NOISE = ["$schema", "propertyNames", "minimum", "maximum", "minLength", "maxLength"];

async function listTools() {
  const { client } = await connect();
  return (await client.listTools()).tools;
}

type Schema = Record<string, unknown>;

/** Every schema in the tree, with its path. */
function schemasIn(schema: Schema, path: string): [string, Schema][] {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Schema>);
  const items = schema["items"] as Schema | undefined;
  return [
    [path, schema],
    ...properties.flatMap(([name, property]) => schemasIn(property, `${path}.${name}`)),
    ...(items ? schemasIn(items, `${path}[]`) : []),
  ];
}

function keysIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...keysIn(item)]);
}

test("the tools list is the one that was agreed on", async () => {
  expect(await listTools()).toMatchSnapshot();
});

test("every schema has one plain type, every object is open, every list says of what, and none carries noise", async () => {
  for (const { name, inputSchema, outputSchema } of await listTools()) {
    const schemas = [...schemasIn(inputSchema, `${name}:in`), ...schemasIn(outputSchema ?? {}, `${name}:out`)];
    expect(schemas.filter(([, { type }]) => typeof type !== "string").map(([path]) => path)).toEqual([]);
    const closed = schemas.filter(([, { type, additionalProperties: open }]) => type === "object" && open !== true);
    expect(closed.map(([path]) => path)).toEqual([]);
    expect(schemas.filter(([, { type, items }]) => type === "array" && !items).map(([path]) => path)).toEqual([]);
    expect(keysIn(inputSchema).filter((key) => NOISE.includes(key))).toEqual([]);
  }
});

test("the tools that begin, report and get back are loaded whole by a client that defers tools", async () => {
  const always = (await listTools()).filter(({ _meta }) => _meta?.["anthropic/alwaysLoad"] === true);
  expect(always.map(({ name }) => name)).toEqual([
    "list_workflows",
    "start_workflow",
    "advance_workflow",
    "resume_workflow",
  ]);
});

test("output schemas are open objects that take an answer and an error, every field optional", async () => {
  for (const { outputSchema } of await listTools()) {
    expect(outputSchema?.["required"] ?? []).toEqual([]);
    expect(Object.keys(outputSchema?.["properties"] ?? {})).toContain("error_code");
  }
});

test("every tool has a title and says whether it reads, destroys or may be repeated", async () => {
  const tools = await listTools();
  const reading = tools.filter((tool) => tool.annotations?.readOnlyHint).map((tool) => tool.name);
  expect(reading.sort()).toEqual(["get_workflow_status", "list_instances", "list_workflows"]);
  for (const { title, annotations, description = "" } of tools) {
    expect(title).toBeTruthy();
    expect(Object.values(annotations ?? {}).filter((hint) => typeof hint === "boolean")).toHaveLength(4);
    expect(description.length).toBeGreaterThan(20);
    expect(description.length).toBeLessThan(2048);
  }
});

test("the server's instructions teach the loop in less than 2 kB", async () => {
  const { client } = await connect();
  const instructions = client.getInstructions() ?? "";
  for (const word of ["start_workflow", "advance_workflow", "resume_workflow", "COMPLETED", "SUSPENDED"]) {
    expect(instructions).toContain(word);
  }
  expect(Buffer.byteLength(instructions)).toBeLessThan(2048);
  const [first] = instructions.split("\n"); // all that one client shows
  for (const part of ["orchestrator's workflow X", "start_workflow", "resume_workflow {}", "Not the client's own"]) {
    expect(first).toContain(part);
  }
});

test("a tool that does not exist is a protocol error that names it", async () => {
  const { call } = await connect();
  await expect(call("delete_everything")).rejects.toThrow('There is no tool "delete_everything"');
});

test("list_workflows names the good ones with goal and steps, and the broken ones with file, line and way out", async () => {
  const workflows = scratchDir();
  writeFiles(workflows, {
    ...workflowFiles("GOOD", { "First Step": {}, "Second Step": {} }, "Be of use."),
    ...workflowFiles("BROKEN", { Only: {} }),
    "BROKEN/steps/only.md": "# Client Instructions\n\nNo guidance here.\n",
  });
  const { call } = await connect({ workflows });
  const { data, text } = await call("list_workflows");
  expect(data.workflows).toEqual([{ name: "GOOD", goal: "Be of use.", steps: ["First Step", "Second Step"] }]);
  expect(data.invalid.map((each: { name: string }) => each.name)).toEqual(["BROKEN"]);
  const [problem] = data.invalid[0].problems;
  expect(problem).toEqual({
    code: expect.any(String),
    file: expect.stringContaining("BROKEN"),
    line: expect.any(Number),
    message: expect.any(String),
    hint: expect.any(String),
  });
  for (const said of ["GOOD: Be of use.", "First Step → Second Step", "BROKEN", problem.message, problem.hint]) {
    expect(text).toContain(said);
  }
});

test("an empty definitions directory is no error: nothing can be started, and the answer says so", async () => {
  const { call } = await connect({ workflows: scratchDir() });
  const { data, text, isError } = await call("list_workflows");
  expect({ isError, data }).toEqual({ isError: false, data: { workflows: [], invalid: [] } });
  expect(text).toContain("no workflow");
});

test("without a definitions directory there are the built-in workflows and those of ./workflows, which win by name", async () => {
  const project = scratchDir();
  writeFiles(project, {
    ...Object.fromEntries(
      Object.entries({ ...workflowFiles("MINE", { A: {} }), ...workflowFiles("WORK", { Own: {} }, "My own.") }).map(
        ([path, text]) => [`workflows/${path}`, text],
      ),
    ),
  });
  const { call } = await connect({ project });
  const listed = (await call("list_workflows")).data.workflows;
  expect(listed.map((each: { name: string }) => each.name).sort()).toEqual([
    "AUDIT",
    "MINE",
    "REFACTOR_WITH_TESTS",
    "RESUME",
    "SAVE",
    "SPRINT_TASK",
    "WORK",
  ]);
  expect(listed.find((each: { name: string }) => each.name === "WORK").steps).toEqual(["Own"]);
});
