/** Lists and looks for branches read as many index entries as they show, whatever the number of runs: judged by SQLite's own plans, not by time. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { BRANCH_STATEMENTS } from "../src/sqlite/branch-table.ts";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { listStatement } from "../src/sqlite/list-statement.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { SELECT_BRANCH, SELECT_ENDED } from "../src/sqlite/prune.ts";
import type { Row } from "../src/sqlite/rows.ts";
import type { ListQuery } from "../src/store.ts";
import { scratchDir } from "./support/workspace.ts";

const AFTER = { created_at: "2026-01-01T00:00:00.000Z", instance_id: "run_a" };

const QUERIES: ListQuery[] = [null, "/p"].flatMap((project) =>
  [undefined, "W"].flatMap((workflow_name) =>
    [{}, { live: true }, { status: "COMPLETED" as const }, { branches: true }].flatMap((state) =>
      [undefined, AFTER].map((after) => ({ project, workflow_name, after, limit: 20, ...state })),
    ),
  ),
);

test("every list reads the newest of each status from the end of an index, and sorts nothing", async () => {
  const db = await openDatabase(join(scratchDir(), "state.sqlite"), createBusyWait());
  for (const query of QUERIES) {
    const [sql, values] = listStatement(query);
    const plan = db.query<{ detail: string }, [typeof values]>(`EXPLAIN QUERY PLAN ${sql}`).all(values);
    const looks = plan.map(({ detail }) => detail).filter((detail) => detail.includes("instances"));
    const index = `(roots${query.branches ? "|branches" : ""})${query.project && query.workflow_name ? "_of_both" : query.project ? "_of_project" : query.workflow_name ? "_of_workflow" : ""}`;
    expect(looks).not.toBeEmpty();
    for (const look of looks) expect(look).toMatch(new RegExp(`^SEARCH instances USING (COVERING )?INDEX ${index} `));
    expect(plan.filter(({ detail }) => detail.includes("TEMP B-TREE"))).toEqual([]);
  }
  db.close();
});

test.each([
  [
    "the branches of a visit",
    BRANCH_STATEMENTS.all,
    { parent_id: "run_a", visit: 1, from: 3, limit: 9 },
    "INDEX branches_of_visit",
  ],
  [
    "its open branches",
    BRANCH_STATEMENTS.live,
    { parent_id: "run_a", visit: 1, from: 3, limit: 9 },
    "INDEX open_branches_of_visit",
  ],
  ["the size of a tree", BRANCH_STATEMENTS.tree, { root_id: "run_a" }, "COVERING INDEX branches_of_tree"],
  ["a branch to delete", SELECT_BRANCH, { root_id: "run_a" }, "INDEX branches_of_tree"],
  ["roots to delete", SELECT_ENDED, { before: "2026" }, "INDEX (roots|branches_of_tree)"],
])("%s: found by an index, nothing sorted", async (_, sql, values, index) => {
  const db = await openDatabase(join(scratchDir(), "state.sqlite"), createBusyWait());
  const plan = db.query<{ detail: string }, [Row]>(`EXPLAIN QUERY PLAN ${sql}`).all(values);
  for (const { detail } of plan.filter((each) => !each.detail.startsWith("CORRELATED"))) {
    expect(detail).toMatch(new RegExp(`^SEARCH \\w+ USING ${index} `));
  }
  db.close();
});

test("a list of live runs that are final is empty", async () => {
  const db = await openDatabase(join(scratchDir(), "state.sqlite"), createBusyWait());
  const [sql, values] = listStatement({ project: null, status: "FAILED", live: true, limit: 20 });
  expect(db.query<object, [typeof values]>(sql).all(values)).toEqual([]);
  db.close();
});
