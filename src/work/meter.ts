/**
 * A budget for work of unknown length that is done for data. The work is counted as it is done, not timed, so that the same
 * data is within the budget, or beyond it, on every machine and at every repetition. A unit is worth some 50 nanoseconds.
 */

/** The budget is used up. The code that set it turns this into an answer; no code between may swallow it. */
export class TooMuchWork extends Error {
  constructor() {
    super("too much work");
  }
}

export interface Meter {
  /** Counts units of work; if they may be many, before they are done. Throws TooMuchWork if none are left. */
  take(units: number): void;
  /** How many units were counted. */
  used(): number;
}

export function createMeter(budget: number): Meter {
  let used = 0;
  return {
    take(units) {
      used += units;
      if (used > budget) throw new TooMuchWork();
    },
    used: () => used,
  };
}
