/** Gathers what an agent without memory needs to know of a run; short, and at the same cost for any length of history. */
import type { HistoryEntry, Instance } from "../instance.ts";
import type { Call } from "./call.ts";
import type { Position, ProjectState, Recap } from "./outcome.ts";
import { type Parts, stamp } from "./parts.ts";

/** Visits that a recap names one by one. */
const RECENT_VISITS = 8;

interface Seen {
  /** As it was before this call. */
  before: Instance;
  /** As the call left it. */
  after: Instance;
  position?: Position | undefined;
  unused_report?: boolean;
}

export async function gatherRecap({ parts, store }: Call, seen: Seen): Promise<Recap> {
  const { before, after, position } = seen;
  const [entries, project] = await Promise.all([
    store.decided(after.instance_id, RECENT_VISITS),
    projectState(parts, before),
  ]);
  return {
    last_report_at: before.last_report_at,
    now: stamp(parts),
    recent: entries.filter(wasDone),
    decided: after.status === "COMPLETED" ? after.visit : after.visit - 1,
    project,
    handed_out_at: after.visit === before.visit ? after.visit_started_at : null,
    ...(position ? { position } : {}),
    ...(seen.unused_report ? { unused_report: true } : {}),
  };
}

async function projectState({ probe }: Parts, { project, head }: Instance): Promise<ProjectState | null> {
  const now = probe.head(project);
  return now === null ? null : { head: { before: head, now }, modified: await probe.modified(project) };
}

/** A visit that was left by a rewind, or cancelled, is over but not done. */
function wasDone({ kind, decision }: HistoryEntry): boolean {
  return kind !== "rewind" && decision?.status !== "CANCELLED";
}
