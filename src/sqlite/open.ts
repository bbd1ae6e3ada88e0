/** Opens the database file so that what is committed is flushed, and several processes can share it. */
import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../errors.ts";
import { migrate, refuseForeign } from "./migrate.ts";

/** How long a writer waits for another process's transaction, in milliseconds. */
const BUSY_TIMEOUT_MS = 10_000;
const WAL_ATTEMPTS = 50;
const WAL_RETRY_MS = 20;

/** Creates directories and the file (mode 0600) where they are missing, and migrates. Throws PERSISTENCE_ERROR. */
export async function openDatabase(path: string): Promise<Database> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "a", 0o600)); // SQLite would create it readable by all
    const db = new Database(path, { strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      db.transaction(() => refuseForeign(db, path))(); // one view of the file, while others may be creating it
      await configure(db);
      migrate(db, path);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw asPersistenceError(error, path);
  }
}

async function configure(db: Database): Promise<void> {
  await switchToWal(db);
  db.run("PRAGMA synchronous = FULL");
  db.run("PRAGMA fullfsync = ON"); // macOS: fsync alone leaves data in the drive's cache
  db.run("PRAGMA checkpoint_fullfsync = ON");
  db.run("PRAGMA foreign_keys = ON");
}

/** The switch is refused at once, busy timeout or not, while another process opens or recovers the file. */
async function switchToWal(db: Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      db.run("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === WAL_ATTEMPTS) throw error;
      await Bun.sleep(WAL_RETRY_MS);
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && (error.code?.startsWith("SQLITE_BUSY") ?? false);
}

const HINTS: [prefix: string, hint: string][] = [
  ["SQLITE_BUSY", "Another process holds the database; send the same call again."],
  ["SQLITE_FULL", "The disk is full: free some space, then send the same call again."],
  ["ENOSPC", "The disk is full: free some space, then send the same call again."],
  [
    "SQLITE_READONLY",
    "The file or its directory is not writable: correct its permissions, then send the same call again.",
  ],
  ["EACCES", "The directory or file is not accessible: correct its permissions, or name another with --db."],
  [
    "SQLITE_IOERR",
    "The disk refused a read or a write (full, at a limit, or failing): look at it, then send the same call again.",
  ],
  ["SQLITE_NOTADB", "The file is no SQLite database: name another with --db or WORKFLOW_DB_PATH."],
  ["SQLITE_CORRUPT", "The file is damaged: restore it from a backup, or name another with --db."],
];

/** The error as callers see it; an AppError stays what it is. */
export function asPersistenceError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const hint = HINTS.find(([prefix]) => code.startsWith(prefix))?.[1];
  const reason = error instanceof Error ? error.message : String(error);
  return new AppError("PERSISTENCE_ERROR", `The database "${path}" refused (${reason}); nothing was changed.`, {
    hint: hint ?? "Check that the path is right and writable, then send the same call again.",
    retryable: true,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
