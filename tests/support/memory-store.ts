/** A store in memory. It is there to show that the contract of stores asks for nothing that only SQLite has. */
import { existsSync, writeFileSync } from "node:fs";
import { Attempt, isAlive, isOf } from "../../src/attempt.ts";
import { AppError } from "../../src/errors.ts";
import {
  type Change,
  HistoryEntry,
  Instance,
  InstanceSummary,
  isFinal,
  type ListQuery,
  Start,
  type Store,
} from "../../src/instance.ts";
import { dueAt, waitingKind } from "../../src/turn.ts";
import type { Upkeep } from "../../src/upkeep.ts";
import { Workflow } from "../../src/workflow.ts";

/** The state that the stores on it share. Values are kept as JSON text, so that nobody holds them. */
export type Memory = Record<"definitions" | "instances" | "starts" | "attempts", Record<string, string>> & {
  histories: Record<string, string[]>;
};

export function createMemory(): Memory {
  return { definitions: {}, instances: {}, starts: {}, histories: {}, attempts: {} };
}

export function createMemoryStore({ definitions, instances, starts, histories, attempts }: Memory): Store {
  const read = <T>(schema: { parse(value: unknown): T }, text: string | undefined): T | null =>
    text === undefined ? null : schema.parse(JSON.parse(text));
  const load = (id: string) => read(Instance, instances[id]);
  const entriesOf = (id: string) => (histories[id] ?? []).map((text) => HistoryEntry.parse(JSON.parse(text)));
  const all = () => Object.values(instances).map((text) => Instance.parse(JSON.parse(text)));

  function byRequest(project: string, request_id: string): Instance | null {
    const all = Object.values(starts).map((text) => Start.parse(JSON.parse(text)));
    const found = all.find((each) => each.request_id === request_id && load(each.instance_id)?.project === project);
    return found ? load(found.instance_id) : null;
  }

  function attemptNamed(attempt_id: string): Attempt | undefined {
    return Object.values(attempts)
      .map((text) => Attempt.parse(JSON.parse(text)))
      .find((each) => each.attempt_id === attempt_id);
  }

  return {
    async create(start, instance, workflow) {
      const known = start.request_id === null ? null : byRequest(instance.project, start.request_id);
      if (known) return known;
      if (instances[start.instance_id]) throw refused(`there is an instance "${start.instance_id}"`);
      definitions[start.definition] ??= JSON.stringify(workflow);
      instances[start.instance_id] = JSON.stringify(instance);
      starts[start.instance_id] = JSON.stringify(start);
      return instance;
    },

    load: async (id) => load(id),

    async commit(...changes) {
      const asRead = ({ instance }: Change) => load(instance.instance_id)?.version === instance.version;
      if (!changes.every(asRead)) return false;
      for (const { instance, entries } of changes) {
        const seqs = [...entriesOf(instance.instance_id), ...entries].map(({ seq }) => seq);
        if (new Set(seqs).size < seqs.length) throw refused(`an entry of "${instance.instance_id}" is there already`);
      }
      for (const { instance, entries, definition } of changes) {
        const id = instance.instance_id;
        const before = load(id) ?? instance;
        if (definition) definitions[definition.hash] ??= JSON.stringify(definition.workflow);
        const { workflow_name, project, parent_id, unattended, created_at } = before;
        const born = { workflow_name, project, parent_id, unattended, created_at };
        instances[id] = JSON.stringify({ ...instance, ...born, version: instance.version + 1 });
        histories[id] = [...(histories[id] ?? []), ...entries.map((entry) => JSON.stringify(entry))];
      }
      return true;
    },

    definition: async (hash) => read(Workflow, definitions[hash]),
    start: async (id) => read(Start, starts[id]),
    byRequest: async (project, requestId) => byRequest(project, requestId),
    decidedVisit: async (id, visit) => entriesOf(id).find((each) => each.visit === visit && each.decision) ?? null,
    decided: async (id, limit) =>
      entriesOf(id)
        .filter(({ decision }) => decision)
        .slice(-limit),
    history: async (id, { limit, before = Number.POSITIVE_INFINITY }) =>
      limit === 0
        ? []
        : entriesOf(id)
            .filter(({ seq }) => seq < before)
            .slice(-limit),
    list: async (query) =>
      all()
        .filter((instance) => matches(instance, query))
        .sort((a, b) => (isBehind(a, b) ? 1 : -1))
        .slice(0, query.limit)
        .map((instance) => InstanceSummary.parse({ ...instance, waiting_for: waitingKind(instance) })),
    due: async ({ until, project, limit }) =>
      all()
        .flatMap(({ instance_id, turn, project: of }) => {
          const due_at = turn && dueAt(turn);
          const mine = turn?.of !== "server" || of === project;
          return due_at && due_at <= until && mine ? [{ instance_id, due_at }] : [];
        })
        .sort((a, b) => (a.due_at < b.due_at ? -1 : 1))
        .slice(0, limit),
    countElsewhere: async (project, most) => Math.min(most, all().filter((each) => each.project !== project).length),

    attempt: async (id) => read(Attempt, attempts[id]),
    async beginAttempt(mine, now) {
      const current = load(mine.instance_id);
      if (current?.status !== "RUNNING" || !isOf(mine, current)) return { begun: false, before: null };
      const before = read(Attempt, attempts[mine.instance_id]);
      if (before && isAlive(before, now) && isOf(before, mine)) return { begun: false, before };
      attempts[mine.instance_id] = JSON.stringify(mine);
      return { begun: true, before };
    },
    async keepAttempt({ attempt_id, alive_until }) {
      const found = attemptNamed(attempt_id);
      const now = found && load(found.instance_id);
      if (!found || now?.status !== "RUNNING" || !isOf(found, now)) return false;
      attempts[found.instance_id] = JSON.stringify({ ...found, alive_until });
      return true;
    },
    async endAttempt(attempt_id, evidence) {
      const found = attemptNamed(attempt_id);
      if (found) attempts[found.instance_id] = JSON.stringify({ ...found, evidence });
    },
    async dropAttempt(attempt_id) {
      const found = attemptNamed(attempt_id);
      return found !== undefined && delete attempts[found.instance_id];
    },
    close: async () => {},
  };
}

