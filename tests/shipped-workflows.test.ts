/** The shipped workflows, driven along every route to FINISH and FAIL, by a client that sees only one form of the answers. */
import { Database } from "bun:sqlite";
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, historyOf, skeletonIn, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { person } from "./support/person.ts";
import { FAILED, filledIn, SCENARIOS, usualUpdates, type Visit } from "./support/shipped-scenarios.ts";
import { walk } from "./support/walks.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

/** For whatever needs neither a project nor a history of its own. */
let on: Connection;
beforeAll(async () => {
  on = await connect({ forAll: true });
});

/** Most bytes of a step's instructions, as its author wrote them. */
const MAX_INSTRUCTIONS_BYTES = 1_800;

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
    if (/^SUSPENDED · /m.test(text)) return { status: "SUSPENDED", step: "", call: null };
    return { status: "RUNNING", step: step ?? asked ?? "", call: skeletonIn(text) };
  },
  "structured content alone": ({ data }) => ({
    status: data.status,
    step: data.next_step?.step_name ?? "",
    call: data.report_with?.arguments ?? null,
  }),
};

/** Steps that a person must approve. */
const NEEDS_YES = new Set(["Open Pull Request"]);

/** Who decided, over all runs, by client. */
const tally: Record<string, string[]> = {};

/**
 * Drives one run along the visits; fails if the server leads elsewhere. Resolves to the ids of the instances whose steps
 * were handed out, the run's own first.
 */
