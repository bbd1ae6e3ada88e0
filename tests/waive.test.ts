/** A person waives what a visit has to prove: once, by its name, for a reason; and the history never calls it passed. */
import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PATIENCE } from "../src/attempt.ts";
import { AppError } from "../src/errors.ts";
import {
  advance,
  type Entry,
  expectError,
  expectRefused,
  historyOf,
  type Run,
  startRun,
  statusOf,
} from "./support/calls.ts";
import { connect, type Told } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { waitFor } from "./support/stdio.ts";
import { decide, sitDown } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("PROVE", {
    Work: {
      extras: [
        "checks: [{file: docs/x.md}, {run: sh check.sh}, {command: test}, {command: lint}]",
        "edits: [docs/**]",
        "produces: {size: integer, name: string}",
      ],
      routes: ["`has(context.size) && context.size > 0` → Work", "otherwise → Again"],
    },
    Again: { extras: ["checks: [{command: test}]"], routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("KEYS", {
    First: { routes: ["otherwise → Work"] },
    Work: {
      extras: ["produces: {size: integer, name: string}"],
      routes: ["`has(context.size)` → First", "otherwise → FINISH"],
    },
  }),
  ...workflowFiles("ASK", {
    Work: { extras: ["checks: [{command: test}, {command: lint}]"], guidance: "Next or FINISH." },
    Next: {},
  }),
  ...workflowFiles("WAITS", {
    Wait: { extras: ["wait: 1h", "checks: [{command: test}]"] },
    Stop: { extras: ["max_visits: 1"] },
  }),
  ...workflowFiles("SLOW", {
    Work: { extras: ["checks: [{run: sh slow.sh}, {run: sh check.sh}]"], routes: ["otherwise → FINISH"] },
  }),
});

const PERSON = { actor: "cli" };
const COMMANDS = ["test=false", "lint=sh lint.sh"];

/** `check.sh` passes and says that it ran; `lint.sh` fails until `good` is there. */
function project(): string {
  const path = scratchDir();
  writeFiles(path, {
    "check.sh": "echo x >> ran\n",
    "lint.sh": "echo x >> linted\ntest -e good\n",
    "slow.sh": "echo x >> begun\nwhile ! test -e go; do sleep 0.02; done\nexit 1\n",
    "docs/x.md": "x",
  });
  return path;
}

async function open(more: Parameters<typeof connectInProcess>[0] = {}, clockwork = {}): Promise<InProcess> {
  const flags = { workflows: [workflows], allowChecks: true, commands: COMMANDS, project: project() };
  return connectInProcess({ ...flags, ...more }, clockwork);
}

const waive = ({ app }: InProcess, instance_id: string, what: string, reason = "flaky network") =>
  app.engine.waive({ instance_id, what, reason }, PERSON);

/** The code and the words of what the engine refuses, and that nothing was written. */
async function refusal(on: InProcess, id: string, waiving: () => Promise<unknown>): Promise<AppError> {
  const before = await statusOf(on, id);
  const error = await waiving().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error(`not refused: ${error}`);
  expect(await statusOf(on, id)).toEqual(before);
  return error;
}

/** The answer once the checks are over, however long they take. */
async function checkedAt(on: InProcess, run: Run): Promise<Told> {
  for (;;) {
    const told = await advance(on, run);
    if (!told.data.checks_running) return told;
  }
}

const outcomes = ({ evidence }: Entry | { evidence?: unknown }) =>
  (evidence as { check: string; outcome: string }[]).map(({ check, outcome }) => `${check} ${outcome}`);

test("what is waived is not looked at, the rest is, and every answer says so", async () => {
  const on = await open();
  writeFileSync(join(on.project, "good"), "");
  const run = await startRun(on, "PROVE");
  const said = { updates: { size: 0, name: "n" } };
  await expectRefused(on, run.id, () => advance(on, run, said), "CHECK_FAILED");
  const waived = await waive(on, run.id, "test");
  expect(waived).toMatchObject({ what: "test", reason: "flaky network" });
  const resumed = await on.call("resume_workflow", { instance_id: run.id });
  for (const form of [resumed.text, resumed.data.rules]) {
    expect(form).toContain("Waived by a person for this visit: test (flaky network)");
    expect(form).toContain("the server runs: sh check.sh | lint (sh lint.sh); it looks at: file docs/x.md,");
  }
  const told = await advance(on, run, said);
  expect(told.data.next_step.step_id).toBe("2-again");
  expect(told.text).toContain("test waived (flaky network); lint passed");
  const looks = told.data.checked.map(({ outcome }: { outcome: string }) => outcome);
  expect(looks.slice(1)).toEqual(["passed", "passed", "waived", "passed"]); // there is no git for the first, `edits`
  const [ruled, visit] = await historyOf(on, run.id);
  expect(ruled).toMatchObject({
    kind: "approval",
    actor: "cli",
    ruling: { kind: "waived", what: "test", reason: "flaky network" },
  });
  expect(outcomes(visit ?? {})).toContain("test waived");
  expect((await statusOf(on, run.id)).waived).toBeUndefined();
  await expectRefused(on, run.id, () => advance(on, { id: run.id, stepId: "2-again" }), "CHECK_FAILED"); // once
  await waive(on, run.id, "test", "still down");
  const done = await advance(on, { id: run.id, stepId: "2-again" });
  expect(done.text).toContain("Waived by a person: test (visit 1): flaky network; test (visit 2): still down.");
  expect(done.data.rules).toContain("Waived by a person: test (visit 1): flaky network; test (visit 2): still down.");
  expect(done.text).not.toContain("Ended as a failure");
  const again = await on.call("resume_workflow", { instance_id: run.id });
  expect(again.text).toContain("1 Work ✓ (waived by a person: test)");
  expect(await on.app.engine.stale(run.id)).toEqual([]); // nothing was proven
  expect((await on.call("get_workflow_status", { instance_id: run.id })).text).toContain(
    "waived test (flaky network) at Work (1-work)",
  );
});

const NAMES: [asked: string, what: string][] = [
  ["test", "test"],
  ["command: test", "test"],
  ["command lint", "lint"],
  ["file docs/x.md", "file docs/x.md"],
  ["file: docs/x.md", "file docs/x.md"],
  ["file", "file docs/x.md"],
  ["sh check.sh", "sh check.sh"],
  ["run: sh check.sh", "sh check.sh"],
  ["run", "sh check.sh"],
  ["edits", "edits docs/**"],
  [" edits   docs/** ", "edits docs/**"],
  ["produces", "produces"],
  ["size", "produces size"],
  ["produces size", "produces size"],
  ["produces: size", "produces size"],
];

test("a check is named as answers do, as its author wrote it, or by its kind; a value by its key", async () => {
  const on = await open();
  for (const [asked, what] of NAMES) {
    const run = await startRun(on, "PROVE");
    expect(await waive(on, run.id, asked)).toMatchObject({ what, reason: "flaky network" });
    const { waived, history } = await statusOf(on, run.id);
    expect(waived).toEqual([{ what, reason: "flaky network" }]);
    expect(history).toHaveLength(1);
  }
});

test("a name that the visit does not demand lists those that it does", async () => {
  const on = await open();
  const run = await startRun(on, "PROVE");
  for (const name of ["tests", "command", "", "Work", "produces other", "constructor"]) {
    const { code, hint } = await refusal(on, run.id, () => waive(on, run.id, name));
    expect(code).toBe("INVALID_INPUT");
    expect(hint).toContain(
      "It demands: edits docs/** | file docs/x.md | sh check.sh | test | lint | produces size | produces name | produces",
    );
  }
  const nothing = await startRun(on, "KEYS");
  expect((await refusal(on, nothing.id, () => waive(on, nothing.id, "test"))).hint).toContain("It demands nothing");
});

test("a reason is one line of 300 characters at most, and there is one", async () => {
  const on = await open();
  const run = await startRun(on, "PROVE");
  for (const reason of ["", "  ", "\n\t"]) {
    const { code } = await refusal(on, run.id, () => waive(on, run.id, "test", reason));
    expect(code).toBe("INVALID_INPUT");
  }
  const { reason } = await waive(on, run.id, "test", `two\nlines\u001b[31m ${"x".repeat(299)}`);
  expect(reason).toStartWith("two lines\\u001b[31m xxx");
  expect(reason?.length).toBeLessThan(310);
});

test("waived twice it is the same, also a value after all of them", async () => {
  const on = await open();
  const run = await startRun(on, "PROVE");
  await waive(on, run.id, "produces", "first");
  for (const name of ["produces", "size", "produces name"]) {
    expect((await waive(on, run.id, name, "second")).reason).toBe("first");
  }
  expect(await historyOf(on, run.id)).toHaveLength(1);
});

test("a value that is waived is unset for the routes, whatever stood there before; one that is given counts and must fit", async () => {
  const on = await open();
  const run = await startRun(on, "KEYS", { context: { size: 7 } });
  const first = await advance(on, run);
  const at = { id: run.id, stepId: first.data.next_step.step_id };
  expect(first.data.report_with.arguments.context_updates).toHaveProperty("size");
  await waive(on, run.id, "size", "cannot be measured");
  const asked = await on.call("resume_workflow", { instance_id: run.id });
  expect(Object.keys(asked.data.report_with.arguments.context_updates)).toEqual(["name"]);
  const lacks = await expectRefused(on, run.id, () => advance(on, at), "INCOMPLETE_REPORT");
  expect(lacks.data.details.faults).toHaveLength(1);
  const wrong = { updates: { name: "n", size: "much" } };
  await expectRefused(on, run.id, () => advance(on, at, wrong), "INCOMPLETE_REPORT");
  const done = await advance(on, at, { updates: { name: "n" } });
  expect(done.data.status).toBe("COMPLETED");
  expect(done.text).toContain("Waived by a person: produces size (visit 2): cannot be measured.");
  const { context } = await statusOf(on, run.id);
  expect(context).toEqual({ name: "n" });

  const other = await startRun(on, "KEYS");
  await advance(on, other);
  await waive(on, other.id, "produces");
  const given = await advance(on, { id: other.id, stepId: "2-work" }, { updates: { size: "3" } });
  expect(given.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "3-first" } });
  const visit = (await historyOf(on, other.id)).at(-1);
  expect(outcomes(visit ?? {})).toEqual(["produces name waived"]);
  await advance(on, { id: other.id, stepId: "3-first" });
  await waive(on, other.id, "produces");
  const all = await advance(on, { id: other.id, stepId: "4-work" });
  expect(all.data.status).toBe("COMPLETED");
});

