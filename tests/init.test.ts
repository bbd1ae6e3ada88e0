/** `orchestrator init`: which clients and files it finds, whom it asks, what it says. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "jsonc-parser";
import { databaseOf } from "../src/clients/database.ts";
import { updatedWords } from "../src/clients/launch.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { envOf, init, place, read, tree } from "./support/init.ts";
import { runBare } from "./support/stdio.ts";
import { sitDown } from "./support/terminal.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const SERVER_FILES: [client: string, project: string, user: string][] = [
  ["claude", ".mcp.json", ".claude.json"],
  ["codex", ".codex/config.toml", ".codex/config.toml"],
  ["cursor", ".cursor/mcp.json", ".cursor/mcp.json"],
  ["vscode", ".vscode/mcp.json", ""],
  ["opencode", "opencode.json", ".config/opencode/opencode.json"],
  ["gemini", ".gemini/settings.json", ".gemini/settings.json"],
  ["copilot", ".github/mcp.json", ".copilot/mcp-config.json"],
  ["cline", "", ".cline/data/settings/cline_mcp_settings.json"],
];

describe("each client", () => {
  test.each(SERVER_FILES)("%s: made, the same again, taken out without a trace", async (client, project, user) => {
    const at = place();
    const root = dirname(at.home);
    for (const [scope, file] of [
      ["project", project],
      ["user", user],
    ] as const) {
      const path = join(scope === "project" ? at.project : at.home, file);
      const made = await init(at, "--client", client, "--scope", scope, "--yes");
      if (!file) {
        expect([made.code, made.stderr]).toEqual([1, expect.stringContaining("Use --scope")]);
        continue;
      }
      expect([made.code, made.stderr]).toEqual([0, ""]);
      expect(read(path)).toContain(JSON.stringify(EXECUTABLE));
      const after = tree(root);
      const again = await init(at, "--client", client, "--scope", scope, "--yes");
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("is as it should be")]);
      expect(tree(root)).toEqual(after);
      const gone = await init(at, "--remove", "--client", client, "--yes");
      expect([gone.code, gone.stderr]).toEqual([0, ""]);
      expect(tree(root)).toEqual({});
      expect(readdirSync(at.project)).toEqual([]);
    }
  });

  test("those that are here are found by program, by the user's directory, by the project's file", async () => {
    const at = place({ "home/bin/codex": "", "home/.gemini/x": "", "project/.cursor/rules": "" });
    const { stdout } = await init(at, "--json");
    const { files } = JSON.parse(stdout);
    expect(files.map(({ client, scope, action }: Record<string, string>) => [client, scope, action])).toEqual([
      ["codex", "user", "make"],
      ["codex", "user", "make"],
      ["cursor", "project", "make"],
      ["gemini", "user", "make"],
      ["gemini", "user", "make"],
    ]);
    const none = await init(place(), "--yes");
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("Name one: orchestrator init --client NAME")]);
  });

  test("the file that is there is taken: the project's before the user's, one with our entry before all", async () => {
    const at = place({ "home/.gemini/settings.json": "{}" });
    const scope = async () => JSON.parse((await init(at, "--client", "gemini", "--json")).stdout).files[0].scope;
    expect(await scope()).toBe("user");
    writeFiles(at.project, { ".gemini/settings.json": "{}" });
    expect(await scope()).toBe("project");
    await init(at, "--client", "gemini", "--scope", "user", "--yes");
    expect(await scope()).toBe("user");
    writeFiles(at.project, { "opencode.jsonc": "{\n  // mine\n}\n" });
    await init(at, "--client", "opencode", "--yes");
    expect(read(at.project, "opencode.jsonc")).toContain("// mine");
  });

  test("what the clients' variables move is followed", async () => {
    const at = place({ "away/x": "" });
    const away = join(dirname(at.home), "away");
    const env = { ...envOf(at), CODEX_HOME: away, CLAUDE_CONFIG_DIR: away, COPILOT_HOME: away, CLINE_DIR: away };
    for (const client of ["codex", "claude", "copilot", "cline"]) {
      const args = ["init", "--client", client, "--scope", "user", "--yes"];
      expect((await runBare({ cwd: at.project, args, env })).code).toBe(0);
    }
    const names = [".claude.json", "config.toml", "data/settings/cline_mcp_settings.json", "mcp-config.json"];
    for (const name of [...names, "settings.json"]) expect(read(away, name)).toContain("orchestrator");
    expect(readdirSync(at.home)).toEqual([]);
  });
});

test("of words that are there only ours are changed", () => {
  const update = (words: string[], commands: string[], project: string | null = null, self = ["/new/orchestrator"]) =>
    updatedWords(words, { self, commands, isOurs: () => true }, project);
  expect(update(["/old/orchestrator"], [])).toEqual(["/new/orchestrator"]);
  expect(update(["o", "serve", "--command=test=a=b", "--command", "lint=x"], ["lint=y", "test=z"])).toEqual([
    ...["/new/orchestrator", "serve", "--command=test=z", "--command", "lint=y"],
  ]);
  expect(update(["o", "--project=/x"], [], "${workspaceFolder}")).toEqual(["/new/orchestrator", "--project=/x"]);
  expect(update(["o"], ["a=b"], "${w}")).toEqual(["/new/orchestrator", "--project", "${w}", "--command", "a=b"]);
  expect(update(["bun", "main.ts", "--db", "x"], [], null, ["bun", "main.ts"])).toEqual([
    "bun",
    "main.ts",
    "--db",
    "x",
  ]);
});

describe("hooks read the database that the server's entry names", () => {
  const isOurs = ([program]: readonly string[]) => program === "orchestrator";
  const launch = { self: ["orchestrator"], commands: [], isOurs };
  const json = (more: object) => JSON.stringify({ mcpServers: { orchestrator: { command: "orchestrator", ...more } } });
  const toml = (more: string) => `[mcp_servers.orchestrator]\ncommand = "orchestrator"\n${more}`;
  const named: [client: "claude" | "codex", text: string, database: string | null][] = [
    ["claude", json({ args: ["--db", "/srv/a"] }), "/srv/a"],
    ["claude", json({ args: ["--db=a"], env: { WORKFLOW_DB_PATH: "/b" } }), "/p/a"],
    ["claude", `// mine\n${json({ env: { WORKFLOW_DB_PATH: "/b" } })}`, "/b"],
    ["claude", json({ env: { WORKFLOW_DB_PATH: "~/b" } }), "~/b"],
    ["claude", json({ args: ["--db", "${HOME}/a"] }), null],
    ["claude", json({ args: ["--db"] }), null],
    ["claude", json({ command: "other", args: ["--db", "/a"] }), null],
    ["claude", json({ args: [], env: "x" }), null],
    ["claude", "{", null],
    ["codex", toml('args = ["--db", "/a"]\n'), "/a"],
    ["codex", toml('[mcp_servers.orchestrator.env]\nWORKFLOW_DB_PATH = "/b"\n'), "/b"],
    ["codex", toml("args = ["), null],
  ];
  test.each(named)("%s: %j", (client, text, database) => {
    const file = join(scratchDir(), "settings");
    writeFileSync(file, text);
    expect(databaseOf(client, file, { launch, base: "/p" })).toBe(database);
    if (database === "/p/a") expect(databaseOf(client, file, { launch, base: null })).toBe("a");
  });

  test("it stands in their commands, one that was there before is brought up to date, and all goes again", async () => {
    const at = place({ "project/.mcp.json": '{ "mcpServers": {} }' });
    const hooks = () => read(at.project, ".claude/settings.json").match(/ hook [^"]*/g);
    await init(at, "--client", "claude", "--yes");
    expect(hooks()).toContain(" hook stop --client claude");
    const entry = read(at.project, ".mcp.json").replace('"args": []', '"args": ["--db", "my runs.sqlite"]');
    writeFiles(at.project, { ".mcp.json": entry });
    await init(at, "--client", "claude", "--yes");
    expect(hooks()).toHaveLength(6);
    for (const command of hooks() ?? []) expect(command).toEndWith(` --db '${at.project}/my runs.sqlite'`);
    await init(at, "--client", "claude", "--remove", "--yes");
    expect(existsSync(join(at.project, ".claude/settings.json"))).toBe(false);
  });
});

