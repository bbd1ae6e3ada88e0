/** All that an instance went through: the reading whose cost grows with the history. */
import type { HistoryEntry, Start } from "../instance.ts";
import type { Call } from "./call.ts";

/** Entries read at a time. */
const PAGE = 1_000;

/** How it began, and all of its entries, oldest first. */
export async function pastOf({ store, current }: Call): Promise<{ start: Start; history: HistoryEntry[] }> {
  const start = await store.start(current.instance_id);
  if (!start) throw new Error(`instance "${current.instance_id}" has no record of its start`);
  const pages: HistoryEntry[][] = [];
  for (let before = current.last_seq + 1; before > 1; before = pages.at(-1)?.[0]?.seq ?? 1)
    pages.push(await store.history(current.instance_id, { limit: PAGE, before }));
  return { start, history: pages.reverse().flat() };
}
