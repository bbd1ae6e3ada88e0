/** A database of an older version, with rows, is the same as one of this version afterwards, and its runs go on. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { MIGRATIONS } from "../src/sqlite/migrate.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import { at, begun, birthOf, committed, make, movedTo } from "./support/store-cases.ts";
import { scratchDir } from "./support/workspace.ts";

const busy = createBusyWait();

async function open(path: string) {
  const db = await openDatabase(path, busy);
  return { db, store: createSqliteStore(db, { path, busy, files: watchFiles(path) }) };
}

/** Two runs, of which one has ended, as this version has them. */
async function fresh(): Promise<string> {
  const path = join(scratchDir(), "fresh.sqlite");
  const { store } = await open(path);
  const live = await make(store, "run_live", { started_at: at(1) });
  await committed(store, movedTo("Two", live));
  await committed(store, movedTo("FINISH", await make(store, "run_ended", { started_at: at(2) })));
  await store.close();
  return path;
}

/** The same runs in a file of an older version: its tables, and of each the columns that it had. */
async function older(version: number): Promise<string> {
  const path = join(scratchDir(), "older.sqlite");
  const db = new Database(path);
  for (const sql of MIGRATIONS.slice(0, version)) db.run(sql);
  db.run(`PRAGMA application_id = ${0x57664f72}`);
  db.run(`PRAGMA user_version = ${version}`);
  db.run("ATTACH ? AS fresh", [await fresh()]);
  for (const table of ["definitions", "instances", "starts", "history"]) {
    const columns = db.query<{ name: string }, []>(`PRAGMA main.table_info(${table})`).all();
    const names = columns.map(({ name }) => name).join(", ");
    db.run(`INSERT INTO main.${table} (${names}) SELECT ${names.replace("waiting_for", "turn")} FROM fresh.${table}`);
  }
  db.close();
  return path;
}

const schemaOf = (db: Database) =>
  db.query("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all();

const VERSIONS = MIGRATIONS.slice(1).map((_, index) => index + 1);

test.each(VERSIONS)(
  "version %d is brought to this one: the same schema, the runs listed, and going on",
  async (version) => {
    const [made, { db, store }] = [await open(await fresh()), await open(await older(version))];
    expect(schemaOf(db)).toEqual(schemaOf(made.db));
    expect(db.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    const ids = async (query: { live?: boolean; branches?: boolean; status?: "COMPLETED" }) =>
      (await store.list({ project: null, workflow_name: "W", limit: 9, ...query })).map((each) => each.instance_id);
    expect(await ids({})).toEqual(["run_ended", "run_live"]);
    expect(await ids({ live: true })).toEqual(["run_live"]);
    expect(await ids({ status: "COMPLETED" })).toEqual(["run_ended"]);
    const live = await store.load("run_live");
    if (!live) throw new Error("not found");
    expect(live).toMatchObject({ unattended: false, turn: { of: "agent", since: at(9) }, branch: null });
    expect(live.assumptions).toHaveLength(version < 5 ? 0 : 1);
    const parent = await begun(store, live, birthOf(live, 1));
    expect(await ids({ live: true, branches: true })).toEqual(["run_live", "run_live-2.1"]);
    expect(await store.treeSize("run_live")).toEqual({ begun: 1, open: 1 });
    await committed(store, movedTo("FINISH", parent));
    expect(await ids({ live: true })).toEqual([]);
    expect(await store.history("run_live", { limit: 9 })).toHaveLength(2);
    await store.close();
    await made.store.close();
  },
);

test("what a run of an older version waits for is whose turn it is: its own limit a person's, a model's wish a resume's", async () => {
  const path = await older(4);
  const db = new Database(path);
  for (const kind of ["max_visits", "model"]) {
    const message = `because of ${kind}`;
    db.run("UPDATE instances SET status = 'SUSPENDED', waiting_for = ? WHERE instance_id = 'run_live'", [
      JSON.stringify({ kind, message }),
    ]);
    db.run(
      `CREATE TEMP TABLE one AS SELECT * FROM instances WHERE instance_id = 'run_live';
       UPDATE one SET instance_id = 'run_${kind}'; INSERT INTO instances SELECT * FROM one; DROP TABLE one`,
    );
  }
  db.close();
  const { store } = await open(path);
  const person = { of: "person", since: at(9) } as const;
  expect((await store.load("run_max_visits"))?.turn).toEqual({
    ...person,
    kind: "visits",
    message: "because of max_visits",
  });
  expect((await store.load("run_model"))?.turn).toEqual({ ...person, kind: "model", message: "because of model" });
  await store.close();
});
