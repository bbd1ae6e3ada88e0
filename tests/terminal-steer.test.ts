/** `orchestrator cancel` and `rewind`: somebody steers a run from a terminal, or a script with --yes. */
import { describe, expect, test } from "bun:test";
import { advance, historyOf, type Run, startRun, statusOf } from "./support/calls.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { person } from "./support/person.ts";
import { decide } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const ASKED = "Type yes: ";
const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("RELEASE", {
    Build: { routes: ["otherwise → Deploy"] },
    Deploy: { extras: ["approval: {ask: 'Deploy it?'}"], routes: ["otherwise → Report"] },
    Report: { routes: ["otherwise → FINISH"] },
  }),
);

async function begin(): Promise<{ on: InProcess; run: Run; state: string[] }> {
  const on = await connectInProcess({ workflows: [workflows] });
  return { on, run: await startRun(on, "RELEASE"), state: ["--db", on.db] };
}

/** At the gate; the run waits for a person. */
async function waiting() {
  const there = await begin();
  await advance(there.on, there.run);
  return there;
}

function cli(...args: string[]) {
  const done = Bun.spawnSync([EXECUTABLE, ...args], { cwd: scratchDir(), stdin: "ignore" });
  return { code: done.exitCode, out: done.stdout.toString(), err: done.stderr.toString() };
}

describe("cancel", () => {
  test("shows the run, asks, and ends it with who and why; repeated, it says so", async () => {
    const { on, run, state } = await waiting();
    const words = ["cancel", run.id, "--reason", "not now", ...state];
    const unsure = await decide(words, [[ASKED, "y"]]);
    expect(unsure.code).toBe(1);
    expect((await statusOf(on, run.id)).status).toBe("SUSPENDED");
    const sure = await decide(words, [[ASKED, "yes"]]);
    expect(sure.code).toBe(0);
    expect(sure.seen).toContain(`${run.id} (RELEASE) is SUSPENDED at Deploy, visit 2, for `);
    expect(sure.seen).toContain("Waits: for a person's approval (Deploy it?)");
    expect(sure.seen).toContain(`${run.id} is CANCELLED. The agent is told at its next call.`);
    expect((await historyOf(on, run.id)).at(-1)).toMatchObject({
      actor: "cli",
      decision: { decided_by: "person", reasoning: "not now" },
    });
    expect(cli("cancel", run.id, ...state)).toMatchObject({ code: 0, out: `${run.id} is cancelled already.\n` });
  });

  test("without a terminal it needs --yes, and --json gives the outcome as data", async () => {
    const { on, run, state } = await begin();
    for (const more of [[], ["--json"]]) {
      const refused = cli("cancel", run.id, ...more, ...state);
      expect(refused.code).toBe(1);
      expect(refused.err).toContain("Nobody can be asked here; nothing changed.");
      expect(refused.err).toContain("or add --yes");
    }
    expect((await statusOf(on, run.id)).status).toBe("RUNNING");
    const done = cli("cancel", run.id, "--yes", "--json", ...state);
    expect(JSON.parse(done.out)).toMatchObject({ instance_id: run.id, status: "CANCELLED", waiting_for: null });
  });
});

describe("rewind", () => {
  test("says what it leads to, and takes the run back", async () => {
    const { on, run, state } = await begin();
    const words = ["rewind", run.id, "--to", "1", ...state];
    const sure = await decide([...words, "--reason", "look again"], [[ASKED, "yes"]]);
    expect(sure.seen).toContain("Back to visit 1 (Build): it becomes visit 2, with the context as it was then.");
    expect(sure.seen).toContain(
      `${run.id} is RUNNING at Build, visit 2. Tell the agent: resume_workflow {"instance_id":"${run.id}"}`,
    );
    expect((await historyOf(on, run.id)).at(-1)).toMatchObject({
      actor: "cli",
      decision: { decided_by: "rewind", reasoning: "look again", to_visit: 1 },
    });
    expect(cli(...words, "--yes").out).toContain("It was taken back there already.");
    await advance(on, { id: run.id, stepId: "2-build" });
    expect(cli("rewind", run.id, "--to", "9", "--yes", ...state).err).toContain(
      `Choose a visit from 1 to 3; orchestrator show lists them.`,
    );
  });

  test("a run that waits for a person is taken back by one alone, whatever the words say", async () => {
    const { on, run, state } = await waiting();
    const words = ["rewind", run.id, "--to", "1", "--yes", ...state];
    for (const more of [[], ["--json"]]) {
      expect(cli(...words, ...more)).toMatchObject({
        code: 1,
        err: expect.stringContaining("Only a person at a terminal"),
      });
    }
    expect((await statusOf(on, run.id)).status).toBe("SUSPENDED");
    const sure = await decide(words, [[ASKED, "yes"]]);
    expect(sure.seen).toContain("--yes does not count: the run waits for a person.");
    expect(sure.seen).toContain("What it waits for is over");
    expect(await statusOf(on, run.id)).toMatchObject({ status: "RUNNING", visit: 3 });
  });
});

test("with a PIN neither is done without it, and --yes does not count", async () => {
  const { on, run, state } = await begin();
  await person(on).pin.change(null, "123456");
  for (const words of [
    ["cancel", run.id],
    ["rewind", run.id, "--to", "1"],
  ]) {
    expect(cli(...words, "--yes", ...state)).toMatchObject({ code: 1, err: expect.stringContaining("Only a person") });
    const wrong = await decide(
      [...words, "--yes", ...state],
      [
        [ASKED, "yes"],
        ["PIN: ", "000000"],
        ["PIN: ", "\u0003"],
      ],
    );
    expect(wrong.code).toBe(1);
    expect(wrong.seen).toContain("--yes does not count: a PIN is set.");
  }
  expect((await statusOf(on, run.id)).status).toBe("RUNNING");
  const right = await decide(
    ["cancel", run.id, ...state],
    [
      [ASKED, "yes"],
      ["PIN: ", "123456"],
    ],
  );
  expect([right.code, (await statusOf(on, run.id)).status]).toEqual([0, "CANCELLED"]);
});

describe("errors", () => {
  test("name commands to a person, not an agent's tools", async () => {
    const { run, state } = await begin();
    cli("cancel", run.id, "--yes", ...state);
    const cases: [words: string[], way: string][] = [
      [["cancel", "run_none", "--yes"], "orchestrator instances --all lists the runs"],
      [["show", "run_none"], "orchestrator instances --all lists the runs"],
      [["rewind", run.id, "--to", "1", "--yes"], "orchestrator fork ID --at VISIT"],
      [["fork", run.id, "--at", "9"], "orchestrator show lists them"],
    ];
    for (const [words, way] of cases) {
      const { code, out, err } = cli(...words, ...state);
      expect([words, code, out]).toEqual([words, 1, ""]);
      expect(err).toContain(way);
      expect(err).not.toMatch(/list_instances|get_workflow_status|start_workflow/);
    }
  });

  test("of words are usage", () => {
    for (const words of [["cancel"], ["cancel", "a", "b"], ["rewind", "a"], ["rewind", "a", "--to", "0"]]) {
      expect(cli(...words).code).toBe(2);
    }
    expect(cli("cancel", "a", "--reason", "x".repeat(1_001)).err).toContain("The reason has 1001 characters");
  });
});