async function drive(see: (told: Told) => Seen, workflow_name: string, scenario: Visit[]): Promise<string[]> {
  const end = scenario.at(-1) === FAILED ? FAILED : "COMPLETED";
  const visits = scenario.filter((visit) => visit !== FAILED);
  let seen = see(await on.call("start_workflow", { workflow_name }));
  const ids = new Set<string>();
  for (const visit of visits) {
    const [words, updates] = typeof visit === "string" ? [visit, {}] : visit;
    if (seen.call) ids.add(seen.call.instance_id);
    const [, step = "", mark, choice] = /^(.+) ([✓✗⊘])(?: (?:→ )?(.+))?$/.exec(words) ?? [];
    if (NEEDS_YES.has(step)) {
      expect(seen.status).toBe("SUSPENDED");
      const [instance_id = ""] = ids;
      const who = person(on);
      await (mark === "⊘" ? who.no(instance_id, choice) : who.yes(instance_id));
      seen = see(await on.call("resume_workflow", { instance_id }));
      if (mark === "⊘") continue;
    }
    expect({ visits: words, at: seen.step }).toEqual({ visits: words, at: step });
    const ok = mark === "✓";
    const said = {
      status: ok ? "success" : "failure",
      details: `${step} was done`,
      ...(ok ? {} : { error: "it did not work" }),
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
  expect(seen).toEqual({ status: end, step: seen.step, call: null });
  return [...ids];
}

interface Definition {
  name: string;
  steps: {
    name: string;
    instructions: string;
    routes: { when: string | null; to: string }[];
    checks?: { kind?: string }[];
    sets?: Record<string, string>;
  }[];
  used?: Record<string, { workflow: Definition }>;
}

/** The definition as the server parsed and pinned it, with those that it uses. */
function definitionsOf(db: string, workflow_name: string): Definition[] {
  const file = new Database(db, { readonly: true });
  const row = file
    .query<{ body: string }, [string]>("SELECT body FROM definitions WHERE workflow_name = ?")
    .get(workflow_name);
  file.close();
  const all: Definition[] = [JSON.parse(row?.body ?? "null")];
  for (const { used } of all) all.push(...Object.values(used ?? {}).map(({ workflow }) => workflow));
  return all;
}

function stepsOf(db: string, workflow_name: string): Definition["steps"] {
  return definitionsOf(db, workflow_name).flatMap(({ steps }) => steps);
}

function routesOf(steps: Definition["steps"]): string[] {
  return steps.flatMap((step) => step.routes.map(({ when, to }) => `${step.name}: ${when ?? "otherwise"} → ${to}`));
}

for (const [client, see] of Object.entries(CLIENTS)) {
  describe.each(Object.entries(SCENARIOS))(`by a client that sees ${client}: %s`, (workflow, scenarios) => {
    test("every route of every step leads on, and every run ends at FINISH or FAIL", async () => {
      const taken = new Set<string>();
      const decidedBy: string[] = [];
      for (const visits of Object.values(scenarios)) {
        const [id = "", ...branches] = await drive(see, workflow, visits);
        const entries = (await Promise.all([id, ...branches].map((each) => historyOf(on, each)))).flat();
        for (const { decision, ...entry } of entries.filter(({ kind }) => kind === "visit")) {
          decidedBy.push(decision.decided_by);
          const when = decision.reasoning.replace(/^(?:denied by .* \()?`(.*)` is true\)?$/, "$1");
          if (decision.decided_by === "route" || decision.decided_by === "person") {
            taken.add(`${entry.step_name}: ${when} → ${decision.next_step}`);
          }
        }
        expect((await statusOf(on, id)).status).toBe(visits.at(-1) === FAILED ? FAILED : "COMPLETED");
      }
      const routes = routesOf(stepsOf(on.db, workflow));
      expect(routes.length).toBeGreaterThan(4);
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
  for (const name of Object.keys(SCENARIOS)) expect((await startRun(on, name)).told.data.current_context).toEqual({});
  const { workflows } = (await on.call("list_workflows")).data;
  expect(workflows.map((each: { name: string }) => each.name).sort()).toEqual(Object.keys(SCENARIOS).sort());
});

test.each(["AUDIT", "REFACTOR_WITH_TESTS", "WORK", "SPRINT_TASK"])(
  "%s starts without any context, and what is given appears in its first step",
  async (workflow) => {
    const bare = await startRun(on, workflow);
    expect(bare.told.data.current_context).toEqual({});
    const given = await startRun(on, workflow, { context: { project_path: "/home/ada/engine" } });
    expect(given.told.text).toContain("/home/ada/engine");
    expect(bare.told.text).not.toContain("/home/ada/engine");
  },
);

test("a step's instructions take at most 1.8 kB, and say nothing of braces", async () => {
  for (const workflow of Object.keys(SCENARIOS)) {
    await startRun(on, workflow);
    for (const { name, instructions } of stepsOf(on.db, workflow)) {
      expect({ name, bytes: Buffer.byteLength(instructions) > MAX_INSTRUCTIONS_BYTES }).toEqual({ name, bytes: false });
      expect(instructions).not.toMatch(/brace|mktemp/);
    }
  }
});

test("whoever reviews, verifies or looks for what was missed changes no file", async () => {
  const unedited = ["AUDIT", "REFACTOR_WITH_TESTS", "WORK", "SPRINT_TASK"].map(async (workflow) => {
    await startRun(on, workflow);
    return stepsOf(on.db, workflow).flatMap(({ name, checks = [] }) =>
      checks.some(({ kind }) => kind === "edits") ? [name] : [],
    );
  });
  expect(await Promise.all(unedited)).toEqual([
    ["Agree on Scope", "Audit Parts"],
    ["Check for Old References"],
    ["Verify Work", "Review Diff"],
    ["Verify Criteria", "Review Against Ticket"],
  ]);
});

test("orchestrator validate finds neither problem nor warning in a shipped workflow", () => {
  const { stdout, exitCode } = Bun.spawnSync([EXECUTABLE, "validate", "--workflows", "builtin", "--json"]);
  const told: { problems: unknown[]; warnings: unknown[] }[] = JSON.parse(stdout.toString());
  expect(told.flatMap(({ problems, warnings }) => [...problems, ...warnings])).toEqual([]);
  expect(exitCode).toBe(0);
});

test.each(["work", "sprint-task"])("no answer of the recorded run %s tells a criterion twice", async (name) => {
  const on = await connect();
  const answers = await walk(on, name);
  const { context } = await statusOf(on, answers.at(-1)?.data.instance_id);
  expect(context.acceptance_criteria.length).toBeGreaterThan(4);
  const most = answers.flatMap(({ text, data }) =>
    context.acceptance_criteria.flatMap((criterion: string) =>
      [text, JSON.stringify(data)].map((form) => form.split(criterion).length - 1),
    ),
  );
  expect(Math.max(...most)).toBe(1);
});

/**
 * Calls that a run took with version 0.1.0, where the agent reported each run of the tests: start_workflow, and the visits
 * of "all goes well" and "a test fails and is repaired" in the scenarios of that version.
 */
const CALLS_WITH_0_1_0 = { passes: 8, repaired: 10 };

/** Starts REFACTOR_WITH_TESTS with a server that counts its runs of the tests, and reports until the run ends. */
async function refactor(script: string, mend: (step: string, project: string) => void) {
  const project = scratchDir();
  const runs = join(scratchDir(), "runs");
  writeFiles(project, { "check.sh": `echo run >> ${runs}\n${script}`, good: "" });
  const on = await connect({ project, args: ["--command", "test=sh check.sh"] });
  const answers = [(await startRun(on, "REFACTOR_WITH_TESTS")).told];
  for (let told = answers[0]; told?.data.status === "RUNNING"; told = answers.at(-1)) {
    mend(told.data.next_step.step_name, project);
    const call = told.data.report_with.arguments;
    const at = { id: call.instance_id, stepId: call.report.step_id };
    answers.push(await advance(on, at, { updates: filledIn(call.context_updates) }));
  }
  return { calls: answers.length, runs: readFileSync(runs, "utf8").split("\n").length - 1, last: answers.at(-1) };
}

test("with --command test, REFACTOR_WITH_TESTS takes fewer calls than with 0.1.0, and the tests run once a proof", async () => {
  const passes = await refactor("exit 0", () => {});
  expect(passes).toMatchObject({ calls: 5, runs: 2, last: { data: { status: "COMPLETED" } } });
  expect(passes.calls).toBeLessThan(CALLS_WITH_0_1_0.passes);
  const repaired = await refactor("test -e good", (step, project) => {
    if (step === "Check for Old References") rmSync(join(project, "good"));
    if (step === "Attempt Auto Fix") writeFileSync(join(project, "good"), "");
  });
  expect(repaired).toMatchObject({ calls: 6, runs: 3, last: { data: { status: "COMPLETED" } } });
  expect(repaired.calls).toBeLessThan(CALLS_WITH_0_1_0.repaired);
});

test("REFACTOR_WITH_TESTS begins only, and commits only, what the server itself saw pass its tests", async () => {
  const red = await refactor("exit 1", () => {});
  expect(red).toMatchObject({ runs: 1, last: { data: { status: "FAILED" } } });
  expect(red.last?.text).toContain("Done by the server: Run Baseline Tests ✗ exit 1");

  const on = await connect({ args: ["--command", "test=test -e good"] });
  const good = join(on.project, "good");
  writeFileSync(good, "");
  const run = await startRun(on, "REFACTOR_WITH_TESTS");
  const steps = stepsOf(on.db, "REFACTOR_WITH_TESTS");
  const leading = steps.filter(({ routes }) => routes.some(({ to }) => to === "Commit Changes"));
  expect(leading.map(({ name }) => name)).toEqual(["Run Unit Tests"]);
  expect(steps.every(({ routes }) => routes.at(-1)?.when === null)).toBe(true);
  let told = run.told;
  for (const name of ["Locate Function", "Apply Rename", "Check for Old References"]) {
    const { context_updates, report } = told.data.report_with.arguments;
    if (name === "Check for Old References") rmSync(good);
    const updates = filledIn(context_updates);
    const forged = { ...updates, baseline_exit_code: 1, test_exit_code: 0 };
    const refused = await advance(on, { id: run.id, stepId: report.step_id }, { updates: forged, details: "passed" });
    expectError(refused, "INVALID_INPUT");
    expect(refused.text).toContain('baseline_exit_code is set by step "Run Baseline Tests" alone');
    told = await advance(on, { id: run.id, stepId: report.step_id }, { updates, details: "all tests pass" });
  }
  for (let repairs = 0; repairs < 3; repairs++) {
    expect(told.data.next_step.step_name).toBe("Attempt Auto Fix");
    const claim = { next_step: "Commit Changes", updates: { fixes: [] }, details: "all tests pass" };
    told = await advance(on, { id: run.id, stepId: told.data.next_step.step_id }, claim);
  }
  expect(told.data.next_step.step_name).toBe("Revert Changes");
});

test("programs that print nothing leave no gap in the instructions that name their output", async () => {
  for (const workflow of Object.keys(SCENARIOS)) {
    await startRun(on, workflow);
    const steps = stepsOf(on.db, workflow);
    const outputs = steps.flatMap(({ sets = {} }) => Object.keys(sets).filter((key) => sets[key] === "output_file"));
    for (const { name, instructions } of steps) {
      const named = outputs.filter((key) => instructions.includes(`{{ context.${key} }}`));
      const asked = named.filter((key) => new RegExp(`{% if [^%]*context\\.${key} `).test(instructions));
      expect({ name, named }).toEqual({ name, named: asked });
    }
  }
});

test("SAVE pauses a run with what is half done, and whoever comes goes on with it", async () => {
  const on = await connect();
  const work = await startRun(on, "WORK");
  let { told } = await startRun(on, "SAVE");
  const runs = [
    { instance_id: work.id, workflow_name: "WORK", current_step_name: "Understand Task", step_id: work.stepId },
  ];
  for (const step of ["Find Runs", "Secure Work", "Write Handover Note"]) {
    expect(told.data.next_step.step_name).toBe(step);
    const { instance_id, report, context_updates } = told.data.report_with.arguments;
    const updates = { ...filledIn(context_updates), ...(step === "Find Runs" ? { runs } : {}) };
    told = await advance(on, { id: instance_id, stepId: report.step_id }, { updates });
  }
  expect(told.data.next_step.instructions).toContain(work.id);
  const paused = await advance(on, work, {
    status: "paused",
    details: "read, not asked yet",
    updates: { half_done: "it" },
  });
  expect(paused.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "paused" } });
  const { instance_id, report } = told.data.report_with.arguments;
  told = await advance(on, { id: instance_id, stepId: report.step_id }, { updates: { paused: [work.id] } });
  expect(told.data.status).toBe("COMPLETED");
  const resumed = await on.call("resume_workflow", {});
  expect(resumed.data).toMatchObject({ instance_id: work.id, status: "RUNNING", current_context: { half_done: "it" } });
});

test("SPRINT_TASK without a user ends before it opens anything, and says what they do next", async () => {
  const run = await startRun(on, "SPRINT_TASK", { unattended: true });
  let told = run.told;
  for (let calls = 0; told.data.next_step.step_name !== "Update Ticket"; calls += 1) {
    expect(calls).toBeLessThan(15);
    const { step_name } = told.data.next_step;
    const call = told.data.report_with.arguments;
    const context_updates = { ...filledIn(call.context_updates), ...usualUpdates(step_name, true) };
    told = await on.call("advance_workflow", { ...call, report: { ...call.report, details: "done" }, context_updates });
    expect(told.data.status).toBe("RUNNING");
  }
  expect(told.data.next_step.instructions).toMatch(
    /not opened; its text: .*pull-request\.md\. What the user does next: `git push -u x x`/,
  );
  expect((await historyOf(on, run.id)).some(({ step_name }) => step_name === "Open Pull Request")).toBe(false);
});

test("AUDIT with helpers hands out three parts at once, and the next one when one has ended", async () => {
  const run = await startRun(on, "AUDIT");
  const asked = filledIn(run.told.data.report_with.arguments.context_updates);
  const parts = ["src/money.ts", "src/mail.ts", "src/names.ts", "src/stock.ts"];
  const resume = (instance_id: string) => on.call("resume_workflow", { instance_id });
  const { data: board } = await advance(on, run, { updates: { ...asked, parts, helpers: 3 } });
  expect(board.branches.new.map(({ item }: { item: string }) => item)).toEqual(parts.slice(0, 3));
  const files = new Set<string>();
  for (let ended = 0; ended < parts.length; ended += 1) {
    const [next] = (await resume(run.id)).data.branches.new;
    const { data } = await resume(next.instance_id);
    expect(data.next_step.instructions).toContain(`Read \`${parts[ended]}\``);
    files.add(data.files);
    const at = { id: next.instance_id, stepId: data.next_step.step_id };
    const { text } = await advance(on, at, { updates: { findings: [], record_file: "x" } });
    expect(text).toContain("Nothing more to call");
  }
  expect(files).toEqual(new Set([run.told.data.files]));
  const joining = await resume(run.id);
  expect(joining.data.next_step).toMatchObject({ step_name: "Audit Parts" });
  expect(joining.data.current_context.audits).toHaveLength(parts.length);
});
