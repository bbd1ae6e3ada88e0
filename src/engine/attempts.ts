/**
 * Attempts at the checks of a visit: one at a time, whichever process makes it and however many callers wait for it. A row
 * of the store claims the visit; the process that runs the checks says again and again that it is alive, and stops them
 * as soon as the row, or the visit, is not the current one any more.
 */
import { type Attempt, aliveFrom, BEAT_MS, isAlive, isFresh, isOf, type Patience } from "../attempt.ts";
import { type Check, type Checker, type Evidence, kindOf, labelOf, proves } from "../check.ts";
import { keyOf as filesKey, type Looking } from "../check-kinds/looking.ts";
import type { Attention } from "../decider.ts";
import { AppError } from "../errors.ts";
import type { Instance } from "../instance.ts";
import type { Log } from "../log.ts";
import type { Store } from "../store.ts";

/** The checks of one visit. */
export interface Proof {
  store: Store;
  instance: Instance;
  checks: Check[];
  trusted: boolean;
  /** How long this call may wait, in milliseconds; infinite: until they are over, but for another process only as a call does. */
  patience: number;
  /**
   * Writes what they show down, for good: it is called once by the process that made the attempt, which nobody else makes
   * meanwhile. Without it the result waits for whoever asks.
   */
  commit?: (evidence: Evidence, signal: AbortSignal) => Promise<void>;
  /** Whether the row, as it is once the attempt is begun, still asks for it; absent: it does. */
  wanted?: (now: Instance) => boolean;
}

/** They still run; the same call asks again. */
export interface Running {
  checks: string[];
  started_at: string;
}

export interface Attempts {
  /** What the checks show, by the attempt that runs or by a new one. Throws CONFLICT if the visit ended meanwhile. */
  prove(proof: Proof, attention: Attention): Promise<{ evidence: Evidence } | { running: Running }>;
  /** The attempt that runs for the instance's current visit, here or in another process; null if none does. */
  running(store: Store, instance: Instance): Promise<Pick<Running, "started_at"> | null>;
  /** Ends all that runs, and begins nothing more: calls that wait are told to come again. */
  stop(): Promise<void>;
}

interface AttemptParts {
  checker: Checker;
  now: () => Date;
  newId: () => string;
  patience: Patience;
  log: Log;
}

/** An attempt of this process. */
interface Mine {
  started_at: string;
  end: AbortController;
  /** Callers that wait for it now. */
  waiting: number;
  /** Null if it was stopped. */
  done: Promise<Evidence | null>;
}

export function createAttempts(parts: AttemptParts): Attempts {
  const running = new Map<string, Mine>();
  let stopped = false;
  const { checker, now, patience, log } = parts;
  const stamp = () => now().toISOString();

  async function prove(proof: Proof, attention: Attention) {
    const until = performance.now() + proof.patience;
    const untilOthers = performance.now() + Math.min(proof.patience, patience.call);
    let seen = false;
    for (;;) {
      if (stopped) throw ended();
      const known = running.get(keyOf(proof.instance));
      if (known && !known.end.signal.aborted) return wait(known, proof, until);
      if (known) {
        await known.done.catch(() => null); // one that was stopped: the run was paused, say, and goes on
        continue;
      }
      const left = await collect(proof);
      if (left) return { evidence: left };
      if (seen && !(await proof.store.attempt(proof.instance.instance_id))) {
        // Its own callers have the result: in a moment the visit is over by it.
        seen = false;
        await lookAgain(proof);
        continue;
      }
      const attempt = newAttempt(proof.instance);
      const { begun, before } = await proof.store.beginAttempt(attempt, stamp());
      if (!begun && !before) throw ended();
      if (begun) {
        if (!(await isWanted(proof))) {
          await proof.store.dropAttempt(attempt.attempt_id);
          throw ended();
        }
        if (before?.evidence === null) await checker.endLeftovers(before.attempt_id);
        return wait(begin(attempt, proof, attention), proof, until);
      }
      if (performance.now() >= untilOthers) return stillRunning(proof, before?.started_at ?? attempt.started_at);
      attention.tell?.("another process runs the checks");
      seen = true;
      await lookAgain(proof);
    }
  }

  /** Read once the attempt is begun: what the one before it wrote down is there now. */
  async function isWanted({ store, instance, wanted }: Proof): Promise<boolean> {
    const now = wanted && (await store.load(instance.instance_id));
    return !wanted || (now != null && wanted(now));
  }

  async function lookAgain(proof: Proof): Promise<void> {
    await Bun.sleep(patience.look);
    await refuseOver(proof);
  }

  /** The result of an attempt that went on in the background, once and not too late. */
  async function collect({ store, instance }: Proof): Promise<Evidence | null> {
    const found = await store.attempt(instance.instance_id);
    if (!found?.evidence || !isOf(found, instance)) return null;
    return (await store.dropAttempt(found.attempt_id)) && isFresh(found, now()) ? found.evidence : null;
  }

  function newAttempt({ instance_id, visit, definition }: Instance): Attempt {
    const times = { started_at: stamp(), alive_until: aliveFrom(now()) };
    return { instance_id, attempt_id: parts.newId(), visit, definition, ...times, evidence: null };
  }

  function begin(attempt: Attempt, proof: Proof, attention: Attention): Mine {
    const key = keyOf(proof.instance);
    const end = new AbortController();
    const { instance_id, visit, project, baseline } = proof.instance;
    const looking = { instance_id, visit, project, baseline, attempt: attempt.attempt_id, signal: end.signal };
    const mine: Mine = { started_at: attempt.started_at, end, waiting: 0, done: Promise.resolve(null) };
    const beat = setInterval(() => void stayAlive(proof.store, attempt, end), BEAT_MS);
    mine.done = lookAll(checker, proof, looking, attention)
      .then(async (evidence) => {
        const { attempt_id } = attempt;
        if (evidence.some(({ outcome }) => outcome === "failed")) await stayAlive(proof.store, attempt, end);
        const aborted = end.signal.aborted;
        if (!aborted) await proof.commit?.(evidence, end.signal);
        if (proof.commit || mine.waiting > 0 || aborted) await proof.store.dropAttempt(attempt_id);
        else await proof.store.endAttempt(attempt_id, evidence);
        return aborted ? null : evidence;
      })
      .finally(() => {
        clearInterval(beat);
        running.delete(key);
      });
    mine.done.catch((error) => log.warn({ err: error }, "the result of checks could not be kept"));
    running.set(key, mine);
    return mine;
  }

  /**
   * Says that the attempt is alive, and ends it if it is not the current one any more. If a clock jumped, another
   * process may have taken the visit over and ended this attempt's programs: only the attempt that still has the visit
   * tells of a failure.
   */
  async function stayAlive(store: Store, { attempt_id }: Attempt, end: AbortController): Promise<void> {
    try {
      if (!(await store.keepAttempt({ attempt_id, alive_until: aliveFrom(now()) }))) end.abort();
    } catch (error) {
      log.warn({ err: error }, "checks go on, although the database does not answer");
    }
  }

  async function wait(mine: Mine, proof: Proof, until: number) {
    mine.waiting += 1;
    const tooLong = () => Bun.sleep(until - performance.now()).then(() => "running" as const);
    const evidence = await (Number.isFinite(until) ? Promise.race([mine.done, tooLong()]) : mine.done);
    mine.waiting -= 1;
    if (evidence === null) throw ended();
    return evidence === "running" ? stillRunning(proof, mine.started_at) : { evidence };
  }

  async function isRunning(store: Store, instance: Instance) {
    const found = await store.attempt(instance.instance_id);
    return found && isAlive(found, stamp()) && isOf(found, instance) ? found : null;
  }

  async function stop(): Promise<void> {
    stopped = true;
    const all = [...running.values()];
    for (const { end } of all) end.abort();
    await Promise.race([Promise.allSettled(all.map(({ done }) => done)), Bun.sleep(patience.stop)]);
  }

  return { prove, running: isRunning, stop };
}

