/**
 * Notices that the database changed, and numbers the moments at which pages are told of it, so that windows can share what was
 * rendered since. The numbers are this process's own.
 */
import type { Engine } from "../engine/engine.ts";

/** Least time between two changes: of a state that changes all the time not every one is rendered, in milliseconds. */
const APART_MS = 500;
/** Whoever does not need the very latest shares a look for so long, in milliseconds. */
const SHARED_MS = 250;

export interface Moments {
  /**
   * Looks now: how many changes were noticed so far. What any process committed since the last one is noticed, unless that was
   * a moment ago: then a later look does.
   */
  look(): Promise<number>;
  /** The last moment, after a look that may be a moment old; another one after each change. */
  lately(): Promise<number>;
  /** A new moment, of what was read until now: whoever is told of it gets nothing that was rendered before. */
  mark(): number;
  /** The last moment. What is rendered from now on is of it, or newer. */
  last(): number;
}

export function createMoments(engine: Pick<Engine, "revision">, { apartMs } = { apartMs: APART_MS }): Moments {
  let changes = 0;
  let moment = 1;
  let revision: string | null = null;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let changedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | null = null;

  async function once(): Promise<void> {
    const now = await engine.revision();
    lookedAt = performance.now();
    revision ??= now;
    if (now === revision || lookedAt - changedAt < apartMs) return;
    revision = now;
    changedAt = lookedAt;
    changes += 1;
    moment += 1;
  }

  /** Who asks while a look is under way may mean what was committed since it began: another one follows. */
  async function look(): Promise<number> {
    await looking?.catch(() => {});
    looking ??= once().finally(() => {
      looking = null;
    });
    await looking;
    return changes;
  }

  return {
    look,
    async lately() {
      if (performance.now() - lookedAt >= SHARED_MS) await look();
      return moment;
    },
    mark: () => ++moment,
    last: () => moment,
  };
}
