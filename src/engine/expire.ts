/** A wait or a deadline is over: whoever looks first writes that down. */
import { isAlive, isFresh, isOf } from "../attempt.ts";
import type { Report } from "../report.ts";
import { ranOut } from "../rules/clock.ts";
import { type Call, happen } from "./call.ts";
import { stamp } from "./parts.ts";
import { isLimit, SERVER } from "./serve.ts";

/**
 * Writes down that a wait or a deadline is over; null if none is. A report that came in time, and that the server still
 * checks, stops the clock; `late` is one that did not, and becomes a note. Throws CONFLICT if another writer was first.
 */
export async function expire(call: Call, late?: Report): Promise<Call | null> {
  const { current } = call;
  if (!current.turn?.until) return null;
  const over = ranOut(current, stamp(call.parts));
  if (!over || (over === "deadline" && (await isInTime(call)))) return null;
  const ours = { ...call, caller: { ...call.caller, actor: SERVER } };
  try {
    return { ...(await happen(ours, { kind: "time over", late })), caller: call.caller };
  } catch (error) {
    if (!isLimit(error)) throw error;
    return { ...(await happen(ours, { kind: "fell", why: error.message })), caller: call.caller };
  }
}

/** Whether a report that came before the deadline is still being checked, or was and nobody has asked yet. */
async function isInTime({ parts, store, current }: Call): Promise<boolean> {
  const attempt = await store.attempt(current.instance_id);
  if (!attempt || !isOf(attempt, current) || attempt.started_at > (current.turn?.until ?? "")) return false;
  return attempt.evidence ? isFresh(attempt, parts.now()) : isAlive(attempt, stamp(parts));
}
