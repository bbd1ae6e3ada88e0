/** What people see of many runs, in a file of many: each look reads a bounded part of it, judged by SQLite's own plans. */
import type { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MAX_COUNTED, SAMPLED_ENTRIES, SAMPLED_OF_RUN, SAMPLED_RUNS, SEARCHED_RUNS } from "../src/overview.ts";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { facetStatement, OVERVIEW_STATEMENTS, searchedTo, searchStatement } from "../src/sqlite/overview-statements.ts";
import type { Row } from "../src/sqlite/rows.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import type { SearchQuery, Store } from "../src/store.ts";
import { committed, make, movedTo } from "./support/store-cases.ts";
import { scratchDir } from "./support/workspace.ts";

/** A few more than a search looks at. */
const RUNS = SEARCHED_RUNS + 3;
const LONG = 1_200;

let db: Database;
let store: Store;

beforeAll(async () => {
  const path = join(scratchDir(), "state.sqlite");
  const busy = createBusyWait();
  db = await openDatabase(path, busy);
  store = createSqliteStore(db, { path, busy, files: watchFiles(path) });
  await committed(store, movedTo("Two", await make(store, "wf_0")));
  db.transaction(() => {
    copy(
      "instances",
      { instance_id: "'wf_' || n", created_at: time("n"), context: "'{\"n\":\"x' || n || 'x\"}'" },
      RUNS - 1,
    );
    copy("instances", { instance_id: "'long_' || n", workflow_name: "'Long'" }, 60);
    db.run("DELETE FROM history WHERE instance_id LIKE 'long_%'");
    const entry = `'long_' || (1 + n / ${LONG})`;
    copy("history", { instance_id: entry, seq: `1 + n % ${LONG}` }, 20 * LONG - 1);
  })();
});

afterAll(() => store.close());

