/** get_workflow_status and list_instances: pages, picks and filters; reading changes nothing. */
import { expect, test } from "bun:test";
import type { HistoryEntry } from "../src/instance.ts";
import { fillsStatus } from "../src/mcp/status-answer.ts";
import { advance, type Caller, historyOf, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { connectInProcess } from "./support/in-process.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("ROUND", {
    Go: { routes: ['`report.status == "failure"` → FINISH', "otherwise → Go"] },
  }),
  ...workflowFiles("CHOICE", { First: { instructions: "Do it for {{ context.who }}." }, Second: {} }),
});

interface Entry {
  seq: number;
}

interface Summary {
  instance_id: string;
}

async function goRound(on: Caller, times: number): Promise<string> {
  const { id } = await startRun(on, "ROUND");
  for (let visit = 1; visit <= times; visit++)
    await advance(on, { id, stepId: `${visit}-go` }, { details: `did ${visit}` });
  return id;
}

test("history comes in pages, the oldest of each first, with the number of all entries", async () => {
  const on = await connect({ workflows });
  const id = await goRound(on, 25);
  const seqs = async (page: object) =>
    (await statusOf(on, id, { history_limit: undefined, ...page })).history.map((entry: Entry) => entry.seq);
  const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
  expect(await seqs({})).toEqual(upTo(6, 25));
  expect(await seqs({ history_before: 6 })).toEqual(upTo(1, 5));
  expect(await seqs({ history_before: 6, history_limit: 2 })).toEqual([4, 5]);
  expect(await seqs({ history_before: 1 })).toEqual([]);
  expect(await seqs({ history_limit: 0 })).toEqual([]);
  expect(await statusOf(on, id, { history_limit: 3 })).toMatchObject({ history_total: 25, visit: 26 });
  const { text } = await on.call("get_workflow_status", { instance_id: id, history_limit: 1 });
  expect(text).toContain('history (1 of 25 entries):\n#25 Go (25-go) success "did 25" → Go\n');
});

test("an entry is one line unless the history is asked for in full, in both forms", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE", { context: { who: "Ada" } });
  const details = `looked at all of it: ${"and more ".repeat(30)}`.trim();
  await advance(on, run, { details, next_step: "Second", updates: { found: 3 } });
  const brief = await on.call("get_workflow_status", { instance_id: run.id });
  const line = `First (1-first) success "${details.slice(0, 120)}…" → Second, by agent: `;
  expect(brief.data.history).toEqual([{ seq: 1, line: expect.stringContaining(line) }]);
  expect(brief.text).toContain(`\n#1 ${line}`);
  const full = await on.call("get_workflow_status", { instance_id: run.id, history: "full" });
  expect(full.data.history).toMatchObject([{ seq: 1, report: { details }, context_patch: { found: { after: 3 } } }]);
  expect(full.text).toContain(`\n${JSON.stringify(full.data.history[0])}\n`);
});

test("of a long history no more is read than an answer has room for, and the answer says how to get the rest", async () => {
  const on = await connectInProcess({ workflows: [workflows] });
  const id = await goRound(on, 120);
  const read: number[] = [];
  const enough = (history: HistoryEntry[]) => read.push(history.length) > 0 && fillsStatus("full")(history);
  const { history, unread } = await on.app.engine.status({ instance_id: id, history_limit: 1_000, enough });
  expect({ read, unread }).toEqual({ read: [25], unread: true });
  const whole = await statusOf(on, id);
  expect(whole.history.length).toBeLessThan(history.length);
  expect(whole.cut).toContain(`history_before ${whole.history[0].seq}`);
  expect(await historyOf(on, id)).toHaveLength(120);
});

test("the context comes whole, or only the keys that were asked for", async () => {
  const on = await connect({ workflows });
  const context = { who: "Ada", long: "x".repeat(3_000), list: [{ a: 1 }] };
  const { id } = await startRun(on, "CHOICE", { context });
  const whole = await on.call("get_workflow_status", { instance_id: id });
  expect(whole.data.context).toEqual(context);
  expect(whole.text).toContain(`context: ${JSON.stringify(context)}`);
  expect(whole.data.cut).toBeUndefined();
  expect((await statusOf(on, id, { keys: ["who", "absent"] })).context).toEqual({ who: "Ada" });
  expect((await statusOf(on, id, { keys: [] })).context).toEqual({});
});

