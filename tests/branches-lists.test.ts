/** Branches in the status of a run, in lists, and at the terminal: what waits where, and where each hangs. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { auditWorkflows, branchStep, doBranch, report } from "./support/branches.ts";
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { runBare, waitFor } from "./support/stdio.ts";
import { decide } from "./support/terminal.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const TWO = { updates: { modules: ["money.js", "names.js"] } };
const APPROVED = {
  "Judge Module": { extras: ['approval: {ask: "Judge {{ context.module }}?"}'], routes: ["otherwise → FINISH"] },
};

async function cli(on: { db: string; project: string }, ...args: string[]) {
  return runBare({ cwd: on.project, args: [...args, "--db", on.db] });
}

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`over ${name}`, () => {
    async function entered(workflows: string, said: { updates: object } = TWO) {
      const on: Served = await serve({ workflows });
      const run = await startRun(on, "AUDIT");
      return { on, run, told: await advance(on, run, said) };
    }
    const status = (on: Served, instance_id: string, more = {}) =>
      on.call("get_workflow_status", { instance_id, ...more });

    test("the status of a parent shows its branches and what they wait for, that of a branch where it hangs", async () => {
      const { on, run, told } = await entered(auditWorkflows({}, APPROVED, []));
      const waits = await report(on, told);
      const { instance_id } = told.data;
      const above = await status(on, run.id);
      expect(above.data.branches).toEqual({
        step_name: "Audit Modules",
        visit: 2,
        total: 2,
        shown: [
          {
            number: 1,
            item: "money.js",
            instance_id,
            workflow_name: "MODULE_AUDIT",
            status: "SUSPENDED",
            step_name: "Judge Module",
            visit: 2,
            waiting_for: { kind: "approval", since: waits.data.waiting_for.since, ask: "Judge money.js?" },
          },
        ],
      });
      expect(above.data.waiting_for.waiting).toEqual([{ number: 1, instance_id, kind: "approval" }]);
      expect(above.text).toContain(
        `Audit Modules (visit 2), 1 of 2 branches:\n  1 money.js · SUSPENDED (approval) · MODULE_AUDIT · ${instance_id} · at Judge Module, visit 2\n`,
      );
      const below = await status(on, instance_id);
      expect(below.data.branch).toMatchObject({ of: run.id, number: 1, total: 2, item: "money.js" });
      expect(below.text).toContain(`\nbranch 1 of 2 of Audit Modules: money.js, of ${run.id}\n`);
      expect(await on.read(`instance://${run.id}`)).toContain(instance_id);
    });

    test("of many branches the status shows those that are open and the last ones, and keeps its size", async () => {
      const modules = Array.from({ length: 120 }, (_, n) => `${"long/".repeat(50)}${n}.js`);
      const { on, run, told } = await entered(auditWorkflows({ "Audit Modules": branchStep(["max_parallel: 2"]) }), {
        updates: { modules },
      });
      const resume = (id: string) => on.call("resume_workflow", { instance_id: id });
      const [first] = told.data.branches.new;
      for (let ended = 0; ended < 60; ended += 1) {
        const next = (await resume(run.id)).data.branches.new.find((each: { number: number }) => each.number > 1);
        await doBranch(on, await resume(next.instance_id));
      }
      const { data, text } = await status(on, run.id);
      const numbers = data.branches.shown.map(({ number }: { number: number }) => number);
      expect(numbers[0]).toBe(first.number);
      expect(numbers.at(-1)).toBe(61);
      expect(data.branches.total).toBe(120);
      expect(text).toContain(` of 120 branches:`);
      expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(30_000);
    });

    test("lists are of roots and say how many of their branches are open; asked for, branches stand in them too", async () => {
      const { on, run, told } = await entered(auditWorkflows());
      const roots = await on.call("list_instances", {});
      expect(roots.data.instances).toMatchObject([
        { instance_id: run.id, waiting_for: { branches: { total: 2, begun: 1 } } },
      ]);
      expect(roots.text).toContain("RUNNING (1 of 2 branches open)");
      const all = await on.call("list_instances", { branches: true });
      expect(all.data.instances).toMatchObject([
        { instance_id: told.data.instance_id, parent_id: run.id },
        { instance_id: run.id },
      ]);
      expect(all.text).toContain(`branch of ${run.id}`);
    });
  });
}

describe("at the terminal", () => {
  /** The first branch waits for a yes. */
  async function waiting(extras: string[] = []) {
    const project = scratchDir();
    writeFiles(project, { "tell.sh": 'echo "$ORCHESTRATOR_RUN $ORCHESTRATOR_ROOT $ORCHESTRATOR_KIND" >> told' });
    const workflows = auditWorkflows({ "Audit Modules": branchStep(extras) }, APPROVED, []);
    const on = await connect({ workflows, project, args: ["--notify", "sh tell.sh"] });
    const run = await startRun(on, "AUDIT");
    const entered = await advance(on, run, TWO);
    const [fresh] = entered.data.branches?.new ?? [];
    const first = fresh ? await on.call("resume_workflow", { instance_id: fresh.instance_id }) : entered;
    const told = await report(on, first);
    return { on, run, told, id: String(first.data.instance_id) };
  }

  test("a branch that waits for a yes is listed with where it hangs, and approved by its own id", async () => {
    const { on, run, told, id } = await waiting();
    for (const form of [told.text, told.data.rules]) expect(form).toContain(`approve ${id}`);
    expect(told.text).toContain(" · visit 2 · branch 1 of 2 of Audit Modules: money.js · MODULE_AUDIT\n");
    const listed = (await cli(on, "approvals")).stdout;
    expect(listed).toStartWith(`${id}  MODULE_AUDIT  Judge Module (visit 2)`);
    expect(listed).toContain(`Judge money.js?  branch 1 of 2 of Audit Modules: money.js, of ${run.id}`);
    const { code, seen } = await decide(["approve", id, "--db", on.db], [["Type yes: ", "yes"]], on.project);
    expect(code).toBe(0);
    expect(seen).toContain(`branch 1 of 2 of Audit Modules: money.js, of ${run.id}`);
    expect((await on.call("resume_workflow", {})).data).toMatchObject({ instance_id: id, next_step: { visit: 2 } });
  });

  test("a person who is told of a branch is told its root too", async () => {
    const { on, run, id } = await waiting();
    const file = join(on.project, "told");
    const said = await waitFor(() => existsSync(file) && readFileSync(file, "utf8"), "the program's line");
    expect(said).toBe(`${id} ${run.id} approval\n`);
  });

  test("wait of a root ends when somebody has something to do in a branch, and names that one", async () => {
    const { on, run, id } = await waiting();
    const { stdout } = await cli(on, "wait", run.id);
    expect(stdout).toContain(
      `${id} is SUSPENDED at Judge Module, visit 2 (branch 1 of 2 of Audit Modules: money.js, of ${run.id}).`,
    );
    const json = JSON.parse((await cli(on, "wait", run.id, "--json")).stdout);
    expect(json).toMatchObject({ instance_id: id, waiting_for: { kind: "approval" }, branch: { of: run.id } });
  });

  test("wait of a root goes on while its branches go on by themselves", async () => {
    const timed = { "Read Module": { extras: ["wait: 2s", "next: [Judge Module]"] } };
    const on = await connect({ workflows: auditWorkflows({}, timed) });
    const run = await startRun(on, "AUDIT");
    const list = {
      instance_id: run.id,
      report: { step_id: run.stepId, status: "success" },
      context_updates: TWO.updates,
    };
    const entering = on.call("advance_workflow", list);
    const turn = async () => (await on.call("list_instances", {})).data.instances[0].waiting_for?.kind;
    while ((await turn()) !== "branches") await Bun.sleep(20);
    const began = performance.now();
    const { stdout } = await cli(on, "wait", run.id);
    await entering;
    expect(stdout).toContain("at Read Module, visit 1 (branch 1 of 2");
    expect(stdout).toContain(`Next: resume_workflow {"instance_id":"${run.id}"}`);
    expect(performance.now() - began).toBeGreaterThan(1_000);
  });

  test("on a board a branch that waits for a person says so, with the command, and is nobody's to take up", async () => {
    const { on, run, id } = await waiting(["max_parallel: 2"]);
    const board = await on.call("resume_workflow", { instance_id: run.id });
    expect(board.data.branches.open).toMatchObject([
      {
        instance_id: id,
        waiting_for: { kind: "approval", ask: "Judge money.js?" },
        person_command: expect.stringContaining(`approve ${id}`),
      },
    ]);
    expect(board.text).toContain(`1 money.js · Judge Module, waits: approval (Judge money.js?) · ${id}`);
    for (const form of [board.text, board.data.rules]) expect(form).toContain("in a terminal of their own");
  });

  async function nested() {
    const on = await connect({ workflows: auditWorkflows() });
    const run = await startRun(on, "AUDIT");
    const first = await advance(on, run, TWO);
    const second = await doBranch(on, first, { status: "failure", error: "no tests found" });
    return { on, run, ids: [first, second].map(({ data }): string => data.instance_id) };
  }

  test("instances --branches is a tree, without it a list of roots", async () => {
    const { on, run, ids } = await nested();
    const roots = (await cli(on, "instances")).stdout.trimEnd().split("\n");
    expect(roots).toHaveLength(1);
    expect(roots[0]).toContain("Audit Modules (visit 2; 1 of 2 branches open)");
    const all = (await cli(on, "instances", "--branches")).stdout.trimEnd().split("\n");
    expect(all.map((line) => line.replace(/^( *\S+).*/, "$1"))).toEqual([run.id, ...ids.map((id) => `  ${id}`)]);
    const json = JSON.parse((await cli(on, "instances", "--branches", "--json")).stdout);
    expect(json.instances[0]).toMatchObject({ parent_id: run.id });
  });

  test("show prints the tree below a run, as text and as JSON, and where a branch hangs", async () => {
    const { on, run, ids } = await nested();
    const { stdout } = await cli(on, "show", run.id);
    expect(stdout).toContain(
      `Audit Modules (visit 2), 2 branches:\n  1 money.js · FAILED "no tests found" · MODULE_AUDIT · ${ids[0]}\n  2 names.js · RUNNING · MODULE_AUDIT · ${ids[1]} · at Read Module, visit 1\n`,
    );
    const json = JSON.parse((await cli(on, "show", run.id, "--json")).stdout);
    expect(json.branches).toMatchObject({ total: 2, shown: [{ error: "no tests found" }, { item: "names.js" }] });
    expect((await cli(on, "show", ids[1] ?? "")).stdout).toContain(
      `\nbranch 2 of 2 of Audit Modules: names.js, of ${run.id}\n`,
    );
  });
});
