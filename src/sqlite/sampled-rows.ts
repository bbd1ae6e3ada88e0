/** What statistics read of runs and of their histories: many short rows, so they are taken as the database has them. */
import { EntryKind, Status } from "../instance.ts";
import type { SampledEntry, SampledRun } from "../overview.ts";
import { Turn } from "../turn.ts";
import type { Row } from "./rows.ts";

const TURN_OF = Turn.shape.of;

export const SAMPLED_COLUMNS = {
  run: `instance_id, status, created_at, completed_at, forked_from ->> '$.copied' AS copied,
    (SELECT starts.turn ->> '$.of' FROM starts WHERE starts.instance_id = instances.instance_id) AS began`,
  entry: `instance_id, seq, kind, visit, step_id, step_name, started_at, ended_at,
    report ->> '$.status' AS reported, report ->> '$.step_id' AS about,
    decision ->> '$.decided_by' AS decided_by, decision ->> '$.next_step' AS next_step, decision ->> '$.status' AS status,
    turn ->> '$.of' AS turn_of, turn ->> '$.kind' AS turn_kind`,
};

export function sampledRun(row: Row): SampledRun {
  return {
    instance_id: String(row["instance_id"]),
    status: oneOf(Status.options, row["status"]),
    created_at: String(row["created_at"]),
    completed_at: text(row["completed_at"]),
    began: row["began"] === null ? null : oneOf(TURN_OF.options, row["began"]),
  };
}

export function sampledEntry(row: Row): SampledEntry {
  return {
    instance_id: String(row["instance_id"]),
    seq: Number(row["seq"]),
    kind: oneOf(EntryKind.options, row["kind"]),
    visit: Number(row["visit"]),
    step_id: String(row["step_id"]),
    step_name: String(row["step_name"]),
    started_at: String(row["started_at"]),
    ended_at: String(row["ended_at"]),
    reported: text(row["reported"]),
    about: text(row["about"]),
    decided_by: text(row["decided_by"]),
    next_step: text(row["next_step"]),
    status: text(row["status"]),
    turn_of: row["turn_of"] === null ? null : oneOf(TURN_OF.options, row["turn_of"]),
    turn_kind: text(row["turn_kind"]),
  };
}

/** What a schema would say, in a tenth of the time. */
function oneOf<T extends string>(known: readonly T[], value: Row[string] | undefined): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new Error(`the database holds "${value}" instead of one of ${known.join(", ")}`);
  return found;
}

function text(value: Row[string] | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
