/**
 * Writes that arrive in one turn of the event loop share one immediate transaction and one flush. Each is answered after
 * COMMIT; one that fails is rolled back to its savepoint and fails alone. A single caller pays nothing for it.
 */
import type { Database } from "bun:sqlite";

interface Job {
  run: () => unknown;
  done: (value: unknown) => void;
  fail: (error: unknown) => void;
}

export interface CommitGroup {
  /** Resolves to what `body` (synchronous) returned once it is flushed; rejects, having written nothing, if it throws. */
  write<T>(body: () => T): Promise<T>;
  /** Writes what is waiting, now. */
  flush(): void;
}

export function createCommitGroup(db: Database): CommitGroup {
  let waiting: Job[] = [];
  const together = db.transaction((jobs: Job[]) => (jobs.length === 1 ? jobs.map(alone) : jobs.map(inSavepoint)));
  const savepoint = db.transaction((job: Job) => job.run());

  function alone(job: Job): () => void {
    const value = job.run();
    return () => job.done(value);
  }

  function inSavepoint(job: Job): () => void {
    try {
      const value = savepoint(job);
      return () => job.done(value);
    } catch (error) {
      return () => job.fail(error);
    }
  }

  function flush(): void {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    try {
      for (const answer of together.immediate(jobs)) answer();
    } catch (error) {
      for (const job of jobs) job.fail(error);
    }
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
