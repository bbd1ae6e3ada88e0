/** How a rule says what must be written: entries of the history, and the row as it will be. */
import type { Ruling } from "../approval.ts";
import { assume } from "../assumption.ts";
import type { Evidence } from "../check.ts";
import type { Decision } from "../decision.ts";
import { type Change, type HistoryEntry, type Instance, stepIdOf } from "../instance.ts";
import type { ContextPatch } from "../json.ts";
import type { Report } from "../report.ts";
import type { Turn } from "../turn.ts";

/** Who acts, and when (ISO 8601, UTC). */
export interface Moment {
  actor: string;
  now: string;
}

/** One atomic write: the entries, and what else is set in the row. */
export function change(instance: Instance, entries: HistoryEntry[], set: Partial<Instance>): Change {
  const last_seq = instance.last_seq + entries.length;
  return {
    instance: { ...instance, last_seq, assumptions: entries.reduce(assume, instance.assumptions), ...set },
    entries,
  };
}

/** What an entry says beyond where the instance stands. */
export interface Line {
  kind: HistoryEntry["kind"];
  report?: Report | undefined;
  context_patch?: ContextPatch;
  decision?: Decision;
  evidence?: Evidence | undefined;
  turn?: Turn;
  ruling?: Ruling | undefined;
  started_at?: string;
}

/** The next entry of an instance's history, about its current visit. */
export function entry(instance: Instance, line: Line, moment: Moment): HistoryEntry {
  return {
    seq: instance.last_seq + 1,
    kind: line.kind,
    visit: instance.visit,
    step_id: stepIdOf(instance),
    step_name: instance.step_name,
    report: line.report ?? null,
    context_patch: line.context_patch ?? {},
    decision: line.decision ?? null,
    ...(line.evidence ? { evidence: line.evidence } : {}),
    ...(line.turn ? { turn: line.turn } : {}),
    ...(line.ruling ? { ruling: line.ruling } : {}),
    ...(line.decision && instance.head ? { head: instance.head } : {}),
    actor: moment.actor,
    definition: instance.definition,
    started_at: line.started_at ?? moment.now,
    ended_at: moment.now,
  };
}
