/** What the agent decides on the user's behalf is kept and told at the end; a run whose user cannot be asked says what to do instead. */
import { describe, expect, test } from "bun:test";
import { advance, expectError, expectRefused, historyOf, startRun, statusOf } from "./support/calls.ts";
import { TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const NOBODY =
  "Nobody can be asked: where the step says ask, take what can be undone, and name it in report.assumptions.";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("PLAN", {
    Sketch: { routes: ["otherwise → Build"] },
    Build: { routes: ["otherwise → Ship"] },
    Ship: { routes: ["`unattended` → FINISH", "otherwise → Sketch"] },
  }),
  ...workflowFiles("CHOOSE", { One: { guidance: "Go to Two or to Three." }, Two: {}, Three: {} }),
  ...workflowFiles("PRINT", {
    One: { routes: ["otherwise → Two"] },
    Two: {
      extras: ["template: liquid"],
      instructions: "{% if unattended %}Alone{% endif %}: {{ assumptions | join: ' / ' }}.",
      routes: ["otherwise → FINISH"],
    },
  }),
});

const at = (id: string, stepId: string) => ({ id, stepId });
const show = (db: string, id: string, ...more: string[]) =>
  Bun.spawnSync([EXECUTABLE, "show", id, "--db", db, ...more]).stdout.toString();

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    test("what was decided on the user's behalf stands in recap, status, show and the last answer", async () => {
      const on = await open({ workflows });
      const { id } = await startRun(on, "PLAN", { unattended: true });
      await advance(on, at(id, "1-sketch"), { status: "in_progress", assumptions: ["the column keeps its name."] });
      const built = await advance(on, at(id, "1-sketch"), { assumptions: ["the column keeps its name.", "no\nlock"] });
      const again = await advance(on, at(id, "1-sketch"), { assumptions: ["the column keeps its name.", "no\nlock"] });
      expect(again.data.replayed).toBe(true);
      for (const { data, text } of [built, again]) {
        expect(data.assumptions).toBeUndefined();
        expect(text).not.toContain("behalf");
      }
      const kept = [
        { visit: 1, text: "the column keeps its name." },
        { visit: 1, text: "no\nlock" },
      ];
      const resumed = await on.call("resume_workflow", { instance_id: id });
      const recalled = `Decided on the user's behalf: "the column keeps its name." (visit 1); "no lock" (visit 1).`;
      for (const form of [resumed.text, resumed.data.recap]) expect(form.split(recalled)).toHaveLength(2);
      expect(await statusOf(on, id)).toMatchObject({ unattended: true, assumptions: kept });
      const status = await on.call("get_workflow_status", { instance_id: id });
      const line = "Decided on the user's behalf: the column keeps its name (visit 1); no lock (visit 1)";
      for (const form of [status.text, show(on.db, id)]) {
        expect(form).toContain(`unattended: the user cannot be asked\n${line}.\n`);
      }
      expect(JSON.parse(show(on.db, id, "--json"))).toMatchObject({ unattended: true, assumptions: kept });
      await advance(on, at(id, "2-build"), { assumptions: ["1.0 it is"] });
      const done = await advance(on, at(id, "3-ship"));
      expect(done.data).toMatchObject({ status: "COMPLETED", assumptions: [...kept, { visit: 2, text: "1.0 it is" }] });
      for (const form of [done.text, done.data.rules])
        expect(form).toContain("Tell the user the outcome and what was decided on their behalf.");
      expect(done.text).toEndWith(`\n${line}; 1.0 it is (visit 2).`);
      const late = await on.call("resume_workflow", { instance_id: id });
      expect(late.text.split("behalf: ")).toHaveLength(2);
      expect(late.data.assumptions).toEqual(done.data.assumptions);
    });

    test("a rewind leaves behind what was assumed since, and the history keeps it", async () => {
      const on = await open({ workflows });
      const { id } = await startRun(on, "PLAN");
      await advance(on, at(id, "1-sketch"), { assumptions: ["first"] });
      await advance(on, at(id, "2-build"), { assumptions: ["second"] });
      await advance(on, at(id, "3-ship"), { status: "in_progress", assumptions: ["third"] });
      await on.call("rewind_workflow", { instance_id: id, to_visit: 2 });
      expect((await statusOf(on, id)).assumptions).toEqual([{ visit: 1, text: "first" }]);
      const said = (await historyOf(on, id)).flatMap(({ report }) => report?.assumptions ?? []);
      expect(said).toEqual(["first", "second", "third"]);
      const cancelled = await on.call("cancel_workflow", { instance_id: id });
      expect(cancelled.text).toEndWith("\nDecided on the user's behalf: first (visit 1).");
    });

    test("a report that is kept until the agent chooses counts once", async () => {
      const on = await open({ workflows });
      const { id } = await startRun(on, "CHOOSE");
      await advance(on, at(id, "1-one"), { assumptions: ["a"] });
      expect((await statusOf(on, id)).assumptions).toEqual([{ visit: 1, text: "a" }]);
      const chosen = await advance(on, at(id, "1-one"), { assumptions: ["a"], next_step: "Two" });
      expect(chosen.data.next_step.step_id).toBe("2-two");
      expect((await statusOf(on, id)).assumptions).toEqual([{ visit: 1, text: "a" }]);
      expect((await historyOf(on, id)).map(({ kind }) => kind)).toEqual(["visit"]);
    });

    test("what is no list of at most 10 texts of 300 characters is refused by its path", async () => {
      const on = await open({ workflows });
      const { id } = await startRun(on, "PLAN");
      const cases: [assumptions: unknown, message: string][] = [
        [Array.from({ length: 11 }, String), "report.assumptions has more than 10 items"],
        [["fine", "x".repeat(301)], "report.assumptions.1 is longer than 300 characters"],
        [["fine", "  \n "], "report.assumptions.1 is empty"],
        [["fine", 7], "report.assumptions.1: expected string, received number"],
        ["the column keeps its name", "report.assumptions: expected array, received string"],
        [{ text: "a" }, "report.assumptions: expected array, received object"],
        [["<what you did and saw>"], 'The report still holds the placeholder "<what you did and saw>"'],
      ];
      for (const [assumptions, message] of cases) {
        const call = () => advance(on, at(id, "1-sketch"), { assumptions });
        expect((await expectRefused(on, id, call, "INVALID_INPUT")).data.message).toStartWith(message);
        const resume = () =>
          on.call("resume_workflow", { instance_id: id, report: { status: "resuming", assumptions } });
        await expectRefused(on, id, resume, "INVALID_INPUT");
      }
      const most = Array.from({ length: 10 }, (_, n) => `${n}${"é".repeat(299)}`);
      const told = await advance(on, at(id, "1-sketch"), { assumptions: JSON.stringify(most) });
      expect(told.data.next_step.step_id).toBe("2-build");
      expect((await statusOf(on, id)).assumptions).toHaveLength(10);
    });

    test("each step of an unattended run says once what replaces the user, and routes and templates know", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "PLAN", { unattended: true });
      const second = await advance(on, run);
      const resumed = await on.call("resume_workflow", { instance_id: run.id });
      for (const { text, data } of [run.told, second, resumed])
        for (const form of [text, data.rules]) expect(form.split(NOBODY)).toHaveLength(2);
      expect(second.text).toContain(`Do Build.\n\n${NOBODY}\n\n---\n`);
      const attended = await startRun(on, "PLAN", { unattended: false });
      expect(attended.told.text + attended.told.data.rules).not.toContain("Nobody");
      await advance(on, attended);
      await advance(on, at(attended.id, "2-build"));
      expect((await advance(on, at(attended.id, "3-ship"))).data.next_step.step_name).toBe("Sketch");
      expect(await statusOf(on, attended.id)).not.toHaveProperty("unattended");
      const printed = await startRun(on, "PRINT", { unattended: true });
      const told = await advance(on, printed, { assumptions: ["a", "b"] });
      expect(told.data.next_step.instructions).toBe("Alone: a / b.");
      const plain = await startRun(on, "PRINT");
      expect((await advance(on, plain)).data.next_step.instructions).toBe(": .");
    });

    test("a repeated start must say the same of the user", async () => {
      const on = await open({ workflows });
      const args = { workflow_name: "PLAN", request_id: "r", unattended: true };
      const first = await on.call("start_workflow", args);
      const again = await on.call("start_workflow", { ...args, unattended: "true" });
      expect(again.data).toMatchObject({ replayed: true, instance_id: first.data.instance_id });
      expectError(await on.call("start_workflow", { ...args, unattended: false }), "INVALID_INPUT");
      expectError(await on.call("start_workflow", { ...args, unattended: undefined }), "INVALID_INPUT");
      const plain = { workflow_name: "PLAN", request_id: "s" };
      await on.call("start_workflow", plain);
      expect((await on.call("start_workflow", { ...plain, unattended: false })).data.replayed).toBe(true);
      expectError(await on.call("start_workflow", { ...plain, unattended: "maybe" }), "INVALID_INPUT");
    });

    test("fifty long ones fit the last answer, the recap and the status", async () => {
      const on = await open({ workflows });
      const { id } = await startRun(on, "PLAN", { unattended: true });
      for (let n = 0; n < 6; n++) {
        const assumptions = Array.from({ length: 10 }, (_, m) => `${n}-${m} ${"漢".repeat(290)}`);
        await advance(on, at(id, "1-sketch"), { status: "in_progress", assumptions });
      }
      for (const step of ["1-sketch", "2-build"]) await advance(on, at(id, step));
      const resumed = await on.call("resume_workflow", { instance_id: id });
      expect(resumed.data.recap).toContain(`behalf: 45 earlier: get_workflow_status; "5-5 `);
      const done = await advance(on, at(id, "3-ship"));
      for (const told of [done, await on.call("get_workflow_status", { instance_id: id, history_limit: 0 })]) {
        const { assumptions } = told.data;
        expect(assumptions.at(-1).text).toStartWith("5-9 ");
        expect(told.text).toContain(`behalf: ${50 - assumptions.length} earlier: get_workflow_status; `);
        expect(Buffer.byteLength(JSON.stringify(told))).toBeLessThan(62_000);
      }
      const whole = JSON.parse(show(on.db, id, "--json"));
      expect(whole.assumptions).toHaveLength(50);
      expect(whole.assumptions[0].text).toStartWith("1-0 ");
    });
  });
}
