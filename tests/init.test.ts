/** `orchestrator init` on files as people have them: what it writes, what it leaves alone, and what it says. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "jsonc-parser";
import { readConfigFile, removeConfigFile, writeConfigFile } from "../src/clients/config-file.ts";
import { updatedWords } from "../src/clients/launch.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { runBare } from "./support/stdio.ts";
import { sitDown } from "./support/terminal.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

interface Place {
  home: string;
  project: string;
}

function place(files: Record<string, string> = {}): Place {
  const root = scratchDir();
  const at = { home: join(root, "home"), project: join(root, "project") };
  for (const directory of Object.values(at)) mkdirSync(directory);
  writeFiles(root, files);
  return at;
}

/** Nothing of this machine's own programs and settings is seen. */
const envOf = ({ home }: Place) => ({ HOME: home, PATH: join(home, "bin"), XDG_CONFIG_HOME: "", XDG_DATA_HOME: "" });
const init = (at: Place, ...args: string[]) => runBare({ cwd: at.project, args: ["init", ...args], env: envOf(at) });
const read = (...path: string[]) => readFileSync(join(...path), "utf8");

/** Every file below, with its bytes; links by where they lead. */
function tree(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((each) => !each.isDirectory());
  return Object.fromEntries(
    files.map((each) => {
      const path = join(each.parentPath, each.name);
      return [path.slice(root.length), each.isSymbolicLink() ? "link" : readFileSync(path, "base64")];
    }),
  );
}

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

const CLAUDE_STATE = `{
  "numStartups": 7,
  "oauthAccount": { "emailAddress": "ada@example.org" },
  "projects": {
    "/home/ada/shop": { "allowedTools": [], "history": [{ "display": "fix // it" }] }
  }
}
`;
const FILES: [what: string, client: string, path: string, text: string][] = [
  ["Claude Code's own state", "claude", "home/.claude.json", CLAUDE_STATE],
  [
    "an editor's file with comments",
    "vscode",
    "project/.vscode/mcp.json",
    '{\r\n\t// servers\r\n\t"inputs": [],\r\n\t"servers": {\r\n\t\t"db": { "type": "stdio", "command": "db" }, // ours\r\n\t},\r\n}\r\n',
  ],
  [
    "a settings file in one line",
    "gemini",
    "home/.gemini/settings.json",
    '{"ui":{"theme":"Atom"},"mcpServers":{"db":{"command":"db"}},"tools":{"allowed":["ls"]}}',
  ],
  ["an empty object", "cursor", "project/.cursor/mcp.json", "{}"],
  ["an empty container", "cursor", "home/.cursor/mcp.json", '{ "mcpServers": { } }\n'],
  ["an empty file", "copilot", "home/.copilot/mcp-config.json", ""],
  [
    "a byte-order mark",
    "cline",
    "home/.cline/data/settings/cline_mcp_settings.json",
    '\ufeff{\n    "mcpServers": {}\n}',
  ],
  [
    "TOML with all of its forms",
    "codex",
    "home/.codex/config.toml",
    'model = "gpt"\nnotify = [\n  "bell", # loud\n]\n\n[mcp_servers.db]\ncommand = \'db\'\nenv = { A = "b" }\n\n[projects."/home/ada"]\ntrust_level = "trusted"\n# the end',
  ],
  [
    "JSON with comments",
    "opencode",
    "project/opencode.jsonc",
    '{\n  "$schema": "https://opencode.ai/config.json",\n  "mcp": {\n    /* none yet */\n  },\n}\n',
  ],
];

