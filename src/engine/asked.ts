/** Where in a tree of runs an agent or a person has something to do. */
import { openOf } from "../branch.ts";
import type { Instance } from "../instance.ts";
import type { Store } from "../store.ts";
import { goesOnByItself } from "../turn.ts";
import { notFound } from "./call.ts";
import type { Parts } from "./parts.ts";

/** Most that are open at once. */
const MAX_OPEN_HERE = 20;

/** The run itself, or the first of its branches, at which somebody is asked or which is over; null: all goes on by itself. Throws INSTANCE_NOT_FOUND. */
export async function asked(parts: Parts, instanceId: string): Promise<Instance | null> {
  const store = await parts.store();
  const instance = await store.load(instanceId);
  if (!instance) throw notFound(instanceId);
  return askedIn(store, instance);
}

async function askedIn(store: Store, instance: Instance): Promise<Instance | null> {
  const { turn, instance_id, visit } = instance;
  if (turn?.of !== "branches") return goesOnByItself(instance) ? null : instance;
  for (const each of await store.branches(instance_id, visit, { limit: MAX_OPEN_HERE, live: true })) {
    const found = await askedIn(store, each);
    if (found) return found;
  }
  return turn.branches && hasRoom(turn.branches) ? instance : null;
}

/** More may begin as soon as somebody asks for them. */
function hasRoom(counts: NonNullable<NonNullable<Instance["turn"]>["branches"]>): boolean {
  return counts.begun < counts.total && openOf(counts) < counts.max_parallel;
}
