/**
 * Numbers the states of the database as they are noticed, so that pages that are told of one can share what was rendered
 * since. They are this process's own.
 */
import type { Engine } from "../engine/engine.ts";

/** Least time between two moments: of a state that changes all the time not every one is rendered, in milliseconds. */
const APART_MS = 600;
/** Whoever does not need the very latest shares a look for so long, in milliseconds. */
const SHARED_MS = 250;

export interface Moments {
  /**
   * Looks now; another, higher number if anything was committed since the last one, by whichever process, and that is not a moment
   * ago: else a later look finds it.
   */
  look(): Promise<number>;
  /** The same, or the last look if that was a moment ago. */
  lately(): Promise<number>;
  /** That of the last look. What is read from now on is as new as that, or newer. */
  last(): number;
}

export function createMoments(engine: Pick<Engine, "revision">, { apartMs } = { apartMs: APART_MS }): Moments {
  let number = 1;
  let revision: string | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let changedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<number> | null = null;

  async function once(): Promise<number> {
    const now = await engine.revision();
    lookedAt = performance.now();
    revision ??= now;
    if (now === revision || lookedAt - changedAt < apartMs) return number;
    revision = now;
    changedAt = lookedAt;
    number += 1;
    return number;
  }

  /** Who asks while a look is under way may mean what was committed since it began: another one follows. */
  async function look(): Promise<number> {
    await looking?.catch(() => {});
    looking ??= once().finally(() => {
      looking = null;
    });
    return looking;
  }

  return {
    look,
    lately: async () => (performance.now() - lookedAt < SHARED_MS ? number : look()),
    last: () => number,
  };
}
