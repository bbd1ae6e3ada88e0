/**
 * Cuts the power in the middle of `prune` and right after it answered, while a server writes to the same file, reads from
 * it, or rests: what prune said to be deleted is gone, each other run is there whole, and all that the server answered too.
 */
import { Database } from "bun:sqlite";
import { fill } from "../bench/fill.ts";
import type { Client } from "../client/client.ts";
import { createRoom, type Room } from "../client/room.ts";
import type { Server } from "../client/server.ts";
import { check } from "./ledger.ts";
import { createPowerSupply, type PowerSupply, SURVIVORS } from "./power-loss.ts";
import { oneOf, type Random, seeded } from "./random.ts";
import { createWorker, type Worker } from "./worker.ts";

export interface PruneTorture {
  executable: string;
  deaths: number;
  /** Runs that each prune has to delete. */
  batch: number;
  seed: number;
}

export interface PruneVerdict {
  deaths: number;
  /** Deaths before prune answered, and after. */
  midway: number;
  answered: number;
  advances: number;
  atRisk: number;
  losses: string[];
}

/** Lives of one file: each prune may delete one batch more. Each of three circumstances is so in half of them. */
const LIVES = 8;
const ENTRIES = 3;
const WORKERS = 2;
/** When prune loses power, unless it is waited for: in shares of the time that the last took that was waited for. */
const MIDWAY = { least: 0.3, most: 1 };
const ANSWER = /"deleted":\s*(\d+)|Stopped after (\d+) runs/;

export async function tortureOfPrune({ executable, deaths, batch, seed }: PruneTorture): Promise<PruneVerdict> {
  const random = seeded(seed);
  const verdict: PruneVerdict = { deaths: 0, midway: 0, answered: 0, advances: 0, atRisk: 0, losses: [] };
  while (verdict.deaths < deaths && verdict.losses.length === 0) {
    const room = createRoom();
    await fillWithBatches(room, executable, batch);
    const supply = createPowerSupply(room.db);
    const workers = Array.from({ length: WORKERS }, (_, index) => createWorker(`w${index}`, random));
    const cast: Cast = { executable, room, supply, workers, random, verdict, took: 0 };
    let left = 0;
    for (let life = 0; life < LIVES && verdict.deaths < deaths && verdict.losses.length === 0; life++) {
      const [read, waits, busy] = [!(life & 1), !(life & 2), !!(life & 4)];
      left = await live(cast, { ended: left + batch, days: daysAt(life), read, waits, busy });
    }
    for (const worker of workers) verdict.advances += worker.answered().advances;
    supply.dispose();
    room.dispose();
  }
  return verdict;
}

interface Cast {
  executable: string;
  room: Room;
  supply: PowerSupply;
  workers: Worker[];
  random: Random;
  verdict: PruneVerdict;
  /** How long the last prune took that was waited for, in milliseconds. */
  took: number;
}

interface Life {
  /** Runs that prune has to delete. */
  ended: number;
  days: number;
  /** Whether somebody reads meanwhile, so that what the log holds cannot be written back: as a backup or a long list does. */
  read: boolean;
  /** Whether the power holds until prune answered. */
  waits: boolean;
  /** Whether clients work meanwhile: what they are answered is flushed, with all that stands before it in the log. */
  busy: boolean;
}

/** What `--older-than` is in a life; the runs of its batch ended five days before. */
function daysAt(life: number): number {
  return 100 + (LIVES - life) * 10;
}

async function fillWithBatches(room: Room, executable: string, batch: number): Promise<void> {
  await fill(room, executable, { count: batch * LIVES, sample: 0, entries: ENTRIES });
  const db = new Database(room.db);
  db.run(
    `UPDATE instances SET status = 'COMPLETED', last_seq = (SELECT COUNT(*) FROM history WHERE instance_id = instances.instance_id),
      completed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || (? - (rowid - 1) / ? * 10) || ' days')`,
    [daysAt(0) + 5, batch],
  );
  db.close();
}

