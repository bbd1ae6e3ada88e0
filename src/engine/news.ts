/** What happened in a run since somebody looked last: for whoever follows one, at a cost that grows with the news alone. */
import type { HistoryEntry, Instance } from "../instance.ts";
import { notFound } from "./call.ts";
import type { Parts } from "./parts.ts";

/** Most branches that one answer names; the next one goes on behind them. */
export const NEWS_BRANCHES = 200;

export interface NewsQuery {
  instance_id: string;
  /** Number of the last entry that is known; absent: no entry is asked for. */
  seq?: number | undefined;
  /** Which branches: of that visit, from that number on; `live`: only those that are open. */
  branches?: { visit: number; from?: number; live?: boolean } | undefined;
}

export interface News {
  instance: Instance;
  /** Oldest first. */
  entries: HistoryEntry[];
  branches: Instance[];
}

/** Throws INSTANCE_NOT_FOUND. */
export async function news(parts: Parts, { instance_id, seq, branches }: NewsQuery): Promise<News> {
  const store = await parts.store();
  const instance = await store.load(instance_id);
  if (!instance) throw notFound(instance_id);
  const { last_seq } = instance;
  const limit = last_seq - (seq ?? last_seq);
  const entries = limit > 0 ? await store.history(instance_id, { limit, before: last_seq + 1 }) : [];
  const { visit, ...page } = branches ?? { visit: 0 };
  const found = branches ? await store.branches(instance_id, visit, { ...page, limit: NEWS_BRANCHES }) : [];
  return { instance, entries, branches: found };
}