const time = (n: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', 1800000000 + ${n}, 'unixepoch')`;

/** So many copies of the row of `wf_0`, with n = 1, 2, 3… */
function copy(table: string, changed: Record<string, string>, count: number): void {
  const columns = db.query<{ name: string }, []>(`PRAGMA table_info(${table})`).all();
  const names = columns.map(({ name }) => name);
  db.run(
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
     INSERT INTO ${table} (${names.join(", ")}) SELECT ${names.map((name) => changed[name] ?? `one.${name}`).join(", ")}
     FROM numbers, (SELECT * FROM ${table} WHERE instance_id = 'wf_0') AS one`,
  );
}

function planOf([sql, values]: [string, Row]): string[] {
  return db
    .query<{ detail: string }, [Row]>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(values)
    .map(({ detail }) => detail);
}

/** Whatever it looks up stands in an index or at a rowid, in the order that it is wanted in. */
function expectFound(statement: [string, Row], index: RegExp): void {
  const plan = planOf(statement);
  const looks = plan.filter((detail) => /^(SEARCH|SCAN) (instances|run|history|held|starts)\b/.test(detail));
  expect(looks).not.toBeEmpty();
  for (const look of looks) expect(look).toMatch(index);
  expect(plan.filter((detail) => detail.includes("TEMP B-TREE"))).toEqual([]);
}

describe("the plans", () => {
  const queries: SearchQuery[] = [null, "/p"].flatMap((project) =>
    [undefined, "W"].flatMap((workflow_name) =>
      [{}, { live: true }, { status: "COMPLETED" as const }, { after: { created_at: "2026", instance_id: "a" } }].map(
        (more) => ({ project, workflow_name, limit: 20, text: "x", ...more }),
      ),
    ),
  );

  test("a search finds its rows by an index, in order", () => {
    for (const query of queries) {
      const both = query.project && query.workflow_name;
      const of = both ? "_of_both" : query.project ? "_of_project" : query.workflow_name ? "_of_workflow" : "";
      const index = `SEARCH instances USING INDEX roots${of} `;
      expectFound(searchStatement(query), new RegExp(`^(${index}|SEARCH run USING INTEGER PRIMARY KEY)`));
      expectFound(searchedTo(query), new RegExp(`^${index}`));
    }
  });

  const OF_RUN = { instance_id: "wf_0" };
  const { asking, askingOfProject, moves, forks, held, sampledEntries } = OVERVIEW_STATEMENTS;

  test.each<[string, [string, Row], RegExp]>([
    ["who waits for a person", [asking, { limit: 9 }], /^SCAN instances USING INDEX asking$/],
    [
      "who waits in a project",
      [askingOfProject, { project: "/p", limit: 9 }],
      /^SEARCH instances USING INDEX asking_of_project /,
    ],
    ["a run's moves", [moves, OF_RUN], /^SEARCH history USING INDEX sqlite_autoindex_history_1 /],
    ["its forks", [forks, { ...OF_RUN, limit: 9 }], /^SEARCH instances USING INDEX forks /],
    ["what was held in it", [held, OF_RUN], /^SEARCH held USING INDEX held_of_run /],
    [
      "its newest entries",
      [sampledEntries, { ...OF_RUN, from: 0, limit: 9 }],
      /^SEARCH history USING INDEX sqlite_autoindex_history_1 /,
    ],
    ["all workflows", facetStatement("workflow_name", null), /^SEARCH instances USING INDEX roots_of_workflow/],
    [
      "the workflows of a project",
      facetStatement("workflow_name", "/p"),
      /^SEARCH instances USING INDEX roots_of_both/,
    ],
    ["all projects", facetStatement("project", null), /^SEARCH instances USING INDEX roots_of_(project|both)/],
  ])("%s: found by an index, nothing sorted", (_, statement, index) => expectFound(statement, index));
});

test("a search looks at so many runs at once, and goes on behind them", async () => {
  const query = { project: null, workflow_name: "W", limit: 2 };
  const oldest = await store.search({ ...query, text: "X1X" });
  expect(oldest).toEqual({ runs: [], to: { created_at: expect.any(String), instance_id: "wf_3" } });
  const further = await store.search({ ...query, text: "X1X", after: oldest.to ?? undefined });
  expect(further).toMatchObject({ runs: [{ instance_id: "wf_1" }], to: null });
  expect(await store.search({ ...query, text: "x3x" })).toMatchObject({
    runs: [{ instance_id: "wf_3" }],
    to: { instance_id: "wf_3" },
  });
  expect(await store.search({ ...query, text: "x2x" })).toMatchObject({ runs: [], to: {} });
  expect(await store.search({ ...query, text: "x" })).toMatchObject({ runs: [{}, {}], to: null });
  const fits = { ...query, after: { created_at: "9", instance_id: "" }, text: "none" };
  expect((await store.search({ ...fits, live: true })).to).not.toBeNull();
  expect((await store.search({ ...fits, status: "FAILED" })).to).toBeNull();
});

test("runs are counted no further than that, and there are more", async () => {
  const { status, more } = await store.counts(null);
  expect([status.RUNNING, status.COMPLETED, more]).toEqual([MAX_COUNTED, 0, true]);
});

test("statistics look at the newest runs, and at so many entries of each and of all", async () => {
  const { runs, cut } = await store.sample({ workflow_name: "W", project: null });
  expect([runs.length, cut]).toEqual([SAMPLED_RUNS, false]);
  expect(runs[0]).toMatchObject({ instance_id: `wf_${RUNS - 1}` });
  const long = await store.sample({ workflow_name: "Long", project: null });
  const of = Map.groupBy(long.entries, ({ instance_id }) => instance_id);
  expect([long.runs.length, long.cut, of.size, long.entries.length]).toEqual([
    60,
    true,
    SAMPLED_ENTRIES / SAMPLED_OF_RUN,
    SAMPLED_ENTRIES,
  ]);
  for (const entries of of.values()) {
    expect(entries.map(({ seq }) => seq)).toEqual(
      Array.from({ length: SAMPLED_OF_RUN }, (_, n) => LONG - SAMPLED_OF_RUN + 1 + n),
    );
  }
});