function stillRunning({ checks }: Proof, started_at: string): { running: Running } {
  return { running: { checks: checks.map(labelOf), started_at } };
}

/** Throws CONFLICT if the visit ended while another process ran its checks. */
async function refuseOver({ store, instance }: Proof): Promise<void> {
  const current = await store.load(instance.instance_id);
  if (current?.visit !== instance.visit || current.status !== "RUNNING") throw ended();
}

/** Looks at one after the other; the first that fails is the last. */
export async function lookAll(
  checker: Checker,
  { checks, trusted }: Pick<Proof, "checks" | "trusted">,
  looking: Looking,
  attention: Attention,
): Promise<Evidence> {
  const evidence: Evidence = [];
  for (const check of checks) {
    const reason = checker.refusal(check, trusted) ?? unnoted(check, looking);
    if (reason === null) attention.tell?.(`checking: ${labelOf(check)}`);
    const result = reason === null ? await checker.look(check, looking) : unchecked(check, reason);
    evidence.push(result);
    if (result.outcome === "failed") break;
  }
  return withProjectFiles(evidence, { checker, checks, looking });
}

/** What a program proved holds for the files that it saw; what other checks look at is not the project as a whole. */
async function withProjectFiles(
  evidence: Evidence,
  { checker, checks, looking }: { checker: Checker; checks: Check[]; looking: Looking },
): Promise<Evidence> {
  const last = evidence.at(-1);
  if (!last || !proves(evidence) || !checks.some((check) => kindOf(check).startsProgram)) return evidence;
  return [...evidence.slice(0, -1), await checker.projectFiles.note(last, looking)];
}

/** Why nobody can say what changed: the step was handed out by a server that was not allowed to look. Else null. */
function unnoted(check: Check, { baseline }: Looking): string | null {
  const noted = kindOf(check).noted?.(check);
  if (!noted || Object.hasOwn(baseline ?? {}, filesKey(noted.files))) return null;
  return "what git showed when the step was handed out was not noted";
}

function unchecked(check: Check, reason: string): Evidence[number] {
  return { check: labelOf(check), outcome: "unchecked", reason };
}

function keyOf({ instance_id, visit, definition }: Instance): string {
  return `${instance_id} ${visit} ${definition}`;
}

/** CONFLICT: the visit is over, or the server ends, and nothing was shown. */
function ended(): AppError {
  return new AppError("CONFLICT", "The checks of this visit were stopped before they ended; nothing changed.", {
    hint: "Send the same call again.",
    retryable: true,
  });
}
