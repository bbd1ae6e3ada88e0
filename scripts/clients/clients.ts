/**
 * Drives real clients, installed from npm, against the compiled executable, with a scripted model on loopback, and says
 * what the model was given: `bun run clients [name]... [--transport stdio|http] [--keep]`. Words choose clients by a part
 * of their name. Exit code 1 if fewer than three could be driven, or if one was not given what it must be.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Transport } from "../client/server.ts";
import type { ClientKind } from "./client-kind.ts";
import { type Drive, drive } from "./drive.ts";
import { type Findings, findingsOf } from "./findings.ts";
import { CACHE, install, versionOf } from "./install.ts";
import { claudeCode } from "./known/claude-code.ts";
import { cline } from "./known/cline.ts";
import { codex, codexWithoutCode } from "./known/codex.ts";
import { copilotCli } from "./known/copilot-cli.ts";
import { geminiCli } from "./known/gemini-cli.ts";
import { opencode } from "./known/opencode.ts";
import { table } from "./table.ts";

const CLIENTS: readonly ClientKind[] = [claudeCode, codex, codexWithoutCode, opencode, geminiCli, copilotCli, cline];
const TRANSPORTS: readonly Transport[] = ["stdio", "http"];
const LEAST = 3;

interface Row {
  kind: ClientKind;
  transport: Transport;
  run: Drive;
  found: Findings;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { transport: { type: "string" }, keep: { type: "boolean", default: false } },
});
const chosen = CLIENTS.filter(({ name }) => isChosen(name));
const transports = TRANSPORTS.filter((each) => values.transport === undefined || each === values.transport);
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
    console.log(`Driving ${kind.name} ${versionOf(kind.package)} over ${transport} …`);
    const run = await drive(kind, { transport, program, keep: values.keep, signal: interrupted.signal });
    if (run.requests > 0) rows.push({ kind, transport, run, found: findingsOf(run) });
    else
      notDriven.push(
        `${kind.name} over ${transport}: asked the model nothing, ended with ${run.exitCode}: ${run.said}`,
      );
  }
}

/** Prints what was found; returns the exit code. */
function report(): number {
  const driven = new Set(rows.map(({ kind }) => kind.package));
  const complaints = rows.flatMap(({ found, ...row }) => found.complaints.map((each) => `${nameOf(row)}: ${each}`));
  console.log(`\nWhat reached the model\n\n${reached()}\n\nHow it spoke to the server\n\n${spoke()}\n`);
  for (const note of rows.flatMap(notesOf)) console.log(note);
  for (const reason of notDriven) console.log(`NOT DRIVEN  ${reason}`);
  for (const complaint of complaints) console.log(`FAILED  ${complaint}`);
  console.log(`${driven.size} clients driven, ${complaints.length} complaints`);
  return driven.size >= Math.min(LEAST, chosen.length) && complaints.length === 0 ? 0 : 1;
}

function reached(): string {
  const head = ["client", "over", "tools", "server instructions", "an answer", "an error", "scenes as they must be"];
  return table(
    head,
    rows.map(({ found, ...row }) => [
      `${row.kind.name} ${versionOf(row.kind.package)}`,
      row.transport,
      found.tools,
      found.instructions,
      found.success,
      found.error,
      found.scenes,
    ]),
  );
}

function spoke(): string {
  const head = ["client", "over", "opened with", "declares", "asks for", "took"];
  return table(
    head,
    rows.map(({ kind, transport, run, found }) => [
      kind.name,
      transport,
      found.opened,
      found.declares,
      found.asks,
      `${(run.milliseconds / 1000).toFixed(1)} s`,
    ]),
  );
}

function nameOf({ kind, transport }: Pick<Row, "kind" | "transport">): string {
  return `${kind.name} over ${transport}`;
}

function notesOf({ run, ...row }: Row): string[] {
  const who = nameOf(row);
  return [
    ...(run.asked.length > 0 ? [`note  ${who} asked for ${run.asked.join(", ")}: refused`] : []),
    ...run.left.map((words) => `note  ${who} left a process running, ended since: ${words.slice(0, 120)}`),
    ...(values.keep ? [`kept  ${who}: ${run.room}`] : []),
  ];
}
