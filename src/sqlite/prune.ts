/**
 * Deletes runs that ended long ago, while others write: in short transactions, with time for others between them. What is
 * freed is used again by later runs; the file does not shrink, because VACUUM would stop every writer while it copies all of it.
 */
import type { Database } from "bun:sqlite";
import { AppError } from "../errors.ts";
import type { BusyWait } from "./busy.ts";
import { refuseMigrated } from "./migrate.ts";

/** How long one transaction is to take, in milliseconds: nobody else writes meanwhile. */
const HELD_MS = 15;
/** And together with the writing back of its log, in milliseconds: others' flushes compete with it for the disk. */
const ROUND_MS = 40;
/** How long others have between two transactions at least, in milliseconds; whoever waits tries again sooner. */
const PAUSE_MS = 10;
/** Runs of one time lie together, their ids do not: without room for the indexes by id, each page of them is written twice. */
const CACHE_KIB = 32_000;
/** Pages of the log, of 4 KiB, with which it is begun anew, although others write. */
const LOG_PAGES = 4_000;
/** How long to wait at once, in milliseconds, for a moment in which nobody reads or writes. */
const WAIT_MS = 20;

/** Roots whose trees have ended: a branch goes with its root alone. Without the `+` the index of trees would not serve. */
export const SELECT_ENDED = `SELECT instance_id FROM instances AS root
  WHERE parent_id IS NULL AND status IN ('COMPLETED', 'FAILED', 'CANCELLED') AND completed_at < $before
    AND NOT EXISTS (SELECT 1 FROM instances AS branch WHERE branch.parent_id IS NOT NULL
      AND branch.branch ->> '$.root_id' = +root.instance_id AND ifnull(branch.completed_at >= $before, TRUE))`;

export const SELECT_BRANCH = `SELECT instance_id FROM instances
  WHERE parent_id IS NOT NULL AND branch ->> '$.root_id' = $root_id LIMIT 1`;

/** What a run has in each table; in the order in which nothing refers to what is gone. */
const DELETES = ["held", "refused", "attempts", "branch_items", "history", "starts", "instances"].map(
  (table) => `DELETE FROM ${table} WHERE instance_id = $instance_id`,
);

interface Ended {
  instance_id: string;
}

interface Pruning {
  path: string;
  /** ISO 8601: trees that ended before then. */
  before: string;
  busy: BusyWait;
}

/**
 * Resolves to how many roots were deleted with all that they have, durably. Throws PERSISTENCE_ERROR if it is told to end
 * before all are.
 */
export async function prune(db: Database, { path, before, busy }: Pruning): Promise<number> {
  const select = () => db.query<Ended, { before: string }>(SELECT_ENDED).all({ before });
  const ended = await busy.whenFree(select);
  db.run("PRAGMA foreign_keys = OFF"); // DELETES names all that a run has; a look into each table for each row takes twice as long
  db.run("PRAGMA wal_autocheckpoint = 0"); // within a commit it would hold up whoever waits to write
  db.run("PRAGMA synchronous = NORMAL"); // a flush within a commit would hold up others too; until the next one, power loss brings runs back
  db.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  db.run(`PRAGMA busy_timeout = ${WAIT_MS}`);
  const statements = DELETES.map((sql) => db.query(sql));
  const branchOf = db.query<Ended, { root_id: string }>(SELECT_BRANCH);
  /** False if another prune was first. */
  const remove = (instance_id: string) => statements.map((each) => each.run({ instance_id }).changes).at(-1) === 1;
  const deleteFor = db.transaction((from: number, milliseconds: number) => {
    const began = performance.now();
    refuseMigrated(db, path);
    let [next, deleted] = [from, 0];
    while (performance.now() - began < milliseconds) {
      const root = ended[next];
      if (!root) break;
      const branch = branchOf.get({ root_id: root.instance_id }); // the root goes last: the next prune finds what is left of its tree
      if (branch) remove(branch.instance_id);
      else {
        next++;
        if (remove(root.instance_id)) deleted++;
      }
    }
    return { began, next, deleted };
  });
  let [from, deleted, work] = [0, 0, HELD_MS / 2];
  while (from < ended.length && busy.mayWait(performance.now())) {
    const done = await busy.whenFree(() => deleteFor.immediate(from, work));
    const held = performance.now() - done.began;
    from = done.next;
    deleted += done.deleted;
    const paused = Bun.sleep(PAUSE_MS);
    writeBack(db);
    work *= Math.min(HELD_MS / held, ROUND_MS / (performance.now() - done.began)); // deleting is a part of both
    await paused;
  }
  if (deleted > 0) await flush(db, busy);
  if (from < ended.length) throw stopped(deleted);
  return deleted;
}

/** Makes all that was committed survive a loss of power. A log is written back in part, or not at all, while others read from it. */
async function flush(db: Database, busy: BusyWait): Promise<void> {
  db.run("PRAGMA synchronous = FULL"); // each commit that writes flushes the whole log
  const commit = db.transaction(() => {
    const { user_version = 0 } = db.query<{ user_version: number }, []>("PRAGMA user_version").get() ?? {};
    db.run(`PRAGMA user_version = ${user_version}`); // writes a page, although nothing changes
  });
  await busy.whenFree(() => commit.immediate());
}

/** Brings the log into the file. Else whoever commits next would have to, and a log that is never done with only grows. */
function writeBack(db: Database): void {
  const written = db.query<{ log: number }, []>("PRAGMA wal_checkpoint(PASSIVE)").get(); // waits for nobody, and nobody for it
  if (written && written.log > LOG_PAGES) db.run("PRAGMA wal_checkpoint(RESTART)"); // others wait, for the little that they added
}

function stopped(deleted: number): AppError {
  return new AppError("PERSISTENCE_ERROR", `Stopped after ${deleted} runs were deleted, each of them whole.`, {
    hint: "Run the same command again for the rest.",
    retryable: true,
  });
}
