/** What an agent reads of branches, in both forms, and how a report for another run of the tree is answered. */
import { describe, expect, test } from "bun:test";
import { auditWorkflows, branchStep, doBranch, report } from "./support/branches.ts";
import { advance, expectError, expectRefused, startRun, statusOf } from "./support/calls.ts";
import type { Told } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { connectInProcess } from "./support/in-process.ts";
import type { StepText } from "./support/workspace.ts";

const TWO = { updates: { modules: ["money.js", "names.js"] } };

const resume = (on: Pick<Served, "call">, instance_id: string) => on.call("resume_workflow", { instance_id });
const bytes = (value: unknown) => Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`over ${name}`, () => {
    async function entered(steps: Record<string, StepText> = {}, said: { updates: object } = TWO) {
      const on = await serve({ workflows: auditWorkflows(steps) });
      const run = await startRun(on, "AUDIT");
      return { on, run, told: await advance(on, run, said) };
    }

    test("a step of a branch says which item it is for, and the end of a branch why it ended and what is next", async () => {
      const { on, run, told } = await entered();
      expect(told.text).toStartWith(
        `Step 1 of 2 · Read Module · visit 1 · branch 1 of 2 of Audit Modules: money.js · MODULE_AUDIT (${told.data.instance_id})`,
      );
      expect(told.data.next_step.progress).toBe("item 1 of 2, step 1 of 2");
      const second = await doBranch(on, told, { status: "failure", error: "no tests found" });
      expect(second.text).toStartWith(
        'Branch 1 of 2 (money.js) is FAILED: "no tests found". Next, branch 2 of 2: names.js\nStep 1 of 2 · Read Module',
      );
      const { instance_id } = told.data;
      const ended = { instance_id, number: 1, item: "money.js", status: "FAILED", error: "no tests found" };
      expect(second.data.ended).toEqual([ended]);
      const after = await doBranch(on, second);
      expect(after.text).toStartWith("Branch 2 of 2 (names.js) is COMPLETED. That was the last of Audit Modules.\n");
      expect(after.data).toMatchObject({ instance_id: run.id, ended: [{ number: 2, status: "COMPLETED" }] });
    });

    test("a report for another run of the tree is refused, and the answer names that run", async () => {
      const { on, run, told } = await entered();
      const second = await doBranch(on, told);
      const judge = await report(on, second);
      const { step_id } = judge.data.next_step;
      for (const id of [run.id, told.data.instance_id]) {
        const wrong = await expectRefused(on, id, () => advance(on, { id, stepId: step_id }), "STALE_REPORT");
        expect(wrong.text).toContain(`"instance_id":"${judge.data.instance_id}"`);
        expect(wrong.text).toContain("branch 2 of 2 of Audit Modules");
      }
      const above = { id: judge.data.instance_id, stepId: "2-audit-modules" };
      expect(expectError(await advance(on, above), "STALE_REPORT").text).toContain(run.id);
      const nowhere = { id: judge.data.instance_id, stepId: "b1-2-judge-module" };
      expectError(await advance(on, nowhere), "INVALID_INPUT");
    });

    test("a helper that reports to a branch which was cancelled meanwhile is told to stop", async () => {
      const { on, told } = await entered({ "Audit Modules": branchStep(["max_parallel: 2", "fail_fast: true"]) });
      const [one, two] = await Promise.all(
        told.data.branches.new.map((each: Told["data"]) => resume(on, each.instance_id)),
      );
      await doBranch(on, one, { status: "failure" });
      const late = expectError(await report(on, two), "INSTANCE_FINAL");
      expect(late.text).toContain("Were you given this branch only? Stop, and tell whoever gave it to you.");
    });

    test("a run that is resumed in the middle of its branches: what was done in it, in its branches, and in this one", async () => {
      const { on, run, told } = await entered(
        {},
        { updates: { modules: ["money.js", "slug.js", "names.js", "a.js"] } },
      );
      const second = await doBranch(on, told, { assumptions: ["money is in cents"] });
      const third = await doBranch(on, second, { status: "failure", error: "no tests found" });
      await report(on, third, { details: "210 lines, 3 exports" });
      for (const args of [{}, { instance_id: run.id }]) {
        const told = await on.call("resume_workflow", args);
        for (const form of [told.text, told.data.recap]) {
          expect(form.split("\n").slice(0, 8)).toEqual([
            `Resumed AUDIT · ${run.id} · last report 0 s ago`,
            "Goal: Get it done.",
            "Done: 1 List ✓",
            'Audit Modules: 1 money.js ✓ → 2 slug.js ✗ "no tests found" → 3 names.js in work; 1 not begun',
            'This branch: 1 Read Module ✓ "210 lines, 3 exports"',
            'Decided on the user\'s behalf: "money is in cents" (visit 2).',
            "Context: module=names.js",
            expect.stringMatching(/^The step below is open for .* and not reported: you may have done part of it/),
          ]);
        }
      }
    });

    test("a helper that takes up a new branch is not told that it may have begun, one that comes back is", async () => {
      const { on, run, told } = await entered({ "Audit Modules": branchStep(["max_parallel: 2"]) });
      const [{ instance_id }] = told.data.branches.new;
      const first = await resume(on, instance_id);
      expect(first.text).toStartWith(`Resumed MODULE_AUDIT · ${instance_id} · nothing reported yet\n`);
      expect(first.text).not.toContain("you may have done part of it");
      expect((await resume(on, instance_id)).text).toContain("you may have done part of it");
      await doBranch(on, first);
      const board = await resume(on, run.id);
      expect(board.text).toContain("\nEnded: 1 money.js ✓\n");
    });

    test("what was assumed in branches is their parent's from their end on: in the recap, the status, the last answer", async () => {
      const { on, run, told } = await entered();
      const judge = await report(on, told, { assumptions: ["money is in cents"] });
      await report(on, judge, { updates: { verdict: "good" } });
      const after = await doBranch(on, await resume(on, run.id), { assumptions: ["names are unique"] });
      const all = [
        { visit: 2, text: "money is in cents" },
        { visit: 2, text: "names are unique" },
      ];
      expect((await statusOf(on, run.id)).assumptions).toEqual(all);
      const back = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 3 }); // by the history alone
      expect((await statusOf(on, run.id)).assumptions).toEqual(all);
      const end = await report(on, back);
      expect(end.data).toMatchObject({ status: "COMPLETED", assumptions: all });
      expect(end.text).toContain("money is in cents (visit 2); names are unique (visit 2).");
      expect(after.data.instance_id).toBe(run.id);
    });
  });
}

