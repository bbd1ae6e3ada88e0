/** The command line: what each command prints, and its exit code: 0 done, 1 it failed, 2 wrong usage. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { advance, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { runBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("GOOD", { One: { routes: ["otherwise → Two"] }, Two: { instructions: "For {{ context.who }}." } }),
});
const broken = scratchDir();
writeFiles(broken, {
  ...workflowFiles("GOOD", { One: {} }),
  ...workflowFiles("BROKEN", { Only: {} }),
  "BROKEN/steps/only.md": "# Client Instructions\n\nNo guidance.\n",
});

const home = scratchDir();
const run = (...args: string[]) => runBare({ cwd: home, args, env: { HOME: home, XDG_DATA_HOME: join(home, "data") } });

/** A database with one run at its second step. */
async function oneRun() {
  const on = await connect({ workflows });
  const { id, stepId } = await startRun(on, "GOOD", { context: { who: "Ada" } });
  await advance(on, { id, stepId }, { details: "did one" });
  return { id, db: on.db, project: on.project };
}

test("version prints the package's version, and --help names every command and explains each", async () => {
  for (const word of ["version", "--version"]) {
    expect(await run(word)).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  }
  const { code, stdout } = await run("--help");
  expect(code).toBe(0);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) +\S/gm)].map(([, name]) => String(name));
  for (const command of ["serve", "list", "validate", "instances", "show", "demo", "version"]) {
    expect(commands).toContain(command);
  }
  for (const command of commands) {
    const help = await run(command, "--help");
    expect({ command, code: help.code, stderr: help.stderr }).toEqual({ command, code: 0, stderr: "" });
    expect(help.stdout).toContain(`Usage: orchestrator ${command}`);
  }
});

const WRONG: [what: string, args: string[], said: string][] = [
  ["an unknown command", ["fly"], '"fly"'],
  ["an unknown option", ["list", "--loud"], "--loud"],
  ["an option that is nearly known", ["list", "--workflow", "x"], "'--workflow'. Did you mean --workflows?\n"],
  ["an unknown option without a command", ["--loud"], "--loud"],
  ["an option without its value", ["list", "--workflows"], "--workflows"],
  ["a word too many", ["list", "GOOD"], "GOOD"],
  ["show without an id", ["show"], "show ID"],
  ["show with two", ["show", "wf_a", "wf_b"], "show ID"],
];

test.each(WRONG)("%s is wrong usage: exit code 2, said on stderr", async (_what, args, said) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(said);
  expect(stderr).not.toContain("    at ");
});

test("list prints the workflows, as text and as JSON; broken ones are named on stderr", async () => {
  const text = await run("list", "--workflows", broken);
  expect(text).toMatchObject({ code: 0, stdout: "GOOD  (1 steps)\n  Get it done.\n" });
  expect(text.stderr).toContain("BROKEN cannot be started");
  const { workflows: good, invalid } = JSON.parse((await run("list", "--workflows", broken, "--json")).stdout);
  expect(good).toEqual([{ name: "GOOD", goal: "Get it done.", steps: ["One"] }]);
  expect(invalid.map((each: { name: string }) => each.name)).toEqual(["BROKEN"]);
});

test("list without a directory prints the built-in workflows", async () => {
  const { stdout } = await run("list");
  for (const name of ["REFACTOR_WITH_TESTS", "WORK"]) expect(stdout).toContain(name);
});