test("both forms of a status say where the run is, what it waits with, and how to go on", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE", { context: { who: "Ada" } });
  await advance(on, run, { details: "done it", updates: { who: "Bob" } });
  const { text, data } = await on.call("get_workflow_status", { instance_id: run.id });
  expect(data).toMatchObject({
    instance_id: run.id,
    workflow_name: "CHOICE",
    status: "RUNNING",
    current_step_name: "First",
    visit: 1,
    context: { who: "Bob" },
    completed_at: null,
    waiting_for: null,
    pending_report: { report: { status: "success", details: "done it" }, context_updates: { who: "Bob" } },
    next_step: { step_name: "First", step_id: "1-first", visit: 1 },
  });
  expect((await statusOf(on, run.id)).next_step.instructions).toBe("Do it for Bob.");
  expect(text).toStartWith(`RUNNING · CHOICE · ${run.id} · at First (1-first)\n`);
  for (const said of ["report kept, not decided", "done it", `resume_workflow {"instance_id":"${run.id}"}`]) {
    expect(text).toContain(said);
  }
});

test("reading changes nothing", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "CHOICE");
  const before = await statusOf(on, id);
  await on.call("list_workflows");
  await on.call("list_instances");
  await on.call("get_workflow_status", { instance_id: id, history_limit: 0 });
  expect(await statusOf(on, id)).toEqual(before);
});

test("instances come newest first, page by page, each once", async () => {
  const on = await connect({ workflows });
  const started: string[] = [];
  for (let n = 0; n < 7; n++) started.unshift((await startRun(on, "ROUND")).id);
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const { data, text } = await on.call("list_instances", { limit: 3, cursor });
    pages.push(data.instances.map((each: Summary) => each.instance_id));
    for (const id of pages.at(-1) ?? []) expect(text).toContain(id);
    cursor = data.next_cursor;
    if (cursor) expect(text).toContain(`"cursor":"${cursor}"`);
  } while (cursor);
  expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
  expect(new Set(pages.flat())).toEqual(new Set(started));
  const times = (await on.call("list_instances")).data.instances.map((each: { created_at: string }) => each.created_at);
  expect(times).toEqual([...times].sort().reverse());
});

test("instances are filtered by status and by workflow", async () => {
  const on = await connect({ workflows });
  const running = await startRun(on, "ROUND");
  const done = await startRun(on, "ROUND");
  await advance(on, done, { status: "failure" });
  const choice = await startRun(on, "CHOICE");
  const ids = async (args: Record<string, unknown>) =>
    (await on.call("list_instances", args)).data.instances.map((each: Summary) => each.instance_id).sort();
  expect(await ids({ status: "COMPLETED" })).toEqual([done.id]);
  expect(await ids({ status: "RUNNING" })).toEqual([running.id, choice.id].sort());
  expect(await ids({ status: "RUNNING", workflow_name: "ROUND" })).toEqual([running.id]);
  expect(await ids({ status: "SUSPENDED" })).toEqual([]);
  expect(await ids({ workflow_name: "OTHER" })).toEqual([]);
  const { data } = await on.call("list_instances", { status: "COMPLETED" });
  expect(data.instances[0]).toMatchObject({ workflow_name: "ROUND", status: "COMPLETED", current_step_name: "FINISH" });
});

test("the list is of this project, tells how many runs are elsewhere, and can be asked for all", async () => {
  const on = await connect({ workflows });
  const other = await connect({ workflows, db: on.db });
  const here = await startRun(on, "ROUND");
  const there = [await startRun(other, "ROUND"), await startRun(other, "CHOICE")].map((run) => run.id);
  const mine = await on.call("list_instances");
  expect(mine.data).toMatchObject({ instances: [{ instance_id: here.id, project: on.project }], elsewhere: 2 });
  expect(mine.text).toContain('2 in other projects: list_instances {"all_projects":true}');
  const all = await on.call("list_instances", { all_projects: true });
  expect(all.data.elsewhere).toBe(0);
  expect(all.data.instances.map((each: Summary) => each.instance_id).sort()).toEqual([here.id, ...there].sort());
  const empty = await connect({ workflows, db: on.db });
  expect((await empty.call("list_instances")).data).toEqual({ instances: [], elsewhere: 3 });
});
