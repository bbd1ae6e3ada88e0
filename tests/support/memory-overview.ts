/** The part of the store in memory for people who look at many runs: as plain as can be, so that others can be held to it. */
import { type HistoryEntry, type Instance, InstanceSummary, type Start } from "../../src/instance.ts";
import {
  Asking,
  countsOf,
  type ListPlace,
  MAX_FACETS,
  MAX_REFUSED,
  MAX_REFUSED_SHOWN,
  Refused,
  SAMPLED_ENTRIES,
  SAMPLED_OF_RUN,
  SAMPLED_RUNS,
  type Sample,
  type SampledEntry,
  SEARCHED_CONTEXT,
  SEARCHED_RUNS,
} from "../../src/overview.ts";
import type { ListQuery, Store } from "../../src/store.ts";
import { waitingKind, waitsForPerson } from "../../src/turn.ts";

interface Reads {
  entriesOf(instanceId: string): HistoryEntry[];
  startOf(instanceId: string): Start | null;
  /** Those of a list, newest first. */
  listed(query: ListQuery): Instance[];
  refusals: Record<string, string[]>;
  revision(): string;
}

type Methods =
  | "search"
  | "asking"
  | "counts"
  | "facets"
  | "moves"
  | "forks"
  | "held"
  | "noteRefused"
  | "refused"
  | "sample"
  | "revision";

export function createMemoryOverview({ entriesOf, startOf, listed, refusals, revision }: Reads): Pick<Store, Methods> {
  const newest = (query: Partial<ListQuery>) => listed({ project: null, limit: Number.POSITIVE_INFINITY, ...query });
  const refusedOf = (id: string) => (refusals[id] ?? []).map((text) => Refused.parse(JSON.parse(text)));
  return {
    async search({ text, limit, ...query }) {
      const looked = newest(query);
      const found = looked.slice(0, SEARCHED_RUNS).filter((instance) => holds(instance, text));
      const to = found.length < limit && looked.length > SEARCHED_RUNS ? looked[SEARCHED_RUNS - 1] : undefined;
      return { runs: found.slice(0, limit).map(summaryOf), to: to ? placeOf(to) : null };
    },
    async asking({ project, limit }) {
      const waiting = newest({ project, status: "SUSPENDED", branches: true }).map((instance) =>
        Asking.parse({
          ...summaryOf(instance),
          turn: instance.turn,
          ...(instance.branch ? { branch: instance.branch } : {}),
        }),
      );
      const [asks, paused] = [waiting.filter(waitsForPerson), waiting.filter((each) => !waitsForPerson(each))];
      const place = ({ turn, instance_id }: Asking) => `${turn.since} ${instance_id}`;
      const latest = (some: Asking[]) => some.sort((one, other) => (place(one) < place(other) ? 1 : -1));
      return [...latest(asks), ...paused].slice(0, limit);
    },
    counts: async (project) => countsOf((status) => newest({ project, status }).length),
    async facets(project) {
      const names = (all: string[]) => [...new Set(all)].sort().slice(0, MAX_FACETS);
      const workflows = names(newest({ project }).map(({ workflow_name }) => workflow_name));
      return { workflows, projects: names(newest({}).map(({ project }) => project)) };
    },
    moves: async (id) =>
      entriesOf(id).flatMap(({ visit, step_name, decision }) => {
        if (!decision) return [];
        const { next_step, to_visit = null, status = null } = decision;
        return [{ visit, step_name, next_step, to_visit, status }];
      }),
    forks: async (id, limit) =>
      newest({})
        .filter(({ forked_from }) => forked_from?.instance_id === id)
        .slice(0, limit)
        .map(summaryOf),
    async noteRefused(id, each) {
      const all = refusedOf(id);
      const isFull = all.filter(({ visit }) => visit === each.visit).length >= MAX_REFUSED;
      const [there] = newest({ branches: true }).filter(({ instance_id }) => instance_id === id);
      if (there && !isFull) refusals[id] = [...all, each].map((one) => JSON.stringify(one));
    },
    refused: async (id, limit) => refusedOf(id).slice(-limit),
    held: async () => [], // no store holds anything: hooks do
    sample: async (query) =>
      sampleOf(newest({ ...query, branches: true, limit: SAMPLED_RUNS }), { entriesOf, startOf, refusedOf }),
    revision: async () => revision(),
  };
}

interface Sampled extends Pick<Reads, "entriesOf" | "startOf"> {
  refusedOf(instanceId: string): Refused[];
}

function sampleOf(found: Instance[], { entriesOf, startOf, refusedOf }: Sampled): Sample {
  const sample: Sample = { runs: [], entries: [], cut: false, held: [], refused: [] };
  for (const { instance_id, status, created_at, completed_at, forked_from } of found) {
    sample.runs.push({ instance_id, status, created_at, completed_at, began: startOf(instance_id)?.turn?.of ?? null });
    const byStep = Map.groupBy(refusedOf(instance_id).slice(-MAX_REFUSED_SHOWN), ({ step_name }) => step_name);
    for (const [step_name, { length }] of byStep) sample.refused.push({ step_name, count: length });
    const own = entriesOf(instance_id).filter(({ seq }) => seq > (forked_from?.copied ?? 0));
    const limit = Math.min(SAMPLED_OF_RUN, SAMPLED_ENTRIES - sample.entries.length);
    const taken = limit > 0 ? own.slice(-limit) : [];
    sample.cut ||= own.length > taken.length;
    sample.entries.push(...taken.map((entry) => sampledEntry(instance_id, entry)));
  }
  return sample;
}

function sampledEntry(instance_id: string, entry: HistoryEntry): SampledEntry {
  const { seq, kind, visit, step_id, step_name, started_at, ended_at, report, decision, turn } = entry;
  return {
    ...{ instance_id, seq, kind, visit, step_id, step_name, started_at, ended_at },
    reported: report?.status ?? null,
    about: report?.step_id ?? null,
    decided_by: decision?.decided_by ?? null,
    next_step: decision?.next_step ?? null,
    status: decision?.status ?? null,
    turn_of: turn?.of ?? null,
    turn_kind: turn?.kind ?? null,
  };
}

export function summaryOf(instance: Instance): InstanceSummary {
  const { turn, branch } = instance;
  const more = { waiting_for: waitingKind({ turn }), ...(branch ? { parent_id: branch.parent_id } : {}) };
  return InstanceSummary.parse({ ...instance, ...more });
}

function placeOf({ created_at, instance_id }: Instance): ListPlace {
  return { created_at, instance_id };
}

function holds({ instance_id, workflow_name, step_name, project, context }: Instance, text: string): boolean {
  const [sought, json] = [lower(text), lower(JSON.stringify(text).slice(1, -1))];
  const names = [instance_id, workflow_name, step_name, project].some((name) => lower(name).includes(sought));
  const all = JSON.stringify(context);
  return names || (Buffer.byteLength(all) <= SEARCHED_CONTEXT && lower(all).includes(json));
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
