/** Another way is tried from an earlier visit, as a run of its own: what it begins with. Pure. */
import { type HistoryEntry, type Instance, originOf, type Start } from "../instance.ts";
import { applyPatch, patchFor } from "../json.ts";
import { findStep, type Workflow } from "../workflow.ts";
import { begin } from "./begin.ts";
import { entry, type Moment } from "./change.ts";
import { cleared, countOf } from "./landing.ts";
import { refuseGone, refuseVisitToCome } from "./refusals.ts";
import { replay } from "./replay.ts";
import { standing, turnAtEntry } from "./turns.ts";
import { afterFork } from "./visit-counts.ts";

/** Which visit of a run, and what is needed to know how it was there. */
export interface From {
  /** How the run began, and its history, whole or up to the visit, oldest first. */
  start: Start;
  history: HistoryEntry[];
  at_visit: number;
  /** The commit that git's HEAD named when the visit was entered; null if that is not known. */
  head: string | null;
}

/** What the new run is called, and where git's HEAD is now. */
export type Made = Pick<Start, "instance_id" | "request_id"> & Pick<Instance, "head">;

/** A run that begins with a copy of so many entries of another one, and with an entry of its own. */
export interface Fork {
  start: Start;
  instance: Instance;
  line: HistoryEntry;
}

/**
 * A new root that stands where the run stood when the visit was handed out, entered anew by the definition that the run is
 * pinned to: gates, wait, deadline and program begin again, and nothing that was proven, waived or approved before counts.
 * Throws INVALID_INPUT for a visit that was not yet, STEP_NOT_ALLOWED if the definition does not have its step any more.
 */
export function fork(workflow: Workflow, source: Instance, from: From, made: Made & Moment): Fork {
  const { at_visit, head } = from;
  refuseVisitToCome(source, at_visit);
  const before = from.history.filter(({ visit }) => visit < at_visit);
  const then = replay(from.start, before);
  refuseGone(workflow, then.step_name);
  const step = findStep(workflow, then.step_name);
  const { actor, now, instance_id, request_id } = made;
  const { definition, project, trusted } = source;
  const origin = { instance_id: source.instance_id, visit: at_visit, head };
  const forked_from = { ...origin, origin_id: originOf(source), copied: before.length };
  const start = { ...from.start, instance_id, definition, request_id, actor, started_at: now, forked_from };
  const context_patch = patchFor(then.context, cleared(step));
  const context = applyPatch(then.context, context_patch);
  const count = countOf(then.visits, then.step_name);
  const turn = turnAtEntry(step, { count, now, context, visit: at_visit, seq: then.last_seq + 1 });
  const base: Instance = {
    ...begin(workflow, start, { project, trusted, head: made.head }),
    ...then,
    definition,
    visits: afterFork(then.visits),
    waived: [],
    context,
    ...standing(turn),
  };
  const ruling = { kind: "forked" as const, instance_id: source.instance_id, visit: at_visit };
  const line = entry(base, { kind: "move", turn, context_patch, ruling }, { actor, now });
  return { start, instance: { ...base, last_seq: line.seq }, line };
}
