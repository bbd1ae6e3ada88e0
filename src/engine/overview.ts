/** Reading for a person who looks at many runs, or at one beyond its status. Changes nothing. */
import type { HistoryEntry, InstanceSummary } from "../instance.ts";
import {
  type Asking,
  type Counts,
  type Facets,
  type Held,
  type KeptOutput,
  MAX_REFUSED_SHOWN,
  MAX_SEARCHED,
  type Overview,
  type OverviewQuery,
  type Refused,
  type Statistics,
  type Walk,
} from "../overview.ts";
import { statisticsOf } from "../rules/statistics.ts";
import { walkOf } from "../rules/walk.ts";
import type { Store } from "../store.ts";
import { notFound, openCall } from "./call.ts";
import { handedOut, type Outcome, type Recap } from "./outcome.ts";
import type { Parts } from "./parts.ts";
import { cursorFor, parseCursor } from "./read.ts";
import { gatherRecap } from "./recap.ts";
import { SERVER } from "./serve.ts";
import { staleProofs } from "./stale.ts";

/** Most runs that wait for a person, and most forks of a run, that are named. */
const MAX_ASKING = 50;
const MAX_FORKS = 50;
/** Most forks that are followed back to the run in which an entry was written. */
const MAX_FORKED = 100;

/** `project` null: of all. Those that name a run reject with INSTANCE_NOT_FOUND if it is not there. */
export interface Overviews {
  /** A page of runs, newest first. Rejects with INVALID_INPUT for a cursor that no page gave. */
  overview(query: OverviewQuery): Promise<Overview>;
  /** The runs and branches that wait for a person: those that are only paused are the last. */
  waiting(project?: string | null, limit?: number): Promise<Asking[]>;
  counts(project?: string | null): Promise<Counts>;
  facets(project?: string | null): Promise<Facets>;
  /** The way that the run took: its live path, and each rewind. */
  walk(instanceId: string): Promise<Walk>;
  /** Runs that were forked from it, newest first. */
  forks(instanceId: string): Promise<InstanceSummary[]>;
  /** What hooks refused, oldest first. */
  held(instanceId: string): Promise<Held[]>;
  /** The last reports that were refused, oldest first. */
  refused(instanceId: string, limit?: number): Promise<Refused[]>;
  statistics(workflowName: string, project?: string | null): Promise<Statistics>;
  /** Another text after each commit, of whichever process, and before there is a database. */
  revision(): Promise<string>;
  /** What whoever resumes the run is told, without resuming it. */
  recap(instanceId: string): Promise<{ outcome: Outcome; recap: Recap }>;
  /** What the check of that number (0, 1…) in the evidence of that entry printed; null if nothing is kept. */
  output(of: { instance_id: string; seq: number; check: number }): Promise<KeptOutput | null>;
}

export function createOverviews(parts: Parts): Overviews {
  const known = async (instanceId: string) => {
    const store = await parts.store();
    const instance = await store.load(instanceId);
    if (!instance) throw notFound(instanceId);
    return { store, instance };
  };
  return {
    overview: async (query) => pageOf(await parts.store(), query),
    waiting: async (project = null, limit = MAX_ASKING) => (await parts.store()).asking({ project, limit }),
    counts: async (project = null) => (await parts.store()).counts(project),
    facets: async (project = null) => (await parts.store()).facets(project),
    walk: async (id) => walkOf(await (await known(id)).store.moves(id)),
    forks: async (id) => (await known(id)).store.forks(id, MAX_FORKS),
    held: async (id) => (await known(id)).store.held(id),
    refused: async (id, limit = MAX_REFUSED_SHOWN) => (await known(id)).store.refused(id, limit),
    statistics: async (workflow_name, project = null) =>
      statisticsOf(workflow_name, await (await parts.store()).sample({ workflow_name, project })),
    revision: async () => (parts.hasState() ? (await parts.store()).revision() : ""),
    async recap(id) {
      const call = await openCall(parts, id, { actor: SERVER });
      const seen = { before: call.current, after: call.current, resumed: id };
      const stale = await staleProofs(parts, id);
      return { outcome: handedOut(call, { stale }), recap: await gatherRecap(call, seen) };
    },
    async output({ instance_id, seq, check }) {
      const { store } = await known(instance_id);
      const found = await entryAt(store, instance_id, seq);
      const result = found?.evidence?.[check];
      if (!found || !result?.output_file) return null;
      const written = await writerOf(store, instance_id, seq);
      return written === null
        ? null
        : parts.outputs.readOutput({ instance_id: written, visit: found.visit }, result.check);
    },
  };
}

async function pageOf(store: Store, { text, cursor, limit, ...query }: OverviewQuery): Promise<Overview> {
  const sought = text?.trim().slice(0, MAX_SEARCHED);
  const asked = { ...query, limit: limit + 1, after: cursor === undefined ? undefined : parseCursor(cursor) };
  const { runs: found, to } = sought
    ? await store.search({ ...asked, text: sought })
    : { runs: await store.list(asked), to: null };
  const runs = found.slice(0, limit);
  const last = found.length > limit ? runs.at(-1) : undefined;
  if (last) return { runs, next_cursor: cursorFor(last) };
  return to ? { runs, next_cursor: cursorFor(to), searched_to: to.created_at } : { runs };
}

async function entryAt(store: Store, instanceId: string, seq: number): Promise<HistoryEntry | undefined> {
  const [found] = await store.history(instanceId, { limit: 1, before: seq + 1 });
  return found?.seq === seq ? found : undefined;
}

/** The run in which the entry was written: a fork has copies of the first entries of another one. Null if that is gone. */
async function writerOf(store: Store, instanceId: string, seq: number): Promise<string | null> {
  let id = instanceId;
  for (let forks = 0; forks <= MAX_FORKED; forks++) {
    const instance = await store.load(id);
    if (!instance) return null;
    const { forked_from } = instance;
    if (!forked_from || seq > forked_from.copied) return id;
    id = forked_from.instance_id;
  }
  return null;
}
