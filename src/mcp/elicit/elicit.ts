/**
 * A person at the client decides in the client's own dialog, in the course of the call that reached the gate. The client is
 * trusted to ask a person, so that this is off unless whoever started the server asked for it.
 */
import type { Patience } from "../../attempt.ts";
import type { Bound, Decided } from "../../engine/approvals.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Unclear } from "../../engine/live.ts";
import type { Outcome } from "../../engine/outcome.ts";
import type { Caller } from "../../engine/parts.ts";
import { isUnclear } from "../../engine/resume.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { PinKeeper } from "../../pin.ts";
import { requestOf } from "../../rules/approve.ts";
import { dialogOf } from "./dialog.ts";
import type { Asked, Exchange, Gate } from "./exchange.ts";
import { createOpenDialogs } from "./open-dialogs.ts";
import { type Answered, readReply } from "./reply.ts";
import { createRoundTrips, type RoundTrips } from "./round-trips.ts";

/** A dialog is not worth showing again in what is left of a call, if that is less, in milliseconds. */
const LEAST_MS = 2_000;

interface ElicitParts {
  pin: Pick<PinKeeper, "state" | "check">;
  patience: Pick<Patience, "call">;
  log: Log;
}

/** One for the process. */
export interface Elicit {
  /** The engine for one call, which asks its client at a gate. Throws INVALID_INPUT for an answer to no dialog. */
  asking(engine: Engine, exchange: Exchange): Engine;
  /** Dialogs of clients without a session. */
  roundTrips: RoundTrips;
  /** Lets no call wait for a dialog any more. */
  end(): void;
}

/** What became of a dialog: words if nothing is decided; `again` if there is something else to show. */
type Round = { words?: string; again?: true };

interface Asking {
  engine: Engine;
  exchange: Exchange;
  /** Its `until` is set. */
  caller: Caller & { until: number };
}

