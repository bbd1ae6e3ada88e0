/** Settings as a user gives them: invalid ones stop the start and say why, empty ones count as unset. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "../src/config.ts";
import { runBare, startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const dir = scratchDir();
writeFileSync(join(dir, "file"), "");
Bun.spawnSync(["mkfifo", join(dir, "pipe")]);

const UNEXPANDED = /the client did not expand it\.\n.*~\//;
const NO_PATH = /is no path\.\nWrite the path/;

const INVALID: [
  name: string,
  value: string,
  start: { args?: string[]; env?: Record<string, string> },
  allowed: RegExp,
][] = [
  ["LOG_LEVEL", "loud", { env: { LOG_LEVEL: "loud" } }, /debug, info, warn, error/],
  ["WORKFLOW_DEFINITIONS_DIR", "/no/such", { env: { WORKFLOW_DEFINITIONS_DIR: "/no/such" } }, /director/],
  ["WORKFLOW_DEFINITIONS_DIR", `${dir}/file`, { env: { WORKFLOW_DEFINITIONS_DIR: `${dir}/file` } }, /director/],
  ["WORKFLOW_PROJECT_DIR", "/no/such", { env: { WORKFLOW_PROJECT_DIR: "/no/such" } }, /director/],
  ["WORKFLOW_PROJECT_DIR", `${dir}/file/x`, { env: { WORKFLOW_PROJECT_DIR: `${dir}/file/x` } }, /director/],
  ["WORKFLOW_DB_PATH", dir, { env: { WORKFLOW_DB_PATH: dir } }, /file/],
  ["WORKFLOW_DB_PATH", `${dir}/file/x`, { env: { WORKFLOW_DB_PATH: `${dir}/file/x` } }, /file|director/],
  ["--workflows", "/no/such", { args: ["serve", "--workflows", "/no/such"] }, /director/],
  ["--workflows", "", { args: ["serve", "--workflows", ""] }, /director/],
  ["--project", "/no/such", { args: ["--project", "/no/such"] }, /director/],
  ["--db", dir, { args: ["serve", "--db", dir] }, /file/],
  ["--db", "", { args: ["serve", "--db="] }, /file/],
  ["--db", `${dir}/pipe`, { args: ["--db", `${dir}/pipe`] }, /a pipe, a socket or a device/],
  ["--db", "/dev/null", { args: ["--db", "/dev/null"] }, /a pipe, a socket or a device/],
  ["--db", "${HOME}/x.db", { args: ["--db", "${HOME}/x.db"] }, UNEXPANDED],
  ["--db", "$HOME/x.db", { args: ["--db", "$HOME/x.db"] }, UNEXPANDED],
  ["--db", "%APPDATA%/x.db", { args: ["--db", "%APPDATA%/x.db"] }, UNEXPANDED],
  ["--db", "~ada/x.db", { args: ["--db", "~ada/x.db"] }, UNEXPANDED],
  ["--db", "postgres://h/x", { args: ["--db", "postgres://h/x"] }, NO_PATH],
  ["--db", "file:x.db", { args: ["--db", "file:x.db"] }, NO_PATH],
  ["WORKFLOW_DB_PATH", ":memory:", { env: { WORKFLOW_DB_PATH: ":memory:" } }, NO_PATH],
  ["--project", "file:///x", { args: ["--project", "file:///x"] }, NO_PATH],
  ["--project", "${workspaceFolder}", { args: ["--project", "${workspaceFolder}"] }, UNEXPANDED],
  ["--workflows", "${x}/w", { args: ["--workflows", "builtin", "--workflows", "${x}/w"] }, UNEXPANDED],
  ["WORKFLOW_DB_PATH", "${HOME}/x", { env: { WORKFLOW_DB_PATH: "${HOME}/x" } }, UNEXPANDED],
  ["WORKFLOW_DEFINITIONS_DIR", "", { env: { WORKFLOW_DEFINITIONS_DIR: `builtin:` } }, /director/],
  ["--workflows", "/no/such", { args: ["list", "--workflows", "builtin", "--workflows", "/no/such"] }, /director/],
  ["WORKFLOW_ALLOW_CHECKS", "maybe", { env: { WORKFLOW_ALLOW_CHECKS: "maybe" } }, /true, yes, on; 0, false/],
  ["--command", "test", { args: ["--command", "test"] }, /NAME=COMMAND/],
  ["--command", "1st=make", { args: ["--command", "1st=make"] }, /NAME=COMMAND/],
  ["--command", "test=", { args: ["--command", "test="] }, /names no program/],
  ["--command", "test=a | b", { args: ["serve", "--command", "test=a | b"] }, /test="sh -c '…'"/],
  ["--command", "test=$HOME/x", { args: ["--command", "test=$HOME/x"] }, /sh -c/],
  ["--command", "t=b", { args: ["--command", "t=a", "--command", "t=b"] }, /a name of its own/],
];

test.each(INVALID)(
  "%s = '%s' stops the start; the message names it, the value and what is allowed",
  async (name, value, start, allowed) => {
    const { code, stdout, stderr } = await runBare({ cwd: scratchDir(), ...start });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(name);
    expect(stderr).toContain(`"${value}"`);
    expect(stderr).toMatch(allowed);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
  },
);

test("an empty variable counts as unset", async () => {
  const home = scratchDir();
  const names = ["LOG_LEVEL", "WORKFLOW_DEFINITIONS_DIR", "WORKFLOW_DB_PATH", "WORKFLOW_PROJECT_DIR"];
  const env = { ...Object.fromEntries(names.map((name) => [name, ""])), HOME: home, XDG_DATA_HOME: "" };
  const cwd = scratchDir();
  const bare = startBare({ cwd, env });
  await bare.shakeHands();
  const { result } = await bare.ask("tools/call", { name: "list_workflows", arguments: {} });
  expect(result.structuredContent.workflows.length).toBeGreaterThan(0);
  await bare.ask("tools/call", { name: "list_instances", arguments: {} });
  expect(readdirSync(home)).not.toEqual([]);
  expect(readdirSync(cwd)).toEqual([]);
});

test("flags win over the environment, and the environment over defaults", async () => {
  const [flag, variable, home] = [scratchDir(), scratchDir(), scratchDir()];
  writeFiles(flag, workflowFiles("BY_FLAG", { A: {} }));
  writeFiles(variable, workflowFiles("BY_VARIABLE", { A: {} }));
  const env = { HOME: home, WORKFLOW_DEFINITIONS_DIR: variable, WORKFLOW_DB_PATH: join(home, "variable.sqlite") };
  const names = async (args: string[]) => {
    const { stdout } = await runBare({ cwd: home, args: ["list", "--json", ...args], env });
    return JSON.parse(stdout).workflows.map((each: { name: string }) => each.name);
  };
  expect(await names([])).toEqual(["BY_VARIABLE"]);
  expect(await names(["--workflows", flag])).toEqual(["BY_FLAG"]);
  await runBare({ cwd: home, args: ["instances"], env });
  expect(existsSync(join(home, "variable.sqlite"))).toBe(true);
  await runBare({ cwd: home, args: ["instances", "--db", "flag.sqlite"], env });
  expect(existsSync(join(home, "flag.sqlite"))).toBe(true);
});

test.each(["AI_SERVICE_API_KEY", "AI_MODEL", "HTTP_AUTH_TOKEN"])(
  "%s that the client did not expand stops the start; the message does not repeat it",
  async (name) => {
    const { code, stderr } = await runBare({ cwd: scratchDir(), env: { [name]: "x${env:SECRET}" } });
    expect(code).toBe(1);
    expect(stderr).toContain(`${name} holds a "\${…}": the client did not expand it.`);
    expect(stderr).not.toContain("SECRET");
  },
);

test("a path that begins with ~/ is in the home directory", async () => {
  const [cwd, home] = [scratchDir(), scratchDir()];
  writeFiles(home, workflowFiles("AT_HOME", { A: {} }));
  const env = { HOME: home };
  const { stdout } = await runBare({ cwd, args: ["list", "--json", "--workflows", "~"], env });
  expect(JSON.parse(stdout).workflows).toMatchObject([{ name: "AT_HOME" }]);
  await runBare({ cwd, args: ["instances", "--db", "~/state/x.db", "--project", "~/AT_HOME"], env });
  expect(existsSync(join(home, "state/x.db"))).toBe(true);
  expect(readdirSync(cwd)).toEqual([]);
});

/** Several directories at once. */
const [FIRST, SECOND] = [scratchDir(), scratchDir()];
writeFiles(FIRST, { ...workflowFiles("WORK", { "Of First": {} }), ...workflowFiles("OWN", { A: {} }) });
writeFiles(SECOND, workflowFiles("WORK", { "Of Second": {} }));
const SHIPPED = ["REFACTOR_WITH_TESTS", "RESUME", "SAVE", "SPRINT_TASK"];

