/** Between the nouns and the columns that hold them: JSON as TEXT, checked by the nouns' schemas on the way out. */
import { Attempt } from "../attempt.ts";
import { HistoryEntry, Instance, InstanceSummary, Start } from "../instance.ts";

/** A row as bun:sqlite returns it. */
export type Row = Record<string, string | number | null>;

export function instanceFromRow(row: Row): Instance {
  const parsed = parseColumns(row, ["waiting_for", "visits", "pending", "baseline", "context"]);
  return Instance.parse({ ...parsed, trusted: row["trusted"] === 1 });
}

export function instanceToRow(instance: Instance): Row {
  const { trusted, waiting_for, visits, pending, baseline, context, ...plain } = instance;
  return {
    ...plain,
    trusted: Number(trusted),
    waiting_for: waiting_for && JSON.stringify(waiting_for),
    visits: JSON.stringify(visits),
    pending: pending && JSON.stringify(pending),
    baseline: baseline && JSON.stringify(baseline),
    context: JSON.stringify(context),
  };
}

export function summaryFromRow(row: Row): InstanceSummary {
  return InstanceSummary.parse(row);
}

export function startFromRow(row: Row): Start {
  return Start.parse(parseColumns(row, ["context"]));
}

export function entryFromRow(row: Row): HistoryEntry {
  const { evidence, ...parsed } = parseColumns(row, ["report", "context_patch", "decision", "evidence"]);
  return HistoryEntry.parse(evidence === null ? parsed : { ...parsed, evidence });
}

export function entryToRow(instanceId: string, entry: HistoryEntry): Row {
  const { report, context_patch, decision, evidence, ...plain } = entry;
  return {
    instance_id: instanceId,
    ...plain,
    report: report && JSON.stringify(report),
    context_patch: JSON.stringify(context_patch),
    decision: decision && JSON.stringify(decision),
    evidence: evidence === undefined ? null : JSON.stringify(evidence),
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
