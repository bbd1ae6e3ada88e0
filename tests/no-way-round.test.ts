/** Every way that an agent might take round a proof, each a test: none of them moves the run. */
import { expect, test } from "bun:test";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectError, expectRefused, type Run, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { TRANSPORTS } from "./support/either.ts";
import { chooses } from "./support/endpoint.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectTo, endpointThat } from "./support/model-run.ts";
import { decide } from "./support/terminal.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const GUARDED = {
  Prepare: { guidance: "Then Test, or Commit." },
  Test: {
    extras: ["checks: [{command: test}]", "produces: {summary: string}", "max_visits: 3", "next: [Commit, Test]"],
    guidance: "Passed: Commit. Else: Test.",
  },
  Commit: { routes: ["otherwise → FINISH"] },
};

interface At {
  on: Connection;
  run: Run;
  workflows: string;
}

/** A run at "Test", whose check passes once the project has a file `good`. */
async function atTest(steps: Parameters<typeof workflowFiles>[1] = GUARDED, project = scratchDir()): Promise<At> {
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("W", steps));
  const on = await connect({ workflows, project, args: ["--command", "test=test -e good", "--allow-checks"] });
  const run = await startRun(on, "W");
  const told = await advance(on, run, { next_step: "Test", updates: { summary: "of an earlier visit" } });
  expect(told.data.next_step.step_id).toBe("2-test");
  return { on, run: { ...run, stepId: "2-test" }, workflows };
}

const CLAIM = { next_step: "Commit", updates: { summary: "all pass" } };

test("another word than success", async () => {
  const { on, run } = await atTest();
  for (const status of [
    "SUCCESS",
    "passed",
    "finished",
    "skipped",
    "resuming",
    "clarification_provided",
    "not-applicable",
    "success!",
  ]) {
    await expectRefused(on, run.id, () => advance(on, run, { ...CLAIM, status }), "CHECK_FAILED");
    await expectRefused(on, run.id, () => advance(on, run, { status, next_step: "Commit" }), "INCOMPLETE_REPORT");
  }
});

test("a value that is left from an earlier visit, or was set by a note of this one", async () => {
  const { on, run } = await atTest();
  writeFileSync(join(on.project, "good"), "");
  await expectRefused(on, run.id, () => advance(on, run, { next_step: "Commit" }), "INCOMPLETE_REPORT");
  await advance(on, run, { status: "in_progress", updates: { summary: "by a note" } });
  await expectRefused(on, run.id, () => advance(on, run, { next_step: "Commit" }), "INCOMPLETE_REPORT");
});

test("a note first, then a bare choice; a failure first, then success for the same visit", async () => {
  const { on, run } = await atTest();
  await advance(on, run, { status: "in_progress", ...CLAIM });
  await expectRefused(on, run.id, () => advance(on, run, CLAIM), "CHECK_FAILED");
  const kept = await advance(on, run, { status: "failure" });
  expect(kept.data.decision_required).toBeDefined();
  await expectRefused(on, run.id, () => advance(on, run, CLAIM), "CHECK_FAILED");
  const again = await advance(on, run, { status: "failure", next_step: "Test" });
  expect(again.data.next_step.step_id).toBe("3-test");
  const stale = { id: run.id, stepId: "2-test" };
  expectError(await advance(on, stale, CLAIM), "STALE_REPORT");
});

test("a different report after one that was kept: it is proven anew", async () => {
  const { on, run } = await atTest();
  writeFileSync(join(on.project, "good"), "");
  const kept = await advance(on, run, { updates: { summary: "s" } });
  expect(kept.data.decision_required).toBeDefined();
  await Bun.file(join(on.project, "good")).delete();
  const other = { ...CLAIM, details: "another report", updates: { summary: "another" } };
  await expectRefused(on, run.id, () => advance(on, run, other), "CHECK_FAILED");
});

test("a resume that claims to be ahead, or brings a report along", async () => {
  const { on, run } = await atTest();
  const base = { instance_id: run.id, assumed_current_step_name: "Commit" };
  for (const args of [base, { ...base, context_updates: { summary: "x" } }]) {
    const told = await on.call("resume_workflow", args);
    expect(told.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "2-test" } });
  }
  const report = { step_id: "2-test", status: "success", next_step: "Commit" };
  const call = { instance_id: run.id, report, context_updates: { summary: "x" } };
  await expectRefused(on, run.id, () => on.call("resume_workflow", call), "CHECK_FAILED");
  await on.call("resume_workflow", { ...call, report: { ...report, status: "resuming" } });
  expect((await statusOf(on, run.id)).current_step_name).toBe("Test");
});

const WEAKER: Record<string, string[]> = {
  "no checks": ["produces: {summary: string}", "max_visits: 3", "next: [Commit, Test]"],
  "another check": ["checks: [{run: 'true'}]", "produces: {summary: string}", "max_visits: 3", "next: [Commit, Test]"],
  "no produces": ["checks: [{command: test}]", "max_visits: 3", "next: [Commit, Test]"],
  "more visits": ["checks: [{command: test}]", "produces: {summary: string}", "max_visits: 9", "next: [Commit, Test]"],
  "more steps may follow": ["checks: [{command: test}]", "produces: {summary: string}", "max_visits: 3"],
};

