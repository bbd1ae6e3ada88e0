/** The statements for people who look at many runs: each reads a bounded number of rows, however many runs there are. */
import { MAX_FACETS, MAX_REFUSED_SHOWN, SEARCHED_CONTEXT, SEARCHED_RUNS } from "../overview.ts";
import type { SearchQuery } from "../store.ts";
import { listStatement, SUMMARY_COLUMNS } from "./list-statement.ts";
import type { Row } from "./rows.ts";
import { SAMPLED_COLUMNS } from "./sampled-rows.ts";

/** Most refused stops and edits of one run that are named. */
const MAX_HELD = 1_000;

/** The condition of the indexes of those that wait for a person. */
const ASKS = "status = 'SUSPENDED' AND turn ->> '$.kind' NOT IN ('paused', 'model')";
const BY_SINCE = "ORDER BY turn ->> '$.since' DESC, instance_id DESC LIMIT $limit";

export const ASKING_COLUMNS = `${SUMMARY_COLUMNS}, branch`;

export const OVERVIEW_STATEMENTS = {
  asking: `SELECT ${ASKING_COLUMNS} FROM instances WHERE ${ASKS} ${BY_SINCE}`,
  askingOfProject: `SELECT ${ASKING_COLUMNS} FROM instances WHERE project = $project AND ${ASKS} ${BY_SINCE}`,
  moves: `SELECT visit, step_name, decision ->> '$.next_step' AS next_step, decision ->> '$.to_visit' AS to_visit,
      decision ->> '$.status' AS status
    FROM history WHERE instance_id = $instance_id AND decision IS NOT NULL ORDER BY seq`,
  forks: `SELECT ${SUMMARY_COLUMNS} FROM instances
    WHERE forked_from IS NOT NULL AND forked_from ->> '$.instance_id' = $instance_id
    ORDER BY created_at DESC, instance_id DESC LIMIT $limit`,
  held: `SELECT kind, visit, step_name, client, path, held_at FROM held WHERE instance_id = $instance_id
    ORDER BY rowid LIMIT ${MAX_HELD}`,
  sampledHeld: "SELECT step_name, COUNT(*) AS count FROM held WHERE instance_id = $instance_id GROUP BY step_name",
  refused: `SELECT visit, step_name, code, reason, refused_at FROM refused WHERE instance_id = $instance_id
    ORDER BY visit DESC, rowid DESC LIMIT $limit`,
  sampledRefused: `SELECT step_name, COUNT(*) AS count FROM (SELECT step_name FROM refused
    WHERE instance_id = $instance_id ORDER BY visit DESC, rowid DESC LIMIT ${MAX_REFUSED_SHOWN}) GROUP BY step_name`,
  sampledEntries: `SELECT ${SAMPLED_COLUMNS.entry} FROM history WHERE instance_id = $instance_id AND seq > $from
    ORDER BY seq DESC LIMIT $limit`,
};

/** Looks at the newest runs of the list, one after the other, until enough hold the text. */
export function searchStatement({ text, limit, ...query }: SearchQuery): [string, Row] {
  const [list, values] = listStatement({ ...query, limit: SEARCHED_RUNS }, "created_at, instance_id, rowid AS place");
  const sql = `SELECT ${columnsOf("run")} FROM (${list}) CROSS JOIN instances AS run ON run.rowid = place
    WHERE ${NAMES.map((name) => `run.${name} LIKE $name ESCAPE '\\'`).join(" OR ")}
      OR (octet_length(run.context) <= ${SEARCHED_CONTEXT} AND run.context LIKE $json ESCAPE '\\') LIMIT $enough`;
  return [sql, { ...values, name: pattern(text), json: pattern(JSON.stringify(text).slice(1, -1)), enough: limit }];
}

const NAMES = ["instance_id", "workflow_name", "step_name", "project"];

function columnsOf(table: string): string {
  return SUMMARY_COLUMNS.replace(/\w+/g, `${table}.$&`);
}

/** For LIKE, which takes the small letters of ASCII for its large ones. */
function pattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

/** The last run at which a search looks, and whether there is an older one: two rows if there is. */
export function searchedTo({ text: _, ...query }: SearchQuery): [string, Row] {
  const [list, values] = listStatement({ ...query, limit: SEARCHED_RUNS + 1 }, "created_at, instance_id");
  return [`SELECT * FROM (${list}) LIMIT 2 OFFSET ${SEARCHED_RUNS - 1}`, values];
}

/** What different values a column of roots has: one look into an index for each of them. */
export function facetStatement(column: "workflow_name" | "project", project: string | null): [string, Row] {
  const roots = `SELECT min(${column}) FROM instances WHERE parent_id IS NULL${project === null ? "" : " AND project = $project"}`;
  const sql = `WITH RECURSIVE names (name) AS (
      SELECT (${roots}) UNION ALL SELECT (${roots} AND ${column} > name) FROM names WHERE name IS NOT NULL LIMIT ${MAX_FACETS + 1})
    SELECT name FROM names WHERE name IS NOT NULL LIMIT ${MAX_FACETS}`;
  return [sql, project === null ? {} : { project }];
}
