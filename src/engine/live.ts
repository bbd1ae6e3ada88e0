/** Which run is meant if none is named: the one that is live in the project. */
import { type InstanceSummary, originOf } from "../instance.ts";
import type { Store } from "../store.ts";
import type { Outcome } from "./outcome.ts";
import type { Parts } from "./parts.ts";

/** Live instances that are listed if there is not exactly one. */
const MAX_LISTED = 10;
/** Live instances that are read: with so many, none is taken. */
const MAX_READ = 50;
/** Counting instances of other projects stops here. */
const MAX_COUNTED = 1_000;

/** There is not exactly one live instance to resume. */
export interface Unclear {
  live: InstanceSummary[];
  elsewhere: number;
}

/** The live run that is meant, and those that it was forked from, or that were forked from the same. */
interface Found extends Pick<Outcome, "also_running"> {
  instance_id: string;
}

/** The one live run of the project, or of runs that were forked from each other the one that was worked on last. */
export async function theLive(parts: Parts): Promise<Found | Unclear> {
  const store = await parts.store();
  const live = await store.list({ project: parts.project, live: true, limit: MAX_READ });
  const isFamily = live.length < MAX_READ && new Set(live.map(originOf)).size === 1;
  const last = isFamily ? await lastReported(store, live) : undefined;
  if (!last) {
    const elsewhere = await store.countElsewhere(parts.project, MAX_COUNTED);
    return { live: live.slice(0, MAX_LISTED), elsewhere };
  }
  const also_running = live.filter((each) => each !== last).slice(0, MAX_LISTED);
  return { instance_id: last.instance_id, ...(also_running.length > 0 ? { also_running } : {}) };
}

/** A run of which nothing was reported yet was worked on when it began. */
async function lastReported(store: Store, live: InstanceSummary[]): Promise<InstanceSummary | undefined> {
  if (live.length === 1) return live[0];
  const reports = await Promise.all(
    live.map(async (each) => {
      const instance = await store.load(each.instance_id);
      return { each, at: instance?.last_report_at ?? each.created_at };
    }),
  );
  return reports.reduce((latest, next) => (next.at > latest.at ? next : latest)).each;
}
