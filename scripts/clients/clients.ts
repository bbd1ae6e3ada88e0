/**
 * Drives real clients, installed from npm, against the compiled executable, with a scripted model on loopback, and says
 * what the model was given: `bun run clients [name]... [--transport stdio|http|init|plugin] [--keep]`. Words choose clients by a part
 * of their name. Exit code 1 if fewer than three could be driven, or one of fewer that were chosen, or if one was not given what
 * it must be.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ClientKind, Way } from "./client-kind.ts";
import { drive } from "./drive.ts";
import { findingsOf } from "./findings.ts";
import { CACHE, install, versionOf } from "./install.ts";
import { claudeCode } from "./known/claude-code.ts";
import { cline } from "./known/cline.ts";
import { codex, codexWithoutCode } from "./known/codex.ts";
import { copilotCli } from "./known/copilot-cli.ts";
import { geminiCli } from "./known/gemini-cli.ts";
import { opencode } from "./known/opencode.ts";
import { nameOf, notesOf, type Row, reached, spoke } from "./report.ts";

const CLIENTS: readonly ClientKind[] = [claudeCode, codex, codexWithoutCode, opencode, geminiCli, copilotCli, cline];
const WAYS: readonly Way[] = ["stdio", "http", "init", "plugin"];
const LEAST = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { transport: { type: "string" }, keep: { type: "boolean", default: false } },
});
const chosen = CLIENTS.filter(({ name }) => isChosen(name));
const transports = WAYS.filter((each) => values.transport === undefined || each === values.transport);
if (chosen.length === 0 || transports.length === 0) {
  const names = CLIENTS.map(({ name }) => name).join(", ");
  console.error(`Nothing to drive. Name parts of these: ${names}; --transport is one of ${WAYS.join(", ")}.`);
  process.exit(1);
}
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
const rows: Row[] = [];
const notDriven: string[] = [];

console.log(`Clients are installed into ${CACHE}, unless they are there.`);
const packages = Map.groupBy(chosen, (kind) => kind.package);
const installed = await Promise.allSettled([...packages.keys()].map((name) => install(name, interrupted.signal)));
for (const [index, kinds] of [...packages.values()].entries()) {
  const room = installed[index];
  if (room?.status === "fulfilled") for (const kind of kinds) await driveAll(kind, join(room.value, kind.bin));
  else notDriven.push(`${kinds[0]?.name}: not installed: ${room?.reason}`);
}
process.exit(interrupted.signal.aborted ? 130 : report());

function isChosen(name: string): boolean {
  return positionals.length === 0 || positionals.some((word) => name.toLowerCase().includes(word.toLowerCase()));
}

async function driveAll(kind: ClientKind, program: string): Promise<void> {
  for (const transport of transports) {
    if (interrupted.signal.aborted) return;
    if ((transport === "init" && !kind.byInit) || (transport === "plugin" && !kind.byPlugin)) continue;
    console.log(`Driving ${kind.name} ${versionOf(kind.package)} over ${transport} …`);
    try {
      const run = await drive(kind, { transport, program, keep: values.keep, signal: interrupted.signal });
      if (run.wire.length === 0 && run.requests === 0) throw new Error(`it ended with ${run.exitCode}: ${run.said}`);
      rows.push({ kind, transport, run, found: findingsOf(run) });
    } catch (error) {
      notDriven.push(`${kind.name} over ${transport}: ${error}`);
    }
  }
}

/** Prints what was found; returns the exit code. */
function report(): number {
  const driven = new Set(rows.map(({ kind }) => kind.package));
  const complaints = rows.flatMap((row) => row.found.complaints.map((each) => `${nameOf(row)}: ${each}`));
  console.log(`\nWhat reached the model\n\n${reached(rows)}\n\nHow it spoke to the server\n\n${spoke(rows)}\n`);
  for (const note of rows.flatMap(notesOf)) console.log(note);
  if (values.keep) for (const row of rows) console.log(`kept  ${nameOf(row)}: ${row.run.room}`);
  for (const reason of notDriven) console.log(`NOT DRIVEN  ${reason}`);
  for (const complaint of complaints) console.log(`FAILED  ${complaint}`);
  console.log(`${driven.size} clients driven, ${complaints.length} complaints`);
  return driven.size >= Math.min(LEAST, packages.size) && complaints.length === 0 ? 0 : 1;
}
