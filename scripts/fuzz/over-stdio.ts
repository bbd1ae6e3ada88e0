/** Odd messages over stdin, many in flight: lines cut at any byte, many lines in one write. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { type Random, seeded } from "../torture/random.ts";
import { below, chance } from "./chance.ts";
import type { Drive } from "./drive.ts";
import { expectedOf } from "./expected.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { type Odd, oddMessage } from "./message.ts";
import { INITIALIZE, META } from "./valid.ts";

/** Messages that are sent before their answers are waited for. */
const ROUND = 250;
/** How long those may take, in milliseconds. */
const ROUND_MS = 10_000;

export async function driveStdio(child: ChildProcessWithoutNullStreams, drive: Drive): Promise<void> {
  const { findings, parts, from, count } = drive;
  const ledger = createLedger(findings, drive.changed);
  readLines(child, ledger.take);
  child.stdin.on("error", () => {}); // the server is gone, which is found elsewhere
  const gone = once(child, "close");
  const write = (bytes: Buffer | string) =>
    child.stdin.write(bytes) ? undefined : Promise.race([once(child.stdin, "drain"), gone]);
  let asked = 0;

  /** Asks for what is always there; all that was sent before is answered then. */
  async function settle(): Promise<boolean> {
    const [method, params] = parts.era === "session" ? ["ping", {}] : ["server/discover", { _meta: META }];
    await send(JSON.stringify({ jsonrpc: "2.0", id: `settle ${++asked}`, method, params }));
    return ledger.settled(ROUND_MS);
  }

  async function send(line: string): Promise<void> {
    ledger.expect(expectedOf(line), line);
    await write(`${line}\n`);
  }

  if (parts.era === "session") {
    await send(JSON.stringify({ jsonrpc: "2.0", id: "hello", method: "initialize", params: INITIALIZE }));
    await send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  }
  if (!(await settle())) findings.say("the first requests were not answered");
  for (let n = from; n < from + count && findings.all().length === 0; n += ROUND) {
    const bytes: Buffer[] = [];
    const open: string[] = [];
    for (let at = n; at < Math.min(n + ROUND, from + count); at++) {
      const odd = oddMessage(parts, at);
      bytes.push(odd.bytes, LINE_END);
      open.push(...expectLines(ledger, odd));
    }
    for (const piece of cut(Buffer.concat(bytes), seeded(parts.seed ^ n))) {
      await write(piece);
      if (piece.length < 100) await new Promise(setImmediate); // so that it arrives alone
    }
    for (const key of open)
      await send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${key}}}`);
    if (!(await settle())) report(drive, ledger);
    drive.done(Math.min(n + ROUND, from + count) - from);
  }
  await checkAlive(drive, settle);
  for (const tool of ledger.unanswered()) drive.abandoned(tool);
}

const LINE_END = Buffer.from("\n");

/** Returns the ids of what stays open until it is cancelled. */
function expectLines(ledger: Ledger, { n, bytes }: Odd): string[] {
  const open: string[] = [];
  for (let from = 0, to = 0; to < bytes.length; from = to + 1) {
    const end = bytes.indexOf(LINE_END, from);
    to = end < 0 ? bytes.length : end;
    const text = bytes.subarray(from, to).toString().trim();
    if (text === "") continue;
    const expected = expectedOf(text);
    ledger.expect(expected, `message ${n}, ${text}`);
    if (expected.staysOpen && expected.key !== null) open.push(expected.key);
  }
  return open;
}

async function checkAlive({ findings }: Drive, settle: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  const alive = await settle();
  const ms = Math.round(performance.now() - began);
  if (!alive || ms > 1_000) findings.say(`after all messages a plain request took ${ms} ms`);
}

function report({ findings }: Drive, ledger: Ledger): void {
  for (const { key, text } of ledger.owed()) findings.say(`no answer to ${key}`, text);
}

function cut(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let from = 0; from < bytes.length; ) {
    const size = chance(random, 0.3) ? 1 + below(random, 99) : 1 + below(random, 16_384);
    pieces.push(bytes.subarray(from, from + size));
    from += size;
  }
  return pieces;
}

function readLines({ stdout }: ChildProcessWithoutNullStreams, take: (line: string) => void): void {
  let rest = "";
  stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}
