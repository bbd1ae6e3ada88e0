/**
 * While a run's turn is the server's or the clock's, it settles by itself: in the call that led there, in the background
 * of this process after that, and by a sweep of any serving process if all were gone. Of two that settle at once one wins, and
 * the other sees what became of it.
 */
import { AppError } from "../errors.ts";
import { isFinal } from "../instance.ts";
import { dueAt } from "../turn.ts";
import { spend } from "./approvals.ts";
import { seeToBranches } from "./branching.ts";
import { type Call, happen, openCall } from "./call.ts";
import { expire } from "./expire.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { whereNext } from "./places.ts";
import { SERVER, serve, whyNotServed } from "./serve.ts";

/** How long a sweep waits for the next, in milliseconds, if nothing is due before. */
export const SWEEP_MS = 30_000;
/** Most runs that a sweep reads, most that it begins to see to at once, and most programs that run for no call. */
const MAX_READ = 10_000;
const MAX_AT_ONCE = 8;
const MAX_PROGRAMS = 8;
/** How long a sweep waits for one run before it turns to the next, in milliseconds: a program takes its time. */
const QUICK_MS = 50;
/** How long a run waits for its server when that was to look again, before another one's agent does the step, in milliseconds. */
const GRACE_MS = 15_000;
/** How often a call that waits looks at what other processes did, in milliseconds. */
const LOOK_MS = 500;

export interface Settler {
  /**
   * Sees to the run until it is somebody's turn who is asked, or `patience` milliseconds are over; what is left then goes on
   * in the background. Resolves to the call with the row as it is. A server step that may not be done here is handed over.
   */
  settle(call: Call, patience: number): Promise<Call>;
  /** Sees to the run in the background, if this process serves. */
  seeTo(instanceId: string): void;
  /** Sees once to all that is due; resolves when that has begun. */
  sweep(): Promise<void>;
  /** Sweeps from now on, until `stop`. */
  begin(): void;
  /** Begins nothing more. */
  stop(): void;
}

/** Who sees to a run. */
interface Driver {
  caller: Caller;
  /** Nobody waits for it. */
  background: boolean;
}

