/** A step that other runs do: one at a time, which needs nothing new of an agent, or several at once. */
import { describe, expect, test } from "bun:test";
import { auditWorkflows, branchStep, doBranch, report } from "./support/branches.ts";
import { advance, expectError, type Run, startRun, statusOf } from "./support/calls.ts";
import type { Told } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { connectInProcess } from "./support/in-process.ts";
import { person } from "./support/person.ts";
import { workflowFiles, writeFiles } from "./support/workspace.ts";

const TWO = { updates: { modules: ["money.js", "names.js"] } };
const FIVE = { updates: { modules: ["a.js", "b.js", "c.js", "d.js", "e.js"] } };

async function entered(on: Served, said: { updates: object } = TWO): Promise<{ run: Run; told: Told }> {
  const run = await startRun(on, "AUDIT");
  return { run, told: await advance(on, run, said) };
}

const resume = (on: Pick<Served, "call">, instance_id: string) => on.call("resume_workflow", { instance_id });

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`one at a time, over ${name}`, () => {
    test("a report that ends a branch brings the next one's first step, the last one's what follows", async () => {
      const on = await serve({ workflows: auditWorkflows() });
      const { run, told: first } = await entered(on);
      expect(first.data).toMatchObject({
        status: "RUNNING",
        workflow_name: "MODULE_AUDIT",
        branch: { of: run.id, step_name: "Audit Modules", number: 1, total: 2, item: "money.js" },
        next_step: { step_id: "b1-1-read-module", instructions: "Read money.js." },
      });
      const judge = await report(on, first);
      expect(judge.data.next_step.step_id).toBe("b1-2-judge-module");
      const second = await report(on, judge, { updates: { verdict: "good" } });
      expect(second.data).toMatchObject({ branch: { number: 2 }, next_step: { step_id: "b2-1-read-module" } });
      const after = await doBranch(on, second, { updates: { verdict: "bad" } });
      expect(after.data).toMatchObject({
        instance_id: run.id,
        next_step: { step_name: "Report" },
        current_context: {
          audits: [
            { item: "money.js", status: "COMPLETED", outputs: { verdict: "good" } },
            { item: "names.js", status: "COMPLETED", outputs: { verdict: "bad" } },
          ],
        },
      });
      expect((await report(on, after)).data.status).toBe("COMPLETED");
    });

    test("resume {} finds the way back into the middle of it, and a repeated report what follows", async () => {
      const on = await serve({ workflows: auditWorkflows() });
      const { run, told: first } = await entered(on);
      const second = await report(on, first);
      expect((await on.call("resume_workflow", {})).data.next_step.step_id).toBe("b1-2-judge-module");
      const third = await report(on, second, { updates: { verdict: "good" } });
      const again = await report(on, second, { updates: { verdict: "good" } });
      const there = { instance_id: third.data.instance_id, next_step: { step_id: "b2-1-read-module" } };
      expect(again.data).toMatchObject({ replayed: true, ...there });
      const wrong = await advance(on, { id: run.id, stepId: "2-audit-modules" });
      expect(expectError(wrong, "INVALID_INPUT").data.hint).toContain(third.data.instance_id);
      const waiting_for = { kind: "branches", branches: { total: 2, begun: 2, completed: 1 } };
      expect((await statusOf(on, run.id)).waiting_for).toMatchObject(waiting_for);
    });

    test("the repeated report that entered the step, and the one that ended it, get where the run is", async () => {
      const on = await serve({ workflows: auditWorkflows() });
      const { run, told: first } = await entered(on);
      const again = await advance(on, run, TWO);
      expect(again.data).toMatchObject({ replayed: true, instance_id: first.data.instance_id });
      const second = await doBranch(on, first);
      const judge = await report(on, second);
      const after = await report(on, judge, { updates: { verdict: "good" } });
      const repeated = await report(on, judge, { updates: { verdict: "good" } });
      expect(repeated.data).toMatchObject({ replayed: true, instance_id: run.id, next_step: after.data.next_step });
    });

    test("the last report of all, repeated, gets what follows, also if a rule said that one is open at a time", async () => {
      const step = branchStep(["max_parallel: 'size(context.modules) > 5 ? 3 : 1'"]);
      const on = await serve({ workflows: auditWorkflows({ "Audit Modules": step }) });
      const { run, told: first } = await entered(on);
      const judge = await report(on, await doBranch(on, first));
      const after = await report(on, judge, { updates: { verdict: "good" } });
      const again = await report(on, judge, { updates: { verdict: "good" } });
      expect(again.data).toMatchObject({ replayed: true, instance_id: run.id, next_step: after.data.next_step });
    });

    test("a branch that fails is counted, and routes see how many did", async () => {
      const routes = ["`branches.failed == 1 && branches.results[0].error != ''` → List", "otherwise → Report"];
      const on = await serve({ workflows: auditWorkflows({ "Audit Modules": branchStep([], routes) }) });
      const { told: first } = await entered(on);
      const second = await doBranch(on, first, { status: "failure", error: "no tests found" });
      const after = await doBranch(on, second);
      expect(after.data.next_step.step_name).toBe("List");
    });
  });

  describe(`several at once, over ${name}`, () => {
    const PARALLEL = { "Audit Modules": branchStep(["max_parallel: 2", "into: audits"]) };

    test("the board shows what is new and what is open; each helper ends its own, and the last one joins", async () => {
      const on = await serve({ workflows: auditWorkflows(PARALLEL) });
      const { run, told: board } = await entered(on, FIVE);
      expect(board.data).toMatchObject({ status: "RUNNING", instance_id: run.id, next_step: null });
      expect(board.data.branches).toMatchObject({ total: 5, completed: 0, open: [] });
      expect(board.data.branches.new.map(({ number }: { number: number }) => number)).toEqual([1, 2]);
      const ends: Told[] = [];
      for (let round = 0; round < 5; round += 1) {
        const { branches } = (await resume(on, run.id)).data;
        const [next] = branches.new;
        ends.push(await doBranch(on, await resume(on, next.instance_id)));
      }
      for (const { data, text } of ends) {
        expect(data).toMatchObject({
          status: "COMPLETED",
          ended: [{ status: "COMPLETED" }],
          next_step: { step_name: "FINISH" },
        });
        expect(text).toContain("Nothing more to call: tell whoever gave it to you.");
      }
      const after = await resume(on, run.id);
      expect(after.data).toMatchObject({ next_step: { step_name: "Report" } });
      expect(after.data.current_context.audits.map(({ item }: { item: string }) => item)).toEqual(FIVE.updates.modules);
    });

    test("one that was taken up is never handed out as new", async () => {
      const on = await serve({ workflows: auditWorkflows(PARALLEL) });
      const { run, told: board } = await entered(on, FIVE);
      const [one, two] = board.data.branches.new;
      await resume(on, one.instance_id);
      const seen = (await resume(on, run.id)).data.branches;
      expect(seen.new.map(({ number }: { number: number }) => number)).toEqual([two.number]);
      expect(seen.open.map(({ number }: { number: number }) => number)).toEqual([one.number]);
    });

    test("two that report at the same moment: the step is joined once", async () => {
      const on = await serve({ workflows: auditWorkflows(PARALLEL) });
      const { run, told: board } = await entered(on);
      const judges = await Promise.all(
        board.data.branches.new.map(async ({ instance_id }: { instance_id: string }) =>
          report(on, await resume(on, instance_id)),
        ),
      );
      await Promise.all(judges.map((judge) => report(on, judge, { updates: { verdict: "good" } })));
      await resume(on, run.id);
      const { history } = await statusOf(on, run.id);
      expect(
        history.filter(
          ({ step_name, kind }: Record<string, string>) => step_name === "Audit Modules" && kind === "visit",
        ),
      ).toHaveLength(1);
    });

    test("fail_fast cancels the others, those that never began too", async () => {
      const extras = ["max_parallel: 2", "fail_fast: true", "into: audits"];
      const on = await serve({ workflows: auditWorkflows({ "Audit Modules": branchStep(extras) }) });
      const { run, told: board } = await entered(on, FIVE);
      const [one, two] = board.data.branches.new;
      await doBranch(on, await resume(on, one.instance_id), { status: "failure", error: "broken" });
      expect((await statusOf(on, two.instance_id)).status).toBe("CANCELLED");
      const { audits } = (await resume(on, run.id)).data.current_context;
      const all = ["FAILED", "CANCELLED", "CANCELLED", "CANCELLED", "CANCELLED"];
      expect(audits.map(({ status }: { status: string }) => status)).toEqual(all);
    });
  });
}

