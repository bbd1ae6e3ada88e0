/** Kills a server again and again while clients work, and looks each time whether all that was answered is there. */

import type { Client } from "../client/client.ts";
import { createRoom, type Room } from "../client/room.ts";
import type { Transport } from "../client/server.ts";
import { check } from "./ledger.ts";
import { createPowerSupply, type PowerSupply, SURVIVORS } from "./power-loss.ts";
import { oneOf, type Random, seeded } from "./random.ts";
import { createWorker, type Worker } from "./worker.ts";

export interface Torture {
  executable: string;
  transport: Transport;
  /** `kill`: SIGKILL, which the page cache outlives. `power`: only what was flushed is left. */
  death: "kill" | "power";
  deaths: number;
  workers: number;
  seed: number;
}

export interface Verdict {
  deaths: number;
  /** Calls that were answered. */
  starts: number;
  advances: number;
  /** Bytes written and not flushed at the deaths, in all; by power loss only. */
  atRisk: number;
  /** What was lost, doubled or damaged; the torture ends at the first death that shows any. */
  losses: string[];
}

/** Between the first call of a life and its end, in milliseconds. */
const LIFE_MS = { least: 10, most: 120 };

export async function torture(options: Torture): Promise<Verdict> {
  const random = seeded(options.seed);
  const room = createRoom();
  const supply = options.death === "power" ? createPowerSupply(room.db) : null;
  const workers = Array.from({ length: options.workers }, (_, index) => createWorker(`w${index}`, random));
  const verdict: Verdict = { deaths: 0, starts: 0, advances: 0, atRisk: 0, losses: [] };
  const cast = { options, room, supply, workers, random, verdict };
  try {
    while (verdict.deaths < options.deaths && verdict.losses.length === 0) await live(cast);
    if (verdict.losses.length === 0) await goOn(cast);
  } finally {
    supply?.dispose();
    room.dispose();
  }
  for (const { answered } of workers) {
    verdict.starts += answered().starts;
    verdict.advances += answered().advances;
  }
  return verdict;
}

interface Cast {
  options: Torture;
  room: Room;
  supply: PowerSupply | null;
  workers: Worker[];
  random: Random;
  verdict: Verdict;
}

/** One life of the server, its death, and what a new server finds. */
async function live({ options, room, supply, workers, random, verdict }: Cast): Promise<void> {
  const { executable, transport } = options;
  const server = await room.serve(executable, { transport, env: supply?.nextLife() ?? {} });
  const clients = await Promise.all(workers.map(() => server.client()));
  const work = workers.map((worker, index) => worker.work(clients[index] as Client)); // one for each
  await Bun.sleep(LIFE_MS.least + random() * (LIFE_MS.most - LIFE_MS.least)); // the moment is the point
  await server.end("SIGKILL");
  verdict.losses.push(...(await Promise.all(work)).flat());
  verdict.deaths++;
  if (supply) verdict.atRisk += supply.cut(oneOf(SURVIVORS, random), random).unflushed;
  verdict.losses.push(...(await found({ options, room, workers })));
}

/** What is wrong in the eyes of a server that was started again, and in the file itself while that server runs. */
async function found({ options, room, workers }: Pick<Cast, "options" | "room" | "workers">): Promise<string[]> {
  const runs = workers.flatMap((worker) => worker.runs);
  if (runs.length === 0) return [];
  const server = await room.serve(options.executable, { transport: "stdio" });
  try {
    const listed = await (await server.client()).call("list_instances", { limit: 1 });
    return listed.isError ? [listed.text] : check(room.db, runs);
  } finally {
    await server.end("SIGKILL");
  }
}

/** Every run can be worked to its end, and all of them are still there then. */
async function goOn({ options, room, workers, verdict }: Cast): Promise<void> {
  const runs = workers.flatMap((worker) => worker.runs);
  for (const run of runs) run.touched = true;
  verdict.losses.push(...(await found({ options, room, workers })));
  const server = await room.serve(options.executable, { transport: options.transport });
  const wrong = workers.map(async (worker) => worker.finish(await server.client()));
  verdict.losses.push(...(await Promise.all(wrong)).flat());
  await server.end("SIGKILL");
}
