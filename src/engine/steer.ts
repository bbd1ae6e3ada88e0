/** What a person wants of a run beyond its workflow: to end it, or to take it back to an earlier visit. */
import type { DecidedBy } from "../decision.ts";
import { type HistoryEntry, waitsForPerson } from "../instance.ts";
import { cancel, release, repin, rewind } from "../rules/steer.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import { type Caller, commit, type Loaded, lastDecision, load, type Parts, stamp } from "./parts.ts";
import { findDefinition } from "./start.ts";
import { suspendedError } from "./visits.ts";

/** Entries read at a time when the whole history is needed. */
const PAGE = 1_000;

export interface CancelInput {
  instance_id: string;
  reason?: string | undefined;
  /** `person` from a terminal, `agent` through a tool. */
  decided_by: DecidedBy;
}

/** Ends a run for good. Repeated, it answers that it is cancelled; another final status is INSTANCE_FINAL. */
export async function cancelInstance(parts: Parts, input: CancelInput, caller: Caller): Promise<Outcome> {
  const loaded = await load(parts, input.instance_id);
  if (loaded.instance.status === "CANCELLED") {
    return handedOut(parts, loaded, { decision: await lastDecision(loaded), replayed: true });
  }
  const said = { reason: input.reason || "cancelled", decided_by: input.decided_by };
  const change = cancel(loaded.instance, said, { actor: caller.actor, now: stamp(parts) });
  const instance = await commit(loaded.store, change);
  parts.log.info({ instance_id: instance.instance_id }, "instance cancelled");
  return handedOut(parts, { ...loaded, instance }, { decision: change.entries.at(-1)?.decision ?? undefined });
}

export interface ReleaseInput {
  instance_id: string;
  /** Also move it to the workflow's files as they are now, although they may demand less. */
  use_latest: boolean;
}

/** A person lets an instance go on: what a guard suspended, and with `use_latest` what an agent may not weaken. */
export async function releaseInstance(parts: Parts, input: ReleaseInput, caller: Caller): Promise<Outcome> {
  const { store, ...loaded } = await load(parts, input.instance_id);
  const moment = { actor: caller.actor, now: stamp(parts) };
  const latest = input.use_latest ? await findDefinition(parts, loaded.instance.workflow_name) : null;
  let now = loaded;
  if (latest && latest.hash !== loaded.instance.definition) {
    const { workflow, trusted } = latest;
    now = { workflow, trusted, instance: await commit(store, repin(loaded.instance, latest, moment)) };
  }
  if (now === loaded || now.instance.status === "SUSPENDED") {
    now = { ...now, instance: await commit(store, release(now.instance, moment)) };
  }
  parts.log.info({ instance_id: input.instance_id }, "instance released");
  return handedOut(parts, now);
}

export interface RewindInput {
  instance_id: string;
  to_visit: number;
  reason?: string | undefined;
}

/**
 * Hands out an earlier visit again. Repeated before anything was reported, it answers the same and adds nothing. What waits
 * for a person is INSTANCE_SUSPENDED: no tool lets it go on.
 */
export async function rewindInstance(parts: Parts, input: RewindInput, caller: Caller): Promise<Outcome> {
  const loaded = await load(parts, input.instance_id);
  const { store, instance, workflow } = loaded;
  const [last] = await store.history(instance.instance_id, { limit: 1 });
  const decision = last?.kind === "rewind" ? last.decision : null;
  const untouched = !instance.pending && instance.status === (decision?.status ?? "RUNNING");
  const repeated = decision?.to_visit === input.to_visit && untouched;
  if (decision && repeated) return handedOut(parts, loaded, { decision, replayed: true });
  if (waitsForPerson(instance)) throw suspendedError(instance);
  const start = await store.start(instance.instance_id);
  if (!start) throw new Error(`instance "${instance.instance_id}" has no record of its start`);
  const change = rewind(workflow, instance, {
    start,
    history: await wholeHistory(loaded),
    to_visit: input.to_visit,
    reason: input.reason ?? "",
    actor: caller.actor,
    now: stamp(parts),
  });
  const moved = await commit(store, change);
  return handedOut(parts, { ...loaded, instance: moved }, { decision: change.entries.at(-1)?.decision ?? undefined });
}

/** All entries, oldest first. The one call whose cost grows with the history. */
async function wholeHistory({ store, instance }: Loaded): Promise<HistoryEntry[]> {
  const all: HistoryEntry[] = [];
  for (let before = instance.last_seq + 1; before > 1; before = all[0]?.seq ?? 1) {
    all.unshift(...(await store.history(instance.instance_id, { limit: PAGE, before })));
  }
  return all;
}
