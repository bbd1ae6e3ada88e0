/** A run and its branches, followed as they go on, whichever process writes: the database is read only if it changed. */
import type { App } from "../app.ts";
import { type HistoryEntry, type Instance, isFinal } from "../instance.ts";

/** How often it is asked whether anything changed, in milliseconds. */
const LOOK_MS = 250;

type Engine = App["engine"];

/** Resolves once the state is another one than at `revision`, at the next tick, or when it is told to stop. */
export async function untilChanged(
  engine: Engine,
  { revision, stop, tick }: { revision: string; stop: AbortSignal; tick?: () => void },
): Promise<void> {
  while (!stop.aborted) {
    tick?.();
    if ((await engine.revision()) !== revision) return;
    await Bun.sleep(LOOK_MS);
  }
}

/** An entry of a run's history, or that it is somebody else's turn now, or over. */
export interface Happening {
  instance: Instance;
  entry: HistoryEntry | null;
}

export interface Follower {
  /** The run at the top as it was seen last. */
  root(): Instance;
  /** What happened since the last look, in the order of time. */
  look(): Promise<Happening[]>;
}

interface Followed {
  instance: Instance;
  /** Whose turn it was is not told yet. */
  isNew: boolean;
  /** The last entry that is known. */
  seq: number;
  /** Of the visit that had branches last: the first number that is not known. */
  begun: { visit: number; from: number } | null;
}

/** What was before is not told. Rejects with INSTANCE_NOT_FOUND. */
export async function createFollower(engine: Engine, instance_id: string): Promise<Follower> {
  const all = new Map<string, Followed>();
  let { instance: root } = await engine.news({ instance_id });
  await join(root);

  /** A run as it is, and its branches that are open. */
  async function join(instance: Instance): Promise<void> {
    const { instance_id, visit, turn, last_seq } = instance;
    const begun = turn?.branches ? { visit, from: turn.branches.begun + 1 } : null;
    all.set(instance_id, { instance, isNew: false, seq: last_seq, begun });
    if (!begun) return;
    const { branches } = await engine.news({ instance_id, branches: { visit, live: true } });
    for (const each of branches) await join(each);
  }

  async function lookAt(each: Followed): Promise<Happening[]> {
    const { instance: before, seq, begun } = each;
    const found = await engine.news({ instance_id: before.instance_id, seq, branches: begun ?? undefined });
    const { instance, entries, branches } = found;
    for (const branch of branches) all.set(branch.instance_id, { instance: branch, isNew: true, seq: 0, begun: null });
    const turned = each.isNew || stateOf(before) !== stateOf(instance);
    if (instance.instance_id === root.instance_id) root = instance;
    if (isFinal(instance.status)) all.delete(instance.instance_id);
    Object.assign(each, { instance, isNew: false, seq: instance.last_seq });
    const happened = entries.map((entry): Happening => ({ instance, entry }));
    if (turned) happened.push({ instance, entry: null });
    if (begun) begun.from += branches.length;
    if (branches.length === 0) {
      if (begun?.visit === instance.visit) return happened;
      each.begun = instance.turn?.branches ? { visit: instance.visit, from: 1 } : null;
      if (!each.begun) return happened;
    }
    return [...happened, ...(await lookAt(each))];
  }

  return {
    root: () => root,
    async look() {
      const happened: Happening[] = [];
      // Runs that are found on the way are walked too: a map is walked in the order in which it grows.
      for (const each of all.values()) happened.push(...(await lookAt(each)));
      return happened.sort((one, other) => timeOf(one).localeCompare(timeOf(other)));
    },
  };
}

function timeOf({ instance, entry }: Happening): string {
  return entry?.ended_at ?? instance.updated_at;
}

/** Another text if it is somebody else's turn, or for something else. */
function stateOf({ status, visit, turn }: Instance): string {
  return [status, visit, turn?.of, turn?.kind, turn?.approval?.approval_id, turn?.approval?.yes?.at].join(" ");
}
