/** The shipped workflows, driven along every route to FINISH, by a client that sees only one form of the answers. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectRefused, historyOf, skeletonIn, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";
import { filledIn, SCENARIOS, usualUpdates, type Visit } from "./support/shipped-scenarios.ts";

/** All that a client knows of an answer. */
interface Seen {
  status: string;
  step: string;
  // biome-ignore lint/suspicious/noExplicitAny: the arguments as the answer shows them
  call: any;
}

const CLIENTS: Record<string, (told: Told) => Seen> = {
  "text alone": ({ text }) => {
    const step = /^(?!SUSPENDED)(?:Step \d+ of \d+ · )?(.+) · visit \d+ · /m.exec(text)?.[1];
    const asked = /^Report kept; nothing moved yet\. Choose the step after (.+) \(visit \d+\):/m.exec(text)?.[1];
    const ended = /^([A-Z]+) · .+ · nothing more to call/m.exec(text)?.[1];
    if (ended) return { status: ended, step: "", call: null };
    return { status: "RUNNING", step: step ?? asked ?? "", call: skeletonIn(text) };
  },
  "structured content alone": ({ data }) => ({
    status: data.status,
    step: data.next_step?.step_name ?? "",
    call: data.report_with?.arguments ?? null,
  }),
};

/** Who decided, over all runs, by client. */
const tally: Record<string, string[]> = {};

interface Drive {
  on: Connection;
  see: (told: Told) => Seen;
}

/** Drives one run along the visits; fails if the server leads elsewhere. Resolves to the instance's id. */
async function drive({ on, see }: Drive, workflow_name: string, visits: Visit[]): Promise<string> {
  let seen = see(await on.call("start_workflow", { workflow_name }));
  const { instance_id } = seen.call;
  for (const visit of visits) {
    const [words, updates, more = {}] = typeof visit === "string" ? [visit, {}] : visit;
    const [, step = "", mark, choice] = /^(.+) ([✓✗])(?: → (.+))?$/.exec(words) ?? [];
    expect({ visits: words, at: seen.step }).toEqual({ visits: words, at: step });
    const ok = mark === "✓";
    const said = {
      status: ok ? "success" : "failure",
      details: `${step} was done`,
      ...(ok ? {} : { error: "it did not work" }),
      ...more,
    };
    const asked = ok ? filledIn(seen.call.context_updates) : {};
    const context_updates = { ...asked, ...usualUpdates(step, ok), ...updates };
    seen = see(
      await on.call("advance_workflow", { ...seen.call, report: { ...seen.call.report, ...said }, context_updates }),
    );
    if (choice === undefined) continue;
    expect({ at: seen.step, choose: seen.call.report.next_step }).toEqual({ at: step, choose: "<a candidate>" });
    seen = see(await on.call("advance_workflow", { ...seen.call, report: { ...seen.call.report, next_step: choice } }));
  }
  expect(seen).toEqual({ status: "COMPLETED", step: seen.step, call: null });
  return instance_id;
}

interface Definition {
  steps: { name: string; routes: { when: string | null; to: string }[] }[];
}

/** The definition as the server parsed and pinned it. */
function definitionOf(db: string, workflow_name: string): Definition {
  const file = new Database(db, { readonly: true });
  const row = file
    .query<{ body: string }, [string]>("SELECT body FROM definitions WHERE workflow_name = ?")
    .get(workflow_name);
  file.close();
  return JSON.parse(row?.body ?? "null");
}

function routesOf({ steps }: Definition): string[] {
  return steps.flatMap((step) => step.routes.map(({ when, to }) => `${step.name}: ${when ?? "otherwise"} → ${to}`));
}

