/** The statements that read and write whole runs. */

export const INSTANCE_COLUMNS = `instance_id, version, workflow_name, definition, trusted, project, parent_id, branch, taken_at, status,
  turn, due_at, due_for, step_name, visit, visit_started_at, visits, notes, pending, baseline, waived, head, last_seq,
  last_report_at, created_at, updated_at, completed_at, context, assumptions, unattended, forked_from`;

export const ENTRY_COLUMNS = `seq, kind, visit, step_id, step_name, report, context_patch, decision, evidence, turn, ruling, head, actor,
  definition, started_at, ended_at`;

export const INSERT_DEFINITION = `INSERT INTO definitions (hash, workflow_name, body, created_at)
  VALUES ($hash, $workflow_name, $body, $created_at) ON CONFLICT (hash) DO NOTHING`;

export const INSERT_INSTANCE = `INSERT INTO instances (${INSTANCE_COLUMNS})
  VALUES ($instance_id, $version, $workflow_name, $definition, $trusted, $project, $parent_id, $branch, $taken_at, $status,
    $turn, $due_at, $due_for, $step_name, $visit, $visit_started_at, $visits, $notes, $pending, $baseline, $waived, $head, $last_seq,
    $last_report_at, $created_at, $updated_at, $completed_at, $context, $assumptions, $unattended, $forked_from)`;

export const INSERT_START = `INSERT INTO starts (instance_id, project, request_id, definition, first_step, unattended, actor,
    started_at, context, turn)
  VALUES ($instance_id, $project, $request_id, $definition, $first_step, $unattended, $actor, $started_at, $context,
    $turn)`;

/** Of a row whose status stays: to set it, changed or not, makes SQLite write the indexes anew that hold it. */
export const UPDATE_INSTANCE = `UPDATE instances SET version = version + 1, definition = $definition, trusted = $trusted,
    turn = $turn, due_at = $due_at, due_for = $due_for, step_name = $step_name, visit = $visit, visit_started_at = $visit_started_at,
    visits = $visits, notes = $notes, pending = $pending, baseline = $baseline, waived = $waived, head = $head,
    taken_at = $taken_at, last_seq = $last_seq, last_report_at = $last_report_at,
    updated_at = $updated_at, completed_at = $completed_at, context = $context, assumptions = $assumptions
  WHERE instance_id = $instance_id AND version = $version AND status = $status`;

export const UPDATE_STATUS =
  "UPDATE instances SET status = $status WHERE instance_id = $instance_id AND version = $version";

export const INSERT_ENTRY = `INSERT INTO history (instance_id, ${ENTRY_COLUMNS})
  VALUES ($instance_id, $seq, $kind, $visit, $step_id, $step_name, $report, $context_patch, $decision, $evidence, $turn, $ruling,
    $head, $actor, $definition, $started_at, $ended_at)`;

/** What a fork has of the history of the run that it came from. */
export const COPY_ENTRIES = `INSERT INTO history (instance_id, ${ENTRY_COLUMNS})
  SELECT $instance_id, ${ENTRY_COLUMNS} FROM history WHERE instance_id = $from AND seq <= $copied ORDER BY seq`;

/** What a branch is, and where a fork came from, stands in the row alone. */
export const SELECT_START = `SELECT starts.instance_id, request_id, starts.definition, first_step, starts.unattended, actor, started_at,
    starts.context, starts.turn, branch, forked_from
  FROM starts JOIN instances ON instances.instance_id = starts.instance_id WHERE starts.instance_id = $instance_id`;

export const SELECT_BY_REQUEST = `SELECT ${INSTANCE_COLUMNS} FROM instances WHERE instance_id =
  (SELECT instance_id FROM starts WHERE project = $project AND request_id = $request_id)`;