describe("files of others", () => {
  test.each(FILES)("%s: kept, copied, given back", async (_what, client, path, text) => {
    const at = place({ [path]: text });
    const root = dirname(at.home);
    chmodSync(join(root, path), 0o640);
    const before = tree(root);
    const made = await init(at, "--client", client, "--yes");
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(read(root, path)).not.toBe(text);
    expect(read(root, `${path}.before-orchestrator`)).toBe(text);
    for (const end of ["", ".before-orchestrator"]) expect(statSync(join(root, path + end)).mode & 0o777).toBe(0o640);
    const after = tree(root);
    expect((await init(at, "--client", client, "--yes")).code).toBe(0);
    expect(tree(root)).toEqual(after);
    expect((await init(at, "--remove", "--client", client, "--yes")).code).toBe(0);
    expect(tree(root)).toEqual(before);
  });

  test("a copy is never overwritten, and stays if the file is another one since", async () => {
    const at = place({ "home/.cursor/mcp.json": '{"a": 1}' });
    const [file, copy] = ["", ".before-orchestrator"].map((end) => join(at.home, `.cursor/mcp.json${end}`));
    await init(at, "--client", "cursor", "--yes");
    writeFileSync(file ?? "", read(file ?? "").replace('"a": 1', '"a": 2'));
    await init(at, "--client", "cursor", "--command", "test=make", "--yes");
    expect(read(copy ?? "")).toBe('{"a": 1}');
    const gone = await init(at, "--remove", "--client", "cursor", "--yes");
    expect(gone.stdout).toContain(`as it was: ${copy}`);
    expect([read(file ?? ""), read(copy ?? "")]).toEqual(['{"a": 2}', '{"a": 1}']);
  });

  test("a link is followed: what it leads to is written, the link stays", async () => {
    const at = place({ "dotfiles/gemini.json": '{\n  "a": 1\n}\n' });
    const target = join(dirname(at.home), "dotfiles/gemini.json");
    const link = join(at.home, ".gemini/settings.json");
    mkdirSync(dirname(link));
    symlinkSync(target, link);
    expect((await init(at, "--client", "gemini", "--yes")).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(parse(read(target))).toMatchObject({ a: 1, mcpServers: { orchestrator: { command: EXECUTABLE } } });
    expect(existsSync(`${target}.before-orchestrator`)).toBe(true);
  });

  test("a file that another program changed meanwhile is left alone, and nothing lies beside it", () => {
    const at = place({ "home/a.json": "{}" });
    const path = join(at.home, "a.json");
    const file = readConfigFile(path);
    writeFileSync(path, '{"later": 1}');
    expect(() => writeConfigFile(file, "ours")).toThrow("was changed by another program meanwhile");
    expect(() => removeConfigFile(file, [at.home])).toThrow("was changed by another program meanwhile");
    expect([readdirSync(at.home), read(path)]).toEqual([["a.json"], '{"later": 1}']);
    const missing = readConfigFile(join(at.home, "b.json"));
    writeFileSync(missing.target, "theirs");
    expect(() => writeConfigFile(missing, "ours")).toThrow("was changed by another program meanwhile");
    expect(read(missing.target)).toBe("theirs");
  });

  const unfit: [why: string, make: (path: string) => void][] = [
    ["is no JSON", (path) => writeFileSync(path, '{"mcpServers": {')],
    ["is not UTF-8", (path) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]))],
    ["is larger than 5 MB", (path) => writeFileSync(path, `{"a": "${"x".repeat(5_000_001)}"}`)],
    ["is a directory", (path) => mkdirSync(path)],
    ["is a link that leads nowhere", (path) => symlinkSync("/nowhere/at/all", path)],
    ["is nested too deep", (path) => writeFileSync(path, `{"a": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`)],
    ["is no file", (path) => void Bun.spawnSync(["mkfifo", path])],
    [
      "is read-only",
      (path) => {
        writeFileSync(path, "{}");
        chmodSync(path, 0o444);
      },
    ],
    ["holds no object", (path) => writeFileSync(path, '{"mcpServers": "none"}')],
    [
      "has another server of the name orchestrator (npx)",
      (path) => writeFileSync(path, '{"mcpServers": {"orchestrator": {"command": "npx", "args": ["other"]}}}'),
    ],
  ];
  test.each(unfit)("a file that %s is left alone, and the lines to paste are told", async (why, make) => {
    const at = place();
    const path = join(at.home, ".cursor/mcp.json");
    mkdirSync(dirname(path));
    make(path);
    const before = lstatSync(path);
    const { code, stdout } = await init(at, "--client", "cursor", "--scope", "user", "--yes");
    expect(code).toBe(1);
    expect(stdout).toContain(`${path} is left alone: it ${why}`);
    expect(stdout).toContain(JSON.stringify(EXECUTABLE));
    expect(lstatSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs, size: before.size });
    expect(readdirSync(dirname(path))).toEqual(["mcp.json"]);
  });

  test("one file that is unfit does not keep the others from being written", async () => {
    const at = place({ "project/.cursor/mcp.json": "{" });
    const { code, stdout } = await init(at, "--client", "cursor", "--client", "codex", "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("is left alone");
    expect(existsSync(join(at.home, ".codex/config.toml"))).toBe(true);
  });

  test("remove speaks of an unfit file only if our name stands in it", async () => {
    const at = place({ "home/.cursor/mcp.json": "{", "home/.codex/config.toml": "[mcp_servers" });
    const none = await init(at, "--remove", "--yes");
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("Nothing of ours was found")]);
    writeFiles(at.home, { ".cursor/mcp.json": '{"mcpServers": {"orchestrator": ' });
    const one = await init(at, "--remove", "--yes");
    expect([one.code, one.stdout]).toEqual([1, expect.stringContaining("is left alone: it is no JSON")]);
    expect(one.stdout).not.toContain(".codex");
  });

  test("what lets a client call our tools is not written if the server cannot be", async () => {
    const at = place({ "home/.claude.json": "{", "home/.claude/settings.json": "{}" });
    const { code, stdout } = await init(at, "--client", "claude", "--yes");
    expect([code, read(at.home, ".claude/settings.json")]).toEqual([1, "{}"]);
    expect(stdout).not.toContain("settings.json");
  });

  test("a file of rules that holds others is left alone, and the server is added all the same", async () => {
    const at = place({ "home/.gemini/policies/orchestrator.toml": "[[rule]]\n" });
    const { code, stdout } = await init(at, "--client", "gemini", "--yes");
    expect([code, read(at.home, ".gemini/policies/orchestrator.toml")]).toEqual([0, "[[rule]]\n"]);
    expect(stdout).toContain("orchestrator.toml is left alone: it holds other lines than ours");
    expect(read(at.home, ".gemini/settings.json")).toContain(EXECUTABLE);
    expect((await init(at, "--remove", "--client", "gemini", "--yes")).code).toBe(0);
    expect(tree(at.home)).toEqual({ "/.gemini/policies/orchestrator.toml": btoa("[[rule]]\n") });
  });

  test("--replace puts ours in the place of another server", async () => {
    const at = place({ "home/.cursor/mcp.json": '{"mcpServers": {"orchestrator": {"url": "http://x"}, "b": 1}}' });
    const other = read(at.home, ".cursor/mcp.json");
    expect((await init(at, "--client", "cursor", "--replace", "--yes")).code).toBe(0);
    expect(parse(read(at.home, ".cursor/mcp.json"))).toEqual({
      mcpServers: { orchestrator: { command: EXECUTABLE, args: ["--project", "${workspaceFolder}"] }, b: 1 },
    });
    expect((await init(at, "--remove", "--client", "cursor", "--yes")).code).toBe(0);
    expect(read(at.home, ".cursor/mcp.json")).toBe(other);
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