test("what the server would have set is waived like a value, where an agent does its step", async () => {
  const own = scratchDir();
  const served = { extras: ["run: make", "sets: {code: exit_code}"], routes: ["otherwise → FINISH"] };
  writeFiles(own, workflowFiles("SERVED", { Make: served }));
  const on = await open({ workflows: [own], allowChecks: false, commands: [] });
  const run = await startRun(on, "SERVED");
  await expectRefused(on, run.id, () => advance(on, run), "INCOMPLETE_REPORT");
  await waive(on, run.id, "code");
  const done = await advance(on, run);
  expect(done.data.status).toBe("COMPLETED");
  expect(done.text).toContain("Unchecked by the server: Make (visit 1). Waived by a person: produces code (visit 1)");
});

test("a failure needs no waiver, and uses none", async () => {
  const on = await open();
  const run = await startRun(on, "ASK");
  await waive(on, run.id, "test");
  const done = await advance(on, run, { status: "failure", next_step: "FINISH" });
  expect(done.text).not.toContain("Waived");
});

test("a report that is kept was proven, and is not checked again for the agent's choice", async () => {
  const on = await open();
  writeFileSync(join(on.project, "good"), "");
  const run = await startRun(on, "ASK");
  await waive(on, run.id, "test");
  expect((await advance(on, run)).data.decision_required).toBeDefined();
  const done = await advance(on, run, { next_step: "FINISH" });
  expect(done.data.status).toBe("COMPLETED");
  expect(await Bun.file(join(on.project, "linted")).text()).toBe("x\n");
});