for (const [what, extras] of Object.entries(WEAKER)) {
  test(`use_latest after the file was edited: ${what}`, async () => {
    const { on, run, workflows } = await atTest();
    writeFiles(workflows, workflowFiles("W", { ...GUARDED, Test: { ...GUARDED.Test, extras } }));
    await Bun.sleep(1_000); // edits are picked up within a second
    const call = () => on.call("resume_workflow", { instance_id: run.id, use_latest: true });
    const told = await expectRefused(on, run.id, call, "STEP_NOT_ALLOWED");
    expect(told.text).toContain(`orchestrator release ${run.id} --use-latest`);
    const release = ["release", run.id, "--use-latest", "--db", on.db, "--workflows", workflows];
    const { code, seen } = await decide(release, [["Type yes: ", "yes"]]);
    expect(code).toBe(0);
    for (const less of told.data.details.weakened) expect(seen).toContain(`  - ${less}\n`);
    expect((await on.call("resume_workflow", { instance_id: run.id })).data.next_step.step_id).toBe("2-test");
  });
}

test("use_latest is refused if the guarded step is gone, and taken if it demands more", async () => {
  const { on, run, workflows } = await atTest({ ...GUARDED, Other: { guidance: "Commit." } });
  const more = {
    ...GUARDED.Test,
    extras: [...GUARDED.Test.extras.slice(1), "checks: [{command: test}, {file: proof}]"],
  };
  writeFiles(workflows, workflowFiles("W", { ...GUARDED, Test: more, Other: {} }));
  await Bun.sleep(1_000); // edits are picked up within a second
  const taken = await on.call("resume_workflow", { instance_id: run.id, use_latest: true });
  expect(taken.data.rules).toContain("file proof");
  const { Test: _gone, ...rest } = GUARDED;
  writeFiles(workflows, workflowFiles("W", { ...rest, Other: {} }));
  await Bun.sleep(1_000);
  const call = () => on.call("resume_workflow", { instance_id: run.id, use_latest: true });
  await expectRefused(on, run.id, call, "STEP_NOT_ALLOWED");
});

test("a rewind: neither what was proven nor a suspension is left behind", async () => {
  const { on, run } = await atTest();
  writeFileSync(join(on.project, "good"), "");
  await advance(on, run, CLAIM);
  await Bun.file(join(on.project, "good")).delete();
  const back = await on.call("rewind_workflow", { instance_id: run.id, to_visit: 2 });
  expect(back.data.next_step.step_id).toBe("4-test");
  await expectRefused(on, run.id, () => advance(on, { id: run.id, stepId: "4-test" }, CLAIM), "CHECK_FAILED");
  const ahead = () => on.call("rewind_workflow", { instance_id: run.id, to_visit: 9 });
  await expectRefused(on, run.id, ahead, "INVALID_INPUT");
});

test("a second instance: what one has proven counts for no other", async () => {
  const { on, run } = await atTest();
  const second = await startRun(on, "W");
  await advance(on, second, { next_step: "Test" });
  writeFileSync(join(on.project, "good"), "");
  expect((await advance(on, run, CLAIM)).data.next_step.step_name).toBe("Commit");
  await Bun.file(join(on.project, "good")).delete();
  await expectRefused(on, second.id, () => advance(on, { id: second.id, stepId: "2-test" }, CLAIM), "CHECK_FAILED");
});

test("a parallel call, and a guess at the visit to come", async () => {
  const { on, run } = await atTest();
  const told = await Promise.all([1, 2, 3].map(() => advance(on, run, CLAIM)));
  for (const each of told) expectError(each, "CHECK_FAILED");
  expectError(await advance(on, { id: run.id, stepId: "3-commit" }), "INVALID_INPUT");
});

test("hostile values in the context reach no command, path or environment", async () => {
  const path = scratchDir();
  const { on, run } = await atTest(GUARDED, path);
  const hostile = {
    good: "$(touch good)",
    PATH: path,
    "test=true": "x",
    command: "true",
    summary: "`touch good`; touch good",
  };
  const call = () => advance(on, run, { next_step: "Commit", updates: hostile, details: "'; touch good; '" });
  await expectRefused(on, run.id, call, "CHECK_FAILED");
  expect(existsSync(join(path, "good"))).toBe(false);
});

test("a value of the context in a check is a problem of the definition", async () => {
  const workflows = scratchDir();
  const extras = (check: string) => ({ Only: { extras: [`checks: [${check}]`] } });
  writeFiles(workflows, {
    ...workflowFiles("A", extras("{run: 'sh {{ context.script }}'}")),
    ...workflowFiles("B", extras("{file: '{{ context.path }}'}")),
    ...workflowFiles("C", extras("{changed: '{{context.glob}}'}")),
  });
  const on = await connect({ workflows, args: ["--allow-checks"] });
  for (const name of ["A", "B", "C"]) {
    expectError(await on.call("start_workflow", { workflow_name: name }), "DEFINITION_INVALID");
  }
});