test("validate says ok and ends with 0, or says what is wrong and where and ends with 1", async () => {
  const stderr = `Looked in ${workflows}.\n`;
  expect(await run("validate", "--workflows", workflows)).toEqual({ code: 0, stdout: "GOOD: ok\n", stderr });
  const all = await run("validate", "--workflows", broken);
  expect(all.code).toBe(1);
  expect(all.stdout).toContain("GOOD: ok");
  expect(all.stdout).toMatch(/BROKEN: 1 problem\n {2}BROKEN\/steps\/only\.md:\d+ [A-Z_]+: .+\n {4}.+/);
  expect((await run("validate", "GOOD", "--workflows", broken)).code).toBe(0);
  expect((await run("validate", "good", "--workflows", broken)).stdout).toBe("GOOD: ok\n");
  expect((await run("validate", "GO", "--workflows", broken)).stdout).toContain('Did you mean "GOOD"?');
  const missing = await run("validate", "GOOD", "NONE", "--workflows", broken);
  expect(missing.code).toBe(1);
  expect(missing.stdout).toContain('There is no workflow "NONE"');
  const json = JSON.parse((await run("validate", "--workflows", broken, "--json")).stdout);
  expect(json.map((each: { name: string; valid: boolean }) => [each.name, each.valid])).toEqual([
    ["BROKEN", false],
    ["GOOD", true],
  ]);
});

const SHIPPED = ["AUDIT", "REFACTOR_WITH_TESTS", "RESUME", "SAVE", "SPRINT_TASK", "WORK"];

test("the built-in workflows are valid", async () => {
  const { code, stdout } = await run("validate");
  expect(code).toBe(0);
  expect([...(stdout.match(/^\S.*$/gm) ?? [])]).toEqual(SHIPPED.map((name) => `${name}: ok`));
});

test("instances prints the runs of this project, or of all, as text and as JSON", async () => {
  const { id, db, project } = await oneRun();
  const here = await run("instances", "--db", db, "--project", project);
  expect(here.code).toBe(0);
  expect(here.stdout).toMatch(new RegExp(`^${id} +RUNNING +GOOD +Two \\(visit 2\\) `));
  const elsewhere = await run("instances", "--db", db);
  expect(elsewhere).toMatchObject({ code: 0, stdout: "" });
  expect(elsewhere.stderr).toContain("1 in other projects");
  expect((await run("instances", "--db", db, "--all")).stdout).toContain(project);
  const json = JSON.parse((await run("instances", "--db", db, "--all", "--json")).stdout);
  expect(json.instances).toEqual([expect.objectContaining({ instance_id: id, status: "RUNNING" })]);
  expect((await run("instances", "--db", db, "--cursor", "nonsense")).code).toBe(1);
});

test("show prints one run whole: context, history, the current step's instructions, the guidance", async () => {
  const { id, db } = await oneRun();
  const { code, stdout } = await run("show", id, "--db", db);
  expect(code).toBe(0);
  for (const said of [id, '"who": "Ada"', "did one", "Two (2-two)", "For Ada.", "Go on with the following step."]) {
    expect(stdout).toContain(said);
  }
  const json = JSON.parse((await run("show", "--json", "--db", db, id)).stdout);
  expect(json).toMatchObject({ instance_id: id, status: "RUNNING", instructions: "For Ada.", context: { who: "Ada" } });
  expect(json.history).toHaveLength(1);
});

test("show prints what no answer can hold: a long history and long values, nothing cut", async () => {
  const on = await connect({ workflows: loop() });
  const { id } = await startRun(on, "LOOP", { context: { long: "x".repeat(100_000) } });
  for (let visit = 1; visit <= 60; visit++)
    await advance(on, { id, stepId: `${visit}-go` }, { details: "y".repeat(1_000) });
  const { stdout } = await run("show", id, "--db", on.db, "--json");
  const { history, context } = JSON.parse(stdout);
  expect({ entries: history.length, long: context.long.length }).toEqual({ entries: 60, long: 100_000 });
});

function loop(): string {
  const dir = scratchDir();
  writeFiles(dir, workflowFiles("LOOP", { Go: { routes: ["otherwise → Go"] } }));
  return dir;
}

test("a command that fails ends with 1 and says why on stderr", async () => {
  const unknown = await run("show", "wf_nope", "--db", join(scratchDir(), "new.sqlite"));
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(unknown.stderr).toContain('There is no instance "wf_nope"');
  const noDatabase = join(workflows, "GOOD", "index.md");
  const refused = await run("instances", "--db", noDatabase);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain(noDatabase);
});
