/** A step that other runs do: one at a time, which needs nothing new of an agent, or several at once. */
import { describe, expect, test } from "bun:test";
import { advance, expectError, startRun, statusOf } from "./support/calls.ts";
import type { Told } from "./support/client.ts";
import { type Served, TRANSPORTS } from "./support/either.ts";
import { type StepText, scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const AUDIT: Record<string, StepText> = {
  List: { extras: ["next: [Audit Modules]", "produces: {modules: array}"] },
  "Audit Modules": {
    extras: ["uses: MODULE_AUDIT", "each: context.modules", "as: module", "into: audits"],
    routes: ["`branches.failed > 0` → List", "otherwise → Report"],
  },
  Report: { instructions: "Report {{ context.audits }}", routes: ["otherwise → FINISH"] },
};
const MODULE: Record<string, StepText> = {
  "Read Module": { instructions: "Read {{ context.module }}.", extras: ["next: [Judge Module]"] },
  "Judge Module": {
    extras: ["produces: {verdict: string}"],
    routes: ["`report.status == 'success'` → FINISH", "otherwise → FAIL"],
  },
};

function workflows(more: Partial<Record<string, StepText>> = {}): string {
  const dir = scratchDir();
  const audit = { ...AUDIT, ...more } as Record<string, StepText>; // no key is undefined
  writeFiles(dir, branchless(workflowFiles("AUDIT", audit)));
  writeFiles(dir, workflowFiles("MODULE_AUDIT", MODULE, "Know a module.", ["outputs: {verdict: string}"]));
  return dir;
}

/** A branch step has no Client Instructions. */
function branchless(files: Record<string, string>): Record<string, string> {
  const bare = (text: string) => (text.includes("uses:") ? text.replace(/# Client Instructions\n\n[^#]*/, "") : text);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, bare(text)]));
}

/** Reports the step that was handed out. */
function report(on: Served, told: Told, said: Parameters<typeof advance>[2] = {}): Promise<Told> {
  const { instance_id, next_step } = told.data;
  return advance(on, { id: instance_id, stepId: next_step.step_id }, said);
}

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  describe(`one at a time, over ${name}`, () => {
    test("a report that ends a branch brings the next one's first step, the last one's what follows", async () => {
      const on = await serve({ workflows: workflows() });
      const run = await startRun(on, "AUDIT");
      let told = await advance(on, run, { updates: { modules: ["money.js", "names.js"] } });
      expect(told.data).toMatchObject({
        status: "RUNNING",
        workflow_name: "MODULE_AUDIT",
        branch: { of: run.id, step_name: "Audit Modules", number: 1, total: 2, item: "money.js" },
        next_step: { step_id: "b1-1-read-module", instructions: "Read money.js." },
      });
      told = await report(on, told);
      expect(told.data.next_step.step_id).toBe("b1-2-judge-module");
      told = await report(on, told, { updates: { verdict: "good" } });
      expect(told.data).toMatchObject({ branch: { number: 2 }, next_step: { step_id: "b2-1-read-module" } });
      told = await report(on, await report(on, told), { updates: { verdict: "bad" } });
      expect(told.data).toMatchObject({
        instance_id: run.id,
        next_step: { step_name: "Report" },
        current_context: {
          audits: [
            { item: "money.js", status: "COMPLETED", outputs: { verdict: "good" } },
            { item: "names.js", status: "COMPLETED", outputs: { verdict: "bad" } },
          ],
        },
      });
      expect((await report(on, told)).data.status).toBe("COMPLETED");
    });

    test("resume {} finds the way back into the middle of it, and a repeated report what follows", async () => {
      const on = await serve({ workflows: workflows() });
      const run = await startRun(on, "AUDIT");
      const first = await advance(on, run, { updates: { modules: ["money.js", "names.js"] } });
      const second = await report(on, first);
      expect((await on.call("resume_workflow", {})).data.next_step.step_id).toBe("b1-2-judge-module");
      const third = await report(on, second, { updates: { verdict: "good" } });
      const again = await report(on, second, { updates: { verdict: "good" } });
      expect(again.data).toMatchObject({
        replayed: true,
        instance_id: third.data.instance_id,
        next_step: { step_id: "b2-1-read-module" },
      });
      const wrong = await advance(on, { id: run.id, stepId: "2-audit-modules" });
      expect(expectError(wrong, "INVALID_INPUT").data.hint).toContain(third.data.instance_id);
      expect((await statusOf(on, run.id)).waiting_for).toMatchObject({
        kind: "branches",
        branches: { total: 2, begun: 2, completed: 1 },
      });
    });
  });
}
