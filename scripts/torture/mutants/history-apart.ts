/** A fault put in on purpose: the history is written after the row, in a transaction of its own. */
import type { Database } from "bun:sqlite";

const LATE_MS = 15;

export function mutate(db: Database): Database {
  const delayed = (make: (sql: string) => object) => (sql: string) => {
    const statement = make.call(db, sql);
    if (!/^\s*INSERT\s+INTO\s+history/i.test(sql)) return statement;
    const run = (...values: unknown[]) => {
      const kept = structuredClone(values);
      setTimeout(() => Reflect.apply(Reflect.get(statement, "run"), statement, kept), LATE_MS);
      return { changes: 1, lastInsertRowid: 0 };
    };
    return { run, get: run, all: run };
  };
  return Object.assign(db, { query: delayed(db.query), prepare: delayed(db.prepare) });
}