export function createElicit({ pin, patience, log }: ElicitParts): Elicit {
  const dialogs = createOpenDialogs();
  const roundTrips = createRoundTrips();
  const ended = Promise.withResolvers<void>();

  function asking(engine: Engine, exchange: Exchange): Engine {
    const returned = exchange.returned();

    async function toGate<T extends Outcome | Unclear>(made: (by: Caller) => Promise<T>, caller: Caller) {
      const by = { ...caller, until: performance.now() + patience.call };
      const on = { engine, exchange, caller: by };
      if (returned) {
        dialogs.close(returned.bound);
        return goOn(on, returned.gate, await judge(on, returned, returned));
      }
      const outcome = await made(by);
      const request = isUnclear(outcome) ? null : requestOf(outcome.instance);
      if (isUnclear(outcome) || !request || request.yes) return outcome;
      const gate = gateOf(outcome);
      return goOn(on, gate, await ask(on, gate));
    }

    return {
      ...engine,
      start: (input, caller) => toGate((by) => engine.start(input, by), caller),
      advance: (input, caller) => toGate((by) => engine.advance(input, by), caller),
      resume: (input, caller) => toGate((by) => engine.resume(input, by), caller),
      fork: (input, caller) => toGate((by) => engine.fork(input, by), caller),
      rewind: (input, caller) => toGate((by) => engine.rewind(input, by), caller),
    };
  }

  /** The answer of the call: where the run is after the dialog, or another dialog if there is something else to show. */
  async function goOn(on: Asking, gate: Gate, first: Round): Promise<Outcome> {
    let round = first;
    while (round.again && on.caller.until - performance.now() > LEAST_MS) round = await ask(on, gate);
    const { instance_id } = gate;
    const now = await twice(() => on.engine.resume({ instance_id, context_updates: {} }, on.caller));
    if (isUnclear(now)) throw new Error("a resume by its id is clear");
    return { ...afterGate(now, gate), ...(round.words ? { dialog: round.words } : {}) };
  }

  async function ask(on: Asking, gate: Gate): Promise<Round> {
    const bound = await boundNow(on.engine, gate.instance_id);
    if (!bound) return {}; // somebody was faster
    const { set } = await pin.state();
    if (dialogs.isOpen(bound)) return { words: "A dialog of a client asks the user for it already." };
    const asked = { bound, gate, dialog: dialogOf(bound, { command: gate.command, asksPin: set }) };
    dialogs.open(bound, on.exchange.openMs);
    const shownAt = performance.now();
    on.caller.tell?.(`a person is asked in the client's dialog: ${gate.instance_id}`);
    const judged = on.exchange.show(asked).then((answered) => {
      dialogs.close(bound);
      return judge(on, asked, { answered, after: performance.now() - shownAt });
    });
    judged.catch(() => {}); // if the call does not wait for it any more, it is logged
    return within(judged, on.caller.until);
  }

  /** What the call waits for is settled in time, or goes on without it: an answer that comes later counts too. */
  async function within(judged: Promise<Round>, until: number): Promise<Round> {
    const { promise, resolve } = Promise.withResolvers<Round>();
    const later = { words: "The client's dialog is still open; the user's answer there counts too." };
    const timer = setTimeout(resolve, Math.max(0, until - performance.now()), later);
    void ended.promise.then(() => resolve(later));
    try {
      return await Promise.race([judged, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Decides as the answer says, if it counts. */
  async function judge(
    { engine, caller }: Asking,
    { bound, gate }: Omit<Asked, "dialog">,
    { answered, after }: { answered: Answered; after: number },
  ): Promise<Round> {
    const { instance_id, approval_id, hash, shown } = bound;
    const uncounted = (why: string): Round => {
      log.info({ instance_id, approval_id, by: caller.actor, why }, "the answer of a client's dialog does not count");
      return { words: `The client's dialog ${why}: nothing is decided by it.` };
    };
    const reply = readReply(answered, after);
    if ("uncounted" in reply) return uncounted(reply.uncounted);
    const { yes, comment } = reply;
    try {
      const fault = await pinFault(reply.pin);
      if (fault) return uncounted(fault);
      const { instance } = await engine.status({ instance_id, history_limit: 0 });
      if (instance.visit !== gate.visit) return uncounted("was about an earlier visit");
      const by = { ...caller, actor: caller.actor.replace(/^mcp/, "client") };
      const said = { instance_id, visit: gate.visit, approval_id, hash, shown, yes, comment };
      const decided: Decided = await twice(() => engine.decide(said, by));
      return decided.decided ? {} : { again: true };
    } catch (error) {
      if (!(error instanceof AppError)) log.error({ err: error, instance_id }, "a dialog's answer could not be used");
      return uncounted(error instanceof AppError ? `came too late (${error.message})` : "met a defect of the server");
    }
  }

  /** Why the decision does not count by its PIN; null if it does. */
  async function pinFault(given: string): Promise<string | null> {
    if (!(await pin.state()).set) return null;
    if (given === "") return "came back without the PIN";
    const guess = await pin.check(given);
    if (guess.kind === "right") return null;
    return guess.kind === "wrong" ? "came back with a wrong PIN" : `takes no PIN before ${guess.until}`;
  }

  return { asking, roundTrips, end: () => ended.resolve() };
}

/** All that is to be shown; null if nobody is asked any more. */
async function boundNow(engine: Engine, instanceId: string): Promise<Bound | null> {
  try {
    return await engine.bound(instanceId);
  } catch (error) {
    if (error instanceof AppError && error.code === "INVALID_INPUT") return null;
    throw error;
  }
}

/** Once more if another writer was first. */
async function twice<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AppError && error.code === "CONFLICT") return run();
    throw error;
  }
}

function gateOf(outcome: Outcome): Gate {
  const { instance, workflow: _w, trusted: _t, checks: _c, filler: _f, did: _d, person_command, ...told } = outcome;
  const { instance_id, visit } = instance;
  return { instance_id, visit, told, command: person_command ?? `orchestrator approve ${instance_id}` };
}

/** Where the run is now, with what the call did before it was at the gate. */
function afterGate(now: Outcome, { told, visit }: Gate): Outcome {
  const { recap: _recap, files: _files, decision, ...rest } = now;
  const goesOn = now.instance.visit === visit && now.instance.turn !== null;
  const recap = told.recap && { recap: { ...told.recap, handed_out_at: null } };
  return { ...told, ...rest, ...recap, decision: goesOn ? told.decision : decision };
}