describe("what else branches are for", () => {
  async function at(workflows: string) {
    const now = { time: Date.now() };
    const on = await connectInProcess({ workflows: [workflows] }, { now: () => new Date(now.time) });
    return { on: on as unknown as Served & typeof on, now }; // what these tests call of it is there
  }

  test("Join Instructions are handed to the agent in the same visit, and its report decides", async () => {
    const dir = auditWorkflows({
      "Audit Modules": { ...branchStep(["into: audits", "produces: {summary: string}"]), instructions: "JOIN" },
    });
    const file = `${dir}/AUDIT/steps/audit-modules.md`;
    await Bun.write(
      file,
      (await Bun.file(file).text()).replace(
        "# Client Instructions\n\nJOIN",
        "# Join Instructions\n\nJoin {{ context.audits }}",
      ),
    );
    const { on } = await at(dir);
    const { run, told } = await entered(on);
    const joining = await doBranch(on, await doBranch(on, told));
    expect(joining.data).toMatchObject({ instance_id: run.id, next_step: { step_id: "2-audit-modules" } });
    expect(joining.data.next_step.instructions).toContain('Join [{"item":"money.js"');
    expectError(await report(on, joining), "INCOMPLETE_REPORT");
    await report(on, joining, { status: "paused" });
    expect((await resume(on, run.id)).data.next_step).toEqual(joining.data.next_step); // joined once, not begun anew
    const after = await report(on, joining, { updates: { summary: "fine" } });
    expect(after.data.next_step.step_name).toBe("Report");
  });

  test.each<[string, string[], object, string]>([
    ["an empty list", [], { modules: [] }, "success"],
    ["a list that is none", ["each: context.modules.names"], { modules: [{ names: 1 }] }, "failure"],
    ["over a thousand", [], { modules: Array.from({ length: 1_001 }, (_, n) => n) }, "failure"],
  ])("%s is joined at once", async (_what, extras, updates, status) => {
    const step =
      extras.length > 0
        ? { extras: ["uses: MODULE_AUDIT", ...extras, "as: module"], routes: ["otherwise → Report"] }
        : branchStep();
    const { on } = await at(auditWorkflows({ "Audit Modules": step }));
    const { run, told } = await entered(on, { updates });
    expect(told.data.next_step.step_name).toBe("Report");
    const entry = (await statusOf(on, run.id)).history.find(
      ({ step_name, kind }: Record<string, string>) => step_name === "Audit Modules" && kind === "visit",
    );
    expect(entry.report.status).toBe(status);
  });

  test("a fault in what a branch begins with fails that branch, says why, and the others go on", async () => {
    const step = branchStep(["with: {name: item.name}", "into: audits"]);
    const { on } = await at(auditWorkflows({ "Audit Modules": step }));
    const { told } = await entered(on, { updates: { modules: [{ other: 1 }, { name: "names.js" }] } });
    expect(told.data).toMatchObject({ branch: { number: 2 }, current_context: { name: "names.js" } });
    const after = await doBranch(on, told);
    expect(after.data.current_context.audits).toMatchObject([
      { status: "FAILED", error: expect.stringContaining("with.name") },
      { status: "COMPLETED" },
    ]);
  });

  test("a parent that is cancelled, rewound or runs out of time takes its open branches along", async () => {
    const { on, now } = await at(
      auditWorkflows({ "Audit Modules": branchStep(["deadline: {after: 1h, then: Report}"]) }),
    );
    const ways: ((run: Run) => Promise<unknown>)[] = [
      ({ id }) => on.call("cancel_workflow", { instance_id: id }),
      ({ id }) => on.call("rewind_workflow", { instance_id: id, to_visit: 1 }),
      ({ id }) => {
        now.time += 3_600_001;
        return resume(on, id);
      },
    ];
    for (const way of ways) {
      const { run, told } = await entered(on);
      await way(run);
      expect((await statusOf(on, told.data.instance_id)).status).toBe("CANCELLED");
      expectError(await report(on, told), "INSTANCE_FINAL");
    }
  });

  test("a branch whose context would be too large fails, and holds up no other", async () => {
    const big = "item == 'money.js' ? context.big : ''";
    const step = branchStep([`with: {${[..."abcde"].map((key) => `${key}: "${big}"`)}}`, "into: audits"]);
    const { on } = await at(auditWorkflows({ "Audit Modules": step }));
    const { told } = await entered(on, { updates: { big: "x".repeat(60_000), modules: ["money.js", "names.js"] } });
    expect(told.data).toMatchObject({ branch: { number: 2 } });
    const { audits } = (await doBranch(on, told)).data.current_context;
    expect(audits).toMatchObject([
      { error: expect.stringContaining("larger than the limit") },
      { status: "COMPLETED" },
    ]);
  });

  test("a rewind of a run is done again once its branches moved, and only then", async () => {
    const { on } = await at(auditWorkflows());
    const { run } = await entered(on);
    const back = () => on.call("rewind_workflow", { instance_id: run.id, to_visit: 2 });
    const first = await back();
    expect((await back()).data).toMatchObject({ instance_id: first.data.instance_id, replayed: true });
    await doBranch(on, first);
    const again = await back();
    expect(again.data).toMatchObject({ branch: { number: 1 }, next_step: { step_id: "b1-1-read-module" } });
    expect(again.data.instance_id).not.toBe(first.data.instance_id);
    await report(on, again);
    expect((await back()).data.instance_id).not.toBe(again.data.instance_id);
  });

  test("a branch that is cancelled is counted, and the next one begins", async () => {
    const { on } = await at(auditWorkflows());
    const { told } = await entered(on);
    const next = await on.call("cancel_workflow", { instance_id: told.data.instance_id });
    expect(next.data).toMatchObject({ branch: { number: 2 }, ended: [{ number: 1, status: "CANCELLED" }] });
    const after = await doBranch(on, next);
    expect(after.data.current_context.audits).toMatchObject([{ status: "CANCELLED" }, { status: "COMPLETED" }]);
  });

  test("a branch that waits for a person keeps its place, and goes on after the yes", async () => {
    const judge = { extras: ["approval: true"], routes: ["otherwise → FINISH"] };
    const { on } = await at(auditWorkflows({}, { "Judge Module": judge }, []));
    const { run, told } = await entered(on);
    const waits = await report(on, told);
    expect(waits.data).toMatchObject({ status: "SUSPENDED", instance_id: told.data.instance_id });
    expect((await resume(on, run.id)).data).toMatchObject({ status: "SUSPENDED", instance_id: told.data.instance_id });
    const who = person(on);
    const asked = await who.engine.approvals({ all: false });
    expect(asked.map(({ instance_id }) => instance_id)).toEqual([told.data.instance_id]);
    await who.yes(told.data.instance_id);
    const judged = await resume(on, run.id);
    expect(judged.data.next_step.step_id).toBe("b1-2-judge-module");
    expect((await report(on, judged)).data).toMatchObject({ branch: { number: 2 } });
  });

  test("a Liquid template of a branch has its item, and that of the join what became of all", async () => {
    const read = {
      extras: ["template: liquid", "next: [Judge Module]"],
      instructions: "Read {{ item }} of {{ context.module }}.",
    };
    const step = { ...branchStep(["template: liquid"]), instructions: "JOIN" };
    const dir = auditWorkflows({ "Audit Modules": step }, { "Read Module": read });
    const file = `${dir}/AUDIT/steps/audit-modules.md`;
    const join =
      "# Join Instructions\n\n{{ branches.completed }} of {{ branches.total }}: {{ branches.results[1].item }}";
    await Bun.write(file, (await Bun.file(file).text()).replace("# Client Instructions\n\nJOIN", join));
    const { on } = await at(dir);
    const { told } = await entered(on);
    expect(told.data.next_step.instructions).toBe("Read money.js of money.js.");
    const joining = await doBranch(on, await doBranch(on, told));
    expect(joining.data.next_step.instructions).toBe("2 of 2: names.js");
  });

  test("the outputs of a branch are 8 kB at most, and those of all together 64 kB in the parent: a file has the rest", async () => {
    const { on } = await at(auditWorkflows());
    const modules = Array.from({ length: 10 }, (_, n) => `${n}.js`);
    let { told } = await entered(on, { updates: { modules } });
    for (const number of modules.keys()) {
      const judge = await report(on, told);
      if (number === 0) {
        const long = await report(on, judge, { updates: { verdict: "x".repeat(9_000) } });
        expect(expectError(long, "INVALID_INPUT").text).toContain("limit is 8192");
      }
      told = await report(on, judge, { updates: { verdict: "x".repeat(8_000) } });
    }
    const { audits, audits_file } = told.data.current_context;
    expect(audits).toHaveLength(10);
    expect(audits[0]).toEqual({ item: "0.js", status: "COMPLETED" });
    expect((await Bun.file(audits_file).json())[9].outputs.verdict).toHaveLength(8_000);
  });

  test("a branch that is paused goes on with the next resume of its root, and a report that comes along counts for it", async () => {
    const { on } = await at(auditWorkflows());
    const { run, told } = await entered(on);
    expect((await report(on, told, { status: "paused" })).data.status).toBe("SUSPENDED");
    const resumed = await resume(on, run.id);
    expect(resumed.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "b1-1-read-module" } });
    const brought = { instance_id: run.id, report: { step_id: "b1-1-read-module", status: "success" } };
    expect((await on.call("resume_workflow", brought)).data.next_step.step_id).toBe("b1-2-judge-module");
  });

  test("branches of a run that nobody attends are not attended either", async () => {
    const { on } = await at(auditWorkflows());
    const run = await startRun(on, "AUDIT", { unattended: true });
    const told = await advance(on, run, TWO);
    expect(told.data.rules).toContain("Nobody can be asked");
  });

  test("use_latest moves the parent: its next branches run the files as they are then, the open one what it has", async () => {
    const dir = auditWorkflows();
    const { on, now } = await at(dir);
    const { run, told } = await entered(on);
    const file = `${dir}/MODULE_AUDIT/steps/read-module.md`;
    await Bun.write(file, (await Bun.file(file).text()).replace("Read {{", "Study {{"));
    await Bun.sleep(1_000); // edits are picked up within a second
    now.time += 60_000;
    const moved = await on.call("resume_workflow", { instance_id: run.id, use_latest: true });
    expect(moved.data.next_step).toMatchObject({ step_id: "b1-1-read-module", instructions: "Read money.js." });
    expect((await doBranch(on, told)).data.next_step.instructions).toBe("Study names.js.");
  });

  test("moved by a person to files without what its next items run, the step ends with those that began", async () => {
    const names = { extras: ["uses: [MODULE_AUDIT, SECOND]", "into: audits"], routes: ["otherwise → Report"] };
    const dir = auditWorkflows({ "Audit Modules": names });
    writeFiles(dir, workflowFiles("SECOND", { Do: { routes: ["otherwise → FINISH"] } }));
    const { on } = await at(dir);
    const { run, told } = await entered(on);
    const file = `${dir}/AUDIT/steps/audit-modules.md`;
    await Bun.write(file, (await Bun.file(file).text()).replace("[MODULE_AUDIT, SECOND]", "[MODULE_AUDIT]"));
    await Bun.sleep(1_000); // edits are picked up within a second
    const who = person({ ...on, workflows: [dir] });
    await who.engine.release({ instance_id: run.id, use_latest: true }, { actor: "cli" });
    const after = await doBranch(on, told);
    expect(after.data.current_context.audits).toMatchObject([{ status: "COMPLETED" }, { status: "CANCELLED" }]);
  });

  test("branches of branches: the end of the last one below leads up through all", async () => {
    const parts = {
      "Judge Module": { extras: ["uses: PART", "each: [1, 2]", "as: part"], routes: ["otherwise → FINISH"] },
    };
    const dir = auditWorkflows({}, parts, []);
    writeFiles(dir, workflowFiles("PART", { Do: { routes: ["otherwise → FINISH"] } }));
    const { on } = await at(dir);
    const { run, told } = await entered(on);
    let at_ = await report(on, told);
    const ids: string[] = [];
    while (at_.data.next_step.step_name === "Do" || at_.data.next_step.step_name === "Read Module") {
      ids.push(at_.data.next_step.step_id);
      at_ = await report(on, at_);
    }
    expect(ids).toEqual(["b1-1-do", "b2-1-do", "b2-1-read-module", "b1-1-do", "b2-1-do"]);
    expect(at_.data).toMatchObject({ instance_id: run.id, next_step: { step_name: "Report" } });
  });
});
