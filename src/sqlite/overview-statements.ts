/** The statements for people who look at many runs: each reads a bounded number of rows, however many runs there are. */
import { MAX_FACETS, SEARCHED_CONTEXT, SEARCHED_RUNS } from "../overview.ts";
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
  sampledEntries: `SELECT ${SAMPLED_COLUMNS.entry} FROM history WHERE instance_id = $instance_id AND seq > $from
    ORDER BY seq DESC LIMIT $limit`,
};

/** Looks at the newest runs of the list, one after the other, until enough hold the text. */
export function searchStatement({ text, limit, ...query }: SearchQuery): [string, Row] {
  const [list, values] = listStatement({ ...query, limit: SEARCHED_RUNS }, `${SUMMARY_COLUMNS}, ${HOLDS} AS holds`);
  return [
    `SELECT ${SUMMARY_COLUMNS} FROM (${list}) WHERE holds LIMIT $enough`,
    { ...values, ...sought(text), enough: limit },
  ];
}

/** `lower` knows the letters of ASCII alone, and to `instr` no character is special. */
const HOLDS = `(instr(lower(instance_id || char(10) || workflow_name || char(10) || step_name || char(10) || project), $text) > 0
  OR instr(lower(substr(context, 1, ${SEARCHED_CONTEXT})), $json) > 0)`;

function sought(text: string): Row {
  const lowered = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return { text: lowered, json: JSON.stringify(lowered).slice(1, -1) };
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
