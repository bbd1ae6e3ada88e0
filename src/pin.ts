/** A PIN that a person may set: from then on whoever decides types it, which an agent with a shell of the same user cannot. */

/** Fewest characters of a PIN, and most. */
const LEAST = 6;
const MOST = 200;

/** After so many wrong guesses no more are taken for a while. */
const GUESSES = 5;
const FIRST_PAUSE_MS = 60_000;
/** A pause doubles no further: an agent that guesses on purpose keeps a person out no longer than that. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/** What came of a guess. Times are ISO 8601, UTC. */
export type Guess =
  | { kind: "right" }
  /** `left`: how many more may be wrong before the pause. */
  | { kind: "wrong"; left: number }
  /** It was not looked at, or it was the wrong one too many: no guess is taken before `until`. */
  | { kind: "paused"; until: string };

/**
 * Keeps the PIN's hash, and the count of wrong guesses over all processes. Each method is durable when it resolves, and
 * rejects with PERSISTENCE_ERROR.
 */
export interface PinKeeper {
  /** Whether there is one, and if no guess is taken now, until when. */
  state(): Promise<{ set: boolean; until: string | null }>;
  /** Counts the guess as wrong before it is compared, so that nobody gains by guessing in many processes; a right one resets. */
  check(pin: string): Promise<Guess>;
  /**
   * Sets another PIN, or none, if `old` is right (null: there is none yet). Rejects with CONFLICT if it was changed meanwhile,
   * INVALID_INPUT for a PIN that is too short or too long.
   */
  change(old: string | null, pin: string | null): Promise<Guess>;
}

/** Why a text can be no PIN, in a sentence; null if it can. */
export function pinFault(pin: string): string | null {
  const { length } = [...pin];
  return length < LEAST || length > MOST ? `A PIN has ${LEAST} to ${MOST} characters` : null;
}

/** Wrong guesses since the last right one, and when the last was counted. */
export interface Guesses {
  wrong: number;
  guessed_at: string | null;
}

/** Until when no guess is taken; null if one is taken at `now`. If the clock was set back since, a pause begins anew. */
export function pausedUntil({ wrong, guessed_at }: Guesses, now: Date): string | null {
  if (guessed_at === null || wrong === 0 || wrong % GUESSES !== 0) return null;
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (wrong / GUESSES - 1), LONGEST_PAUSE_MS);
  const until = Math.min(Date.parse(guessed_at), now.getTime()) + pause;
  return until > now.getTime() ? new Date(until).toISOString() : null;
}

/** How many guesses may still be wrong before the next pause. */
export function guessesLeft(wrong: number): number {
  return GUESSES - (wrong % GUESSES);
}