export function createSettler(parts: Parts): Settler {
  /** What this process sees to now, by run. */
  const driven = new Map<string, Promise<boolean>>();
  /** Programs that run for no call now, and whether one had to wait for another's end. */
  let programs = 0;
  let crowded = false;
  let sweeping = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function settle(call: Call, patience: number): Promise<Call> {
    const until = performance.now() + patience;
    let latest = call;
    for (;;) {
      const { turn } = latest.current;
      if (stopped || !turn || (turn.of !== "server" && turn.of !== "clock")) return latest;
      if (turn.approval?.yes) {
        latest = await unlessLost(latest, () => spend(latest));
        continue;
      }
      const seeing = seeToBranches(asServer(latest));
      if (seeing) {
        const { caller } = latest;
        latest = { ...(await unlessLost(latest, () => seeing)), caller };
        continue;
      }
      const refusal = turn.of === "server" ? whyNotServed(latest) : null;
      if (refusal !== null && !(await isSeenTo(latest))) {
        latest = await unlessLost(latest, () => happen(latest, { kind: "handed over", unchecked: refusal }));
        continue;
      }
      const left = until - performance.now();
      const wait = Math.max(0, Date.parse(dueAt(turn) ?? "") - parts.now().getTime());
      const ahead = wait > 0 || refusal !== null;
      if (left <= 0 || (turn.of === "clock" && wait > left)) return leave(latest);
      if (ahead) await Bun.sleep(Math.min(left, wait || LOOK_MS, LOOK_MS));
      else if (!(await unlessOver(drive(call.current.instance_id, driverFor(call)), left))) return latest;
      latest = await openCall(parts, call.current.instance_id, call.caller);
    }
  }

  function seeTo(id: string): void {
    if (sweeping) void drive(id, BACKGROUND);
  }

  /** What is left goes on in the background. */
  function leave(call: Call): Call {
    seeTo(call.current.instance_id);
    return call;
  }

  /** Whether another server sees to the server step that this one may not do. */
  async function isSeenTo({ store, current }: Call): Promise<boolean> {
    const { until } = current.turn ?? {};
    if (until && Date.parse(until) > parts.now().getTime() - GRACE_MS) return true;
    return (await parts.attempts.running(store, current)) !== null;
  }

  /** Sees to the run as long as it goes on; one at a time for each run. Resolves to false if something failed. */
  function drive(id: string, driver: Driver): Promise<boolean> {
    const known = driven.get(id);
    if (known) return known;
    const done = goOn(id, driver).finally(() => driven.delete(id));
    driven.set(id, done);
    return done;
  }

  async function goOn(id: string, driver: Driver): Promise<boolean> {
    try {
      let call = await openCall(parts, id, driver.caller);
      while (!stopped && (await one(call, driver))) call = await openCall(parts, id, driver.caller);
      if (driver.background) await seeToTree(call);
    } catch (error) {
      if (stopped) return true;
      parts.log.warn({ instance_id: id, err: error }, "a run could not go on by itself; the next sweep tries again");
      return false;
    }
    return true;
  }

  /** What a branch's end leads to, or which branch a run waits for: nobody calls who would be led there. */
  async function seeToTree(call: Call): Promise<void> {
    const { branch, status } = call.current;
    const next = branch && isFinal(status) ? branch.parent_id : (await whereNext(call))?.current.instance_id;
    if (next !== undefined) seeTo(next);
  }

  /** One thing that is due for the run; false if there is none that this process may do. */
  async function one(call: Call, driver: Driver): Promise<boolean> {
    const { turn } = call.current;
    const due = turn && dueAt(turn);
    if (!due) return false;
    if (due > stamp(parts)) {
      wakeAt(due);
      return false;
    }
    const seeing = seeToBranches(asServer(call));
    if (seeing) return seeing.then(() => true, unlessConflict);
    if (turn.approval?.yes) return whyNotServed(call) === null && spendHere(call);
    if (turn.of === "server") return runProgram(call, driver);
    return expire(call).then((over) => over !== null, unlessConflict);
  }

  /** The program of a step that a person approved is run next. */
  function spendHere(call: Call): Promise<boolean> {
    return spend(call).then(() => true, unlessConflict);
  }

  async function runProgram(call: Call, { caller, background }: Driver): Promise<boolean> {
    if (whyNotServed(call) !== null) return false;
    if (!background) return serve(call, caller).catch(unlessConflict);
    if (await parts.attempts.running(call.store, call.current)) return false; // another process has it
    crowded ||= programs >= MAX_PROGRAMS;
    if (programs >= MAX_PROGRAMS) return false;
    programs += 1;
    try {
      return await serve(call, caller).catch(unlessConflict);
    } finally {
      programs -= 1;
      if (crowded) wakeAt(stamp(parts));
      crowded = false;
    }
  }

  async function sweep(): Promise<void> {
    if (!parts.hasState()) return;
    const now = parts.now().getTime();
    const until = new Date(now + SWEEP_MS).toISOString();
    const store = await parts.store();
    const found = await store.due({ until, project: parts.project, limit: MAX_READ });
    const ready = found.filter(({ due_at }) => Date.parse(due_at) <= now);
    const next = found[ready.length];
    if (next) wakeAt(next.due_at);
    const queue = ready.values();
    const work = async () => {
      for (const { instance_id } of queue) if (!stopped) await unlessOver(drive(instance_id, BACKGROUND), QUICK_MS);
    };
    await Promise.all(Array.from({ length: MAX_AT_ONCE }, work));
  }

  /** The sweep that comes at the latest then. */
  let next = Number.POSITIVE_INFINITY;
  function wakeAt(due: string): void {
    if (!sweeping || stopped) return;
    const delay = Math.min(SWEEP_MS, Math.max(0, Date.parse(due) - parts.now().getTime()));
    const at = performance.now() + delay;
    if (at >= next) return;
    next = at;
    clearTimeout(timer);
    timer = setTimeout(() => void tick(), delay);
    timer.unref();
  }

  async function tick(): Promise<void> {
    next = Number.POSITIVE_INFINITY;
    await sweep().catch((error) => parts.log.debug({ err: error }, "a sweep read nothing"));
    wakeAt(new Date(parts.now().getTime() + SWEEP_MS).toISOString());
  }

  return {
    settle,
    seeTo,
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

const BACKGROUND: Driver = { caller: { actor: SERVER }, background: true };

/** The same call, made by the server itself. */
function asServer(call: Call): Call {
  return { ...call, caller: { ...call.caller, actor: SERVER } };
}

/** What is seen to for a call is the server's doing; whoever calls is told of it. */
function driverFor({ caller }: Call): Driver {
  return { caller: { ...caller, actor: SERVER }, background: false };
}

/** What it resolves to, or true if that takes longer. */
function unlessOver(doing: Promise<boolean>, milliseconds: number): Promise<boolean> {
  return Promise.race([doing, Bun.sleep(milliseconds).then(() => true)]);
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

/** True: another writer was first, so that there may be more to do. */
function unlessConflict(error: unknown): true {
  if (!(error instanceof AppError) || error.code !== "CONFLICT") throw error;
  return true;
}
