/** A slow reader gets the whole output: nothing is cut off because the program ends before its output is read. */
import { expect, test } from "bun:test";
import { startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: {} }));

/** Runs the command with a reader that begins to read only after a while. */
function readSlowly(args: string[], input = ""): string {
  const command = ['printf "%s" "$INPUT" | "$PROGRAM" "$@" | (sleep 0.5; cat)'];
  const env = { ...process.env, INPUT: input, PROGRAM: EXECUTABLE };
  return String(Bun.spawnSync(["sh", "-c", ...command, "sh", ...args], { cwd: scratchDir(), env }).stdout);
}

test("show --json is whole for a slow reader", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W", { context: { text: "x".repeat(250_000) } });
  const shown = JSON.parse(readSlowly(["show", id, "--json", "--db", on.db]));
  expect(shown.context.text).toHaveLength(250_000);
});

test("answers over stdio are whole for a slow reader, also at the end of input", () => {
  const clientInfo = { name: "slow", version: "1" };
  const first = {
    id: 0,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
  };
  const calls = Array.from({ length: 40 }, (_, index) => ({ id: index + 1, method: "tools/list" }));
  const input = [first, { method: "notifications/initialized" }, ...calls]
    .map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    .join("");
  const lines = readSlowly(["serve"], input).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).id)).toEqual(Array.from({ length: 41 }, (_, index) => index));
});