describe("the size of answers", () => {
  async function at(workflows: string) {
    const on = await connectInProcess({ workflows: [workflows] });
    return on as unknown as Served & typeof on; // what these tests call of it is there
  }

  test("a step in a branch costs at most 160 bytes more than the same step in a root, in either form", async () => {
    const on = await at(auditWorkflows());
    const alone = await startRun(on, "MODULE_AUDIT", { context: { module: "money.js" } });
    const branch = await advance(on, await startRun(on, "AUDIT"), TWO);
    for (const [of, both] of [
      ["a first step", [alone.told, branch]],
      ["a later one", [await report(on, alone.told), await report(on, branch)]],
    ] as const) {
      const [root, below] = both.map(({ text, data: { decision: _why, ...data } }) => ({
        text: bytes(text),
        data: bytes(data),
      }));
      expect({ of, text: (below?.text ?? 0) - (root?.text ?? 0) <= 160 }).toEqual({ of, text: true });
      expect({ of, more: (below?.data ?? 0) - (root?.data ?? 0) <= 160 }).toEqual({ of, more: true });
    }
  });

  test("a board of 20 shows them all within 12 kB, new ones and open ones, whatever their items", async () => {
    const modules = Array.from({ length: 40 }, (_, n) => `${"long/".repeat(100)}${n}.js`);
    const on = await at(auditWorkflows({ "Audit Modules": branchStep(["max_parallel: 20"]) }));
    const run = await startRun(on, "AUDIT");
    const board = await advance(on, run, { updates: { modules } });
    expect(board.data.branches.new).toHaveLength(20);
    const { branches, rules } = board.data;
    expect(bytes(board.text)).toBeLessThan(6_000);
    expect(bytes({ branches, rules })).toBeLessThan(12_000);
    for (const { instance_id } of branches.new) await resume(on, instance_id);
    const open = await resume(on, run.id);
    expect(open.data.branches).toMatchObject({ new: [], open: { length: 20 } });
    expect(bytes(open.text)).toBeLessThan(6_000);
    expect(bytes(open.data.branches)).toBeLessThan(12_000);
    expect(open.text).toContain(
      'Give another one this, with that id: Call the orchestrator\'s tool resume_workflow with {"instance_id":"…"}',
    );
    expect(open.text).not.toContain("New.");
  });
});
