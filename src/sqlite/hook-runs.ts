/**
 * The database for hooks: opened, read and closed again within milliseconds, beside servers that use it. It is never made or
 * migrated, and rows are read by hand, because the schemas of the nouns take longer to load than a hook may.
 */
import { constants, Database } from "bun:sqlite";
import { pathToFileURL } from "node:url";
import type { Held, HookRun, HookRuns, HookTurn, LastReport } from "../hook.ts";
import { besides, isThere } from "./files.ts";
import { refuseCutOff } from "./open.ts";

/** How long SQLite may wait for others, in milliseconds. */
const BUSY_MS = 5;
/** Most refused edits that are kept of one run. */
const MOST_EDITS = 1_000;
/** Entries of the history among which the last report is sought. */
const RECENT = 50;

const COLUMNS = `instance_id, version, parent_id, workflow_name, definition, project, status, turn, step_name, visit, pending,
  waived, last_seq, created_at, last_report_at`;

type Row = Record<string, string | number | null>;

/** Null if there is none, or it is in the middle of what only a server can mend. Throws what SQLite says. */
export function openHookRuns(path: string): HookRuns | null {
  const db = openToRead(path);
  if (!db) return null;
  const runFrom = (row: Row | null) => (row ? hookRun(row) : null);
  return {
    live(project, most) {
      const sql = `SELECT ${COLUMNS} FROM instances WHERE project = ? AND status = ? AND parent_id IS NULL
        ORDER BY created_at DESC LIMIT ?`; // one status at a time, so that an index has the order
      const of = (status: string) => db.query<Row, [string, string, number]>(sql).all(project, status, most);
      return [...of("RUNNING"), ...of("SUSPENDED")].map(hookRun);
    },
    run(instanceId) {
      const sql = `SELECT ${COLUMNS} FROM instances WHERE instance_id = ? AND status IN ('RUNNING', 'SUSPENDED')`;
      return runFrom(db.query<Row, [string]>(sql).get(instanceId));
    },
    lastReport({ instance_id, last_seq }) {
      const sql = `SELECT step_name, report, ended_at FROM history WHERE instance_id = ? AND seq > ? AND report IS NOT NULL
        ORDER BY seq DESC LIMIT 1`;
      const row = db.query<Row, [string, number]>(sql).get(instance_id, last_seq - RECENT);
      return row && lastReport(row);
    },
    edits({ definition, step_name }) {
      const row = db.query<Row, [string]>("SELECT body FROM definitions WHERE hash = ?").get(definition);
      return row && editsOf(JSON.parse(String(row["body"])), step_name);
    },
    isChecked({ instance_id, visit }) {
      const sql = "SELECT 1 FROM attempts WHERE instance_id = ? AND visit = ? AND alive_until > ? AND evidence IS NULL";
      return db.query(sql).get(instance_id, visit, new Date().toISOString()) !== null;
    },
    hold: (run, held) => record(path, run, held),
    close: () => db.close(),
  };
}

/** With its log and index, the way of all readers. Without either nobody has it open: the file alone is read, and none is made. */
function openToRead(path: string): Database | null {
  if (!isThere(path)) return null;
  const files = besides(path).filter(isThere);
  if (files.length === 1) return null;
  const name = files.length === 2 ? path : `${pathToFileURL(path).href}?immutable=1`;
  const db = new Database(name, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
  db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
  return db;
}

/** Not flushed: what others commit flushes it, and a loss of power takes a count, no answer. */
function record(path: string, run: HookRun, { kind, client, path: file, held_at }: Held): boolean {
  if (besides(path).some((each) => !isThere(each))) refuseCutOff(path);
  const db = new Database(path, constants.SQLITE_OPEN_READWRITE);
  try {
    db.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    db.run("PRAGMA synchronous = NORMAL");
    db.run("PRAGMA wal_autocheckpoint = 0");
    const sql = `INSERT OR IGNORE INTO held (instance_id, visit, kind, step_name, client, path, held_at)
      SELECT instance_id, visit, $kind, step_name, $client, $file, $held_at FROM instances
      WHERE instance_id = $id AND version = $version
        AND (SELECT count(*) FROM held WHERE instance_id = $id) < ${MOST_EDITS}`;
    const values = { $kind: kind, $client: client, $file: file, $held_at: held_at };
    return db.query(sql).run({ ...values, $id: run.instance_id, $version: run.version }).changes > 0;
  } finally {
    db.close();
  }
}

function hookRun(row: Row): HookRun {
  const text = (column: string) => String(row[column] ?? "");
  const pending = parsed(row["pending"]);
  const waived: unknown = JSON.parse(text("waived") || "[]");
  return {
    instance_id: text("instance_id"),
    version: Number(row["version"]),
    parent_id: row["parent_id"] === null ? null : text("parent_id"),
    workflow_name: text("workflow_name"),
    definition: text("definition"),
    project: text("project"),
    turn: turnFrom(parsed(row["turn"])),
    step_name: text("step_name"),
    visit: Number(row["visit"]),
    pending: pending && (pending["asked"] === true ? "asked" : "kept"),
    waived: Array.isArray(waived) ? waived.map((each) => String(field(each, "what"))) : [],
    last_seq: Number(row["last_seq"]),
    created_at: text("created_at"),
    last_report_at: row["last_report_at"] === null ? null : text("last_report_at"),
  };
}

const SIDES = ["agent", "server", "branches", "clock", "person"] as const;

/** No turn in the row: the agent's. One that is not known is nobody's whom a hook may hold. */
function turnFrom(turn: Record<string, unknown> | null): HookTurn {
  if (!turn) return { of: "agent", kind: "step", max_parallel: 0 };
  const of = SIDES.find((side) => side === turn["of"]) ?? "server";
  const most = Number(field(turn["branches"], "max_parallel") ?? 0);
  return { of, kind: String(turn["kind"]), max_parallel: most };
}

function lastReport(row: Row): LastReport {
  const report = parsed(row["report"]) ?? {};
  const said = report["error"] ?? report["message"] ?? report["details"] ?? report["result"] ?? "";
  return {
    step_name: String(row["step_name"]),
    status: String(report["status"]),
    said: typeof said === "string" ? said : JSON.stringify(said),
    ended_at: String(row["ended_at"]),
  };
}

function editsOf(definition: unknown, stepName: string): string[] | null {
  const steps = field(definition, "steps");
  const step = Array.isArray(steps) ? steps.find((each) => field(each, "name") === stepName) : null;
  const checks = field(step, "checks");
  const check = Array.isArray(checks) ? checks.find((each) => field(each, "kind") === "edits") : null;
  const globs = field(check, "globs");
  return Array.isArray(globs) ? globs.map(String) : null;
}

function parsed(text: string | number | null | undefined): Record<string, unknown> | null {
  const value: unknown = typeof text === "string" ? JSON.parse(text) : null;
  return isObject(value) ? value : null;
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
