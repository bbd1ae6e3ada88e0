/** The plugin for Claude Code: its files are those that are made of what `orchestrator init` writes. */
import { expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MARKETPLACE, pluginFiles } from "../scripts/plugin.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { init, place, read } from "./support/init.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const PLUGIN = join(MARKETPLACE, ".claude-plugin/orchestrator");
const inPlugin = (file: string) => JSON.parse(readFileSync(join(PLUGIN, file), "utf8"));

test("the files lie there as `bun run plugin` makes them, beside a README", () => {
  const room = join(MARKETPLACE, ".claude-plugin");
  const there = readdirSync(room, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const paths = there.map((each) => join(each.parentPath, each.name).slice(MARKETPLACE.length + 1));
  expect(paths.sort()).toEqual([...Object.keys(pluginFiles()), ".claude-plugin/orchestrator/README.md"].sort());
  for (const [path, text] of Object.entries(pluginFiles())) expect(read(MARKETPLACE, path)).toBe(text);
});

test("its server and its hooks are those that init writes, but for the program's path and what keeps it silent", async () => {
  const at = place();
  expect((await init(at, "--client", "claude", "--scope", "user", "--yes")).code).toBe(0);
  // A path with a blank is quoted.
  const bare = (text: string) => text.replaceAll(`'${EXECUTABLE}'`, EXECUTABLE).replaceAll(EXECUTABLE, "orchestrator");
  const written = (file: string) => JSON.parse(bare(read(at.home, file)));
  expect(inPlugin(".mcp.json")).toEqual(written(".claude.json"));
  const hooks = JSON.stringify(inPlugin("hooks/hooks.json").hooks).replaceAll(" 2>/dev/null || :", "");
  expect(JSON.parse(hooks)).toEqual(written(".claude/settings.json").hooks);
  const leave = written(".claude/settings.json").permissions.allow.map((tool: string) =>
    tool.replace("mcp__", "mcp__plugin_orchestrator_"),
  );
  expect(read(PLUGIN, "commands/use.md")).toContain(`allowed-tools: ${leave.join(", ")}\n`);
});

test("a hook is silent and no hindrance if the program is not there, or an older one is", () => {
  const older = scratchDir();
  writeFiles(older, { orchestrator: "#!/bin/sh\necho 'Unknown command: hook' >&2\nexit 2\n" });
  chmodSync(join(older, "orchestrator"), 0o755);
  const items: { hooks: { command: string }[] }[] = Object.values(inPlugin("hooks/hooks.json").hooks).flat() as never;
  const commands = items.flatMap(({ hooks }) => hooks.map(({ command }) => command));
  for (const command of commands)
    for (const PATH of [older, scratchDir()]) {
      const { exitCode, stdout, stderr } = Bun.spawnSync(["/bin/sh", "-c", command], { env: { PATH } });
      expect([command, exitCode, `${stdout}${stderr}`]).toEqual([command, 0, ""]);
    }
});
