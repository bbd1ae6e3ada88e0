/** Brings a database file to this version's schema: append-only migrations, each with its record in one transaction. */
import type { Database } from "bun:sqlite";
import { AppError } from "../errors.ts";
import initial from "./migrations/0001_initial.sql" with { type: "text" };
import checks from "./migrations/0002_checks.sql" with { type: "text" };
import head from "./migrations/0003_head.sql" with { type: "text" };
import lists from "./migrations/0004_lists.sql" with { type: "text" };
import turns from "./migrations/0005_turns.sql" with { type: "text" };
import branches from "./migrations/0006_branches.sql" with { type: "text" };
import forks from "./migrations/0007_forks.sql" with { type: "text" };
import hooks from "./migrations/0008_hooks.sql" with { type: "text" };
import overview from "./migrations/0009_overview.sql" with { type: "text" };
import refused from "./migrations/0010_refused.sql" with { type: "text" };

/** In order; the schema's version is the number of those applied. */
export const MIGRATIONS = [initial, checks, head, lists, turns, branches, forks, hooks, overview, refused];

/** "WfOr": marks the file as ours, so that another program's database is not written to. */
const APPLICATION_ID = 0x57664f72;

/** Migrates in one immediate transaction. Throws PERSISTENCE_ERROR for a newer schema and for a file that is not ours. */
export function migrate(db: Database, path: string): void {
  if (versionOf(db) === MIGRATIONS.length && pragma(db, "application_id") === APPLICATION_ID) return;
  db.transaction(() => {
    const version = versionOf(db); // again: another process may have migrated since
    refuseForeign(db, path);
    if (version === MIGRATIONS.length) return;
    for (const sql of MIGRATIONS.slice(version)) db.run(sql);
    db.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.run(`PRAGMA user_version = ${MIGRATIONS.length}`);
  }).immediate();
}

/** Throws PERSISTENCE_ERROR for a file that is not ours or is newer. Reads only: to be called before anything is written. */
export function refuseForeign(db: Database, path: string): void {
  const version = versionOf(db);
  const foreign = version === 0 ? hasTables(db) : pragma(db, "application_id") !== APPLICATION_ID;
  if (foreign) {
    throw new AppError("PERSISTENCE_ERROR", `"${path}" is a database of another program; nothing was changed.`, {
      hint: "Name another file with --db or WORKFLOW_DB_PATH.",
    });
  }
  if (version > MIGRATIONS.length) {
    throw new AppError(
      "PERSISTENCE_ERROR",
      `"${path}" has schema version ${version}; this version of orchestrator knows ${MIGRATIONS.length}.`,
      { hint: "Use the newer orchestrator that wrote it, or another file with --db. Nothing was changed." },
    );
  }
}

/**
 * Throws PERSISTENCE_ERROR if another version of this program has migrated the file since it was opened. To be called inside
 * each write: what this version writes might not mean the same there.
 */
export function refuseMigrated(db: Database, path: string): void {
  const version = versionOf(db);
  if (version === MIGRATIONS.length) return;
  throw new AppError(
    "PERSISTENCE_ERROR",
    `Another version of orchestrator has brought "${path}" to schema version ${version} while this server, which knows ${MIGRATIONS.length}, was running; nothing was changed.`,
    { hint: "Restart this server with the version that all others use, then send the same call again." },
  );
}

function hasTables(db: Database): boolean {
  return db.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== null;
}

function versionOf(db: Database): number {
  return pragma(db, "user_version");
}

function pragma(db: Database, name: "user_version" | "application_id"): number {
  return db.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0;
}
