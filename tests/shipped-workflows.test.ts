/** REFACTOR_WITH_TESTS and WORK, driven along every route to FINISH, by a client that sees only one form of the answers. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { historyOf, skeletonIn, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";

/** All that a client knows of an answer. */
interface Seen {
  status: string;
  step: string;
  // biome-ignore lint/suspicious/noExplicitAny: the arguments as the answer shows them
  call: any;
}

const CLIENTS: Record<string, (told: Told) => Seen> = {
  "text alone": ({ text }) => {
    const step = /^Step \d+ of \d+ · (.+) · visit \d+ · /m.exec(text)?.[1];
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

/** `Step ✓` or `Step ✗`, with the agent's choice after an arrow, and what the report sets where a route looks at it. */
type Visit = string | [visit: string, updates: object];

/** What a report sets unless a visit says otherwise: routes look at these keys. */
function usualUpdates(step: string, ok: boolean): object {
  if (step === "Run Baseline Tests") return { baseline_exit_code: ok ? 0 : 1 };
  if (step === "Run Unit Tests") return { test_exit_code: ok ? 0 : 1 };
  return {};
}

const located = "Locate Function ✓";
const applied = [located, "Run Baseline Tests ✓", "Apply Rename ✓"];
const checked = [...applied, "Check for Old References ✓"];
const tested = [...checked, "Run Unit Tests ✓"];
const reverted = ["Revert Changes ✓", "Report Outcome ✗"];
const repaired = ["Run Unit Tests ✗", "Attempt Auto Fix ✓"];
const leftover = ["Check for Old References ✗", "Apply Rename ✓"];

const understood = ["Understand Task ✓", "Make Plan ✓"];
const built = [...understood, "Implement Change ✓"];
const verified = [...built, "Verify Work ✓"];
const reviewed = [...verified, "Review Diff ✓"];
const handedOver = "Hand Over ✗";
const replanned = ["Verify Work ✗", "Fix Problems ✗", "Make Plan ✓", "Implement Change ✓"];

const SCENARIOS: Record<string, Record<string, Visit[]>> = {
  REFACTOR_WITH_TESTS: {
    "all goes well": [...tested, "Commit Changes ✓", "Report Outcome ✓"],
    "the function is not found": ["Locate Function ✗", "Report Outcome ✗"],
    "there is no baseline": [located, "Run Baseline Tests ✗", "Report Outcome ✗"],
    "the rename cannot be made": [located, "Run Baseline Tests ✓", "Apply Rename ✗", ...reverted],
    "a reference was missed": [
      ...applied,
      ...leftover,
      "Check for Old References ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "references are missed three times": [
      ...applied,
      ...leftover,
      ...leftover,
      "Check for Old References ✗",
      ...reverted,
    ],
    "a test fails and is repaired": [
      ...checked,
      ...repaired,
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "tests fail four times": [...checked, ...repaired, ...repaired, ...repaired, "Run Unit Tests ✗", ...reverted],
    "there is no repair": [
      ...checked,
      "Run Unit Tests ✗",
      "Attempt Auto Fix ✗",
      "Revert Changes ✗",
      "Report Outcome ✗",
    ],
    "a success that its exit code denies": [
      ...checked,
      ["Run Unit Tests ✓", { test_exit_code: 1 }],
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "failures known from the baseline": [
      located,
      ["Run Baseline Tests ✓", { baseline_exit_code: 1 }],
      "Apply Rename ✓",
      "Check for Old References ✓",
      ["Run Unit Tests ✓", { test_exit_code: 1 }],
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "a hook refuses the commit once": [
      ...tested,
      "Commit Changes ✗",
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✓",
      "Report Outcome ✓",
    ],
    "a hook refuses the commit twice": [
      ...tested,
      "Commit Changes ✗",
      "Attempt Auto Fix ✓",
      "Run Unit Tests ✓",
      "Commit Changes ✗",
      "Report Outcome ✗",
    ],
  },
  WORK: {
    "a small task": [
      ["Understand Task ✓", { small_task: true }],
      "Implement Change ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✓",
      "Hand Over ✓",
    ],
    "a task with a plan": [...reviewed, "Commit Changes ✓", "Hand Over ✓"],
    "the task stays unclear": ["Understand Task ✗", handedOver],
    "no plan meets the criteria": ["Understand Task ✓", "Make Plan ✗", handedOver],
    "three plans fail": [
      ...understood,
      "Implement Change ✗",
      "Make Plan ✓",
      "Implement Change ✗",
      "Make Plan ✓",
      "Implement Change ✗",
      handedOver,
    ],
    "verification fails five times": [
      ...built,
      ...Array.from({ length: 4 }, () => ["Verify Work ✗", "Fix Problems ✓"]).flat(),
      "Verify Work ✗",
      handedOver,
    ],
    "three repairs fail": [...built, ...replanned, ...replanned, "Verify Work ✗", "Fix Problems ✗", handedOver],
    "reviews find defects, then a wrong approach, then more": [
      ...verified,
      "Review Diff ✗ → Fix Problems",
      "Fix Problems ✓",
      "Verify Work ✓",
      "Review Diff ✗ → Make Plan",
      "Make Plan ✓",
      "Implement Change ✓",
      "Verify Work ✓",
      "Review Diff ✗",
      handedOver,
    ],
    "a hook refuses the commit once": [
      ...reviewed,
      "Commit Changes ✗",
      "Fix Problems ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✓",
      "Hand Over ✓",
    ],
    "a hook refuses the commit twice": [
      ...reviewed,
      "Commit Changes ✗",
      "Fix Problems ✓",
      "Verify Work ✓",
      "Review Diff ✓",
      "Commit Changes ✗",
      handedOver,
    ],
  },
};

interface Drive {
  on: Connection;
  see: (told: Told) => Seen;
}

/** Drives one run along the visits; fails where the server leads elsewhere. Resolves to the instance's id. */
async function drive({ on, see }: Drive, workflow_name: string, visits: Visit[]): Promise<string> {
  let seen = see(await on.call("start_workflow", { workflow_name }));
  const { instance_id } = seen.call;
  for (const visit of visits) {
    const [words, updates] = typeof visit === "string" ? [visit, {}] : visit;
    const [, step = "", mark, choice] = /^(.+) ([✓✗])(?: → (.+))?$/.exec(words) ?? [];
    expect({ visits: words, at: seen.step }).toEqual({ visits: words, at: step });
    const ok = mark === "✓";
    const said = {
      status: ok ? "success" : "failure",
      details: `${step} was done`,
      ...(ok ? {} : { error: "it did not work" }),
    };
    const context_updates = { ...usualUpdates(step, ok), ...updates };
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
      expect(routes.length).toBeGreaterThan(10);
      expect([...taken].sort()).toEqual([...routes].sort());
      const byRoute = decidedBy.filter((each) => each === "route").length / decidedBy.length;
      expect(byRoute).toBeGreaterThanOrEqual(0.9);
    });
  });
}

test.each(Object.keys(SCENARIOS))(
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
