/** How a busy database is waited for: by trying again, never by holding the event loop. */
import { SQLiteError } from "bun:sqlite";

/** How long one operation waits, in milliseconds. A call that waits to open and again to write stays under 40 s. */
const LIMIT_MS = 18_000;
/** How long it goes on waiting once the process is told to end, in milliseconds; the process has two seconds. */
const LAST_MS = 400;
/** How long until the next try, in milliseconds. */
const RETRY_MS = 8;

export interface BusyWait {
  /** Tries the operation until SQLite is not busy; rejects with its refusal if that takes too long, or the process ends. */
  whenFree<T>(operation: () => T | Promise<T>): Promise<T>;
  /** Whether an operation that began then (as `performance.now()` says) may be tried again. */
  mayWait(since: number): boolean;
  /** Resolves when it is time to try again: for all who wait at once. */
  pause(): Promise<void>;
  /** The process ends: nobody waits much longer. */
  stop(): void;
}

/** One for a process and a file; tests shorten the limit. */
export function createBusyWait(limit = LIMIT_MS): BusyWait {
  let pausing: Promise<void> | null = null;
  let end = Number.POSITIVE_INFINITY;

  const mayWait = (since: number) => performance.now() < Math.min(since + limit, end);

  function pause(): Promise<void> {
    pausing ??= Bun.sleep(RETRY_MS).then(() => {
      pausing = null;
    });
    return pausing;
  }

  async function whenFree<T>(operation: () => T | Promise<T>): Promise<T> {
    for (let since: number | null = null; ; await pause()) {
      try {
        return await operation();
      } catch (error) {
        since ??= performance.now();
        if (!isBusy(error) || !mayWait(since)) throw error;
      }
    }
  }

  return {
    whenFree,
    mayWait,
    pause,
    stop: () => {
      end = Math.min(end, performance.now() + LAST_MS);
    },
  };
}

/** Whether another connection holds what SQLite needs, so that the same may succeed later. */
export function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && (error.code?.startsWith("SQLITE_BUSY") ?? false);
}
