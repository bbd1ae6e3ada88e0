/**
 * Writes that arrive in one turn of the event loop share one immediate transaction and one flush; each is answered after
 * COMMIT. If one of them throws, all is rolled back and each is written alone, so that it fails alone. While the database
 * is busy they wait as one, and later ones join them. A single caller pays nothing for it.
 */
import type { Database } from "bun:sqlite";
import { type BusyWait, isBusy } from "./busy.ts";

interface Job {
  run: () => unknown;
  done: (value: unknown) => void;
  fail: (error: unknown) => void;
  since: number;
}

export interface CommitGroup {
  /**
   * Resolves to what `body` returned once it is flushed; rejects, having written nothing, if it throws or the database
   * stays busy. `body` is synchronous and does nothing but SQL: it may be run again after a rollback.
   */
  write<T>(body: () => T): Promise<T>;
  /** Writes what is waiting, now; rejects what cannot be written now. */
  end(): void;
}

interface GroupParts {
  busy: BusyWait;
  /** Is called inside each transaction before anything is written; if it throws, nothing is. */
  guard: () => void;
}

export function createCommitGroup(db: Database, { busy, guard }: GroupParts): CommitGroup {
  let waiting: Job[] = [];
  let planned = false;
  let ended = false;
  const together = db.transaction((jobs: Job[]) => {
    guard();
    return jobs.map((job) => job.run());
  });

  function commit(jobs: Job[]): void {
    let values: unknown[];
    try {
      values = together.immediate(jobs);
    } catch (error) {
      const [only, ...others] = jobs;
      if (isBusy(error)) postpone(jobs, error);
      else if (only && others.length === 0) only.fail(error);
      else for (const job of jobs) commit([job]);
      return;
    }
    for (const [index, job] of jobs.entries()) job.done(values[index]);
  }

  function postpone(jobs: Job[], error: unknown): void {
    for (const job of jobs) {
      if (!ended && busy.mayWait(job.since)) waiting.push(job);
      else job.fail(error);
    }
    if (planned || waiting.length === 0) return;
    planned = true;
    void busy.pause().then(flush);
  }

  function flush(): void {
    planned = false;
    const jobs = waiting;
    waiting = [];
    if (jobs.length > 0) commit(jobs);
  }

  return {
    write: <T>(run: () => T) =>
      new Promise<T>((resolve, fail) => {
        waiting.push({ run, done: (value) => resolve(value as T), fail, since: performance.now() }); // it is what `run` returned
        if (planned) return;
        planned = true;
        setImmediate(flush);
      }),
    end() {
      ended = true;
      flush();
    },
  };
}
