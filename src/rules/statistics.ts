/** What the past runs of a workflow have in common: how often, how long, and where they fail, repeat or wait. Pure. */
import type { Sample, SampledEntry, SampledRun, Statistics, StepStatistics } from "../overview.ts";

/** Reports that end no visit: what their entries say is no report that was replaced. */
const NOTES: ReadonlySet<string> = new Set(["in_progress", "paused", "ended"]);

interface Tally extends Omit<StepStatistics, "median_ms"> {
  times: number[];
  /** Visits of the run that is looked at now. */
  inRun: number;
}

export function statisticsOf(workflow_name: string, { runs, entries, cut, held, refused }: Sample): Statistics {
  const steps = new Map<string, Tally>();
  const tally = (step_name: string): Tally => {
    const known = steps.get(step_name) ?? emptyTally(step_name);
    steps.set(step_name, known);
    return known;
  };
  const histories = Map.groupBy(entries, ({ instance_id }) => instance_id);
  for (const run of runs) count(run, histories.get(run.instance_id) ?? [], tally);
  for (const { step_name, count } of held) tally(step_name).held += count;
  for (const { step_name, count } of refused) tally(step_name).refused += count;
  const ended = (status: SampledRun["status"]) => runs.filter((run) => run.status === status);
  const finished = ended("COMPLETED");
  const durations = finished.map(({ created_at, completed_at }) => between(created_at, completed_at ?? created_at));
  const [failed, cancelled] = [ended("FAILED").length, ended("CANCELLED").length];
  return {
    workflow_name,
    runs: runs.length,
    finished: finished.length,
    failed,
    cancelled,
    live: runs.length - finished.length - failed - cancelled,
    cut,
    duration_ms: durations.length > 0 ? { median: quantile(durations, 0.5), p90: quantile(durations, 0.9) } : null,
    steps: [...steps.values()].map(stepOf).sort((one, other) => other.visits - one.visits),
  };
}

function emptyTally(step_name: string): Tally {
  const none = { visits: 0, failures: 0, repeats: 0, refused: 0, corrected: 0, held: 0, waited_ms: 0 };
  return { step_name, ...none, times: [], inRun: 0 };
}

function stepOf({ times, inRun: _, ...step }: Tally): StepStatistics {
  return { ...step, median_ms: times.length > 0 ? quantile(times, 0.5) : null };
}

/** Adds one run's history. */
function count(run: SampledRun, history: SampledEntry[], tally: (step_name: string) => Tally): void {
  const met = new Set<Tally>();
  let waits = isWait(run.began) ? run.created_at : null;
  for (const [index, entry] of history.entries()) {
    const step = tally(entry.step_name);
    const turned = entry.turn_of !== null || entry.next_step !== null;
    if (turned && waits) step.waited_ms += between(waits, entry.ended_at);
    if (turned) waits = isWait(entry.turn_of) ? entry.ended_at : null;
    const next = history[index + 1];
    if (isLate(entry, next)) step.refused += 1;
    else if (isReplaced(entry, next)) step.corrected += 1;
    if (entry.next_step === null) continue;
    met.add(step);
    step.visits += 1;
    step.inRun += 1;
    if (entry.reported === "failure" || entry.decided_by === "timer") step.failures += 1;
    if (entry.kind === "visit") step.times.push(between(entry.started_at, entry.ended_at));
  }
  for (const step of met) {
    step.repeats += step.inRun - 1;
    step.inRun = 0;
  }
}

function isWait(turn: SampledRun["began"]): boolean {
  return turn === "person" || turn === "clock";
}

/** A note that a report left that came after its deadline: of an earlier visit, or right before the entry that the deadline left. */
function isLate(entry: SampledEntry, next: SampledEntry | undefined): boolean {
  if (entry.kind !== "note" || entry.reported === null) return false;
  if (entry.about !== entry.step_id) return true;
  const missed = next?.decided_by === "timer" || next?.turn_kind === "deadline";
  return missed && next?.visit === entry.visit && next.ended_at === entry.ended_at;
}

/** A note that a kept report left when another one took its place; whoever cancels or rewinds replaces no report. */
function isReplaced(entry: SampledEntry, next: SampledEntry | undefined): boolean {
  if (entry.kind !== "note" || entry.reported === null || NOTES.has(entry.reported)) return false;
  const steered = next?.kind === "rewind" || next?.status === "CANCELLED";
  return !(steered && next?.ended_at === entry.ended_at);
}

function between(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}

/** By the nearest rank. */
function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
