/** The Store on one SQLite file. Each method is one statement, or one part of an immediate transaction. */
import type { Database } from "bun:sqlite";
import type { Change, Store } from "../instance.ts";
import { Workflow } from "../workflow.ts";
import { createAttemptTable } from "./attempt-table.ts";
import type { BusyWait } from "./busy.ts";
import { createCommitGroup } from "./commit-group.ts";
import { type FilesWatch, filesError } from "./files.ts";
import { listStatement } from "./list-statement.ts";
import { refuseMigrated } from "./migrate.ts";
import { asPersistenceError } from "./persistence-error.ts";
import {
  dueFromRow,
  entryFromRow,
  entryToRow,
  instanceFromRow,
  instanceToRow,
  type Row,
  startFromRow,
  startToRow,
  summaryFromRow,
} from "./rows.ts";

const INSTANCE_COLUMNS = `instance_id, version, workflow_name, definition, trusted, project, parent_id, status, turn, due_at, due_for,
  step_name, visit, visit_started_at, visits, notes, pending, baseline, waived, head, last_seq, last_report_at, created_at,
  updated_at, completed_at, context, assumptions, unattended`;

const ENTRY_COLUMNS = `seq, kind, visit, step_id, step_name, report, context_patch, decision, evidence, turn, ruling, actor,
  definition, started_at, ended_at`;

const INSERT_DEFINITION = `INSERT INTO definitions (hash, workflow_name, body, created_at)
  VALUES ($hash, $workflow_name, $body, $created_at) ON CONFLICT (hash) DO NOTHING`;

const INSERT_INSTANCE = `INSERT INTO instances (${INSTANCE_COLUMNS})
  VALUES ($instance_id, $version, $workflow_name, $definition, $trusted, $project, $parent_id, $status, $turn, $due_at, $due_for,
    $step_name, $visit, $visit_started_at, $visits, $notes, $pending, $baseline, $waived, $head, $last_seq, $last_report_at,
    $created_at, $updated_at, $completed_at, $context, $assumptions, $unattended)`;

const INSERT_START = `INSERT INTO starts (instance_id, project, request_id, definition, first_step, unattended, actor,
    started_at, context, turn)
  VALUES ($instance_id, $project, $request_id, $definition, $first_step, $unattended, $actor, $started_at, $context,
    $turn)`;

/** Of a row whose status stays: to set it, changed or not, makes SQLite write the indexes anew that hold it. */
const UPDATE_INSTANCE = `UPDATE instances SET version = version + 1, definition = $definition, trusted = $trusted,
    turn = $turn, due_at = $due_at, due_for = $due_for, step_name = $step_name, visit = $visit, visit_started_at = $visit_started_at,
    visits = $visits, notes = $notes, pending = $pending, baseline = $baseline, waived = $waived, head = $head,
    last_seq = $last_seq, last_report_at = $last_report_at,
    updated_at = $updated_at, completed_at = $completed_at, context = $context, assumptions = $assumptions
  WHERE instance_id = $instance_id AND version = $version AND status = $status`;

const UPDATE_STATUS = "UPDATE instances SET status = $status WHERE instance_id = $instance_id AND version = $version";

const INSERT_ENTRY = `INSERT INTO history (instance_id, ${ENTRY_COLUMNS})
  VALUES ($instance_id, $seq, $kind, $visit, $step_id, $step_name, $report, $context_patch, $decision, $evidence, $turn, $ruling,
    $actor, $definition, $started_at, $ended_at)`;

const SELECT_BY_REQUEST = `SELECT ${INSTANCE_COLUMNS} FROM instances WHERE instance_id =
  (SELECT instance_id FROM starts WHERE project = $project AND request_id = $request_id)`;

export interface StoreParts {
  /** Names the database in errors. */
  path: string;
  busy: BusyWait;
  files: FilesWatch;
}

