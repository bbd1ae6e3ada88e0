/**
 * Writes that arrive in one turn of the event loop share one immediate transaction and one flush; each is answered after
 * COMMIT. Where one of them throws, all is rolled back and each is written alone, so that it fails alone. A single caller
 * pays nothing for it.
 */
import type { Database } from "bun:sqlite";

interface Job {
  run: () => unknown;
  done: (value: unknown) => void;
  fail: (error: unknown) => void;
}

export interface CommitGroup {
  /**
   * Resolves to what `body` returned once it is flushed; rejects, having written nothing, if it throws. `body` is
   * synchronous and does nothing but SQL: it may be run again after a rollback.
   */
  write<T>(body: () => T): Promise<T>;
  /** Writes what is waiting, now. */
  flush(): void;
}

export function createCommitGroup(db: Database): CommitGroup {
  let waiting: Job[] = [];
  const together = db.transaction((jobs: Job[]) => jobs.map((job) => job.run()));

  function commit(jobs: Job[]): void {
    let values: unknown[];
    try {
      values = together.immediate(jobs);
    } catch (error) {
      const [only, ...others] = jobs;
      if (only && others.length === 0) only.fail(error);
      else for (const job of jobs) commit([job]);
      return;
    }
    for (const [index, job] of jobs.entries()) job.done(values[index]);
  }

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    if (jobs.length > 0) commit(jobs);
  }

  return {
    write: <T>(run: () => T) =>
      new Promise<T>((resolve, fail) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ run, done: (value) => resolve(value as T), fail }); // the value is what `run` returned
      }),
    flush,
  };
}
