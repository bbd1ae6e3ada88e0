/** The store's part about attempts at checks: one row an instance, claimed by whoever writes it first. */
import { isAlive, isOf } from "../attempt.ts";
import type { Store } from "../store.ts";
import { attemptFromRow, attemptToRow, type Row } from "./rows.ts";

const COLUMNS = "instance_id, attempt_id, visit, definition, started_at, alive_until, evidence";

const REPLACE = `INSERT OR REPLACE INTO attempts (${COLUMNS})
  VALUES ($instance_id, $attempt_id, $visit, $definition, $started_at, $alive_until, $evidence)`;

const KEEP = `UPDATE attempts SET alive_until = $alive_until WHERE attempt_id = $attempt_id AND EXISTS
  (SELECT 1 FROM instances WHERE instances.instance_id = attempts.instance_id AND instances.visit = attempts.visit
    AND instances.definition = attempts.definition AND instances.status = 'RUNNING')`;

const IS_CURRENT = `SELECT 1 FROM instances
  WHERE instance_id = $instance_id AND visit = $visit AND definition = $definition AND status = 'RUNNING'`;

interface Statements {
  row(sql: string, values: Row): Row | null;
  run(sql: string, values: Row): number;
  /** Both: what SQLite refuses becomes PERSISTENCE_ERROR. */
  read<T>(operation: () => T): Promise<T>;
  write<T>(body: () => T): Promise<T>;
}

type AttemptTable = Pick<Store, "attempt" | "beginAttempt" | "keepAttempt" | "endAttempt" | "dropAttempt">;

/** Its methods of the store, on the store's own statements. */
export function createAttemptTable({ row, run, read, write }: Statements): AttemptTable {
  function find(instance_id: string) {
    const found = row(`SELECT ${COLUMNS} FROM attempts WHERE instance_id = $instance_id`, { instance_id });
    return found && attemptFromRow(found);
  }

  return {
    attempt: (instanceId) => read(() => find(instanceId)),

    beginAttempt: (mine, now) =>
      write(() => {
        const { instance_id, visit, definition } = mine;
        if (!row(IS_CURRENT, { instance_id, visit, definition })) return { begun: false, before: null };
        const before = find(instance_id);
        if (before && isAlive(before, now) && isOf(before, mine)) return { begun: false, before };
        run(REPLACE, attemptToRow(mine));
        return { begun: true, before };
      }),

    keepAttempt: (alive) => write(() => run(KEEP, alive) > 0),

    endAttempt: async (attempt_id, evidence) => {
      const sql = "UPDATE attempts SET evidence = $evidence WHERE attempt_id = $attempt_id";
      await write(() => run(sql, { attempt_id, evidence: JSON.stringify(evidence) }));
    },

    dropAttempt: (attempt_id) =>
      write(() => run("DELETE FROM attempts WHERE attempt_id = $attempt_id", { attempt_id }) > 0),
  };
}