describe("a waiver is gone", () => {
  test("with a rewind, and with the step's end", async () => {
    const on = await open();
    const run = await startRun(on, "ASK");
    await waive(on, run.id, "test");
    await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
    expect((await statusOf(on, run.id)).waived).toBeUndefined();
    const at = { id: run.id, stepId: "2-work" };
    const refused = await expectRefused(on, run.id, () => advance(on, at, { next_step: "Next" }), "CHECK_FAILED");
    expect(refused.text).toContain("`test` failed");
  });

  test("with the definition that demands it", async () => {
    const own = scratchDir();
    const steps = (checks: string) => workflowFiles("MOVES", { Work: { extras: [`checks: [${checks}]`] } });
    writeFiles(own, steps("{command: test}"));
    const on = await open({ workflows: [own] });
    const run = await startRun(on, "MOVES");
    await waive(on, run.id, "test");
    writeFiles(own, steps("{command: test}, {command: lint}"));
    await Bun.sleep(1_000); // edits are picked up within a second
    await on.call("resume_workflow", { instance_id: run.id, use_latest: true });
    expect((await statusOf(on, run.id)).waived).toBeUndefined();
    const refused = await expectRefused(on, run.id, () => advance(on, run, { next_step: "FINISH" }), "CHECK_FAILED");
    expect(refused.text).toContain("`test` failed");
  });

  test("not with a pause, nor with the process", async () => {
    const on = await open();
    const run = await startRun(on, "ASK");
    await waive(on, run.id, "test");
    await waive(on, run.id, "lint");
    await advance(on, run, { status: "paused", details: "lunch" });
    const later = await open({ db: on.db, project: on.project });
    await later.call("resume_workflow", { instance_id: run.id });
    expect((await advance(later, run, { next_step: "FINISH" })).data.status).toBe("COMPLETED");
  });
});

