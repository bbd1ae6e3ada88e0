/** `orchestrator watch`: what happens in a run, as it happens, written by whichever process. */
import { afterEach, describe, expect, test } from "bun:test";
import { auditWorkflows, branchStep, doBranch, report } from "./support/branches.ts";
import { advance, startRun } from "./support/calls.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { person } from "./support/person.ts";
import { waitFor } from "./support/stdio.ts";
import { sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("RELEASE", {
    Build: { routes: ["otherwise → Test"] },
    Test: { extras: ["run: {command: test}"], routes: ["otherwise → Deploy"] },
    Deploy: { extras: ["approval: {ask: 'Deploy it?'}"], routes: ["otherwise → FINISH"] },
  }),
);

const open: { kill(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.kill();
});

/** Somebody watches, through a pipe. */
function watching({ db }: InProcess, id: string, ...more: string[]) {
  const child = Bun.spawn([EXECUTABLE, "watch", id, "--db", db, ...more], { stdout: "pipe", stderr: "ignore" });
  open.push(child);
  let text = "";
  const read = (async () => {
    for await (const bytes of child.stdout) text += Buffer.from(bytes).toString();
  })();
  const sees = (words: string) => waitFor(() => text.includes(words), `"${words}" in: ${text}`);
  return { sees, text: () => text, exited: Promise.all([child.exited, read]).then(([code]) => code) };
}

async function begun(): Promise<{ on: InProcess; id: string }> {
  const on = await connectInProcess({ workflows: [workflows], commands: ["test=true"] });
  return { on, id: (await startRun(on, "RELEASE")).id };
}

describe("watch", () => {
  test("prints a line for each event within a second, says what a person is to type, and ends with the run", async () => {
    const { on, id } = await begun();
    const watch = watching(on, id);
    await watch.sees(`${id} (RELEASE) is RUNNING at Build, visit 1, for `);
    const since = performance.now();
    await advance(on, { id, stepId: "1-build" }, { status: "in_progress", details: "half of it" });
    await watch.sees('  1 Build  note, by mcp:test-client/1.0 · "half of it"\n');
    expect(performance.now() - since).toBeLessThan(1_000);
    await advance(on, { id, stepId: "1-build" }, { details: "built" });
    await watch.sees(`  3 Deploy  waits for you, for a person's approval (Deploy it?): orchestrator approve ${id}\n`);
    expect(watch.text()).toMatch(/ {2}1 Build {2}✓ success, .* → Test, by route: otherwise · "built"\n/);
    expect(watch.text()).toMatch(/ {2}2 Test {2}✓ success \(server\), .* → Deploy, by route: otherwise · exit 0, .*\n/);
    await person(on).yes(id);
    await watch.sees("  3 Deploy  approved, by cli\n");
    await on.call("resume_workflow", { instance_id: id });
    await advance(on, { id, stepId: "3-deploy" });
    expect(await watch.exited).toBe(0);
    expect(watch.text()).toMatch(/ {2}3 Deploy {2}✓ success, .* → FINISH, .*\n.* {4}COMPLETED after .*\n$/);
    expect(watch.text()).not.toContain("\u001b");
    const again = watching(on, id);
    expect([await again.exited, again.text()]).toEqual([0, `${id} (RELEASE) is COMPLETED.\n`]);
  });

  test("follows branches that are open and those that begin, and ends with 1 if the run is cancelled", async () => {
    const step = branchStep(["max_parallel: 2"]);
    const on = await connectInProcess({ workflows: [auditWorkflows({ "Audit Modules": step })] });
    const run = await startRun(on, "AUDIT");
    await advance(on, run, { updates: { modules: ["a.js", "b.js", "c.js"] } });
    const fresh = await on.call("resume_workflow", { instance_id: run.id });
    const [one, two] = fresh.data.branches.new;
    const watch = watching(on, run.id);
    await watch.sees("Waits: for its branches (2 open, 1 not begun)\n");
    const first = await on.call("resume_workflow", { instance_id: one.instance_id });
    await doBranch(on, first);
    await watch.sees("[1 a.js]   2 Judge Module  ✓ success");
    await watch.sees("[1 a.js]     COMPLETED after ");
    const board = await on.call("resume_workflow", { instance_id: run.id });
    const third = board.data.branches.new.find(({ number }: { number: number }) => number === 3);
    await report(on, await on.call("resume_workflow", { instance_id: third.instance_id }), { status: "failure" });
    await watch.sees("[3 c.js]   1 Read Module  ✗ failure");
    await on.call("cancel_workflow", { instance_id: run.id });
    expect(await watch.exited).toBe(1);
    expect(watch.text()).toContain("[2 b.js]     CANCELLED after ");
    expect(watch.text()).toContain("    CANCELLED after ");
    expect(two.number).toBe(2);
  });

  test("prints JSON, a line for each event", async () => {
    const { on, id } = await begun();
    const watch = watching(on, id, "--json");
    await watch.sees("\n");
    await on.call("cancel_workflow", { instance_id: id, reason: "over" });
    expect(await watch.exited).toBe(1);
    expect(
      watch
        .text()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { instance_id: id, status: "RUNNING", step_name: "Build" },
      { instance_id: id, entry: { kind: "move", decision: { reasoning: "over" } } },
      { instance_id: id, status: "CANCELLED" },
    ]);
  });

  test("has a line at the end of a terminal that says what the run does, and ends with Ctrl-C", async () => {
    const { on, id } = await begun();
    const seat = sitDown(["watch", id, "--db", on.db]);
    await seat.sees("Build (visit 1) … in work, for ");
    await advance(on, { id, stepId: "1-build" });
    await seat.sees("orchestrator approve ");
    await seat.sees("Deploy (visit 3) … waits: for a person's approval (Deploy it?), for ");
    expect(seat.raw()).toContain("\r\u001b[2K");
    seat.types("\u0003");
    expect(await seat.exited).toBe(130);
  });

  test("of no run, of two, or of one that is not there fails at once", async () => {
    const { on } = await begun();
    expect(await watching(on, "run_none").exited).toBe(1);
    expect(await watching(on, "run_a", "run_b").exited).toBe(2);
  });
});
