/** A large file of runs in every status, as lists and prune have to work with it. */
import { Database } from "bun:sqlite";
import type { Room } from "../client/room.ts";
import { fill } from "./fill.ts";

/** Long before any `--older-than`. */
const ENDED_AT = "2024-01-01T00:00:00.000Z";

/** Makes `count` runs, of which the oldest `ended` have ended, in three statuses. */
export async function fillWithEnded(
  room: Room,
  product: string,
  { count, ended, entries }: { count: number; ended: number; entries: number },
): Promise<void> {
  await fill(room, product, { count, sample: 0, entries });
  const db = new Database(room.db);
  for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"]) db.run(`PRAGMA ${pragma}`);
  db.run(
    `UPDATE instances SET completed_at = ?, status = CASE rowid % 10 WHEN 0 THEN 'FAILED' WHEN 1 THEN 'CANCELLED'
      ELSE 'COMPLETED' END WHERE rowid <= (SELECT MAX(rowid) FROM (SELECT rowid FROM instances ORDER BY rowid LIMIT ?))`,
    [ENDED_AT, ended],
  );
  db.close();
  Bun.spawnSync(["sync"]); // what the system has not written yet would be written during the measure
}