const PLACES: [what: string, places: string[], names: string[], work: string][] = [
  ["one directory", [FIRST], ["OWN", "WORK"], "Of First"],
  ["two", [FIRST, SECOND], ["OWN", "WORK"], "Of Second"],
  ["two the other way round", [SECOND, FIRST], ["OWN", "WORK"], "Of First"],
  ["the built-in ones below", ["builtin", FIRST], ["AUDIT", "OWN", ...SHIPPED, "WORK"], "Of First"],
  ["the built-in ones above", [FIRST, "builtin"], ["AUDIT", "OWN", ...SHIPPED, "WORK"], "Understand Task"],
];

test.each(PLACES)("%s: a later place wins by name, by flags and by variable", async (_what, places, names, work) => {
  const cwd = scratchDir();
  for (const start of [
    { args: ["list", "--json", ...places.flatMap((place) => ["--workflows", place])] },
    { args: ["list", "--json"], env: { WORKFLOW_DEFINITIONS_DIR: places.join(":") } },
  ]) {
    const { workflows } = JSON.parse((await runBare({ cwd, ...start })).stdout);
    expect(workflows.map((each: { name: string }) => each.name)).toEqual(names);
    expect(workflows.at(-1).steps[0]).toBe(work);
  }
});

test("the workflows of --project are found wherever the server is started, named absolutely, and not trusted", async () => {
  const project = scratchDir();
  const files = workflowFiles("FOUND", { A: { extras: ["checks: [{command: test}, {run: make}]"] } });
  writeFiles(join(project, "workflows"), files);
  const flags = ["--project", project, "--allow-checks", "--command", "test=bun test"];
  const env = { HOME: scratchDir() };
  const { stdout } = await runBare({ cwd: "/", args: ["doctor", ...flags], env });
  expect(stdout).toContain(`looked in the built-in workflows, ${project}/workflows\n`);
  expect(stdout).toMatch(/FOUND: not test \(bun test\) \| make: this workflow was only found in/);
  const named = await runBare({ cwd: "/", args: ["validate", ...flags, "--workflows", `${project}/workflows`], env });
  expect(named).toMatchObject({ code: 0, stderr: `Looked in ${project}/workflows.\n` });
  expect(named.stdout).toBe("FOUND: ok\n  the server checks test (bun test) | make\n");
  const bare = await runBare({ cwd: "/", args: ["validate", "--workflows", `${project}/workflows`, "--json"], env });
  expect(JSON.parse(bare.stdout)[0].checks).toEqual([
    { check: "test", refusal: expect.stringContaining("--command test") },
    { check: "make", refusal: expect.stringContaining("--allow-checks") },
  ]);
  const served = startBare({ cwd: "/", args: ["--project", project], env });
  await served.shakeHands();
  const call = async (workflow_name: string) =>
    (await served.ask("tools/call", { name: "start_workflow", arguments: { workflow_name } })).result.structuredContent;
  expect((await call("FOUND")).status).toBe("RUNNING");
  expect((await call("X")).hint).toContain(`Looked in: the built-in workflows, ${project}/workflows.`);
});

