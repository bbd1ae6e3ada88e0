/**
 * Dialogs of clients without a session: a call ends with `input_required`, and is sent again with the answer. What was shown,
 * when and for which call stays here; the client carries a random name of it, which nobody can guess, and which counts once.
 */
import { AppError } from "../../errors.ts";
import type { JsonObject } from "../../json.ts";
import { field } from "../message.ts";
import { type Asked, DIALOG_MS, type Exchange, InputRequired, type Returned } from "./exchange.ts";

/** The name of the one request in a result. */
const NAME = "approval";
/** How long other dialogs for the same approval wait for one of which nobody knows whether it is still there, in milliseconds. */
const OPEN_MS = 2 * 60_000;
/** Dialogs that are remembered; beyond, the oldest is forgotten. */
const MAX_TRIPS = 1_000;

/** A call as its client sent it. */
export interface SentCall {
  name: string;
  arguments?: unknown;
  /** What the client says that it is. */
  client: unknown;
  inputResponses?: JsonObject | undefined;
  requestState?: string | undefined;
}

export interface RoundTrips {
  exchange(call: SentCall): Exchange;
}

interface Trip extends Asked {
  /** The call that it belongs to. */
  key: string;
  /** By the process's own clock, in milliseconds. */
  shownAt: number;
}

export function createRoundTrips(clock: () => number = () => performance.now()): RoundTrips {
  /** By their names, the oldest first. */
  const trips = new Map<string, Trip>();

  function begin(call: SentCall, asked: Asked): never {
    for (const [state, { shownAt }] of trips) {
      if (trips.size < MAX_TRIPS && clock() - shownAt < DIALOG_MS) break;
      trips.delete(state);
    }
    const requestState = crypto.randomUUID();
    trips.set(requestState, { ...asked, key: keyOf(call), shownAt: clock() });
    const inputRequests = { [NAME]: { method: "elicitation/create", params: asked.dialog } };
    throw new InputRequired({ resultType: "input_required", inputRequests, requestState });
  }

  function finish(call: SentCall, state: string): Returned {
    const trip = trips.get(state);
    if (!trip || trip.key !== keyOf(call) || clock() - trip.shownAt >= DIALOG_MS) throw noDialogError();
    trips.delete(state);
    const result = field(call.inputResponses, NAME);
    return { ...trip, answered: { result }, after: clock() - trip.shownAt };
  }

  return {
    exchange: (call) => ({
      openMs: OPEN_MS,
      show: async (asked) => begin(call, asked),
      returned: () => (call.requestState === undefined ? undefined : finish(call, call.requestState)),
    }),
  };
}

function keyOf({ name, arguments: sent, client }: SentCall): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify([name, sent, client])).digest("hex");
}

/** INVALID_INPUT: it must not be taken for a new call, which would do again what the first one did. */
export function noDialogError(): AppError {
  return new AppError(
    "INVALID_INPUT",
    "The call brings an answer to no dialog that this server waits for; it counts for nothing, and nothing changed.",
    {
      hint: "The dialog was answered before, is too old, or the server was restarted. To be asked again: resume_workflow {}.",
    },
  );
}
