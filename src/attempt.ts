/** An attempt at the checks of one visit: who makes it, whether it still lives, and how long anyone waits for it. */
import { z } from "zod";
import { Evidence } from "./check.ts";

/** Times are ISO 8601, UTC. */
export const Attempt = z.object({
  instance_id: z.string(),
  attempt_id: z.string(),
  visit: z.int(),
  definition: z.string(),
  started_at: z.string(),
  /** The process that makes it moves this time on while it works; an attempt past it counts as given up. */
  alive_until: z.string(),
  /** Null while it runs. */
  evidence: Evidence.nullable(),
});
export type Attempt = z.infer<typeof Attempt>;

/** All in milliseconds. */
export interface Patience {
  /** How long a call waits for checks: clients give up on it at 60 s. */
  call: number;
  /** The same if a model may be asked afterwards, which has 45 s of its own. */
  callBeforeModel: number;
  /** How long others pause before they look again whether an attempt is over. */
  look: number;
  /** How long the end of the process waits for the programs to be gone. */
  stop: number;
}

export const PATIENCE: Patience = { call: 40_000, callBeforeModel: 12_000, look: 200, stop: 1_000 };

/** How often a running attempt says that it is alive, and how long each time holds, in milliseconds. */
export const BEAT_MS = 1_000;
export const ALIVE_MS = 6_000;
/** How long a result waits for somebody to ask for it before it is too old, in milliseconds. */
const FRESH_MS = 10 * 60_000;

/** The `alive_until` of an attempt that says at `now` that it is alive. */
export function aliveFrom(now: Date): string {
  return new Date(now.getTime() + ALIVE_MS).toISOString();
}

/**
 * Whether the attempt still runs. One that claims to live much longer than it may is over, so that a clock that was set
 * back keeps no dead attempt alive. Much: `now` was looked up a moment before the row was, or by a clock a little behind.
 */
export function isAlive({ evidence, alive_until }: Pick<Attempt, "evidence" | "alive_until">, now: string): boolean {
  const left = Date.parse(alive_until) - Date.parse(now);
  return evidence === null && left > 0 && left <= 2 * ALIVE_MS;
}

/** Whether the attempt is about the same visit and definition as another attempt, or as an instance now. */
export function isOf(attempt: OfVisit, other: OfVisit): boolean {
  return attempt.visit === other.visit && attempt.definition === other.definition;
}

type OfVisit = Pick<Attempt, "visit" | "definition">;

/** Whether the attempt's result is recent enough to count for a report that comes now. */
export function isFresh({ alive_until }: Pick<Attempt, "alive_until">, now: Date): boolean {
  return Date.parse(alive_until) > now.getTime() - FRESH_MS;
}
