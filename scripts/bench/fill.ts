/** Fills a database with copies of one run, by SQL: what a million starts would leave, in seconds. */
import { Database } from "bun:sqlite";
import type { Room } from "../client/room.ts";
import { advance, newChain } from "./subjects.ts";

export interface Filling {
  /** Of live runs. */
  count: number;
  /** How many of their ids are returned, in no order. */
  sample: number;
  /** In the history of each run; 1 unless told. */
  entries?: number;
}

/** Makes runs in the room's project, each at its second visit. */
export async function fill(room: Room, product: string, { count, sample, entries = 1 }: Filling): Promise<string[]> {
  const server = await room.serve(product, { transport: "stdio" });
  const chain = await newChain(await server.client());
  await advance(chain);
  await server.end("SIGTERM");
  const db = new Database(room.db);
  // A crash here costs nothing: the file is made again.
  for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "cache_size = -400000", "foreign_keys = OFF"]) {
    db.run(`PRAGMA ${pragma}`);
  }
  db.transaction(() => {
    db.run("CREATE TEMP TABLE copies (id TEXT NOT NULL, n INTEGER NOT NULL PRIMARY KEY)");
    db.run(
      `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       INSERT INTO copies SELECT 'run_' || lower(hex(randomblob(6))), n FROM numbers`,
      [count - 1],
    );
    const times = { created_at: TIME, updated_at: TIME, started_at: TIME };
    db.run("CREATE TEMP TABLE entries (entry INTEGER NOT NULL PRIMARY KEY)");
    db.run("INSERT INTO entries VALUES (1)");
    copyRows(db, "instances", times);
    copyRows(db, "starts", { ...times, request_id: "NULL" });
    for (let entry = 2; entry <= entries; entry++) db.run("INSERT INTO entries VALUES (?)", [entry]);
    copyRows(db, "history", { seq: "entry" });
  })();
  const sampled = db
    .query<{ id: string }, [number]>("SELECT id FROM copies ORDER BY random() LIMIT ?")
    .all(sample)
    .map(({ id }) => id);
  db.close();
  return sampled;
}

/** One a second, so that they stand in the indexes by time as real ones would. */
const TIME = "strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n, 'unixepoch')";

/** Copies the only run's rows of a table, whatever its columns. */
function copyRows(db: Database, table: string, changed: Record<string, string>): void {
  const columns = db.query<{ name: string }, []>(`PRAGMA table_info(${table})`).all();
  const values = columns.map(({ name }) => (name === "instance_id" ? "copies.id" : (changed[name] ?? `one.${name}`)));
  const names = columns.map(({ name }) => name).join(", ");
  db.run(`CREATE TEMP TABLE one_${table} AS SELECT * FROM ${table}`);
  db.run(
    `INSERT INTO ${table} (${names}) SELECT ${values.join(", ")} FROM one_${table} AS one, copies, entries ORDER BY n, entry`,
  );
}