test("a symbolic link out of the project is no file of it", async () => {
  const path = scratchDir();
  const outside = scratchDir();
  writeFileSync(join(outside, "real.txt"), "x");
  const steps = { Prepare: {}, Test: { extras: ["checks: [{file: out/real.txt}]"] } };
  const { on, run } = await atTest(steps, path);
  symlinkSync(outside, join(path, "out"));
  await expectRefused(on, run.id, () => advance(on, run, { next_step: "FINISH" }), "CHECK_FAILED");
});

test("a check whose program rewrites the definition changes nothing for the run", async () => {
  const workflows = scratchDir();
  const rewrite = `sh -c 'for f in ${workflows}/W/steps/*.md; do printf "# Orchestrator Guidance\\n\\ng\\n\\n# Client Instructions\\n\\ni\\n" > $f; done; exit 1'`;
  const steps = (check: string) => ({ One: { extras: [`checks: [${JSON.stringify({ run: check })}]`] }, Two: {} });
  writeFiles(workflows, workflowFiles("W", steps(rewrite)));
  const on = await connect({ workflows, args: ["--allow-checks"] });
  const run = await startRun(on, "W");
  const claim = () => advance(on, run, { next_step: "Two" });
  await expectRefused(on, run.id, claim, "CHECK_FAILED");
  await expectRefused(on, run.id, claim, "CHECK_FAILED");
  await Bun.sleep(1_000); // now new runs get the rewritten file
  const latest = () => on.call("resume_workflow", { instance_id: run.id, use_latest: true });
  await expectRefused(on, run.id, latest, "STEP_NOT_ALLOWED");
});

test("the model's way: a model is not asked before the proof is there", async () => {
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("W", { Only: { extras: ["checks: [{run: 'false'}]"] } }));
  const env = { PATH: process.env["PATH"] ?? "", AI_SERVICE_ENDPOINT: "http://127.0.0.1:9/v1", AI_MODEL: "m" };
  const on = await connect({ workflows, args: ["--allow-checks"], env });
  const run = await startRun(on, "W");
  await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
});

test("a model that lets a client which claims to be ahead go past the proof is not asked", async () => {
  const workflows = scratchDir();
  const proofs = { checks: ["checks: [{run: 'false'}]"], produces: ["produces: {summary: string}"] };
  const two = (extras: string[]) => ({ One: { extras }, Two: {} });
  for (const [name, extras] of Object.entries(proofs)) writeFiles(workflows, workflowFiles(name, two(extras)));
  const endpoint = endpointThat(chooses("Two"));
  const on = await connectTo(endpoint, { workflows, args: ["--allow-checks"] });
  for (const name of Object.keys(proofs)) {
    const { id } = await startRun(on, name);
    const resumed = await on.call("resume_workflow", { instance_id: id, assumed_current_step_name: "Two" });
    expect(resumed.data).toMatchObject({ status: "RUNNING", next_step: { step_id: "1-one" } });
  }
  expect(endpoint.chats()).toEqual([]);
});

test("no tool, prompt or resource waives a check, and neither does anything that a report says", async () => {
  const { on, run } = await atTest();
  const { tools } = await on.client.listTools();
  const { prompts } = await on.client.listPrompts();
  const { resources } = await on.client.listResources();
  expect(JSON.stringify([tools, prompts, resources])).not.toMatch(/waive/i);
  const waiver = { what: "test", reason: "flaky network" };
  const calls = [
    { waived: [waiver], ruling: { kind: "waived", ...waiver } },
    { evidence: [{ check: "test", outcome: "waived", reason: "flaky network" }] },
    { waive: "test", check: "test", status: "waived", reason: "flaky network" },
  ];
  for (const said of calls) {
    await expectRefused(on, run.id, () => advance(on, run, { ...CLAIM, ...said }), "CHECK_FAILED");
    const more = { ...CLAIM, updates: { ...CLAIM.updates, ...said } };
    await expectRefused(on, run.id, () => advance(on, run, more), "CHECK_FAILED");
  }
  await expect(on.call("waive_workflow", { instance_id: run.id, ...waiver })).rejects.toThrow();
  const words = [EXECUTABLE, "waive", run.id, "--check", "test", "--reason", "flaky network", "--db", on.db];
  const shell = Bun.spawnSync(words, { stdin: Buffer.from("yes\n") });
  expect([shell.exitCode, shell.stderr.toString()]).toEqual([
    1,
    expect.stringContaining("Only a person at a terminal"),
  ]);
  await expectRefused(on, run.id, () => advance(on, run, CLAIM), "CHECK_FAILED");
});

test("another server on the same database, over HTTP", async () => {
  const { on, run, workflows } = await atTest();
  const flags = ["--command", "test=test -e good"];
  const other = await TRANSPORTS.HTTP({ workflows, db: on.db, project: on.project, args: flags });
  await expectRefused(other, run.id, () => advance(other, run, CLAIM), "CHECK_FAILED");
});
