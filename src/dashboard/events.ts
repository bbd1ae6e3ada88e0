/**
 * Tells pages that what they show has changed, whichever process changed it: one look at the state's revision for all of them, a
 * few times a second, and none while nobody listens.
 */
import type { Engine } from "../engine/engine.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { openStream, type Stream } from "./event-stream.ts";
import type { Moments } from "./moments.ts";
import { runState } from "./run-state.ts";

/** What a page follows: one run, or the list of all. */
export type Follows = { run: string } | "list";

interface EventLimits {
  /** How often the revision is looked at, in milliseconds. */
  pollMs: number;
  /** Least time between two events of a topic, in milliseconds. */
  apartMs: number;
  /** How often a stream says that it lives, in milliseconds. */
  aliveMs: number;
  /** Most streams, and most of one session. */
  most: number;
  mostOfOne: number;
}

const LIMITS: EventLimits = { pollMs: 250, apartMs: 500, aliveMs: 5_000, most: 100, mostOfOne: 20 };

/** What pages follow, those that follow it, and what is to be told. */
interface Topic {
  follows: Follows;
  streams: Set<Stream>;
  /** Of a run: how it stood at the last look. */
  state: string;
  toldAt: number;
  /** It changed, and nobody was told yet. */
  isDue: boolean;
}

interface Asked {
  follows: Follows;
  session: string;
}

export interface Events {
  /** A stream; or why there is none: all are taken, or all that one session may have. Rejects with INSTANCE_NOT_FOUND. */
  open(asked: Asked): Promise<Response | "full" | "yours">;
  /** Closes all streams, and opens no more. */
  end(): void;
}

export interface EventParts {
  engine: Pick<Engine, "status" | "refused">;
  moments: Moments;
  log: Log;
}

export function createEvents({ engine, moments, log }: EventParts, limits: Partial<EventLimits> = {}): Events {
  const { pollMs, apartMs, aliveMs, most, mostOfOne } = { ...LIMITS, ...limits };
  const topics = new Map<string, Topic>();
  /** The session of each stream that is open or about to be. */
  const places = new Map<symbol, string>();
  let timer: Timer | undefined;
  /** Changes that were seen to, and the moment that was told last. */
  let changes = 0;
  let moment = 0;
  let aliveAt = 0;
  let isLooking = false;
  let isFailing = false;
  let isEnded = false;

  async function open({ follows, session }: Asked): Promise<Response | "full" | "yours"> {
    if (isEnded || places.size >= most) return "full";
    if ([...places.values()].filter((each) => each === session).length >= mostOfOne) return "yours";
    const place = Symbol();
    places.set(place, session);
    try {
      const now = await moments.look(); // before the look: what changes meanwhile is found by the next one
      const state = await stateOf(follows);
      const stream = openStream(() => leave(place, stream));
      join(follows, { stream, state, now });
      return stream.response;
    } catch (error) {
      places.delete(place);
      throw error;
    }
  }

  function join(follows: Follows, { stream, state, now }: { stream: Stream; state: string; now: number }): void {
    const key = JSON.stringify(follows);
    const topic = topics.get(key) ?? { follows, streams: new Set(), state, toldAt: 0, isDue: false };
    topic.streams.add(stream);
    topics.set(key, topic);
    if (timer) return;
    changes = now;
    aliveAt = Date.now();
    timer = setInterval(look, pollMs);
  }

  function leave(place: symbol, stream: Stream): void {
    places.delete(place);
    for (const [key, { streams }] of topics) {
      if (streams.delete(stream) && streams.size === 0) topics.delete(key);
    }
    if (topics.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      await findChanges();
      isFailing = false;
    } catch (err) {
      if (!isFailing) log.warn({ err }, "the page does not see what changes, and looks again");
      isFailing = true;
    } finally {
      isLooking = false;
    }
    tell();
  }

  async function findChanges(): Promise<void> {
    const now = await moments.look();
    if (now === changes) return;
    for (const topic of [...topics.values()]) {
      const state = await stateOf(topic.follows).catch(whenGone);
      topic.isDue ||= topic.follows === "list" || state !== topic.state;
      topic.state = state;
    }
    changes = now;
    moment = moments.mark(); // the states may be newer than the look
  }

  async function stateOf(follows: Follows): Promise<string> {
    return follows === "list" ? "" : runState(engine, follows.run);
  }

  function tell(): void {
    const now = Date.now();
    for (const topic of [...topics.values()]) {
      if (!topic.isDue || now - topic.toldAt < apartMs) continue;
      topic.isDue = false;
      topic.toldAt = now;
      for (const stream of [...topic.streams]) stream.say(eventOf(topic.follows, moment));
    }
    if (now - aliveAt < aliveMs) return;
    aliveAt = now;
    for (const stream of allStreams()) stream.say(": alive\n\n");
  }

  function allStreams(): Stream[] {
    return [...topics.values()].flatMap(({ streams }) => [...streams]);
  }

  return {
    open,
    end() {
      isEnded = true;
      for (const stream of allStreams()) stream.close();
    },
  };
}

function eventOf(follows: Follows, moment: number): string {
  const run = follows === "list" ? null : follows.run;
  return `event: changed\ndata: ${JSON.stringify({ run, moment })}\n\n`;
}

/** A run may be pruned while its page is open. */
function whenGone(error: unknown): string {
  if (error instanceof AppError && error.code === "INSTANCE_NOT_FOUND") return "gone";
  throw error;
}
