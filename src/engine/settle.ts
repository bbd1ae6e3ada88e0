/**
 * While a run's turn is the server's or the clock's, it settles by itself: in the call that led there, in the background
 * of this process after that, and by a sweep of any serving process if all were gone. Of two that settle at once one wins, and
 * the other sees what became of it.
 */
import { isAlive, isFresh, isOf } from "../attempt.ts";
import { AppError } from "../errors.ts";
import type { Report } from "../report.ts";
import { ranOut, runOut } from "../rules/clock.ts";
import { fall, handOver } from "../rules/serve.ts";
import { dueAt } from "../turn.ts";
import { type Call, momentOf, openCall, write } from "./call.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { isLimit, SERVER, serve, whyNotServed } from "./serve.ts";

/** How long a sweep waits for the next, in milliseconds, if nothing is due before. */
export const SWEEP_MS = 30_000;
/** Most runs that a sweep reads, and most that are seen to at once in the background. */
const MAX_READ = 1_000;
const MAX_AT_ONCE = 8;
/** How often a call that waits looks at what other processes did, in milliseconds. */
const LOOK_MS = 500;

export interface Settler {
  /**
   * Sees to the run until it is somebody's turn who is asked, or `patience` milliseconds are over; what is left then goes on
   * in the background. Resolves to the call with the row as it is. A server step that may not be done here is handed over.
   */
  settle(call: Call, patience: number): Promise<Call>;
  /** Sees once to all that is due; resolves when that has begun. */
  sweep(): Promise<void>;
  /** Sweeps from now on, until `stop`. */
  begin(): void;
  /** Begins nothing more. */
  stop(): void;
}

export function createSettler(parts: Parts): Settler {
  /** What this process sees to now, by run. */
  const driven = new Map<string, Promise<void>>();
  let sweeping = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function settle(call: Call, patience: number): Promise<Call> {
    const until = performance.now() + patience;
    let latest = call;
    for (;;) {
      const { turn } = latest.current;
      if (stopped || !turn || (turn.of !== "server" && turn.of !== "clock")) return latest;
      const refusal = turn.of === "server" ? whyNotServed(latest) : null;
      if (refusal !== null && !(await parts.attempts.running(latest.store, latest.current))) {
        latest = await unlessLost(latest, () => write(latest, handOver(latest.current, refusal, momentOf(latest))));
        continue;
      }
      const left = until - performance.now();
      const due = dueAt(turn) ?? "";
      const wait = Math.min(left, Math.max(0, Date.parse(due) - parts.now().getTime()), LOOK_MS);
      wakeAt(due);
      if (left <= 0) return latest;
      if (wait > 0) await Bun.sleep(wait);
      else await Promise.race([refusal === null ? drive(turnCaller(call)) : Bun.sleep(LOOK_MS), Bun.sleep(left)]);
      latest = await openCall(parts, call.current.instance_id, call.caller);
    }
  }

  /** Sees to the run as long as it goes on; one at a time for each run. */
  function drive({ id, caller }: { id: string; caller: Caller }): Promise<void> {
    const known = driven.get(id);
    if (known) return known;
    const done = goOn(id, caller).finally(() => driven.delete(id));
    driven.set(id, done);
    return done;
  }

  async function goOn(id: string, caller: Caller): Promise<void> {
    try {
      while (!stopped && (await one(await openCall(parts, id, caller), caller)));
    } catch (error) {
      if (stopped) return;
      parts.log.warn({ instance_id: id, err: error }, "a run could not go on by itself; the next sweep tries again");
    }
  }

  /** One thing that is due for the run; false if there is none that this process may do. */
  async function one(call: Call, caller: Caller): Promise<boolean> {
    const { turn } = call.current;
    const due = turn && dueAt(turn);
    if (!due) return false;
    if (due > stamp(parts)) {
      wakeAt(due);
      return false;
    }
    if (turn.of === "server") {
      if (whyNotServed(call) !== null) return false;
      await serve(call, caller).catch(unlessConflict);
      return true;
    }
    const expired = await expire(call);
    return expired !== null;
  }

  async function sweep(): Promise<void> {
    if (!parts.hasState()) return;
    const now = parts.now().getTime();
    const until = new Date(now + SWEEP_MS).toISOString();
    const store = await parts.store();
    const found = await store.due({ until, project: parts.project, limit: MAX_READ });
    for (const { instance_id, due_at } of found) {
      if (Date.parse(due_at) > now) wakeAt(due_at);
      else if (driven.size < MAX_AT_ONCE) void drive({ id: instance_id, caller: { actor: SERVER } });
    }
  }

  /** The sweep that comes at the latest then. */
  let next = Number.POSITIVE_INFINITY;
  function wakeAt(due: string): void {
    if (!sweeping || stopped) return;
    const at = performance.now() + Math.min(SWEEP_MS, Math.max(0, Date.parse(due) - parts.now().getTime()));
    if (at >= next) return;
    next = at;
    clearTimeout(timer);
    timer = setTimeout(() => void tick(), at - performance.now());
    timer.unref();
  }

  async function tick(): Promise<void> {
    next = Number.POSITIVE_INFINITY;
    await sweep().catch((error) => parts.log.debug({ err: error }, "a sweep read nothing"));
    wakeAt(new Date(parts.now().getTime() + SWEEP_MS).toISOString());
  }

  return {
    settle,
    sweep,
    begin() {
      sweeping = true;
      wakeAt(new Date(parts.now().getTime() + SWEEP_MS).toISOString());
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** What is seen to for a call is the server's doing; whoever calls is told of it. */
function turnCaller({ current, caller }: Call): { id: string; caller: Caller } {
  return { id: current.instance_id, caller: { ...caller, actor: SERVER } };
}

/** The call with the next write, or with the row as it is if another writer was first. */
async function unlessLost(call: Call, next: () => Promise<Call>): Promise<Call> {
  try {
    return await next();
  } catch (error) {
    unlessConflict(error);
    return openCall(call.parts, call.current.instance_id, call.caller);
  }
}

function unlessConflict(error: unknown): void {
  if (!(error instanceof AppError) || error.code !== "CONFLICT") throw error;
}

/**
 * Writes down that a wait or a deadline is over; null if none is. A report that came in time, and that the server still
 * checks, stops the clock; `late` is one that did not, and becomes a note. Throws CONFLICT if another writer was first.
 */
export async function expire(call: Call, late?: Report): Promise<Call | null> {
  const { current, workflow } = call;
  const moment = { ...momentOf(call), actor: SERVER };
  const over = ranOut(current, moment.now);
  if (!over || (over === "deadline" && (await isInTime(call)))) return null;
  try {
    return await write(call, runOut(workflow, current, { ...moment, ...(late ? { late } : {}) }));
  } catch (error) {
    if (!isLimit(error)) throw error;
    return write(call, fall(current, error.message, moment));
  }
}

/** Whether a report that came before the deadline is still being checked, or was and nobody has asked yet. */
async function isInTime({ parts, store, current }: Call): Promise<boolean> {
  const attempt = await store.attempt(current.instance_id);
  if (!attempt || !isOf(attempt, current) || attempt.started_at > (current.turn?.until ?? "")) return false;
  return attempt.evidence ? isFresh(attempt, parts.now()) : isAlive(attempt, stamp(parts));
}
