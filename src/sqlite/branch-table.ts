/** The store's part about branches: what those of a visit are for, and which ones there are. */
import type { Store } from "../instance.ts";
import { instanceFromRow, type Row } from "./rows.ts";
import { INSTANCE_COLUMNS } from "./statements.ts";

/** Of `itemsToRow`. */
export const INSERT_ITEMS = `INSERT INTO branch_items (instance_id, visit, number, item)
  SELECT $instance_id, $visit, key, value FROM json_each($texts)`;

const SELECT_ITEMS = `SELECT item FROM branch_items
  WHERE instance_id = $instance_id AND visit = $visit AND number >= $from ORDER BY number LIMIT $limit`;

const HAS_ITEMS = "SELECT 1 FROM branch_items WHERE instance_id = $instance_id AND visit = $visit AND number = 0";

const SELECT_BRANCHES = `SELECT ${INSTANCE_COLUMNS} FROM instances
  WHERE parent_id = $parent_id AND branch ->> '$.visit' = $visit AND branch ->> '$.number' >= $from`;

const BY_NUMBER = "ORDER BY branch ->> '$.number' LIMIT $limit";

/** The texts of the statements that find branches. */
export const BRANCH_STATEMENTS = {
  all: `${SELECT_BRANCHES} ${BY_NUMBER}`,
  live: `${SELECT_BRANCHES} AND status IN ('RUNNING', 'SUSPENDED') ${BY_NUMBER}`,
  tree: `SELECT COUNT(*) AS begun, COUNT(*) FILTER (WHERE status IN ('RUNNING', 'SUSPENDED')) AS open FROM instances
    WHERE parent_id IS NOT NULL AND branch ->> '$.root_id' = $root_id`,
};

/** Number 0 holds how many there are, so that it is known of an empty list too that it was kept. */
export function itemsToRow(of: { instance_id: string; visit: number }, items: unknown[]): Row {
  return { ...of, texts: JSON.stringify([items.length, ...items].map((item) => JSON.stringify(item))) };
}

interface Statements {
  row(sql: string, values: Row): Row | null;
  rows(sql: string, values: Row): Row[];
  /** What SQLite refuses becomes PERSISTENCE_ERROR. */
  read<T>(operation: () => T): Promise<T>;
}

/** Its methods of the store, on the store's own statements. */
export function createBranchTable({
  row,
  rows,
  read,
}: Statements): Pick<Store, "branchItems" | "branches" | "treeSize"> {
  return {
    branchItems: (instance_id, visit, { from, limit }) =>
      read(() => {
        const found = rows(SELECT_ITEMS, { instance_id, visit, from: Math.max(from, 1), limit });
        if (found.length === 0 && !row(HAS_ITEMS, { instance_id, visit })) return null;
        return found.map(({ item }) => JSON.parse(String(item)));
      }),

    branches: (parent_id, visit, { from = 1, limit, live }) =>
      read(() =>
        rows(live ? BRANCH_STATEMENTS.live : BRANCH_STATEMENTS.all, { parent_id, visit, from, limit }).map(
          instanceFromRow,
        ),
      ),

    treeSize: (root_id) =>
      read(() => {
        const counted = row(BRANCH_STATEMENTS.tree, { root_id });
        return { begun: Number(counted?.["begun"]), open: Number(counted?.["open"]) };
      }),
  };
}
