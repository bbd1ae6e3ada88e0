/** `orchestrator show`: a run as a timeline, a line for each visit and below it all that was said, seen and changed there. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { advance, type Run, startRun } from "./support/calls.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { person } from "./support/person.ts";
import { refusedReports } from "./support/refused.ts";
import { clock, MINUTE } from "./support/serving.ts";
import { sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("NOTES", {
    Collect: { routes: ["otherwise → Test"] },
    Test: {
      extras: ["run: {command: test}", "sets: {code: exit_code}"],
      routes: ["`context.code == 0` → Write", "otherwise → Collect"],
    },
    Write: { extras: ["checks:", "  - file: notes.md"], routes: ["otherwise → Publish"] },
    Publish: {
      extras: ["approval: {ask: 'Publish {{ context.version }}?', denied: Write}"],
      routes: ["otherwise → FINISH"],
    },
  }),
);

interface At {
  on: InProcess;
  run: Run;
  time: ReturnType<typeof clock>;
  report(stepId: string, minutes: number, said?: Parameters<typeof advance>[2]): Promise<unknown>;
}

async function begun(): Promise<At> {
  const time = clock(); // 2026-01-01, midnight
  const on = await connectInProcess({ workflows: [workflows], commands: ["test=sh test.sh"] }, { now: time.now });
  writeFiles(on.project, { "test.sh": "echo one; echo two; test -f ok", "notes.md": "New.\n" });
  const run = await startRun(on, "NOTES", { context: { version: "1.2.0" } });
  return {
    on,
    run,
    time,
    report(stepId, minutes, said) {
      time.pass(minutes * MINUTE);
      return advance(on, { id: run.id, stepId }, said);
    },
  };
}

function show({ on, run }: Pick<At, "on" | "run">): string {
  const done = Bun.spawnSync([EXECUTABLE, "show", run.id, "--db", on.db, "--project", on.project]);
  expect([done.exitCode, done.stderr.toString()]).toEqual([0, ""]);
  return done.stdout.toString();
}

/** Each line of the history that tells of a visit, or of what happened at one, behind its time of day. */
const linesOf = (text: string) => text.split("\n").filter((line) => /^\d\d:\d\d:\d\d {2}/.test(line));
const ME = "mcp:test-client/1.0";

