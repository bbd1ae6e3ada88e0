/** The PinKeeper on one SQLite file, with a connection of its own for each call: nobody decides often. */
import type { Database } from "bun:sqlite";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { type Guess, type Guesses, guessesLeft, type PinKeeper, pausedUntil, pinFault } from "../pin.ts";
import type { BusyWait } from "./busy.ts";
import { withDatabase } from "./open.ts";

const Kept = z.object({ hash: z.string(), wrong: z.number(), guessed_at: z.string().nullable() });
type Kept = z.infer<typeof Kept>;

export function createSqlitePinKeeper(path: string, busy: BusyWait, now: () => Date): PinKeeper {
  /** One immediate transaction: nobody else counts or changes meanwhile. */
  const inOne = <T>(db: Database, body: () => T): Promise<T> => busy.whenFree(() => db.transaction(body).immediate());

  /** Until when no guess is taken; a pause that the clock's setting back made longer is written anew. */
  function pauseOf(db: Database, kept: Kept, at: Date): string | null {
    const until = pausedUntil(kept, at);
    if (until !== null && kept.guessed_at !== null && Date.parse(kept.guessed_at) > at.getTime()) {
      count(db, { wrong: kept.wrong, guessed_at: at.toISOString() });
    }
    return until;
  }

  /** Takes one guess, counted as wrong: what is kept, with it. Or says until when none is taken. Null: there is no PIN. */
  function take(db: Database): { kept: Kept; until: string | null } | null {
    const kept = keptIn(db);
    if (!kept) return null;
    const at = now();
    const until = pauseOf(db, kept, at);
    if (until !== null) return { kept, until };
    const counted = { wrong: kept.wrong + 1, guessed_at: at.toISOString() };
    count(db, counted);
    return { kept: { ...kept, ...counted }, until: null };
  }

  /** A guess, and the hash that it fits; null if there is no PIN. */
  async function guess(db: Database, pin: string): Promise<{ guess: Guess; hash: string | null }> {
    const taken = await inOne(db, () => take(db));
    if (!taken) return { guess: { kind: "right" }, hash: null };
    const { kept, until } = taken;
    if (until !== null) return { guess: { kind: "paused", until }, hash: null };
    if (await Bun.password.verify(plain(pin), kept.hash)) return { guess: { kind: "right" }, hash: kept.hash };
    const paused = pausedUntil(kept, now());
    return {
      guess: paused ? { kind: "paused", until: paused } : { kind: "wrong", left: guessesLeft(kept.wrong) },
      hash: null,
    };
  }

  return {
    state: () =>
      withDatabase(path, busy, (db) =>
        inOne(db, () => {
          const kept = keptIn(db);
          return { set: kept !== null, until: kept && pauseOf(db, kept, now()) };
        }),
      ),

    check: (pin) =>
      withDatabase(path, busy, async (db) => {
        const { guess: made, hash } = await guess(db, pin);
        if (hash !== null) {
          await inOne(db, () =>
            db.query("UPDATE pin SET wrong = 0, guessed_at = NULL WHERE hash = $hash").run({ hash }),
          );
        }
        return made;
      }),

    async change(old, pin) {
      const next = pin === null ? null : await hashOf(pin);
      return withDatabase(path, busy, async (db) => {
        const { guess: made, hash } =
          old === null ? { guess: { kind: "right" } as const, hash: null } : await guess(db, old);
        if (made.kind !== "right") return made;
        await inOne(db, () => {
          if ((keptIn(db)?.hash ?? null) !== hash) throw changedMeanwhile();
          db.run("DELETE FROM pin");
          if (next !== null) db.query("INSERT INTO pin (only, hash) VALUES (1, $next)").run({ next });
        });
        return made;
      });
    },
  };
}

function keptIn(db: Database): Kept | null {
  const row = db.query("SELECT hash, wrong, guessed_at FROM pin").get();
  return row ? Kept.parse(row) : null;
}

function count(db: Database, { wrong, guessed_at }: Guesses): void {
  db.query("UPDATE pin SET wrong = $wrong, guessed_at = $guessed_at").run({ wrong, guessed_at });
}

/** The same however a keyboard composes its characters. */
function plain(pin: string): string {
  return pin.normalize("NFC");
}

async function hashOf(pin: string): Promise<string> {
  const fault = pinFault(plain(pin));
  if (fault === null) return Bun.password.hash(plain(pin), "argon2id");
  throw new AppError("INVALID_INPUT", `${fault}; nothing changed.`, { hint: "Choose another; six digits are enough." });
}

function changedMeanwhile(): AppError {
  return new AppError("CONFLICT", "Somebody changed the PIN at the same moment; this call changed nothing.", {
    hint: "Run the same command again, if it was you.",
  });
}