export function createMemoryUpkeep(memory: Memory): Upkeep {
  const { instances, starts, histories, attempts } = memory;
  return {
    examine: async () => [],
    async backup(file) {
      if (existsSync(file)) throw new AppError("INVALID_INPUT", `"${file}" exists.`, { hint: "Name another file." });
      writeFileSync(file, JSON.stringify(memory));
    },
    async prune(before) {
      const ended = Object.values(instances)
        .map((text) => Instance.parse(JSON.parse(text)))
        .filter(({ status, completed_at }) => isFinal(status) && completed_at !== null && completed_at < before);
      for (const { instance_id } of ended) {
        for (const table of [instances, starts, histories, attempts]) delete table[instance_id];
      }
      return ended.length;
    },
  };
}

function matches(instance: Instance, { project, status, workflow_name, live, after }: ListQuery): boolean {
  if (project !== null && instance.project !== project) return false;
  if (status && instance.status !== status) return false;
  if (workflow_name && instance.workflow_name !== workflow_name) return false;
  if (live && isFinal(instance.status)) return false;
  return !after || isBehind(instance, after);
}

type Place = Pick<Instance, "created_at" | "instance_id">;

/** Whether a list shows it later: it is older, or as old and has the lower id. */
function isBehind(one: Place, other: Place): boolean {
  if (one.created_at !== other.created_at) return one.created_at < other.created_at;
  return one.instance_id < other.instance_id;
}

function refused(why: string): AppError {
  return new AppError("PERSISTENCE_ERROR", `The store refused: ${why}; nothing was changed.`, {
    hint: "This is a defect: ids and entries are made once.",
  });
}