test("validate and doctor name the programs of server steps beside the checks", async () => {
  const home = scratchDir();
  const extras = { Test: ["run: {command: test}"], Build: ["run: make all"], Again: ["run: make all"] };
  const steps = Object.entries(extras).map(([name, front]) => [name, { extras: [...front, "next: FINISH"] }]);
  writeFiles(
    home,
    workflowFiles("SERVED", { Look: { extras: ["checks: [{run: make}]"] }, ...Object.fromEntries(steps) }),
  );
  const told = async (...args: string[]) => {
    const { stdout } = await runBare({ cwd: home, args: [...args, "--workflows", home], env: { HOME: home } });
    return stdout;
  };
  const both = ["--allow-checks", "--command", "test=bun test"];
  expect(await told("validate", ...both)).toContain("  the server checks make and runs test (bun test) | make all\n");
  expect(await told("doctor", ...both)).toContain(
    "SERVED: the server checks make and runs test (bun test) | make all\n",
  );
  expect(await told("doctor", "--command", "test=bun test")).toContain(
    "SERVED: the server runs test (bun test); not make | make all: the server was started without --allow-checks\n",
  );
  expect(JSON.parse(await told("validate", "--json"))[0]).toMatchObject({
    checks: [{ check: "make", refusal: expect.stringContaining("--allow-checks") }],
    programs: [
      { program: "test", refusal: expect.stringContaining("--command test") },
      { program: "make all", refusal: expect.stringContaining("--allow-checks") },
    ],
  });
});

