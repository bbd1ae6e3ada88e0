/**
 * Rows as this process last wrote them. Who goes by one reads nothing before its write, and that write names the row's
 * version: it fails if anybody wrote since, in any process. So a remembered row may lead to a write and to nothing else, to
 * no answer and no refusal.
 */
import type { Instance } from "../instance.ts";
import type { Store } from "../store.ts";

/** More agents than that rarely work at once; who is forgotten is read. */
const MAX_ROWS = 256;
/** Most steps, and most keys of the context, of a row that is remembered; memory counts. */
const MAX_KEYS = 50;
/** Longest text in such a context, in characters. */
const MAX_TEXT = 200;

const rows = new WeakMap<Store, Map<string, Instance>>();

/** To be told of each row as it now is, once it is durable. */
export function remember(store: Store, instance: Instance): void {
  const known = rows.get(store) ?? new Map<string, Instance>();
  rows.set(store, known);
  known.delete(instance.instance_id);
  if (!isPlain(instance)) return;
  const [oldest] = known.size >= MAX_ROWS ? known.keys() : [];
  if (oldest !== undefined) known.delete(oldest);
  known.set(instance.instance_id, instance);
}

export function remembered(store: Store, instanceId: string): Instance | undefined {
  return rows.get(store)?.get(instanceId);
}

/** Whatever is reported leads to one write: it is the agent's turn for any time, and no report is kept. */
function isPlain({ turn, pending, visits, context }: Instance): boolean {
  if (turn?.of !== "agent" || turn.until || pending !== null || Object.keys(visits).length > MAX_KEYS) return false;
  const values = Object.values(context);
  return values.length <= MAX_KEYS && values.every(isShort);
}

function isShort(value: unknown): boolean {
  return typeof value === "string" ? value.length <= MAX_TEXT : typeof value !== "object";
}
