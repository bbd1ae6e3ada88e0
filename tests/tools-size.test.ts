/** No answer exceeds 60 kB, whatever agents and authors wrote, and what is cut says how to get it. */
import { describe, expect, test } from "bun:test";
import { MAX_INSTRUCTIONS, MAX_INSTRUCTIONS_SENT } from "../src/workflow.ts";
import { advance, answerBytes, MAX_ANSWER_BYTES, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

/** Texts of that many characters that grow differently when they are encoded. */
const SCRIPTS: [name: string, fill: (length: number) => string][] = [
  ["plain text", (length) => "word ".repeat(length / 5)],
  ["Chinese", (length) => "漢字仮名交".repeat(length / 5)],
  ["quotes and backslashes", (length) => '\\"\\" '.repeat(length / 5)],
  ["control characters", (length) => "\u0001\u001b[0m".repeat(length / 5)],
];

/** The texts that an author can write: files hold no control characters. */
function definitions(fill: (length: number) => string): string {
  const dir = scratchDir();
  const text = longest(`Begin. ${fill(40_000)}`.replaceAll("\u0001", "€").replaceAll("\u001b", "€"));
  writeFiles(dir, {
    ...workflowFiles(
      "BIG",
      {
        First: { instructions: text, guidance: `${text.slice(0, 20_000)} Then Second.` },
        Second: { instructions: text, routes: ["otherwise → First"] },
      },
      text.slice(0, 5_000),
    ),
  });
  return dir;
}

/** As much of the text as a step's instructions may have. */
function longest(text: string): string {
  let length = text.length;
  const isTooLong = (part: string) =>
    Buffer.byteLength(part) > MAX_INSTRUCTIONS || Buffer.byteLength(JSON.stringify(part)) > MAX_INSTRUCTIONS_SENT;
  while (isTooLong(text.slice(0, length).trim())) length -= 10;
  return text.slice(0, length).trim();
}

/** A run that has everything at once: a full context, a long history of long reports, and a kept report. */
async function bigRun(on: Connection, fill: (length: number) => string): Promise<string> {
  const context = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key_${index}`, fill(500)]));
  const { id } = await startRun(on, "BIG", { context });
  for (let visit = 1; visit < 12; visit += 2) {
    const said = { details: fill(4_000), error: fill(500), updates: { last: `${visit} ${fill(500)}` } };
    await advance(on, { id, stepId: `${visit}-first` }, { ...said, next_step: "Second" });
    await advance(on, { id, stepId: `${visit + 1}-second` }, said);
  }
  const kept = await advance(on, { id, stepId: "13-first" }, { details: fill(8_000) });
  expect(kept.isError).toBe(false);
  return id;
}

describe.each(SCRIPTS)("full of %s", (_name, fill) => {
  test("every answer about a run stays within 60 kB", async () => {
    const on = await connect({ workflows: definitions(fill) });
    const id = await bigRun(on, fill);
    const report = { step_id: "13-first", status: "success" };
    const sizes = {
      started: await answerBytes(on, "start_workflow", { workflow_name: "BIG", context: { who: fill(50_000) } }),
      brief: await answerBytes(on, "get_workflow_status", { instance_id: id, history_limit: 1000 }),
      status: await answerBytes(on, "get_workflow_status", { instance_id: id, history: "full", history_limit: 1000 }),
      resumed: await answerBytes(on, "resume_workflow", { instance_id: id }),
      kept: await answerBytes(on, "advance_workflow", { instance_id: id, report }),
      refused: await answerBytes(on, "advance_workflow", {
        instance_id: id,
        report: { ...report, next_step: fill(10_000) },
      }),
      noted: await answerBytes(on, "advance_workflow", {
        instance_id: id,
        report: { ...report, status: "in_progress" },
      }),
      moved: await answerBytes(on, "advance_workflow", { instance_id: id, report: { ...report, next_step: "Second" } }),
      workflows: await answerBytes(on, "list_workflows", {}),
    };
    expect(Object.entries(sizes).filter(([, bytes]) => bytes > MAX_ANSWER_BYTES)).toEqual([]);
  });
});

test("what a status cuts, it says how to get, and that way leads to all of it", async () => {
  const plain = (length: number) => "word ".repeat(length / 5);
  const on = await connect({ workflows: definitions(plain) });
  const id = await bigRun(on, plain);
  const told = await on.call("get_workflow_status", { instance_id: id, history: "full", history_limit: 1000 });
  for (const way of ["keys", "history_before", `orchestrator show ${id} --json`]) {
    expect(told.data.cut).toContain(way);
    expect(told.text).toContain(way);
  }
  expect((await statusOf(on, id, { keys: ["key_7"] })).context).toEqual({ key_7: plain(500) });
  const seen = new Set<number>();
  let before: number | undefined;
  do {
    const page = await statusOf(on, id, { history_limit: 1000, history_before: before });
    if (page.history.length === 0) throw new Error(`no page before ${before}`);
    for (const entry of page.history) seen.add(entry.seq);
    before = page.history[0].seq;
  } while (before !== undefined && before > 1);
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
});

test("one history entry that is larger than a page of text can still be read", async () => {
  const on = await connect({ workflows: definitions((length) => "word ".repeat(length / 5)) });
  const { id } = await startRun(on, "BIG");
  await advance(on, { id, stepId: "1-first" }, { details: "x".repeat(60_000), next_step: "Second" });
  const { history, cut } = await statusOf(on, id, { history_limit: 1 });
  expect(history).toHaveLength(1);
  expect(history[0]).toMatchObject({ seq: 1, step_id: "1-first", decision: { next_step: "Second" } });
  expect(cut).toContain(`orchestrator show ${id}`);
});

test.each(SCRIPTS)("instructions full of %s are handed out whole in both forms, up to the limit", async (_, fill) => {
  const on = await connect({ workflows: definitions(fill) });
  const id = await bigRun(on, fill);
  const whole = longest(`Begin. ${fill(40_000)}`.replaceAll("\u0001", "€").replaceAll("\u001b", "€"));
  const report = { step_id: "13-first", status: "success", next_step: "Second" };
  for (const told of [
    await on.call("start_workflow", { workflow_name: "BIG", context: { who: fill(50_000) } }),
    await on.call("advance_workflow", { instance_id: id, report }),
    await on.call("resume_workflow", { instance_id: id }),
  ]) {
    expect(told.data.next_step.instructions).toBe(whole);
    expect(told.text).toContain(whole);
  }
});

test("a value that is too long for an answer is cut and says where it is whole", async () => {
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("BIG", { First: { instructions: "Read {{ context.log }}" } }));
  const on = await connect({ workflows });
  const { told } = await startRun(on, "BIG", { context: { log: "word ".repeat(8_000) } });
  const { instructions } = told.data.next_step;
  expect(instructions).toEndWith("… (cut; 40000 characters: get_workflow_status has context.log whole)");
  expect(told.text).toContain(instructions);
});

test("a list of a hundred runs in a project with a long path stays within 60 kB and says how to get the rest", async () => {
  const project = `${scratchDir()}/${"a-rather-long-name/".repeat(20)}`;
  writeFiles(project, { "README.md": "" });
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("W", { [`Step ${"with a long name ".repeat(5)}`.trim()]: {} }));
  const on = await connect({ workflows, project });
  await Promise.all(Array.from({ length: 101 }, () => startRun(on, "W")));
  expect(await answerBytes(on, "list_instances", { limit: 100 })).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const { data } = await on.call("list_instances", { limit: 100, cursor });
    for (const each of data.instances) seen.add(each.instance_id);
    cursor = data.next_cursor;
  } while (cursor);
  expect(seen.size).toBe(101);
});

test("a workflow of very many steps can be listed, started and misreported within 60 kB", async () => {
  const workflows = scratchDir();
  const steps = Array.from({ length: 1_000 }, (_, index) => [
    `Step ${index} ${"of a long name ".repeat(4).trim()}`,
    {},
  ]);
  writeFiles(workflows, workflowFiles("MANY", Object.fromEntries(steps)));
  const on = await connect({ workflows });
  const { id, stepId, told } = await startRun(on, "MANY");
  expect(told.data.decision_required.candidates.length).toBeGreaterThan(1);
  const report = { step_id: stepId, status: "success", next_step: "Nowhere" };
  const sizes = {
    listed: await answerBytes(on, "list_workflows", {}),
    started: await answerBytes(on, "start_workflow", { workflow_name: "MANY" }),
    refused: await answerBytes(on, "advance_workflow", { instance_id: id, report }),
  };
  expect(Object.entries(sizes).filter(([, bytes]) => bytes > MAX_ANSWER_BYTES)).toEqual([]);
});

test("very many workflows, good and broken, are listed within 60 kB, and the answer says that there are more", async () => {
  const workflows = scratchDir();
  const goal = "A goal in a sentence of some length. ".repeat(8);
  for (let n = 0; n < 150; n++) writeFiles(workflows, workflowFiles(`GOOD_${n}`, { A: {}, B: {} }, goal));
  for (let n = 0; n < 100; n++) writeFiles(workflows, { [`BAD_${n}/index.md`]: "# Nothing here\n" });
  const links = Array.from({ length: 500 }, (_, index) => `- [Step ${index}](steps/missing-${index}.md)`).join("\n");
  writeFiles(workflows, { "WORST/index.md": `# WORST\n\n## Goal\n\nFail.\n\n## Steps\n\n${links}\n` });
  const on = await connect({ workflows });
  expect(await answerBytes(on, "list_workflows", {})).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  const { data, text } = await on.call("list_workflows");
  expect(data.workflows.length).toBeGreaterThan(10);
  expect(data.cut).toContain("orchestrator list");
  expect(text).toContain(data.cut);
  expect(await answerBytes(on, "start_workflow", { workflow_name: "WORST" })).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
  expect(await answerBytes(on, "start_workflow", { workflow_name: "NONE" })).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
});

