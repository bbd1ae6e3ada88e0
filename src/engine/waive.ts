/** A person waives what the current visit has to prove, so that a state that blocks has a way out that is not a lie. */
import type { Waiver } from "../approval.ts";
import { isOf } from "../attempt.ts";
import { AppError } from "../errors.ts";
import type { Instance } from "../instance.ts";
import { waiverOf } from "../rules/waive.ts";
import type { Running } from "./attempts.ts";
import { type Call, happen, openCall } from "./call.ts";
import { expire } from "./expire.ts";
import type { Caller, Parts } from "./parts.ts";
import { SERVER } from "./serve.ts";

export interface WaiveInput extends Waiver {
  instance_id: string;
  /** What the person was shown: of another visit, or another definition's, nothing is waived. */
  seen?: Pick<Instance, "visit" | "definition">;
}

/** What a person looks at before they waive something, and once they did. */
export interface Waivable extends Waiver {
  instance: Instance;
  /** It is waived, for that reason. */
  known: boolean;
  /** What the server's last look at it said, if that is known. */
  refused?: string;
  /** The visit's checks run now: a waiver counts from the next look on. */
  checks_running?: Pick<Running, "started_at">;
}

/** Changes nothing. Throws what `waiverOf` throws. */
export async function waivable(parts: Parts, { instance_id, ...waiver }: Omit<WaiveInput, "seen">): Promise<Waivable> {
  return asItIs(await openCall(parts, instance_id, { actor: SERVER }), waiver);
}

/**
 * The current visit need not prove it, once. Repeated, it answers the same and adds nothing. Throws also
 * CONFLICT if the run is not where it was shown or another writer was first.
 */
export async function waive(parts: Parts, { instance_id, what, reason, seen }: WaiveInput, caller: Caller) {
  const opened = await openCall(parts, instance_id, caller);
  const call = (await expire(opened)) ?? opened;
  if (seen && !isAt(call.current, seen)) {
    throw new AppError("CONFLICT", "The run went on since it was shown; nothing changed.", {
      hint: `Look where it is: orchestrator show ${instance_id}`,
    });
  }
  const waived = await happen(call, { kind: "waived", waiver: { what, reason } });
  parts.log.info({ instance_id, what, by: caller.actor }, "waived");
  return asItIs(waived, { what, reason });
}

function isAt({ visit, definition }: Instance, seen: Pick<Instance, "visit" | "definition">): boolean {
  return visit === seen.visit && definition === seen.definition;
}

async function asItIs({ parts, store, workflow, current: instance }: Call, said: Waiver): Promise<Waivable> {
  const waiver = waiverOf(workflow, instance, said);
  const attempt = await store.attempt(instance.instance_id);
  const left = attempt && isOf(attempt, instance) ? (attempt.evidence ?? []) : [];
  const refused = left.find(({ check, outcome }) => check === waiver.what && outcome === "failed")?.reason;
  const checks_running = await parts.attempts.running(store, instance);
  return {
    instance,
    ...waiver,
    ...(refused ? { refused } : {}),
    ...(checks_running ? { checks_running } : {}),
  };
}
