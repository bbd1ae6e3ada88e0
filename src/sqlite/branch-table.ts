/** The store's part about branches: what those of a visit are for, and which ones there are. */
import type { Store } from "../store.ts";
import { instanceFromRow, type Row } from "./rows.ts";
import { INSTANCE_COLUMNS } from "./statements.ts";

/** Of one of `itemsToRows`. */
export const INSERT_ITEMS = `INSERT INTO branch_items (instance_id, visit, number, items)
  VALUES ($instance_id, $visit, $number, $items)`;

/** Characters after which a row takes no further item: few rows are written at once, and little is read for one item. */
const CHUNK = 4_096;

const SELECT_ITEMS = `SELECT number, items FROM branch_items
  WHERE instance_id = $instance_id AND visit = $visit AND number < $from + $limit AND number >= (SELECT MAX(number)
    FROM branch_items WHERE instance_id = $instance_id AND visit = $visit AND number <= $from)
  ORDER BY number`;

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

/** A row for some items, by the number of the first. Number 0 holds none, so that it is known of an empty list too that it was kept. */
export function itemsToRows(of: { instance_id: string; visit: number }, items: unknown[]): Row[] {
  const rows: Row[] = [{ ...of, number: 0, items: "[]" }];
  let texts: string[] = [];
  let room = CHUNK;
  for (const [index, item] of items.entries()) {
    const text = JSON.stringify(item);
    texts.push(text);
    room -= text.length;
    if (room > 0 && index < items.length - 1) continue;
    rows.push({ ...of, number: index + 2 - texts.length, items: `[${texts.join(",")}]` });
    [texts, room] = [[], CHUNK];
  }
  return rows;
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
        const first = Math.max(from, 1);
        const found = rows(SELECT_ITEMS, { instance_id, visit, from: first, limit });
        if (found.length === 0 && !row(HAS_ITEMS, { instance_id, visit })) return null;
        const items = found.flatMap(({ items }): unknown[] => JSON.parse(String(items)));
        const before = first - Math.max(1, Number(found[0]?.["number"])); // number 0 holds none
        return items.slice(before, before + limit);
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
