/** What the engine tells people of runs: pages and searches, the way of a run, what was held, what programs printed. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeptFiles } from "../src/checks/kept-files.ts";
import { MAX_OUTPUT_SHOWN } from "../src/overview.ts";
import { openHookRuns } from "../src/sqlite/hook-runs.ts";
import { advance, startRun } from "./support/calls.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { refusedReports } from "./support/refused.ts";
import { clock, MINUTE } from "./support/serving.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const to = (step: string, ...extras: string[]) => ({ routes: [`otherwise → ${step}`], extras });
writeFiles(workflows, {
  ...workflowFiles("PLAIN", { One: to("Two"), Two: to("FINISH") }),
  ...workflowFiles("ASKS", { Yes: to("FINISH", "approval: true") }),
  ...workflowFiles("REFUSES", {
    Make: { extras: ["produces: {version: string}", "checks: [{file: here.txt}]", "next: [Gate]"] },
    Gate: to("FINISH", "approval: true"),
  }),
  ...workflowFiles("LATE", {
    One: to("FINISH", "deadline: {after: 1h, then: Two}", "next: [Two, FINISH]"),
    Two: to("FINISH"),
  }),
  ...workflowFiles("CHECKED", {
    Test: to("Serve", "checks:", "  - file: here.txt", '  - run: [echo, "checked by äöü"]'),
    Serve: to("Last", "run: [echo, served]"),
    Last: to("FINISH"),
  }),
});

const connect = () => connectInProcess({ workflows: [workflows], allowChecks: true });

test("before there is a database, its revision is asked for and none is made", async () => {
  const { app, db } = await connect();
  expect(await app.engine.revision()).toBe("");
  expect(existsSync(db)).toBe(false);
});

test("pages of runs follow one another, a search's too; a cursor that no page gave is refused", async () => {
  const on = await connect();
  const { engine } = on.app;
  const ids: string[] = [];
  for (let n = 0; n < 5; n++)
    ids.unshift((await startRun(on, "PLAIN", { context: { note: n % 2 ? "Odd" : "even" } })).id);
  await startRun(on, "ASKS").catch(() => null);
  const pagesOf = async (query: { text?: string; workflow_name?: string }) => {
    const pages: string[][] = [];
    for (let cursor: string | undefined; pages.length < 9; ) {
      const page = await engine.overview({ project: on.project, limit: 2, cursor, ...query });
      pages.push(page.runs.map(({ instance_id }) => instance_id));
      expect(page).not.toHaveProperty("searched_to");
      cursor = page.next_cursor;
      if (!cursor) break;
    }
    return pages;
  };
  const paged = (await pagesOf({ workflow_name: "PLAIN" })).map(({ length }) => length);
  expect([(await pagesOf({ workflow_name: "PLAIN" })).flat().sort(), paged]).toEqual([[...ids].sort(), [2, 2, 1]]);
  const even = await pagesOf({ text: "  EVEN " });
  expect(even.map(({ length }) => length)).toEqual([2, 1]);
  expect((await pagesOf({ text: " " })).flat()).toHaveLength(6);
  expect((await engine.waiting(on.project)).map(({ workflow_name }) => workflow_name)).toEqual(["ASKS"]);
  expect((await engine.waiting("/elsewhere")).length).toBe(0);
  expect((await engine.counts()).status).toMatchObject({ RUNNING: 5, SUSPENDED: 1 });
  expect(await engine.facets()).toEqual({ workflows: ["ASKS", "PLAIN"], projects: [on.project] });
  for (const cursor of ["x", "", Buffer.from("a b c").toString("base64url")]) {
    await expect(engine.overview({ project: null, limit: 2, cursor })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  }
});

test("a refused report is counted where the run stood, once a call, and neither the row nor the history knows of it", async () => {
  const on = await connect();
  const { engine } = on.app;
  const { id } = await startRun(on, "REFUSES");
  const before = await engine.status({ instance_id: id, history_limit: 9 });
  const send = (report: object, context_updates: object = { version: "1" }) =>
    on.call("advance_workflow", { instance_id: id, report: { status: "success", ...report }, context_updates });
  await send({ step_id: "1-make" }, {});
  await send({ step_id: "1-make" });
  await send({ step_id: "1-make" });
  await send({ step_id: "9-make" });
  const four = await refusedReports(engine, id, 4);
  expect(four.map(({ visit, step_name, code }) => [visit, step_name, code])).toEqual([
    [1, "Make", "INCOMPLETE_REPORT"],
    [1, "Make", "CHECK_FAILED"],
    [1, "Make", "CHECK_FAILED"],
    [1, "Make", "INVALID_INPUT"],
  ]);
  expect(four.map(({ reason }) => reason)).toEqual([
    expect.stringContaining("version"),
    expect.stringMatching(/^file here\.txt: /),
    expect.stringMatching(/^file here\.txt: /),
    'report.step_id "9-make" is no visit of this instance',
  ]);
  expect(await engine.status({ instance_id: id, history_limit: 9 })).toEqual(before);
  writeFileSync(join(on.project, "here.txt"), "x");
  await send({ step_id: "1-make" });
  await send({ step_id: "2-gate" });
  await send({ step_id: "1-make", status: "failure" });
  expect((await refusedReports(engine, id, 6)).slice(4)).toMatchObject([
    { visit: 2, step_name: "Gate", code: "INSTANCE_SUSPENDED", reason: expect.stringContaining("waits") },
    { visit: 2, step_name: "Gate", code: "STALE_REPORT", reason: expect.stringContaining("already decided") },
  ]);
  const { steps } = await engine.statistics("REFUSES", on.project);
  expect(steps.map(({ step_name, refused }) => [step_name, refused])).toEqual([
    ["Make", 4],
    ["Gate", 2],
  ]);
  await on.call("cancel_workflow", { instance_id: id, reason: "r" });
  await send({ step_id: "1-make", status: "failure" });
  await Bun.sleep(150);
  expect(await engine.refused(id)).toHaveLength(6);
});

test("a late report, which the history has as a note, is counted once", async () => {
  const time = clock();
  const on = await connectInProcess({ workflows: [workflows] }, { now: time.now });
  const run = await startRun(on, "LATE");
  time.pass(61 * MINUTE);
  expect((await advance(on, run)).text).toContain("STALE_REPORT");
  await Bun.sleep(150);
  const { steps } = await on.app.engine.statistics("LATE", on.project);
  expect(steps.reduce((sum, { refused }) => sum + refused, 0)).toBe(1);
});

test("the way of a run, its forks, its statistics, and what hooks held", async () => {
  const on = await connect();
  const { engine } = on.app;
  const { id } = await startRun(on, "PLAIN");
  await advance(on, { id, stepId: "1-one" });
  await on.call("rewind_workflow", { instance_id: id, to_visit: 1 });
  const fork = (await on.call("fork_workflow", { instance_id: id, at_visit: 2 })).data.instance_id;
  expect(await engine.walk(id)).toEqual([{ from: "Two", to: "One", count: 1, rewind: true }]);
  expect(await engine.walk(fork)).toEqual([{ from: "One", to: "Two", count: 1 }]);
  expect(await engine.forks(id)).toMatchObject([{ instance_id: fork, forked_from: { visit: 2 } }]);
  const hooks = openHookRuns(on.db);
  const run = hooks?.run(id);
  if (!hooks || !run) throw new Error("there is no run");
  const edit = { kind: "edit", client: "claude", path: "src/a.ts", held_at: "2026-01-02T00:00:00.000Z" } as const;
  const stop = { ...edit, kind: "stop", path: null, held_at: "2026-01-03T00:00:00.000Z" } as const;
  const before = await engine.revision();
  for (const held of [edit, stop, stop]) hooks.hold(run, held);
  hooks.close();
  expect(await engine.revision()).not.toBe(before);
  expect(await engine.held(id)).toEqual([
    { ...edit, visit: 3, step_name: "One" },
    { ...stop, visit: 3, step_name: "One" },
  ]);
  const { runs, steps } = await engine.statistics("PLAIN");
  expect(runs).toBe(2);
  expect(steps.map(({ step_name, visits, held }) => [step_name, visits, held]).sort()).toEqual([
    ["One", 1, 2],
    ["Two", 1, 0],
  ]);
  for (const call of [engine.walk, engine.forks, engine.held])
    await expect(call("run_none")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
});

describe("what a program printed", () => {
  /** A run whose second check, and then its server step, printed; both are decided. */
  async function printed(): Promise<{ on: InProcess; id: string; file: string }> {
    const on = await connect();
    writeFileSync(join(on.project, "here.txt"), "x");
    const { id } = await startRun(on, "CHECKED");
    await advance(on, { id, stepId: "1-test" });
    const file = await evidenceFile(on, id);
    return { on, id, file };
  }

  async function evidenceFile(on: InProcess, instance_id: string): Promise<string> {
    const { history } = await on.app.engine.status({ instance_id, history_limit: 9 });
    return history[0]?.evidence?.[1]?.output_file ?? "";
  }

  test("is found by the entry and the number of the check, in a fork too, and by nothing else", async () => {
    const { on, id } = await printed();
    const { engine } = on.app;
    const output = (instance_id: string, seq: number, check: number) => engine.output({ instance_id, seq, check });
    expect(await output(id, 1, 1)).toEqual({ text: "checked by äöü\n", cut: false });
    expect(await output(id, 2, 0)).toEqual({ text: "served\n", cut: false });
    for (const [seq, check] of [
      [1, 0],
      [1, 2],
      [1, -1],
      [1, 0.5],
      [0, 0],
      [9, 0],
      [3, 1],
    ] as const)
      expect(await output(id, seq, check)).toBeNull();
    const fork = (await on.call("fork_workflow", { instance_id: id, at_visit: 2 })).data.instance_id;
    const again = (await on.call("fork_workflow", { instance_id: fork, at_visit: 2 })).data.instance_id;
    for (const forked of [fork, again]) expect(await output(forked, 1, 1)).toMatchObject({ text: "checked by äöü\n" });
    await expect(output("run_none", 1, 1)).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
  });

  test("is nothing once the file is gone, or another thing stands in its place or in that of its directory", async () => {
    const { on, id, file } = await printed();
    const output = () => on.app.engine.output({ instance_id: id, seq: 1, check: 1 });
    const aside = `${file}.aside`;
    renameSync(file, aside);
    expect(await output()).toBeNull();
    symlinkSync(aside, file);
    expect(await output()).toBeNull();
    rmSync(file);
    mkdirSync(file);
    expect(await output()).toBeNull();
    rmSync(file, { recursive: true });
    expect(Bun.spawnSync(["mkfifo", file]).success).toBe(true);
    expect(await output()).toBeNull();
    rmSync(file);
    renameSync(aside, file);
    expect(await output()).toMatchObject({ cut: false });
    const home = join(file, "..");
    renameSync(home, `${home}_moved`);
    symlinkSync(`${home}_moved`, home);
    expect(await output()).toBeNull();
  });

  test("is shown to its end, without half a character, and of no run whose id is a path", async () => {
    const directory = scratchDir();
    const files = createKeptFiles(() => directory);
    const of = { instance_id: "run_a", visit: 1 };
    const file = files.output(of, { check: "test", attempt: "a" });
    const text = `begun ${"ä".repeat(MAX_OUTPUT_SHOWN / 2)}z`;
    file.add(Buffer.from(text));
    await file.end(Buffer.from(""));
    const shown = await files.readOutput(of, "test");
    expect(shown).toEqual({ text: `${"ä".repeat(MAX_OUTPUT_SHOWN / 2 - 1)}z`, cut: true });
    const other = createKeptFiles(() => join(directory, "run_a", "x"));
    for (const instance_id of ["..", "../run_a", "run_a/../run_a", ""])
      expect(await other.readOutput({ ...of, instance_id }, "test")).toBeNull();
    expect(await files.readOutput(of, "../1-test")).toBeNull();
    expect(await files.readOutput({ ...of, visit: 2 }, "test")).toBeNull();
  });
});
