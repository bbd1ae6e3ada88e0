/** The Store on one SQLite file. Each method is one statement, or one part of an immediate transaction. */
import type { Database } from "bun:sqlite";
import type { Birth, Change, ForkedFrom } from "../instance.ts";
import type { Store } from "../store.ts";
import { Workflow } from "../workflow.ts";
import { createAttemptTable } from "./attempt-table.ts";
import { createBranchTable, INSERT_ITEMS, itemsToRows } from "./branch-table.ts";
import type { BusyWait } from "./busy.ts";
import { createCommitGroup } from "./commit-group.ts";
import { type FilesWatch, filesError } from "./files.ts";
import { listStatement } from "./list-statement.ts";
import { refuseMigrated } from "./migrate.ts";
import { createOverviewTable } from "./overview-table.ts";
import { asPersistenceError, goneError } from "./persistence-error.ts";
import { createRefusedTable } from "./refused-table.ts";
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
import {
  COPY_ENTRIES,
  ENTRY_COLUMNS,
  INSERT_DEFINITION,
  INSERT_ENTRY,
  INSERT_INSTANCE,
  INSERT_START,
  INSTANCE_COLUMNS,
  SELECT_BY_REQUEST,
  SELECT_START,
  UPDATE_INSTANCE,
  UPDATE_STATUS,
} from "./statements.ts";

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
  const refusals = createRefusedTable({ run, write });

  /** Its row; null if the file has it. */
  function definitionToRow(hash: string, workflow: Workflow, created_at: string): Row | null {
    if (stored.has(hash)) return null;
    return { hash, workflow_name: workflow.name, body: JSON.stringify(workflow), created_at };
  }

  function changeToRows({ instance, entries, definition, items }: Change) {
    const { workflow_name, project, parent_id, branch, forked_from, unattended, created_at, ...changing } =
      instanceToRow(instance);
    const { instance_id, version, status, visit } = instance;
    return {
      changing,
      status: { instance_id, version, status },
      entries: entries.map((entry) => entryToRow(instance_id, entry)),
      definition: definition ? definitionToRow(definition.hash, definition.workflow, instance.updated_at) : null,
      items: items ? itemsToRows({ instance_id, visit }, items) : [],
    };
  }

  /** False, having written nothing, if the row has another version. */
  function writeChange({ changing, status, entries, definition, items }: ReturnType<typeof changeToRows>): boolean {
    if (definition) run(INSERT_DEFINITION, definition);
    const update = () => run(UPDATE_INSTANCE, changing) > 0;
    if (!update() && !(run(UPDATE_STATUS, status) > 0 && update())) return false;
    for (const each of entries) run(INSERT_ENTRY, each);
    for (const each of items) run(INSERT_ITEMS, each);
    return true;
  }

  function birthToRows({ start, instance, workflow, line }: Birth) {
    return {
      forked_from: instance.forked_from,
      line: line && entryToRow(instance.instance_id, line),
      definition: definitionToRow(start.definition, workflow, start.started_at),
      instance: instanceToRow(instance),
      start: startToRow(start, instance.project),
    };
  }

  function writeBirth({ definition, instance, start, forked_from, line }: ReturnType<typeof birthToRows>): boolean {
    if (definition) run(INSERT_DEFINITION, definition);
    run(INSERT_INSTANCE, instance);
    run(INSERT_START, start);
    if (forked_from) copyEntries(instance, forked_from);
    if (line) run(INSERT_ENTRY, line);
    return true;
  }

  function isAsRead({ instance_id = null, version }: Row): boolean {
    return (
      row("SELECT version FROM instances WHERE instance_id = $instance_id", { instance_id })?.["version"] === version
    );
  }

  /** Throws PERSISTENCE_ERROR if they are not all there. */
  function copyEntries({ instance_id = null }: Row, { instance_id: from, copied }: ForkedFrom): void {
    if (run(COPY_ENTRIES, { instance_id, from, copied }) < copied) throw goneError(from);
  }

  function byRequest(project: string, request_id: string) {
    const found = row(SELECT_BY_REQUEST, { project, request_id });
    return found && instanceFromRow(found);
  }

  return {
    async create(start, instance, workflow, line) {
      const birth = birthToRows({ start, instance, workflow, line });
      const known = await write(() => {
        const found = start.request_id === null ? null : byRequest(instance.project, start.request_id);
        if (!found) writeBirth(birth);
        return found;
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

    async commit(...writes) {
      const [changes, births] = [writes.filter((each) => "entries" in each), writes.filter((each) => "start" in each)];
      const [changed, born] = [changes.map(changeToRows), births.map(birthToRows)];
      const written = await write(() => {
        if (writes.length > 1 && changed.some(({ changing }) => !isAsRead(changing))) return false;
        if (!changed.map(writeChange).every(Boolean)) return false;
        born.forEach(writeBirth);
        return true;
      });
      if (!written) return false;
      for (const { definition } of changes) if (definition) stored.add(definition.hash);
      for (const { start } of births) stored.add(start.definition);
      return true;
    },

    definition: (hash) =>
      read(() => {
        const found = row("SELECT body FROM definitions WHERE hash = $hash", { hash });
        return found && Workflow.parse(JSON.parse(String(found["body"])));
      }),

    start: (instance_id) =>
      read(() => {
        const found = row(SELECT_START, { instance_id });
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
    ...createBranchTable({ row, rows, read }),
    ...refusals.methods,
    ...createOverviewTable({ row, rows, read: (operation) => read(() => db.transaction(operation)()) }),

    close: async () => {
      refusals.end();
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