describe("who says yes", () => {
  test("without --yes and without a terminal nothing is written", async () => {
    const at = place();
    const { code, stdout, stderr } = await init(at, "--client", "codex");
    expect([code, stderr]).toEqual([1, expect.stringContaining("Nothing was written: add --yes")]);
    expect(stdout).toContain("+ [mcp_servers.orchestrator]");
    expect((await init(at, "--client", "codex", "--json")).code).toBe(0);
    expect([...readdirSync(at.project), ...readdirSync(at.home)]).toEqual([]);
  });

  test("at a terminal a typed yes writes, anything else does not, and the command for tests is asked for", async () => {
    const at = place({ "project/package.json": '{"scripts": {"test": "vitest"}}', "project/Makefile": "test: all\n" });
    const env = Object.entries(envOf(at)).map(([name, value]) => `${name}=${value}`);
    const args = [...env, EXECUTABLE, "init", "--client", "copilot"];
    for (const [command, word, written] of [
      ["", "y", false],
      ["-", "no", false],
      ["make check", "yes", true],
    ] as const) {
      const person = sitDown(args, { cwd: at.project, executable: "/usr/bin/env" });
      await person.sees("npm test (package.json), make test (Makefile)");
      await person.sees("nothing: ");
      person.types(`${command}\r`);
      await person.sees("Type yes: ");
      person.types(`${word}\r`);
      expect(await person.exited).toBe(written ? 0 : 1);
      expect(existsSync(join(at.project, ".github"))).toBe(written);
    }
    expect(read(at.project, ".github/mcp.json")).toContain('"test=make check"');
  });

  const wrong: [args: string[], said: string][] = [
    [["--client", "claud"], 'There is no client "claud" here. Did you mean "claude"?'],
    [["--scope", "all"], "it is project or user"],
    [["--remove", "--replace"], "leave --replace and --command out"],
  ];
  test.each(wrong)("%j is wrong usage", async (args, said) => {
    const { code, stderr } = await init(place(), ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});

describe("the command for tests", () => {
  const guesses: [files: Record<string, string>, commands: string[]][] = [
    [{ "package.json": '{"scripts": {"test": "vitest"}}', "pnpm-lock.yaml": "" }, ["pnpm test"]],
    [{ "package.json": '{"scripts": {"test": "jest"}}', "yarn.lock": "" }, ["yarn test"]],
    [{ "package.json": '{"scripts": {"test": "bun test"}}', "bun.lock": "" }, ["bun run test"]],
    [{ "package.json": '{"scripts": {"test": "jest"}}' }, ["npm test"]],
    [{ "package.json": '{"scripts": {"test": "x"}, "packageManager": "pnpm@9"}', "yarn.lock": "" }, ["pnpm test"]],
    [{ "package.json": '{"scripts": {"test": "x"}}', "yarn.lock": "", "bun.lockb": "" }, ["bun run test", "yarn test"]],
    [{ "package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}' }, []],
    [{ "package.json": "{" }, []],
    [{ Makefile: "all:\n\ntest: all\n\tgo\n" }, ["make test"]],
    [{ Makefile: "test := x\ntests: all\n" }, []],
    [{ "Cargo.toml": "" }, ["cargo test"]],
    [{ "go.mod": "" }, ["go test ./..."]],
    [{ "pyproject.toml": "[tool.pytest.ini_options]\n", "uv.lock": "" }, ["uv run pytest"]],
    [{ "pyproject.toml": 'dev = ["pytest>=8"]\n' }, ["pytest"]],
    [{ "pyproject.toml": "[project]\n" }, []],
    [{ "Cargo.toml": "", Makefile: "test:\n" }, ["make test", "cargo test"]],
  ];
  test.each(guesses)("%j: %j", async (files, commands) => {
    const at = place();
    writeFiles(at.project, files);
    const { stdout } = await init(at, "--client", "copilot", "--yes");
    const { args } = parse(read(at.project, ".github/mcp.json")).mcpServers.orchestrator;
    const [only, ...more] = commands;
    expect(args).toEqual(only && more.length === 0 ? ["--command", `test=${only}`] : []);
    for (const command of commands) expect(stdout).toContain(command);
  });

  test("what was said wins, and a user's file gets no guess", async () => {
    const at = place({ "project/go.mod": "" });
    await init(at, "--client", "copilot", "--command", "test=make it", "--command", "lint=make lint", "--yes");
    expect(parse(read(at.project, ".github/mcp.json")).mcpServers.orchestrator.args).toEqual([
      ...["--command", "test=make it", "--command", "lint=make lint"],
    ]);
    const { stdout } = await init(at, "--client", "cline", "--yes");
    expect(stdout).toContain('--command test="go test ./..."');
    expect(read(at.home, ".cline/data/settings/cline_mcp_settings.json")).not.toContain("go test");
    const { code, stderr } = await init(at, "--client", "cline", "--command", "test=a && b", "--yes");
    expect([code, stderr]).toEqual([1, expect.stringContaining('"&&" is for a shell')]);
  });
});
