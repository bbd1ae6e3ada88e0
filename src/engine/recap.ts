/** Gathers what an agent without memory needs to know of a run; short, and at the same cost for any length of history. */
import { type HistoryEntry, type Instance, isTakenBack } from "../instance.ts";
import type { Report } from "../report.ts";
import { claims } from "../rules/demands.ts";
import type { Store } from "../store.ts";
import type { Turn } from "../turn.ts";
import type { Call } from "./call.ts";
import type { Position, ProjectState, Recap } from "./outcome.ts";
import { type Parts, stamp } from "./parts.ts";

/** Visits that a recap names one by one. */
const RECENT_VISITS = 8;
/** Entries among which late reports are sought. */
const RECENT_ENTRIES = 20;

interface Seen {
  /** As it was before this call. */
  before: Instance;
  /** As the call left it. */
  after: Instance;
  position?: Position | undefined;
  unused_report?: boolean;
  resumed: string;
}

export async function gatherRecap(call: Call, seen: Seen): Promise<Recap> {
  const { parts, store } = call;
  const { before, after, position } = seen;
  const [done, project, late, paused] = await Promise.all([
    doneIn(store, after),
    projectState(parts, before),
    lateReports(call, after),
    pauseOf(call, before),
  ]);
  return {
    last_report_at: before.last_report_at,
    now: stamp(parts),
    ...done,
    project,
    handed_out_at: after.visit === before.visit && after.turn?.of === "agent" ? handedOutAt(before, after.turn) : null,
    ...(paused ? { paused } : {}),
    ...(position ? { position } : {}),
    ...(seen.unused_report ? { unused_report: true } : {}),
    ...(late.length > 0 ? { late } : {}),
    resumed: seen.resumed,
    ...(isTakenUp(before, after) ? { taken_up: true } : {}),
  };
}

function isTakenUp({ branch: before, last_report_at }: Instance, { branch: after }: Instance): boolean {
  return before?.taken_at === undefined && after?.taken_at !== undefined && last_report_at === null;
}

/** The last decided visits of a run, and how many there were. */
export async function doneIn(
  store: Store,
  { instance_id, status, visit }: Instance,
): Promise<Pick<Recap, "recent" | "decided" | "taken_back">> {
  const entries = await store.decided(instance_id, RECENT_VISITS);
  const last = entries.at(-1);
  return {
    recent: entries.filter(wasDone),
    decided: status === "COMPLETED" ? visit : visit - 1,
    ...(last && isTakenBack(last) ? { taken_back: last } : {}),
  };
}

/** The note that paused the run, if it is paused. */
async function pauseOf({ store }: Call, { instance_id, turn }: Instance): Promise<HistoryEntry | undefined> {
  if (turn?.kind !== "paused") return undefined;
  const last = await store.history(instance_id, { limit: RECENT_ENTRIES });
  return last.findLast((entry) => entry.turn?.kind === "paused");
}

/** A pause was not the first hand-out. */
function handedOutAt({ turn, visit_started_at }: Instance, now: Turn): string {
  return turn?.kind === "paused" ? visit_started_at : now.since;
}

/** What was reported after a deadline, among the last entries; read only if the workflow has deadlines. */
async function lateReports({ store, workflow }: Call, { instance_id }: Instance): Promise<HistoryEntry[]> {
  if (!workflow.steps.some(({ deadline }) => deadline)) return [];
  const last = await store.history(instance_id, { limit: RECENT_ENTRIES });
  const over = last.filter(({ decision, turn }) => decision?.decided_by === "timer" || turn?.kind === "deadline");
  const missed = new Map(over.map(({ step_id, step_name, visit }) => [step_id, { step_id, step_name, visit }]));
  return last.flatMap((entry) => {
    const { kind, report } = entry;
    const about = kind === "note" && report && ends(report) ? missed.get(report.step_id) : undefined;
    return about ? [{ ...entry, ...about }] : []; // it was noted where the run was by then
  });
}

/** Whether the report would have ended its visit. */
function ends({ status }: Report): boolean {
  return claims(status) || status === "failure";
}

async function projectState({ probe }: Parts, { project, head }: Instance): Promise<ProjectState | null> {
  const now = probe.head(project);
  return now === null ? null : { head: { before: head, now }, modified: await probe.modified(project) };
}

/** A visit that was left by a rewind, or cancelled, is over but not done. */
function wasDone({ kind, decision }: HistoryEntry): boolean {
  return kind !== "rewind" && decision?.status !== "CANCELLED";
}
