/**
 * Deletes runs that ended long ago, while others write: in short transactions, with time for others between them. What is
 * freed is used again by later runs; the file does not shrink, because VACUUM would stop every writer while it copies all of it.
 */
import type { Database } from "bun:sqlite";
import { AppError } from "../errors.ts";
import type { BusyWait } from "./busy.ts";
import { refuseMigrated } from "./migrate.ts";

/** How long one transaction deletes, in milliseconds: nobody else writes meanwhile. */
const WORK_MS = 20;
/** How long others have between two transactions at least, in milliseconds; whoever waits tries again sooner. */
const PAUSE_MS = 10;

const SELECT_ENDED = `SELECT instance_id FROM instances
  WHERE status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND completed_at < $before`;

/** What a run has in each table; in the order in which nothing refers to what is gone. */
const DELETES = ["attempts", "history", "starts", "instances"].map(
  (table) => `DELETE FROM ${table} WHERE instance_id = $instance_id`,
);

interface Pruning {
  path: string;
  /** ISO 8601: runs that ended before then. */
  before: string;
  busy: BusyWait;
}

/** Resolves to how many runs were deleted, each whole. Throws PERSISTENCE_ERROR if it is told to end before all are. */
export async function prune(db: Database, { path, before, busy }: Pruning): Promise<number> {
  const select = () => db.query<{ instance_id: string }, { before: string }>(SELECT_ENDED).all({ before });
  const ended = await busy.whenFree(select);
  db.run("PRAGMA foreign_keys = OFF"); // DELETES names all that a run has; a look into each table for each row takes twice as long
  db.run("PRAGMA wal_autocheckpoint = 0"); // within a commit it would hold up whoever waits to write
  let next = 0;
  const deleteSome = db.transaction(() => {
    refuseMigrated(db, path);
    const statements = DELETES.map((sql) => db.query(sql));
    let at = next;
    for (const until = performance.now() + WORK_MS; at < ended.length && performance.now() < until; at++) {
      for (const statement of statements) statement.run({ instance_id: ended[at]?.instance_id ?? "" });
    }
    return at;
  });
  while (next < ended.length) {
    if (!busy.mayWait(performance.now())) throw stopped(next);
    next = await busy.whenFree(() => deleteSome.immediate());
    const paused = Bun.sleep(PAUSE_MS);
    db.run("PRAGMA wal_checkpoint(PASSIVE)"); // waits for nobody, and nobody waits for it
    await paused;
  }
  return next;
}

function stopped(deleted: number): AppError {
  return new AppError("PERSISTENCE_ERROR", `Stopped after ${deleted} runs were deleted, each of them whole.`, {
    hint: "Run the same command again for the rest.",
    retryable: true,
  });
}
