/** Hostile work, through the executable: it is answered, others are answered meanwhile, and an ending is obeyed. */
import { beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { advance, historyOf, startRun, statusOf } from "./support/calls.ts";
import { TRANSPORTS } from "./support/either.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { type Bare, startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const COSTLY = "context.l.all(a, context.l.all(b, context.l.all(c, a + b + c >= 0)))";
/** So many numbers that COSTLY takes minutes. */
const NUMBERS = Array.from({ length: 3_000 }, (_, n) => n);

const workflows = scratchDir();
const produces = (schema: string) => [`produces:`, `  files: ${schema}`];
writeFiles(workflows, {
  ...workflowFiles("ROUTES", { One: { routes: [`\`${COSTLY}\` → FINISH`, "otherwise → Two"] }, Two: {} }),
  ...workflowFiles("MANY", {
    One: { routes: [...Array(60).fill(`\`${COSTLY}\` → FINISH`), "otherwise → Two"] },
    Two: {},
  }),
  ...workflowFiles("PATTERN", {
    One: {
      extras: produces("{type: array, items: {type: string, pattern: '(x{1,30}){1,30}x{1,900}[yz]'}}"),
      routes: ["otherwise → Two"],
    },
    Two: {},
  }),
  ...workflowFiles("LINEAR", {
    One: { extras: produces("{type: array, items: {type: string, pattern: '^(a+)+$'}}"), routes: ["otherwise → Two"] },
    Two: {},
  }),
  ...workflowFiles("INPUTS", { One: {} }, "Get it done.", [
    "inputs:",
    "  type: object",
    "  properties: {tree: {type: array, items: {anyOf: [{$ref: '#/properties/tree'}, {$ref: '#/properties/tree'}]}}}",
  ]),
  ...workflowFiles("FILLED", { One: { instructions: `${"{{ context.x }} ".repeat(1_200)}\n\nNever push.` } }),
  ...workflowFiles("LIQUID", {
    One: {
      extras: ["template: liquid"],
      instructions:
        "{% for a in context.l %}{% for b in context.l %}{{ b }}{% endfor %}{% endfor %}\n\nRead {{ context.x }}\n\nNever push.",
    },
  }),
  ...workflowFiles("CUT", { One: { instructions: "Read {{ context.x }}\n\nNever push." } }),
});

describe.each(Object.entries(TRANSPORTS))("over %s", (_name, open) => {
  const server = () => open({ workflows });

  test("a route that is too much work is passed over, with a note", async () => {
    const on = await server();
    const run = await startRun(on, "ROUTES", { context: { l: NUMBERS } });
    const told = await advance(on, run);
    expect(told.data.next_step.step_name).toBe("Two");
    const note = `\`${COSTLY}\` could not be evaluated: too much work`;
    expect(told.data.decision).toEqual({ decided_by: "route", reasoning: "otherwise", notes: [note] });
    expect((await historyOf(on, run.id)).at(-1)?.decision.notes).toEqual([note]);
  });

  test("a report that is too much work to judge is refused, names the key and changes nothing", async () => {
    const on = await server();
    const run = await startRun(on, "PATTERN");
    const told = await advance(on, run, { updates: { files: ["x".repeat(60_000)] } });
    expect(told.data.error_code).toBe("INCOMPLETE_REPORT");
    expect(told.text).toContain("files[0] could not be judged: too much work");
    expect(await statusOf(on, run.id)).toMatchObject({ current_step_name: "One", history_total: 0 });
    expect((await advance(on, run, { updates: { files: ["xxy"] } })).data.next_step.step_name).toBe("Two");
  });

  test("a pattern that would take for ever elsewhere takes no time", async () => {
    const on = await server();
    const run = await startRun(on, "LINEAR");
    const told = await advance(on, run, { updates: { files: Array(500).fill(`${"a".repeat(60)}b`) } });
    expect(told.data.error_code).toBe("INCOMPLETE_REPORT");
    expect(told.text).toContain("files[0] must match the pattern ^(a+)+$");
  });

  test("inputs that are too much work to judge start nothing", async () => {
    const on = await server();
    const tree = Array.from({ length: 50 }).reduce<unknown>((inner) => [inner], 1);
    const told = await on.call("start_workflow", { workflow_name: "INPUTS", context: { tree } });
    expect(told.data.error_code).toBe("INVALID_INPUT");
    expect(told.text).toContain("could not be judged: too much work");
    expect((await on.call("list_instances")).data.instances).toEqual([]);
  });

  test("a Liquid template that is too much work says so at its place, and the rest is handed out", async () => {
    const on = await server();
    const { id, told } = await startRun(on, "LIQUID", { context: { l: NUMBERS, x: "x".repeat(200_000) } });
    const { instructions, template_faults } = told.data.next_step;
    expect(instructions).toStartWith("{% for a in context.l %}{% for b");
    expect(instructions).toContain("(cut; 200000 characters: get_workflow_status has context.x whole)");
    expect(instructions).toEndWith("Never push.");
    const fault = "line 1 of the instructions, {% for a in context.l %}: too much work";
    expect(template_faults).toEqual([fault]);
    expect(told.text).toContain(fault);
    expect(await statusOf(on, id)).toMatchObject({ status: "RUNNING", current_step_name: "One" });
  });

  test("large values are cut where they are filled in, and the author's words are whole", async () => {
    const on = await server();
    const x = "x".repeat(200_000);
    for (const name of ["FILLED", "CUT"]) {
      const { told } = await startRun(on, name, { context: { x } });
      expect(told.data.next_step.instructions.length).toBeLessThan(27_000);
      if (name === "CUT") expect(told.data.next_step.instructions).toEndWith("Never push.");
      if (name === "CUT")
        expect(told.text).toContain("(cut; 200000 characters: get_workflow_status has context.x whole)");
    }
    expect((await on.call("list_instances")).data.instances).toHaveLength(2);
  });
});

/** The slowest single call: sixty routes, each as much work as a route may be, and more. */
const SLOWEST = { workflow_name: "MANY", context: { l: NUMBERS } };

describe("while routes are tried that are too much work", () => {
  let bare: Bare;
  let report: object;

  beforeEach(async () => {
    bare = startBare({
      cwd: scratchDir(),
      args: ["serve", "--db", join(scratchDir(), "s.sqlite"), "--workflows", workflows],
    });
    await bare.shakeHands();
    const { result } = await bare.ask("tools/call", { name: "start_workflow", arguments: SLOWEST });
    const { instance_id, next_step } = result.structuredContent;
    report = { instance_id, report: { step_id: next_step.step_id, status: "success" } };
  });

  test("a ping is answered within a second", async () => {
    const id = bare.send("advance_workflow", report);
    const began = performance.now();
    await bare.ask("ping");
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(bare.messages().some((message) => message.id === id)).toBe(false);
  });

  test.each<[string, (bare: Bare) => void]>([
    ["the end of input", ({ child }) => void child.stdin.end()],
    ["SIGTERM", ({ child }) => void child.kill("SIGTERM")],
  ])("%s is obeyed within two seconds", async (_how, end) => {
    bare.send("advance_workflow", report);
    await bare.ask("ping");
    const began = performance.now();
    end(bare);
    expect(await bare.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

test("over HTTP, health is answered within a second and SIGTERM obeyed within two, while routes are too much work", async () => {
  const server = await serveHttp({ workflows });
  const on = await connectHttp(server.url);
  const run = await startRun(on, SLOWEST.workflow_name, { context: SLOWEST.context });
  const told = advance(on, run).catch(() => "cut off");
  let began = performance.now();
  expect((await fetch(`http://127.0.0.1:${server.port}/health`)).status).toBe(200);
  expect(performance.now() - began).toBeLessThan(1_000);
  began = performance.now();
  expect(await server.end("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(2_000);
  await told;
});