test("nothing is waived while no agent has the step, and of a run that is over", async () => {
  const on = await open();
  const waits = await on.call("start_workflow", { workflow_name: "WAITS" });
  const id: string = waits.data.instance_id;
  const clock = await refusal(on, id, () => waive(on, id, "test"));
  expect(clock.code).toBe("INVALID_INPUT");
  expect(clock.message).toContain("No agent has the step now: the clock runs; the step is handed out at");
  const run = await startRun(on, "ASK");
  await advance(on, run, { status: "paused", details: "lunch" });
  expect((await refusal(on, run.id, () => waive(on, run.id, "test"))).message).toContain("the user wants to stop here");
  await on.call("cancel_workflow", { instance_id: run.id });
  expect((await refusal(on, run.id, () => waive(on, run.id, "test"))).code).toBe("INSTANCE_FINAL");
  await expect(waive(on, "run_none", "test")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
});

test("what a person was shown is what they waive: not the next visit's, and not another definition's", async () => {
  const on = await open();
  const run = await startRun(on, "ASK");
  const { instance } = await on.app.engine.waivable({ instance_id: run.id, what: "test", reason: "r" });
  await advance(on, run, { status: "in_progress" });
  const other = { visit: 1, definition: "other" };
  const input = { instance_id: run.id, what: "test", reason: "r" };
  expect((await refusal(on, run.id, () => on.app.engine.waive({ ...input, seen: other }, PERSON))).code).toBe(
    "CONFLICT",
  );
  await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
  expect((await refusal(on, run.id, () => on.app.engine.waive({ ...input, seen: instance }, PERSON))).code).toBe(
    "CONFLICT",
  );
});

test("while the checks run it counts from the next look on: what began before is looked at again without it", async () => {
  const on = await open({}, { patience: { ...PATIENCE, call: 300 } });
  const run = await startRun(on, "SLOW");
  const first = await advance(on, run);
  expect(first.data.checks_running.checks).toEqual(["sh slow.sh", "sh check.sh"]);
  await waitFor(() => existsSync(join(on.project, "begun")) || undefined, "the slow check");
  const waived = await waive(on, run.id, "sh slow.sh");
  expect(waived.checks_running).toBeDefined();
  writeFileSync(join(on.project, "go"), "");
  const told = await checkedAt(on, run);
  expect(told.data.status).toBe("COMPLETED");
  expect(outcomes(told.data.checked ? { evidence: told.data.checked } : {})).toEqual([
    "sh slow.sh waived",
    "sh check.sh passed",
  ]);
  expect(await Bun.file(join(on.project, "begun")).text()).toBe("x\n");
});

test("what the server's last look said is told, if a call left it behind", async () => {
  const on = await open({}, { patience: { ...PATIENCE, call: 300 } });
  const run = await startRun(on, "SLOW");
  await advance(on, run);
  writeFileSync(join(on.project, "go"), "");
  const seen = () => on.app.engine.waivable({ instance_id: run.id, what: "sh slow.sh", reason: "r" });
  while ((await seen()).checks_running) await Bun.sleep(5);
  expect(await seen()).toMatchObject({ refused: "exited with 1" });
  await waive(on, run.id, "sh slow.sh");
  expect((await checkedAt(on, run)).data.status).toBe("COMPLETED");
});

test("the call that waits for the failing check is refused by it, and the next one is not", async () => {
  const on = await open();
  const run = await startRun(on, "SLOW");
  const before = advance(on, run);
  await waitFor(() => existsSync(join(on.project, "begun")) || undefined, "the slow check");
  await waive(on, run.id, "sh slow.sh");
  const after = advance(on, run);
  writeFileSync(join(on.project, "go"), "");
  expectError(await before, "CHECK_FAILED");
  expect((await after).data.status).toBe("COMPLETED");
});

describe("at a terminal", () => {
  const ASKED = "Waive it? Type yes: ";

  /** A run of the executable at a step whose check cannot pass, refused once. */
  async function stuck() {
    const args = ["--allow-checks", ...COMMANDS.flatMap((each) => ["--command", each])];
    const on = await connect({ workflows, project: project(), args });
    const run = await startRun(on, "ASK");
    writeFileSync(join(on.project, "good"), "");
    await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
    const words = (check: string, reason: string) => [
      "waive",
      run.id,
      "--check",
      check,
      "--reason",
      reason,
      "--db",
      on.db,
    ];
    return { on, run, words, args };
  }

  test("a person sees what they waive, types yes, and a server that is killed before the report loses nothing", async () => {
    const { on, run, words, args } = await stuck();
    const told = await decide(words("command: test", "flaky\nnetwork"), [[ASKED, "yes"]]);
    expect(told.code).toBe(0);
    for (const line of [
      `${run.id} (ASK) at Work, visit 1.`,
      "To be waived, once: test (the history will say waived, never passed)",
      "Reason: flaky network",
      "Waived: test, of visit 1. Tell the agent: it reports the step again.",
    ]) {
      expect(told.seen).toContain(line);
    }
    await on.kill();
    const next = await connect({ workflows, project: on.project, db: on.db, args });
    const done = await advance(next, run, { next_step: "FINISH" });
    expect(done.text).toContain("Checked by the server: test waived (flaky network); lint passed");
    expect(done.text).toContain("Waived by a person: test (visit 1): flaky network.");
    const [ruled] = await historyOf(next, run.id);
    expect(ruled).toMatchObject({ actor: "cli", ruling: { kind: "waived", what: "test", reason: "flaky network" } });
  });

  test("without a typed yes, an input that is a person's, or a name that is demanded, nothing is waived", async () => {
    const { on, run, words } = await stuck();
    const before = await statusOf(on, run.id);
    expect(await decide(words("test", "r"), [[ASKED, "y"]])).toMatchObject({ code: 1 });
    const unknown = await decide(words("tests", "r"), []);
    expect(unknown.code).toBe(1);
    expect(unknown.seen).toContain('demands nothing of the name "tests"; nothing changed.');
    expect(unknown.seen).toContain('Did you mean "test"? It demands: test | lint');
    expect((await decide(["waive", run.id, "--check", "test", "--db", on.db], [])).code).toBe(2);
    expect((await decide(words("test", " "), [])).seen).toContain("The reason is empty");
    const piped = Bun.spawnSync([EXECUTABLE, ...words("test", "r")], { stdin: Buffer.from("yes\n") });
    expect(piped.exitCode).toBe(1);
    expect(piped.stderr.toString()).toContain("Only a person at a terminal decides this");
    expect(await statusOf(on, run.id)).toEqual(before);
  });

  test("a run that went on while the question stood there keeps what its next visit demands", async () => {
    const { on, run, words } = await stuck();
    const person = sitDown(words("test", "r"));
    await person.sees(ASKED);
    await on.call("rewind_workflow", { instance_id: run.id, to_visit: 1 });
    person.types("yes\r");
    expect(await person.exited).toBe(1);
    expect(person.seen()).toContain("CONFLICT: The run went on since it was shown; nothing changed.");
    expect((await statusOf(on, run.id)).waived).toBeUndefined();
  });

  test("show names what is demanded, how to waive it, and what is waived", async () => {
    const { on, run, words } = await stuck();
    const show = (...more: string[]) =>
      Bun.spawnSync([EXECUTABLE, "show", run.id, "--db", on.db, ...more]).stdout.toString();
    expect(show()).toContain(`Demanded of the report: test | lint\n`);
    expect(show()).toContain(`orchestrator waive ${run.id} --check NAME --reason TEXT`);
    await decide(words("test", "flaky network"), [[ASKED, "yes"]]);
    expect(show()).toContain("Waived by a person for this visit: test (flaky network)");
    expect(show()).toContain("Demanded of the report: lint\n");
    expect(JSON.parse(show("--json"))).toMatchObject({
      waived: [{ what: "test", reason: "flaky network" }],
      demands: ["lint"],
      history: [{ kind: "approval", ruling: { kind: "waived" } }],
    });
    expect((await decide(words("test", "another"), [])).seen).toContain("Waived already: test\nReason: flaky network");
  });
});
