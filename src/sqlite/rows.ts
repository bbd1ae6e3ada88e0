/** Between the nouns and the columns that hold them: JSON as TEXT, checked by the nouns' schemas on the way out. */
import { Attempt } from "../attempt.ts";
import { type Due, HistoryEntry, Instance, InstanceSummary, Start } from "../instance.ts";
import { dueAt, Turn, waitingKind } from "../turn.ts";

/** A row as bun:sqlite returns it. */
export type Row = Record<string, string | number | null>;

/** The columns that follow from others, `due_at` and `due_for`, are passed over. */
export function instanceFromRow(row: Row): Instance {
  const columns = ["turn", "visits", "pending", "baseline", "waived", "context", "assumptions"];
  const { turn, waived, assumptions, ...parsed } = parseColumns(row, columns);
  const usual = row["status"] === "RUNNING" ? { of: "agent", kind: "step", since: row["visit_started_at"] } : null;
  return Instance.parse({
    ...parsed,
    turn: turn ?? usual,
    waived: waived ?? [],
    assumptions: assumptions ?? [],
    trusted: row["trusted"] === 1,
    unattended: row["unattended"] === 1,
  });
}

export function instanceToRow(instance: Instance): Row {
  const { trusted, unattended, turn, visits, pending, baseline, waived, context, assumptions, ...plain } = instance;
  const due_at = turn && dueAt(turn);
  return {
    ...plain,
    trusted: Number(trusted),
    unattended: Number(unattended),
    turn: turn && !isUsual(turn, instance) ? JSON.stringify(turn) : null,
    due_at,
    due_for: due_at && (turn?.of === "server" ? instance.project : ""),
    visits: JSON.stringify(visits),
    pending: pending && JSON.stringify(pending),
    baseline: baseline && JSON.stringify(baseline),
    waived: waived.length > 0 ? JSON.stringify(waived) : null,
    context: JSON.stringify(context),
    assumptions: assumptions.length > 0 ? JSON.stringify(assumptions) : null,
  };
}

/** The agent's turn since the visit began goes without saying. */
function isUsual({ of, since, ...more }: Turn, { visit_started_at }: Instance): boolean {
  return of === "agent" && since === visit_started_at && Object.keys(more).length === 1;
}

export function summaryFromRow(row: Row): InstanceSummary {
  const { turn, ...parsed } = parseColumns(row, ["turn"]);
  return InstanceSummary.parse({ ...parsed, waiting_for: waitingKind({ turn: Turn.nullable().parse(turn) }) });
}

export function dueFromRow({ instance_id, due_at }: Row): Due {
  return { instance_id: String(instance_id), due_at: String(due_at) };
}

export function startFromRow(row: Row): Start {
  const { turn, ...parsed } = parseColumns(row, ["context", "turn"]);
  return Start.parse({ ...parsed, ...(turn === null ? {} : { turn }), unattended: row["unattended"] === 1 });
}

/** The project stands there too, so that a `request_id` is unique in it. */
export function startToRow({ unattended, context, turn, ...plain }: Start, project: string): Row {
  return {
    ...plain,
    project,
    unattended: Number(unattended),
    context: JSON.stringify(context),
    turn: turn ? JSON.stringify(turn) : null,
  };
}

export function entryFromRow(row: Row): HistoryEntry {
  const columns = ["report", "context_patch", "decision", "evidence", "turn", "ruling"];
  const { evidence, turn, ruling, ...parsed } = parseColumns(row, columns);
  const more = Object.entries({ evidence, turn, ruling }).filter(([, value]) => value !== null);
  return HistoryEntry.parse({ ...parsed, ...Object.fromEntries(more) });
}

export function entryToRow(instanceId: string, entry: HistoryEntry): Row {
  const { report, context_patch, decision, evidence, turn, ruling, ...plain } = entry;
  return {
    instance_id: instanceId,
    ...plain,
    report: report && JSON.stringify(report),
    context_patch: JSON.stringify(context_patch),
    decision: decision && JSON.stringify(decision),
    evidence: evidence === undefined ? null : JSON.stringify(evidence),
    turn: turn ? JSON.stringify(turn) : null,
    ruling: ruling ? JSON.stringify(ruling) : null,
  };
}

export function attemptFromRow(row: Row): Attempt {
  return Attempt.parse(parseColumns(row, ["evidence"]));
}

export function attemptToRow({ evidence, ...plain }: Attempt): Row {
  return { ...plain, evidence: evidence && JSON.stringify(evidence) };
}

function parseColumns(row: Row, columns: string[]): Record<string, unknown> {
  const parsed: Record<string, unknown> = { ...row };
  for (const column of columns) {
    const text = row[column];
    parsed[column] = typeof text === "string" ? JSON.parse(text) : null;
  }
  return parsed;
}