test("runs belong to the project: the flag, the variable, else the current directory, symbolic links resolved", async () => {
  const [cwd, project] = [scratchDir(), scratchDir()];
  const db = join(scratchDir(), "state.sqlite");
  const projectOf = async (args: string[], env: Record<string, string>) => {
    const bare = startBare({ cwd, args: ["--db", db, "--workflows", FIRST, ...args], env });
    await bare.shakeHands();
    const started = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "WORK" } });
    const { instance_id } = started.result.structuredContent;
    const { stdout } = await runBare({ cwd, args: ["show", instance_id, "--db", db, "--json"] });
    return JSON.parse(stdout).project;
  };
  expect(await projectOf([], {})).toBe(cwd);
  expect(await projectOf([], { WORKFLOW_PROJECT_DIR: project })).toBe(project);
  expect(await projectOf(["--project", "."], { WORKFLOW_PROJECT_DIR: project })).toBe(cwd);
});

test("no variable of another product is picked up by accident", async () => {
  const env = {
    OPENAI_API_KEY: "k",
    OPENAI_BASE_URL: "http://127.0.0.1:1",
    DATABASE_URL: "postgres://x",
    PORT: "1",
    DB: "x",
  };
  const bare = startBare({ cwd: scratchDir(), env: { ...env, HOME: scratchDir() } });
  await bare.shakeHands();
  const { result } = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "WORK" } });
  expect(result.structuredContent.status).toBe("RUNNING");
});

test.each([
  ["1", true],
  ["TRUE", true],
  ["Yes", true],
  ["on", true],
  ["0", false],
  ["False", false],
  ["no", false],
  ["OFF", false],
  ["", false],
])("WORKFLOW_ALLOW_CHECKS=%s allows checks: %p", (value, allowed) => {
  expect(readConfig({}, { WORKFLOW_ALLOW_CHECKS: value }).checks.allowed).toBe(allowed);
  expect(readConfig({ allowChecks: true }, { WORKFLOW_ALLOW_CHECKS: value }).checks.allowed).toBe(true);
});

test("without flag and variable nothing is allowed", () => {
  expect(readConfig({}, {}).checks).toEqual({
    allowed: false,
    commands: new Map(),
    environment: { TERM: "dumb", NO_COLOR: "1" },
  });
});

test("commands are named, and split into words as a shell would split them", () => {
  const { commands } = readConfig(
    { commands: ["test=bun test 'a b'", "lint-it=sh -c 'a | b && c'", "eq=env A=b x"] },
    {},
  ).checks;
  expect([...commands].map(([name, { words }]) => [name, words])).toEqual([
    ["test", ["bun", "test", "a b"]],
    ["lint-it", ["sh", "-c", "a | b && c"]],
    ["eq", ["env", "A=b", "x"]],
  ]);
  expect(commands.get("test")?.text).toBe("bun test 'a b'");
});

test("programs of checks get what they need of the environment, and no secret", () => {
  const passed = { PATH: "/bin", HOME: "/h", LC_ALL: "C", XDG_CONFIG_HOME: "/x", TZ: "UTC", CARGO_HOME: "/c" };
  const kept = {
    AI_SERVICE_API_KEY: "s",
    AI_MODEL: "m",
    HTTP_AUTH_TOKEN: "s",
    GITHUB_TOKEN: "s",
    OPENAI_API_KEY: "s",
    AWS_SECRET_ACCESS_KEY: "s",
    DATABASE_URL: "s",
    SSH_AUTH_SOCK: "s",
    LC_API_KEY: "s",
    XDG_TOKEN: "s",
    HTTP_PROXY: "http://u:p@x",
    GIT_DIR: "/x",
    LD_PRELOAD: "/x",
    NODE_OPTIONS: "x",
    TERM: "xterm",
    LANG: "",
  };
  const { environment } = readConfig({}, { ...kept, ...passed }).checks;
  expect(environment).toEqual({ ...passed, TERM: "dumb", NO_COLOR: "1" });
});

test("serve explains the settings of checks", async () => {
  const { stdout } = await runBare({ cwd: scratchDir(), args: ["serve", "--help"] });
  expect(stdout).toMatch(/--allow-checks +\S/);
  expect(stdout).toMatch(/--command NAME=COMMAND +\S/);
});