describe("show", () => {
  test("has a line for each visit: number, step, end, who, how long, where to, by whom and why", async () => {
    const at = await begun();
    await at.report("1-collect", 12);
    writeFiles(at.on.project, { ok: "" });
    await at.report("3-collect", 2, { status: "failure", error: "none found" });
    await at.report("5-write", 10 * 60);
    at.time.pass(7 * MINUTE);
    await person(at.on, { now: at.time.now }).no(at.run.id, "too early");
    await at.on.call("rewind_workflow", { instance_id: at.run.id, to_visit: 1, reason: "once more" });
    await at.on.call("cancel_workflow", { instance_id: at.run.id, reason: "the user wants it" });
    const text = show(at);
    expect(text).toContain("The way through the workflow\n▶ 1  Collect  3× ◀ now\n     → 2 Test 2×  otherwise\n");
    expect(text).toContain("History, 8 entries; times are UTC\n2026-01-01\n00:00:00    1 Collect");
    expect(linesOf(text).map((line) => line.replace(/\(server\), \d+ m?s/, "(server), some time"))).toEqual([
      `00:00:00    1 Collect  ✓ success (${ME}), 12 min → Test, by route: otherwise`,
      "00:12:00    2 Test  ✗ failure (server), some time → Collect, by route: otherwise",
      "00:12:00    3 Collect  ✗ failure, 2 min → Test, by route: otherwise",
      "00:14:00    4 Test  ✓ success (server), some time → Write, by route: `context.code == 0` is true",
      "00:14:00    5 Write  ✓ success, 10 h → Publish, by route: otherwise",
      "10:14:00    6 Publish  ✗ denied, 7 min → Write, by person: denied by cli: too early (the step's `denied`)",
      `10:21:00    7 Write  ↩ rewound to visit 1, 0 ms → Collect, by ${ME}: once more`,
      `10:21:00    8 Collect  ■ cancelled, 0 ms, by ${ME}: the user wants it`,
      "10:21:00      CANCELLED after 10 h",
    ]);
  });

  test("has below it, whole, what was said, what checks showed, what was assumed and what changed", async () => {
    const at = await begun();
    const long = `${"x".repeat(3_000)}\n00:00:00    9 Forged  ✓ success`;
    await at.report("1-collect", 1, { status: "in_progress", details: "half of it" });
    const said = { details: long, message: "in short", result: { n: 1 }, assumptions: ["the tag is right"] };
    await at.report("1-collect", 1, { ...said, updates: { version: null, commits: [47], big: "y".repeat(300) } });
    const text = show(at);
    const [first = "", rest = ""] = text.split("    2 Test");
    for (const line of [
      `00:01:00      note, by ${ME}\n              │ half of it\n00:02:00      reported\n`,
      `              │ in short\n              │ ${"x".repeat(3_000)}\n              │ 00:00:00    9 Forged  ✓ success\n`,
      '              result: {"n":1}\n              assumed: the tag is right\n',
      "              - version\n              + commits = [47]\n              + big:\n",
      `                │ "${"y".repeat(300)}"\n`,
    ])
      expect(first).toContain(line);
    const kept = join(`${at.on.db}.files`, at.run.id, "2-test.log");
    expect(rest).toMatch(/^ {14}✗ test failed \(sh test\.sh, exit 1, \d+ ms\): exited with 1$/m);
    expect(rest).toContain(`                whole: ${kept}\n                │ one\n                │ two\n`);
    expect(rest).toContain("              + code = 1\n");
    expect(linesOf(text)).toHaveLength(5);
  });

  test("says below a visit how often a report was refused there, and why the last time", async () => {
    const at = await begun();
    writeFiles(at.on.project, { ok: "" });
    await at.report("1-collect", 1);
    for (const minutes of [1, 1]) await at.report("1-collect", minutes, { status: "failure" });
    await refusedReports(at.on.app.engine, at.run.id, 2);
    await at.report("3-write", 1);
    expect(show(at)).toMatch(
      /3 Write {2}✓ success.*\n {14}refused 2×: STALE_REPORT visit 1 \(Collect\) is already decided.*\n/,
    );
  });

  test("says where the run is, for how long nothing happened, and what to type", async () => {
    const at = await begun();
    writeFiles(at.on.project, { ok: "" });
    await at.report("1-collect", 1);
    await at.report("3-write", 1, { status: "paused", details: "home now" });
    at.time.pass(24 * 60 * MINUTE);
    await at.on.call("resume_workflow", { instance_id: at.run.id });
    await at.report("3-write", 29);
    const text = show(at);
    expect(text).toContain(
      `paused, by ${ME}\n              │ home now\n              ⋯ nothing for 24 h\n2026-01-02\n`,
    );
    expect(text).toMatch(/^00:31:00 {4}4 Publish {2}… waits: for a person's approval \(Publish 1\.2\.0\?\), for /m);
    expect(text).toEndWith(
      `${at.run.id} is SUSPENDED at Publish, visit 4. It waits for your approval: orchestrator approve ${at.run.id} shows what it is about and asks you.\n`,
    );
    expect(text).not.toContain("\u001b[");
  });

  test("has colours on a terminal, where long lines of others keep their bar", async () => {
    const at = await begun();
    await at.report("1-collect", 1, { details: "z".repeat(300) });
    const seat = sitDown(["show", at.run.id, "--db", at.on.db], { env: { NO_COLOR: "" } });
    expect(await seat.exited).toBe(0);
    expect(seat.raw()).toContain("\u001b[32m✓ success\u001b[0m");
    expect(seat.seen().match(/^ {14}│ z+$/gm)).toHaveLength(2);
  });
});
