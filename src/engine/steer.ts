/** What a person wants of a run beyond its workflow: to end it, or to take it back to an earlier visit. */
import type { DecidedBy } from "../decision.ts";
import type { HistoryEntry } from "../instance.ts";
import { cancel, rewind } from "../transition.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import { type Caller, commit, type Loaded, load, type Parts, stamp } from "./parts.ts";

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
  if (loaded.instance.status === "CANCELLED") return handedOut(parts, loaded, { replayed: true });
  const said = { reason: input.reason || "cancelled", decided_by: input.decided_by };
  const change = cancel(loaded.instance, said, { actor: caller.actor, now: stamp(parts) });
  const instance = await commit(loaded.store, change);
  parts.log.info({ instance_id: instance.instance_id }, "instance cancelled");
  return handedOut(parts, { ...loaded, instance });
}

export interface RewindInput {
  instance_id: string;
  to_visit: number;
  reason?: string | undefined;
}

/** Hands out an earlier visit again. Repeated before anything was reported, it answers the same and adds nothing. */
export async function rewindInstance(parts: Parts, input: RewindInput, caller: Caller): Promise<Outcome> {
  const loaded = await load(parts, input.instance_id);
  const { store, instance, workflow } = loaded;
  const [last] = await store.history(instance.instance_id, { limit: 1 });
  const decision = last?.kind === "rewind" ? last.decision : null;
  const repeated = decision?.to_visit === input.to_visit && !instance.pending && instance.status === "RUNNING";
  if (decision && repeated) return handedOut(parts, loaded, { decision, replayed: true });
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
  return handedOut(parts, { workflow, instance: moved }, { decision: change.entries.at(-1)?.decision ?? undefined });
}

/** All entries, oldest first. The one call whose cost grows with the history. */
async function wholeHistory({ store, instance }: Loaded): Promise<HistoryEntry[]> {
  const all: HistoryEntry[] = [];
  for (let before = instance.last_seq + 1; before > 1; before = all[0]?.seq ?? 1) {
    all.unshift(...(await store.history(instance.instance_id, { limit: PAGE, before })));
  }
  return all;
}
