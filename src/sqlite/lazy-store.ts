/** The store of one file, opened at the first use, and given up when the file is not the one that was opened any more. */
import { type BigIntStats, statSync } from "node:fs";
import { AppError } from "../errors.ts";
import type { Store } from "../instance.ts";
import { openDatabase } from "./open.ts";
import { createSqliteStore } from "./store.ts";

interface Opened {
  store: Store;
  /** Which file it is; "" where that cannot be told. */
  identity: string;
  /** Which write-ahead log it has; "" until there is one. */
  log: string;
}

export interface LazyStore {
  /** Resolves to the store, or rejects with PERSISTENCE_ERROR; a failed attempt is made again at the next call. */
  open(): Promise<Store>;
  /** Closes the file, if it was opened. */
  close(): Promise<void>;
}

export function createLazyStore(path: string): LazyStore {
  let opened: Promise<Opened> | null = null;
  let looked = false; // once in a turn of the event loop is enough

  async function attempt(): Promise<Opened> {
    const db = await openDatabase(path);
    return { store: createSqliteStore(db, path), identity: identityOf(path), log: "" };
  }

  function openOnce(): Promise<Opened> {
    opened ??= attempt().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  }

  return {
    async open() {
      const mine = openOnce();
      const before = await mine;
      if (looked) return before.store;
      const now = identityOf(path);
      if (now === before.identity && hasItsLog(before, path)) {
        looked = true;
        setImmediate(() => {
          looked = false;
        });
        return before.store;
      }
      if (now === "") throw gone(path);
      if (opened === mine) {
        // Another file stands there, restored from a backup perhaps; or the log was removed, which closing writes back.
        opened = null;
        await before.store.close();
      }
      return (await openOnce()).store;
    },
    async close() {
      await (await opened)?.store.close();
    },
  };
}

/** While the file is open its log stays the same one; what is written to a removed one is lost when the process dies. */
function hasItsLog(opened: Opened, path: string): boolean {
  const now = identityOf(`${path}-wal`);
  opened.log ||= now;
  return now === opened.log;
}

/** SQLite would go on writing into a file that has no name any more, and all of it would be lost. */
function gone(path: string): AppError {
  return new AppError(
    "PERSISTENCE_ERROR",
    `The database "${path}" was removed while it was open; nothing was changed.`,
    {
      hint: "Put the file back, then send the same call again; or restart the server to begin with an empty one.",
      retryable: true,
    },
  );
}

/** Device and inode; "" where there is no file, or it cannot be looked at. */
function identityOf(path: string): string {
  try {
    const found: BigIntStats = statSync(path, { bigint: true });
    return `${found.dev}:${found.ino}`;
  } catch {
    return "";
  }
}
