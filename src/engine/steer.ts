/** What a person wants of a run beyond its workflow: to end it, to move it to other files, or to take it back to an earlier visit. */
import { openOf } from "../branch.ts";
import type { DecidedBy } from "../decision.ts";
import type { HistoryEntry } from "../instance.ts";
import { waitsForPerson } from "../turn.ts";
import type { LoadedWorkflow } from "../workflow.ts";
import { type Call, happen, openCall } from "./call.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import type { Caller, Parts } from "./parts.ts";
import { pastOf } from "./past.ts";
import { lastDecision } from "./read.ts";
import { SERVER } from "./serve.ts";
import { suspendedError } from "./visits.ts";

/** Entries among which a rewind is sought that is sent again. */
const MAX_SINCE = 20;

export interface CancelInput {
  instance_id: string;
  reason?: string | undefined;
  /** `person` from a terminal, `agent` through a tool. */
  decided_by: DecidedBy;
}

/** Ends a run for good. Repeated, it answers that the run is cancelled. Throws INSTANCE_FINAL if it ended otherwise. */
export async function cancelInstance(parts: Parts, input: CancelInput, caller: Caller): Promise<Outcome> {
  const call = await openCall(parts, input.instance_id, caller);
  if (call.current.status === "CANCELLED") {
    return handedOut(call, { decision: await lastDecision(call), replayed: true });
  }
  const said = { reason: input.reason || "cancelled", decided_by: input.decided_by };
  const cancelled = await happen(call, { kind: "cancelled", ...said });
  parts.log.info({ instance_id: input.instance_id }, "instance cancelled");
  return handedOut(cancelled, { decision: await lastDecision(cancelled) });
}

/**
 * Pins the instance to another definition; the call goes on with that one. Throws STEP_NOT_ALLOWED if it does not have
 * the current step, CONFLICT, INSTANCE_FINAL.
 */
export async function moveTo(call: Call, latest: LoadedWorkflow): Promise<Call> {
  const moved = await happen(call, { kind: "pinned", definition: latest });
  return { ...moved, workflow: latest.workflow, trusted: latest.trusted };
}

export interface RewindInput {
  instance_id: string;
  to_visit: number;
  reason?: string | undefined;
  /** A person outside any agent wants it: then a run that waits for a person may be taken back too. */
  by_person?: boolean | undefined;
}

/**
 * Hands out an earlier visit again. Repeated before an agent or a person did anything else, it answers the same and adds nothing;
 * to an agent that repeats it, what a person settled at that visit is nothing else. Throws INSTANCE_SUSPENDED if the
 * instance waits for a person, since no tool lets it go on; INVALID_INPUT for a visit that was not yet, STEP_NOT_ALLOWED if
 * the definition does not have its step any more, CONFLICT, INSTANCE_FINAL.
 */
export async function rewindInstance(parts: Parts, input: RewindInput, caller: Caller): Promise<Outcome> {
  const call = await openCall(parts, input.instance_id, caller);
  const { store, current } = call;
  const recent = await store.history(current.instance_id, { limit: MAX_SINCE });
  const { to_visit, reason = "", by_person = false } = input;
  const since = by_person ? recent : recent.filter((each) => !settlesGate(each));
  const last = since.findLast((each) => each.actor !== SERVER || each.decision?.decided_by === "timer"); // no report since
  const decision = last?.kind === "rewind" ? last.decision : null;
  const repeated = decision?.to_visit === to_visit && !current.pending && !(await branchesMoved(call));
  if (decision && repeated) return handedOut(call, { decision, replayed: true });
  if (waitsForPerson(current) && !by_person) throw suspendedError(current);
  const rewound = await happen(call, { kind: "rewound", ...(await pastOf(call)), to_visit, reason });
  return handedOut(rewound, { decision: await lastDecision(rewound) });
}

/** Whether a person let the visit go on where it was, or their yes was spent: the call that led there still waits for its step. */
function settlesGate({ kind, decision, ruling }: HistoryEntry): boolean {
  return decision === null && (kind === "approval" || ruling?.kind === "opened");
}

/** Whether anything was reported in the branches of the current visit: it stands in their histories alone. */
async function branchesMoved({ store, current }: Call): Promise<boolean> {
  const { instance_id, visit, turn } = current;
  if (!turn?.branches) return false;
  const { begun } = turn.branches;
  if (begun > openOf(turn.branches)) return true;
  const open = await store.branches(instance_id, visit, { limit: begun });
  return open.some(({ last_report_at, turn }) => last_report_at !== null || turn?.branches !== undefined);
}