for (const [client, see] of Object.entries(CLIENTS)) {
  describe.each(Object.entries(SCENARIOS))(`by a client that sees ${client}: %s`, (workflow, scenarios) => {
    test("every route of every step leads on, and every run ends at FINISH", async () => {
      const on = await connect();
      const taken = new Set<string>();
      const decidedBy: string[] = [];
      for (const visits of Object.values(scenarios)) {
        const id = await drive({ on, see }, workflow, visits);
        for (const { decision, ...entry } of await historyOf(on, id)) {
          decidedBy.push(decision.decided_by);
          const when = decision.reasoning.replace(/^`(.*)` is true$/, "$1");
          if (decision.decided_by === "route") {
            taken.add(`${entry.step_name}: ${when} → ${decision.next_step}`);
          }
        }
        expect((await statusOf(on, id)).status).toBe("COMPLETED");
      }
      const routes = routesOf(definitionOf(on.db, workflow));
      expect(routes.length).toBeGreaterThan(5);
      expect([...taken].sort()).toEqual([...routes].sort());
      tally[client] = [...(tally[client] ?? []), ...decidedBy];
    });
  });
}

test("over all shipped workflows, at least nine of ten decisions need no model", () => {
  for (const decidedBy of Object.values(tally)) {
    const byRoute = decidedBy.filter((each) => each === "route").length / decidedBy.length;
    expect(byRoute).toBeGreaterThanOrEqual(0.9);
  }
  expect(Object.keys(tally)).toEqual(Object.keys(CLIENTS));
});

test("the scenarios are of all shipped workflows, and each starts without any context", async () => {
  const on = await connect();
  for (const name of Object.keys(SCENARIOS)) expect((await startRun(on, name)).told.data.current_context).toEqual({});
  const { workflows } = (await on.call("list_workflows")).data;
  expect(workflows.map((each: { name: string }) => each.name).sort()).toEqual(Object.keys(SCENARIOS).sort());
});

test.each(["REFACTOR_WITH_TESTS", "WORK", "SPRINT_TASK"])(
  "%s starts without any context, and what is given appears in its first step",
  async (workflow) => {
    const on = await connect();
    const bare = await startRun(on, workflow);
    expect(bare.told.data.current_context).toEqual({});
    const given = await startRun(on, workflow, { context: { project_path: "/home/ada/engine" } });
    expect(given.told.text).toContain("/home/ada/engine");
    expect(bare.told.text).not.toContain("/home/ada/engine");
  },
);

test("REFACTOR_WITH_TESTS commits only what the server itself saw pass its tests", async () => {
  const on = await connect({ args: ["--command", "test=test -e good"] });
  const good = join(on.project, "good");
  writeFileSync(good, "");
  const run = await startRun(on, "REFACTOR_WITH_TESTS");
  const { steps } = definitionOf(on.db, "REFACTOR_WITH_TESTS");
  const leading = steps.filter(({ routes }) => routes.some(({ to }) => to === "Commit Changes"));
  expect(leading.map(({ name }) => name)).toEqual(["Run Unit Tests"]);
  expect(steps.every(({ routes }) => routes.at(-1)?.when === null)).toBe(true);
  let told = run.told;
  for (const name of ["Locate Function", "Run Baseline Tests", "Apply Rename", "Check for Old References"]) {
    const { context_updates, report } = told.data.report_with.arguments;
    const updates = { ...filledIn(context_updates), ...usualUpdates(name, true) };
    told = await advance(on, { id: run.id, stepId: report.step_id }, { updates });
  }
  rmSync(good);
  const updates = { ...filledIn(told.data.report_with.arguments.context_updates), test_exit_code: 0 };
  const claim = { next_step: "Commit Changes", updates, details: "all tests pass" };
  const at = { id: run.id, stepId: told.data.next_step.step_id };
  for (const status of ["success", "passed", "skipped"]) {
    await expectRefused(on, run.id, () => advance(on, at, { ...claim, status }), "CHECK_FAILED");
  }
  const failed = await advance(on, at, { ...claim, status: "failure" });
  expect(failed.data.next_step.step_name).toBe("Attempt Auto Fix");
});