/** Arguments that an error is tempted to quote. */
const QUOTED: [what: string, tool: string, args: (long: string, id: string) => Record<string, unknown>][] = [
  ["a workflow's name", "start_workflow", (long) => ({ workflow_name: long })],
  ["an instance's id", "get_workflow_status", (long) => ({ instance_id: long })],
  ["a cursor", "list_instances", (long) => ({ cursor: long })],
  ["a step_id", "advance_workflow", (long, id) => ({ instance_id: id, report: { step_id: long, status: "success" } })],
  [
    "a choice",
    "advance_workflow",
    (long, id) => ({ instance_id: id, report: { step_id: "1-one", status: "x", next_step: long } }),
  ],
  ["an assumed step", "resume_workflow", (long, id) => ({ instance_id: id, assumed_current_step_name: long })],
  ["a key", "start_workflow", (long) => ({ workflow_name: "W", context: { [long]: JSON.parse('{"__proto__":1}') } })],
  ["an unknown status", "list_instances", (long) => ({ status: long })],
];

test.each(QUOTED)("an answer does not repeat %s of 50,000 characters", async (_what, tool, args) => {
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("W", { One: {}, Two: {} }));
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W");
  expect(await answerBytes(on, tool, args("x".repeat(50_000), id))).toBeLessThanOrEqual(MAX_ANSWER_BYTES);
});