/** One life of a server beside a prune, and its end; resolves to how many of the runs to delete are there afterwards. */
async function live(cast: Cast, { ended, days, read, waits, busy }: Life): Promise<number> {
  const { executable, room, supply, workers, random, verdict } = cast;
  const env = supply.nextLife();
  const server = await room.serve(executable, { transport: "stdio", env });
  const client = await server.client();
  await client.call("list_instances", { limit: 1 }); // opens the database, so that prune is not the last to close it
  const work = busy ? workers.map((worker) => worker.work(client)) : [];
  const reader = read ? readFrom(room.db) : null;
  const pruning = prune({ executable, room, days, env });
  const began = performance.now();
  if (waits) await pruning.answer;
  else await Bun.sleep((MIDWAY.least + random() * (MIDWAY.most - MIDWAY.least)) * cast.took);
  if (waits) cast.took = performance.now() - began;
  const gone = pruning.deleted();
  await Promise.all([pruning.kill(), server.end("SIGKILL")]);
  verdict.losses.push(...(await Promise.all(work)).flat());
  reader?.close();
  verdict.deaths++;
  if (gone === null) verdict.midway++;
  else verdict.answered++;
  verdict.atRisk += supply.cut(oneOf(SURVIVORS, random), random).unflushed;
  return found(cast, { most: ended - (gone ?? 0), days });
}

function readFrom(path: string): Database {
  const db = new Database(path, { readonly: true });
  db.run("BEGIN");
  db.query("SELECT COUNT(*) FROM sqlite_schema").get();
  return db;
}

interface Pruning {
  executable: string;
  room: Room;
  days: number;
  env: Record<string, string>;
}

function prune({ executable, room, days, env }: Pruning) {
  const child = Bun.spawn([executable, "prune", "--older-than", `${days}d`, "--json", "--db", room.db], {
    cwd: room.path,
    env: { ...process.env, LOG_LEVEL: "warn", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let said: string | null = null;
  const answer = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]).then((texts) => {
    said = texts.join("\n");
  });
  return {
    answer,
    /** How many runs it said to have deleted; null as long as it said nothing. */
    deleted(): number | null {
      const [, deleted, stopped] = ANSWER.exec(said ?? "") ?? [];
      if (said && !deleted && !stopped) throw new Error(`prune said ${said}`);
      return said ? Number(deleted ?? stopped) : null;
    },
    async kill() {
      child.kill("SIGKILL");
      await Promise.all([child.exited, answer]);
    },
  };
}

/** Looks while a server that was started again has the file open. */
async function found({ executable, room, workers, verdict }: Cast, { most, days }: { most: number; days: number }) {
  const runs = workers.flatMap((worker) => worker.runs);
  for (const run of runs) run.touched = true; // prune may have harmed any
  const server: Server = await room.serve(executable, { transport: "stdio" });
  try {
    const listed = await opened(await server.client());
    verdict.losses.push(...(listed ? [listed] : check(room.db, runs)));
    return verdict.losses.length === 0 ? remaining(room.db, { most, days, verdict }) : 0;
  } finally {
    await server.end("SIGKILL");
  }
}

async function opened(client: Client): Promise<string | null> {
  const listed = await client.call("list_instances", { limit: 1 });
  return listed.isError ? listed.text : null;
}

const HALVES = `SELECT COUNT(*) AS count FROM instances AS i WHERE completed_at IS NOT NULL AND (
  NOT EXISTS (SELECT 1 FROM starts WHERE instance_id = i.instance_id)
  OR (SELECT COUNT(*) FROM history WHERE instance_id = i.instance_id) <> last_seq)`;

function remaining(
  path: string,
  { most, days, verdict }: { most: number; days: number; verdict: PruneVerdict },
): number {
  const db = new Database(path, { readonly: true });
  const count = (sql: string, ...values: string[]) =>
    db.query<{ count: number }, string[]>(sql).get(...values)?.count ?? 0;
  const before = new Date(Date.now() - days * 86_400_000).toISOString();
  const there = count("SELECT COUNT(*) AS count FROM instances WHERE completed_at < ?", before);
  const halves = count(HALVES) + db.query("PRAGMA foreign_key_check").all().length;
  db.close();
  if (there > most) verdict.losses.push(`${there - most} runs are there that prune answered to have deleted`);
  if (halves > 0) verdict.losses.push(`${halves} runs or rows are halves of what was deleted`);
  return there;
}
