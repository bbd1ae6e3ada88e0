/**
 * Resident memory: its most while many calls last and whether that grows, what is left once they are over, and over HTTP
 * what a session costs and what a closed one leaves.
 */
import type { Client } from "../client/client.ts";
import { openSession, type Session } from "../client/http.ts";
import type { Server, Transport } from "../client/server.ts";
import { drive } from "./drive.ts";
import type { Bench, Measure, Result } from "./measure.ts";
import { median, slope } from "./statistics.ts";
import { advance, callersOf, newChain, startSubjects } from "./subjects.ts";

const CALLS = 20_000;
const LOTS = 3;
const STEP = 1_000;
const CALLERS = 8;
/** Between the last call of a lot and the reading: an agent works longer than that between two calls. */
const QUIET_MS = 2_000;
const MOST_MB = { meanwhile: 110, after: 90 };
/** In MB for 1,000 calls: less is the collector's mood. */
const MOST_GROWTH = 0.1;

const SESSIONS = 900;
const SESSION_LOTS = 5;
const MOST_SESSION_KB = 60;
/** Less is the collector's mood, too. */
const MOST_CLOSED_KB = 1;

interface Lot {
  /** Each in MB. */
  after: number;
  /** At each step. */
  meanwhile: number[];
}

export const memory = (transports: Transport[]): Measure[] =>
  transports.map((transport) => ({
    name: `memory ${transport}`,
    async run(bench) {
      const calls = bench.quick ? CALLS / 10 : CALLS;
      const { product, reference, end } = await startSubjects(bench, transport);
      const lots: Lot[] = [];
      for (let lot = 0; lot < LOTS; lot++) lots.push(await residentAfter(product, calls));
      const theirs = await residentAfter(reference, calls);
      const results = [...callResults(lots, { theirs, calls, transport })];
      if (transport === "http") results.push(...(await sessionResults(product, bench)));
      await end();
      return { results };
    },
  }));

function callResults(lots: Lot[], about: { theirs: Lot; calls: number; transport: Transport }): Result[] {
  const { theirs, calls, transport } = about;
  const meanwhile = lots.flatMap((lot) => lot.meanwhile);
  const settled = meanwhile.slice(Math.floor(meanwhile.length / LOTS));
  const after = lots.map((lot) => lot.after);
  const behind = `${Math.min(...meanwhile).toFixed(0)} to ${Math.max(...meanwhile).toFixed(0)} MB`;
  return [
    {
      name: `resident while ${LOTS * calls} calls last, ${transport}`,
      value: Math.max(...meanwhile),
      unit: "MB",
      target: { most: MOST_MB.meanwhile },
      behind: `${behind}; the reference: ${Math.max(...theirs.meanwhile).toFixed(0)} MB`,
    },
    {
      name: `its growth from call ${calls} on, ${transport}`,
      value: slope(settled) / (STEP / 1_000),
      unit: "MB per 1,000",
      target: { most: MOST_GROWTH },
      behind: `${settled.length} readings, one each ${STEP} calls`,
    },
    {
      name: `resident after ${calls} calls, ${transport}`,
      value: after[0] ?? Number.NaN,
      unit: "MB",
      target: { most: MOST_MB.after },
      behind: `${after.map((mb) => mb.toFixed(0)).join(", ")} MB by lots; the reference: ${theirs.after.toFixed(0)} MB`,
    },
  ];
}

async function residentAfter(server: Server, calls: number): Promise<Lot> {
  const clients = await callersOf(server, CALLERS);
  const meanwhile: number[] = [];
  for (let done = 0; done < calls; done += STEP) {
    const chains = await Promise.all(clients.map(newChain));
    await drive(
      server,
      chains.map((chain) => () => advance(chain)),
      STEP / CALLERS,
    );
    meanwhile.push(server.residentMb());
  }
  await Bun.sleep(QUIET_MS);
  return { after: server.residentMb(), meanwhile };
}

/** Opens and closes lots of sessions, each with a call, and reads what is resident after a collection each time. */
async function sessionResults(server: Server, { quick }: Bench): Promise<Result[]> {
  const count = quick ? SESSIONS / 10 : SESSIONS;
  const caller = await server.client();
  const open: number[] = [];
  const closed: number[] = [];
  for (let lot = 0; lot <= SESSION_LOTS; lot++) {
    const sessions = await openSessions(`${server.url}/mcp`, count);
    const held = await collected(server, caller);
    await Promise.all(sessions.map(({ close }) => close()));
    const left = await collected(server, caller);
    if (lot === 0) continue; // the first one makes room
    open.push((1_024 * (held - left)) / count);
    closed.push((1_024 * left) / count);
  }
  const kb = (values: number[]) => values.map((value) => value.toFixed(1)).join(", ");
  return [
    {
      name: "an open session, after a collection",
      value: median(open),
      unit: "KB",
      target: { most: MOST_SESSION_KB },
      behind: `${kb(open)} KB by lots of ${count}`,
    },
    {
      name: "a closed session, after a collection",
      value: slope(closed),
      unit: "KB",
      target: { most: MOST_CLOSED_KB },
      behind: `growth from lot to lot of ${count}`,
    },
  ];
}

/** Each makes a call: what comes to be at the first one counts too. */
async function openSessions(url: string, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < count) {
    const some = Array.from({ length: Math.min(CALLERS, count - sessions.length) }, () => openSession(url));
    sessions.push(...(await Promise.all(some)));
  }
  for (const { client } of sessions) await client.call("list_workflows");
  return sessions;
}

/** The server collects some time after the last call. */
async function collected(server: Server, caller: Client): Promise<number> {
  await caller.call("list_workflows");
  await Bun.sleep(QUIET_MS);
  return server.residentMb();
}
