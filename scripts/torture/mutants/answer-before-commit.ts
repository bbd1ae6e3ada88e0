/** A fault put in on purpose: transactions answer at once and are committed a little later. */
import type { Database } from "bun:sqlite";

const LATE_MS = 15;

export function mutate(db: Database): Database {
  const later = () => {
    if (db.inTransaction) db.exec("COMMIT");
  };
  const open = <T>(body: (...args: unknown[]) => T, args: unknown[]): T => {
    if (!db.inTransaction) {
      db.exec("BEGIN IMMEDIATE");
      setTimeout(later, LATE_MS);
    }
    return body(...args);
  };
  const transaction = (body: (...args: unknown[]) => unknown) => {
    const run = (...args: unknown[]) => open(body, args);
    return Object.assign(run, { immediate: run, deferred: run, exclusive: run });
  };
  return Object.assign(db, { transaction });
}
