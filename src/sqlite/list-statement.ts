/** The statement of a list: for each status that it asks for the newest of one index (roots and branches have each their own), and of these the newest. */
import { LIVE, Status } from "../instance.ts";
import type { ListQuery } from "../store.ts";
import type { Row } from "./rows.ts";

export const SUMMARY_COLUMNS =
  "instance_id, workflow_name, status, parent_id, turn, step_name, visit, project, created_at, updated_at, forked_from";

/** The text and its values. `columns`: of the instances, or made of them. */
export function listStatement(
  { project, status, workflow_name, live, branches, limit, after }: ListQuery,
  columns = SUMMARY_COLUMNS,
): [string, Row] {
  const statuses = (status ? [status] : Status.options).filter((each) => !live || LIVE.includes(each));
  if (statuses.length === 0) return [`SELECT ${columns} FROM instances WHERE FALSE`, {}];
  const conditions = [
    project === null ? "" : "project = $project",
    workflow_name ? "workflow_name = $workflow_name" : "",
    after ? "(created_at, instance_id) < ($created_at, $instance_id)" : "",
  ].filter(Boolean);
  const selects = (branches ? ["parent_id IS NULL", "parent_id IS NOT NULL"] : ["parent_id IS NULL"]).flatMap((kind) =>
    statuses.map((each) => {
      const all = [kind, ...conditions, `status = '${each}'`].join(" AND ");
      return `SELECT ${columns} FROM instances WHERE ${all}`;
    }),
  );
  const values: Row = {
    limit,
    ...(project === null ? {} : { project }),
    ...(workflow_name ? { workflow_name } : {}),
    ...after,
  };
  return [`${selects.join(" UNION ALL ")} ORDER BY created_at DESC, instance_id DESC LIMIT $limit`, values];
}
