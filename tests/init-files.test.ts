/** `orchestrator init` on files as people have them: what it keeps, what it gives back, what it leaves alone. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "jsonc-parser";
import { readConfigFile, removeConfigFile, writeConfigFile } from "../src/clients/config-file.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { init, place, read, tree } from "./support/init.ts";
import { writeFiles } from "./support/workspace.ts";

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
