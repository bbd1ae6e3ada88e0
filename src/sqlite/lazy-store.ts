/** The store of one file, opened at the first use, and given up if the file is not the one that was opened any more. */
import { Database } from "bun:sqlite";
import type { Store } from "../store.ts";
import type { BusyWait } from "./busy.ts";
import { type FilesState, type FilesWatch, filesError, watchFiles } from "./files.ts";
import { openError, tryOpen } from "./open.ts";
import { createSqliteStore } from "./store.ts";

interface Opened {
  store: Store;
  db: Database;
  files: FilesWatch;
  closed: boolean;
}

export interface LazyStore {
  /** Resolves to the store, or rejects with PERSISTENCE_ERROR; a failed attempt is made again at the next call. */
  open(): Promise<Store>;
  /** Closes the file, if it was opened. */
  close(): Promise<void>;
}

export function createLazyStore(path: string, busy: BusyWait): LazyStore {
  let opened: Promise<Opened> | null = null;
  /** Never closed; see letGo. */
  let witness: Database | null = null;

  async function attempt(): Promise<Opened> {
    const db = tryOpen(path);
    const files = watchFiles(path);
    return { store: createSqliteStore(db, { path, busy, files }), db, files, closed: false };
  }

  /** One attempt for all who wait. */
  function openOnce(): Promise<Opened> {
    opened ??= attempt().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  }

  async function whenOpen(): Promise<Opened> {
    try {
      return await busy.whenFree(openOnce);
    } catch (error) {
      throw openError(error, path);
    }
  }

  async function giveUp(mine: Opened, state: FilesState): Promise<void> {
    mine.closed = true;
    if (state === "overtaken") return letGo(mine);
    try {
      // closing alone leaves it to whoever closes last, and of two who close at once neither may be
      if (state === "cut off") mine.db.run("PRAGMA wal_checkpoint(PASSIVE)");
    } finally {
      await mine.store.close();
    }
  }

  /**
   * Closes our connection so that our log is not written over theirs: SQLite writes a log back if the last connection is
   * closed, as all are at the exit, but not by one that only reads and is in the middle of it.
   */
  async function letGo({ store }: Opened): Promise<void> {
    if (witness) return;
    witness = new Database(path, { readonly: true });
    try {
      witness.run("BEGIN");
      witness.query("SELECT 1 FROM sqlite_schema").get();
      await store.close();
    } catch {
      // the log is another one too: what is in ours can only be saved by writing it back at the exit
    }
  }

  return {
    async open() {
      const mine = await whenOpen();
      const state = mine.files("turn");
      if (state === "as opened") return mine.store;
      if (state === "overtaken") await letGo(mine);
      if (state === "gone" || state === "overtaken") throw filesError(state, path);
      if (!mine.closed) {
        opened = null;
        await giveUp(mine, state);
      }
      return (await whenOpen()).store;
    },
    async close() {
      const mine = await opened;
      if (mine) await giveUp(mine, mine.files("turn"));
    },
  };
}