/** A store on an open database. Closing it closes the database. */
export function createSqliteStore(db: Database, { path, busy, files }: StoreParts): Store {
  /** Hashes of definitions that the file has: nothing deletes one. */
  const stored = new Set<string>();

  function refused(error: unknown): never {
    throw asPersistenceError(error, path);
  }

  /** Whoever removed a file, or migrated it, did so between two writes. */
  function guard(): void {
    const state = files("commit");
    if (state !== "as opened") throw filesError(state, path);
    refuseMigrated(db, path);
  }

  /** Runs one atomic read; whatever SQLite refuses becomes PERSISTENCE_ERROR. */
  const read = <T>(operation: () => T): Promise<T> => busy.whenFree(operation).catch(refused);
  const group = createCommitGroup(db, { busy, guard });
  const write = <T>(body: () => T): Promise<T> => group.write(body).catch(refused);
  const row = (sql: string, values: Row): Row | null => db.query<Row, [Row]>(sql).get(values);
  const rows = (sql: string, values: Row): Row[] => db.query<Row, [Row]>(sql).all(values);
  const run = (sql: string, values: Row): number => db.query(sql).run(values).changes;

  /** Its row; null if the file has it. */
  function definitionToRow(hash: string, workflow: Workflow, created_at: string): Row | null {
    if (stored.has(hash)) return null;
    return { hash, workflow_name: workflow.name, body: JSON.stringify(workflow), created_at };
  }

  function changeToRows({ instance, entries, definition }: Change) {
    const { workflow_name, project, parent_id, unattended, created_at, ...changing } = instanceToRow(instance);
    const { instance_id, version, status } = instance;
    return {
      changing,
      status: { instance_id, version, status },
      entries: entries.map((entry) => entryToRow(instance_id, entry)),
      definition: definition ? definitionToRow(definition.hash, definition.workflow, instance.updated_at) : null,
    };
  }

  /** False, having written nothing, if the row has another version. */
  function writeChange({ changing, status, entries, definition }: ReturnType<typeof changeToRows>): boolean {
    if (definition) run(INSERT_DEFINITION, definition);
    const update = () => run(UPDATE_INSTANCE, changing) > 0;
    if (!update() && !(run(UPDATE_STATUS, status) > 0 && update())) return false;
    for (const each of entries) run(INSERT_ENTRY, each);
    return true;
  }

  function isAsRead({ instance_id = null, version }: Row): boolean {
    return (
      row("SELECT version FROM instances WHERE instance_id = $instance_id", { instance_id })?.["version"] === version
    );
  }

  function byRequest(project: string, request_id: string) {
    const found = row(SELECT_BY_REQUEST, { project, request_id });
    return found && instanceFromRow(found);
  }

  return {
    async create(start, instance, workflow) {
      const { project } = instance;
      const definition = definitionToRow(start.definition, workflow, start.started_at);
      const [instanceRow, startRow] = [instanceToRow(instance), startToRow(start, project)];
      const known = await write(() => {
        const found = start.request_id === null ? null : byRequest(project, start.request_id);
        if (found) return found;
        if (definition) run(INSERT_DEFINITION, definition);
        run(INSERT_INSTANCE, instanceRow);
        run(INSERT_START, startRow);
        return null;
      });
      if (known) return known;
      stored.add(start.definition);
      return instance;
    },

    load: (instance_id) =>
      read(() => {
        const found = row(`SELECT ${INSTANCE_COLUMNS} FROM instances WHERE instance_id = $instance_id`, {
          instance_id,
        });
        return found && instanceFromRow(found);
      }),

    async commit(...changes) {
      const prepared = changes.map(changeToRows);
      const written = await write(() => {
        if (prepared.length > 1 && prepared.some(({ changing }) => !isAsRead(changing))) return false;
        return prepared.map(writeChange).every(Boolean);
      });
      if (written) for (const { definition } of changes) if (definition) stored.add(definition.hash);
      return written;
    },

    definition: (hash) =>
      read(() => {
        const found = row("SELECT body FROM definitions WHERE hash = $hash", { hash });
        return found && Workflow.parse(JSON.parse(String(found["body"])));
      }),

    start: (instance_id) =>
      read(() => {
        const columns = "instance_id, request_id, definition, first_step, unattended, actor, started_at, context, turn";
        const found = row(`SELECT ${columns} FROM starts WHERE instance_id = $instance_id`, { instance_id });
        return found && startFromRow(found);
      }),

    byRequest: (project, requestId) => read(() => byRequest(project, requestId)),

    decidedVisit: (instance_id, visit) =>
      read(() => {
        const sql = `SELECT ${ENTRY_COLUMNS} FROM history
          WHERE instance_id = $instance_id AND seq >= $from AND visit = $visit AND decision IS NOT NULL LIMIT 1`;
        const found = row(sql, { instance_id, visit, from: firstEntryOf(instance_id, visit) });
        return found && entryFromRow(found);
      }),

    decided: (instance_id, limit) =>
      read(() => {
        const sql = `SELECT ${ENTRY_COLUMNS} FROM history WHERE instance_id = $instance_id AND decision IS NOT NULL
          ORDER BY seq DESC LIMIT $limit`;
        return rows(sql, { instance_id, limit }).map(entryFromRow).reverse();
      }),

    history: (instance_id, { limit, before }) =>
      read(() => {
        const sql = `SELECT ${ENTRY_COLUMNS} FROM history WHERE instance_id = $instance_id AND seq < $before
          ORDER BY seq DESC LIMIT $limit`;
        const found = rows(sql, { instance_id, limit, before: before ?? Number.MAX_SAFE_INTEGER });
        return found.map(entryFromRow).reverse();
      }),

    list: (query) => read(() => rows(...listStatement(query)).map(summaryFromRow)),

    countElsewhere: (project, most) =>
      read(() => {
        const roots = "SELECT 1 FROM instances WHERE parent_id IS NULL AND project";
        const sql = `SELECT COUNT(*) AS n FROM (${roots} < $project LIMIT $most)
          UNION ALL SELECT COUNT(*) FROM (${roots} > $project LIMIT $most)`;
        const counted = rows(sql, { project, most }).reduce((sum, each) => sum + Number(each["n"]), 0);
        return Math.min(counted, most);
      }),

    due: ({ until, project, limit }) =>
      read(() => {
        const some = (due_for: string) => `SELECT * FROM (SELECT instance_id, due_at FROM instances
          WHERE due_for = ${due_for} AND due_at <= $until ORDER BY due_at LIMIT $limit)`;
        const sql = `${some("''")} UNION ALL ${some("$project")} ORDER BY due_at LIMIT $limit`;
        return rows(sql, { until, project, limit }).map(dueFromRow);
      }),

    ...createAttemptTable({ row, run, read, write }),

    close: async () => {
      group.end();
      db.close();
    },
  };

  /** `seq` of the first entry of a visit or of a later one, by halving. Each visit has an entry, so it is not below `visit`. */
  function firstEntryOf(instance_id: string, visit: number): number {
    const last = row("SELECT MAX(seq) AS seq FROM history WHERE instance_id = $instance_id", { instance_id });
    let [low, high] = [visit, Number(last?.["seq"] ?? 0)];
    while (low < high) {
      const seq = Math.floor((low + high) / 2);
      const at = row("SELECT visit FROM history WHERE instance_id = $instance_id AND seq = $seq", { instance_id, seq });
      if (Number(at?.["visit"] ?? 0) < visit) low = seq + 1;
      else high = seq;
    }
    return low;
  }
}
