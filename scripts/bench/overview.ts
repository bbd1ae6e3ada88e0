/** What it costs to look at many runs, and at the way of a long one: the engine's own reading, which no tool of MCP has. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { createRoom, type Room, WORKFLOW } from "../client/room.ts";
import { fillWithEnded } from "./many-runs.ts";
import type { Measure, Result } from "./measure.ts";
import { median } from "./statistics.ts";

const RUNS = 100_000;
/** In the history of each run. */
const ENTRIES = 10;
const VISITS = 10_000;
const MOST_MS = 20;
const MOST_STATISTICS_MS = 200;
/** Each look is one of a turn in which all are taken, so that none finds only its own pages in memory. */
const ROUNDS = 15;

export const overview: Measure = {
  name: "overview",
  async run({ product, quick, instances }) {
    const count = Math.min(instances, quick ? RUNS / 20 : RUNS);
    const room = createRoom();
    await fillWithEnded(room, product, { count, ended: Math.floor(count / 2), entries: ENTRIES });
    dress(room);
    const long = lengthen(room);
    const flags = { db: room.db, project: join(room.path, "project"), workflows: [join(room.path, "workflows")] };
    const app = createApp(readConfig(flags, { LOG_LEVEL: "warn" }, room.path));
    const results = await looks(app.engine, { long, count });
    await app.close();
    room.dispose();
    return { results };
  },
};

/** Runs with something to search in, and some that wait for a person. */
function dress({ db: path }: Room): void {
  const db = openRaw(path);
  const turn = (kind: string) => `json_object('of', 'person', 'kind', '${kind}', 'since', updated_at)`;
  db.run(
    `UPDATE instances SET context = json_object('ticket', 'T-' || rowid, 'notes', hex(randomblob(500))),
      turn = CASE WHEN rowid % 50 = 0 AND status = 'RUNNING' THEN ${turn("visits")}
        WHEN rowid % 5 = 0 AND status = 'RUNNING' THEN ${turn("paused")} ELSE turn END`,
  );
  db.run("UPDATE instances SET status = 'SUSPENDED' WHERE turn IS NOT NULL");
  db.close();
}

function openRaw(path: string): Database {
  const db = new Database(path);
  for (const pragma of ["journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"]) db.run(`PRAGMA ${pragma}`);
  return db;
}

/** Gives one run a history of 10,000 visits; its id. */
export function lengthen({ db: path }: Room): string {
  const db = openRaw(path);
  const { id } = db.query<{ id: string }, []>("SELECT min(instance_id) AS id FROM instances").get() ?? { id: "" };
  const columns = db
    .query<{ name: string }, []>("PRAGMA table_info(history)")
    .all()
    .map(({ name }) => name);
  const changed: Record<string, string> = { seq: "n", visit: "n" };
  db.run("CREATE TEMP TABLE one AS SELECT * FROM history WHERE instance_id = ? LIMIT 1", [id]);
  db.run("DELETE FROM history WHERE instance_id = ?", [id]);
  db.run(
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${VISITS})
      INSERT INTO history (${columns.join(", ")}) SELECT ${columns.map((name) => changed[name] ?? name).join(", ")}
      FROM numbers, one`,
  );
  db.close();
  return id;
}

async function looks(engine: Engine, { long, count }: { long: string; count: number }): Promise<Result[]> {
  const page = { project: null, limit: 50 };
  const all: Record<string, () => Promise<unknown>> = {
    "a page of runs": () => engine.overview(page),
    "a page of a workflow's live runs": () => engine.overview({ ...page, workflow_name: WORKFLOW, live: true }),
    "a search that finds a page": () => engine.overview({ ...page, text: "t-1" }),
    "a search that finds nothing": () => engine.overview({ ...page, text: "nothing has it" }),
    "who waits for a person": () => engine.waiting(),
    counts: () => engine.counts(),
    "workflows and projects": () => engine.facets(),
    revision: () => engine.revision(),
    [`the way of ${VISITS} visits`]: () => engine.walk(long),
    forks: () => engine.forks(long),
    "what was held": () => engine.held(long),
    statistics: () => engine.statistics(WORKFLOW),
  };
  const times = new Map<string, number[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, look] of Object.entries(all)) {
      const began = performance.now();
      await look();
      times.set(name, [...(times.get(name) ?? []), performance.now() - began]);
    }
  }
  return [...times].map(([name, [first = Number.NaN, ...rest]]) => ({
    name: `${name}, at ${count} runs`,
    value: median(rest),
    unit: "ms",
    target: { most: name === "statistics" ? MOST_STATISTICS_MS : MOST_MS },
    behind: `the first ${first.toFixed(1)} ms, then at most ${Math.max(...rest).toFixed(1)}`,
  }));
}
