/** Between the nouns and the columns that hold them: JSON as TEXT, checked by the nouns' schemas on the way out. */
import { Attempt } from "../attempt.ts";
import type { Branch } from "../branch.ts";
import { HistoryEntry, Instance, InstanceSummary, Start } from "../instance.ts";
import { Asking } from "../overview.ts";
import type { Due } from "../store.ts";
import { dueAt, Turn, waitingKind } from "../turn.ts";

/** A row as bun:sqlite returns it. */
export type Row = Record<string, string | number | null>;

/** The columns that follow from others, `due_at` and `due_for`, are passed over. */
export function instanceFromRow(row: Row): Instance {
  const columns = [
    "turn",
    "visits",
    "pending",
    "baseline",
    "waived",
    "context",
    "assumptions",
    "branch",
    "forked_from",
  ];
  const { turn, waived, assumptions, branch, taken_at, forked_from, ...parsed } = parseColumns(row, columns);
  const usual = row["status"] === "RUNNING" ? { of: "agent", kind: "step", since: row["visit_started_at"] } : null;
  return Instance.parse({
    ...parsed,
    branch: branch && taken_at ? { ...branch, taken_at } : branch,
    turn: turn ?? usual,
    waived: waived ?? [],
    assumptions: assumptions ?? [],
    trusted: row["trusted"] === 1,
    unattended: row["unattended"] === 1,
    ...(forked_from ? { forked_from } : {}),
  });
}

export function instanceToRow(instance: Instance): Row {
  const {
    trusted,
    unattended,
    branch,
    forked_from,
    turn,
    visits,
    pending,
    baseline,
    waived,
    context,
    assumptions,
    ...plain
  } = instance;
  const due_at = turn && dueAt(turn);
  return {
    ...plain,
    ...branchToColumns(branch),
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
    forked_from: forked_from ? JSON.stringify(forked_from) : null,
  };
}

/** What never changes of it is one text. */
function branchToColumns(branch: Branch | null): Row {
  if (!branch) return { parent_id: null, branch: null, taken_at: null };
  const { taken_at = null, ...born } = branch;
  return { parent_id: born.parent_id, branch: JSON.stringify(born), taken_at };
}

/** The agent's turn since the visit began goes without saying. */
function isUsual({ of, since, ...more }: Turn, { visit_started_at }: Instance): boolean {
  return of === "agent" && since === visit_started_at && Object.keys(more).length === 1;
}

export function summaryFromRow(row: Row): InstanceSummary {
  const { turn, parent_id, forked_from, ...parsed } = parseColumns(row, ["turn", "forked_from"]);
  const waiting_for = waitingKind({ turn: Turn.nullable().parse(turn) });
  const more = { ...(parent_id ? { parent_id } : {}), ...(forked_from ? { forked_from } : {}) };
  return InstanceSummary.parse({ ...parsed, waiting_for, ...more });
}

export function askingFromRow(row: Row): Asking {
  const { turn, branch } = parseColumns(row, ["turn", "branch"]);
  return Asking.parse({ ...summaryFromRow(row), turn, ...(branch ? { branch } : {}) });
}

export function dueFromRow({ instance_id, due_at }: Row): Due {
  return { instance_id: String(instance_id), due_at: String(due_at) };
}

/** What a branch is, and where a fork came from, stands in the row of its instance. */
export function startFromRow(row: Row): Start {
  const { turn, branch, forked_from, ...parsed } = parseColumns(row, ["context", "turn", "branch", "forked_from"]);
  const more = Object.entries({ turn, branch, forked_from }).filter(([, value]) => value !== null);
  return Start.parse({ ...parsed, ...Object.fromEntries(more), unattended: row["unattended"] === 1 });
}

/** The project stands there too, so that a `request_id` is unique in it. */
export function startToRow(
  { unattended, context, turn, branch: _, forked_from: _from, ...plain }: Start,
  project: string,
): Row {
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
  const { evidence, turn, ruling, head, ...parsed } = parseColumns(row, columns);
  const more = Object.entries({ evidence, turn, ruling, head }).filter(([, value]) => value !== null);
  return HistoryEntry.parse({ ...parsed, ...Object.fromEntries(more) });
}

export function entryToRow(instanceId: string, entry: HistoryEntry): Row {
  const { report, context_patch, decision, evidence, turn, ruling, head = null, ...plain } = entry;
  return {
    instance_id: instanceId,
    ...plain,
    report: report && JSON.stringify(report),
    context_patch: JSON.stringify(context_patch),
    decision: decision && JSON.stringify(decision),
    evidence: evidence === undefined ? null : JSON.stringify(evidence),
    turn: turn ? JSON.stringify(turn) : null,
    ruling: ruling ? JSON.stringify(ruling) : null,
    head,
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
