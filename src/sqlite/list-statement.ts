/** The statement of a list: for each status that it asks for the newest of one index, and of these the newest. */
import { LIVE, type ListQuery, Status } from "../instance.ts";
import type { Row } from "./rows.ts";

const SUMMARY_COLUMNS = "instance_id, workflow_name, status, turn, step_name, visit, project, created_at, updated_at";

/** The text and its values. It lists roots: runs that no other run started. */
export function listStatement({ project, status, workflow_name, live, limit, after }: ListQuery): [string, Row] {
  const statuses = (status ? [status] : Status.options).filter((each) => !live || LIVE.includes(each));
  if (statuses.length === 0) return [`SELECT ${SUMMARY_COLUMNS} FROM instances WHERE FALSE`, {}];
  const conditions = [
    "parent_id IS NULL",
    project === null ? "" : "project = $project",
    workflow_name ? "workflow_name = $workflow_name" : "",
    after ? "(created_at, instance_id) < ($created_at, $instance_id)" : "",
  ].filter(Boolean);
  const ofStatus = statuses.map(
    (each) => `SELECT ${SUMMARY_COLUMNS} FROM instances WHERE ${conditions.join(" AND ")} AND status = '${each}'`,
  );
  const values: Row = {
    limit,
    ...(project === null ? {} : { project }),
    ...(workflow_name ? { workflow_name } : {}),
    ...after,
  };
  return [`${ofStatus.join(" UNION ALL ")} ORDER BY created_at DESC, instance_id DESC LIMIT $limit`, values];
}
