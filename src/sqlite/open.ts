/** Opens the database file so that what is committed is flushed, and several processes can share it. */
import { Database } from "bun:sqlite";
import { accessSync, closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../errors.ts";
import { type BusyWait, isBusy } from "./busy.ts";
import { isThere, isWhole, makePrivate } from "./files.ts";
import { migrate, refuseForeign } from "./migrate.ts";
import { asPersistenceError } from "./persistence-error.ts";

/**
 * Creates directories and the file if they are missing, migrates, and makes the file private (mode 0600). Waits while
 * another process holds it. Throws PERSISTENCE_ERROR.
 */
export async function openDatabase(path: string, busy: BusyWait): Promise<Database> {
  try {
    return await busy.whenFree(() => tryOpen(path));
  } catch (error) {
    throw openError(error, path);
  }
}

/** Opens the database, hands it to `use`, and closes it. Rejects with PERSISTENCE_ERROR, or what else `use` throws as AppError. */
export async function withDatabase<T>(path: string, busy: BusyWait, use: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(path, busy);
  try {
    return await use(db);
  } catch (error) {
    throw asPersistenceError(error, path);
  } finally {
    db.close();
  }
}

/** `openDatabase` without waiting; throws what SQLite or the file system says, as it is. */
export function tryOpen(path: string): Database {
  if (isThere(path)) {
    accessSync(path, constants.R_OK | constants.W_OK);
    refuseCutOff(path);
  } else create(path);
  const db = new Database(path, { strict: true });
  try {
    db.run("PRAGMA busy_timeout = 0"); // SQLite would hold the whole process while it waits
    db.transaction(() => refuseForeign(db, path))(); // one view of the file, while others may be creating it
    configure(db);
    migrate(db, path);
    makePrivate(path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** SQLite would create it readable by all. */
function create(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
}

/**
 * Throws SQLITE_BUSY if another process has the file open although its log or index is not there: it was removed, and
 * whoever made new ones would neither see that process's locks nor what it wrote.
 */
export function refuseCutOff(path: string): void {
  if (isWhole(path)) return;
  const db = new Database(path, { readwrite: true });
  try {
    db.run("PRAGMA locking_mode = EXCLUSIVE"); // needs no index, and makes none
    db.query("SELECT 1 FROM sqlite_schema").get();
  } finally {
    db.close();
  }
}

function configure(db: Database): void {
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA fullfsync = ON"); // macOS: fsync alone leaves data in the drive's cache
  db.run("PRAGMA checkpoint_fullfsync = ON");
  db.run("PRAGMA foreign_keys = ON");
}

/** What `tryOpen` threw, as callers see it. */
export function openError(cause: unknown, path: string): AppError {
  if (!isBusy(cause) || isWhole(path)) return asPersistenceError(cause, path);
  const what = `The database "${path}" is open in another process, but its -wal or -shm file is missing; nothing was changed.`;
  return new AppError("PERSISTENCE_ERROR", what, {
    hint: "If somebody removed that file, restart all servers that use the database: each writes its log back as it ends. Else send the same call again.",
    retryable: true,
    cause,
  });
}
