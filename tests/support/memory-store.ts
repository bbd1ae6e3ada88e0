/** A store in memory. It is there to show that the contract of stores asks for nothing that only SQLite has. */
import { existsSync, writeFileSync } from "node:fs";
import { Attempt, isAlive, isOf } from "../../src/attempt.ts";
import { AppError } from "../../src/errors.ts";
import { type Birth, HistoryEntry, Instance, isFinal, Start } from "../../src/instance.ts";
import type { ListQuery, Store } from "../../src/store.ts";
import { dueAt } from "../../src/turn.ts";
import type { Upkeep } from "../../src/upkeep.ts";
import { Workflow } from "../../src/workflow.ts";
import { createMemoryOverview, summaryOf } from "./memory-overview.ts";

/** The state that the stores on it share. Values are kept as JSON text, so that nobody holds them. */
export type Memory = Record<"definitions" | "instances" | "starts" | "attempts", Record<string, string>> & {
  histories: Record<string, string[]>;
  refusals: Record<string, string[]>;
  /** By instance and visit. */
  items: Record<string, string>;
};

export function createMemory(): Memory {
  return { definitions: {}, instances: {}, starts: {}, histories: {}, refusals: {}, attempts: {}, items: {} };
}

export function createMemoryStore(memory: Memory): Store {
  const { definitions, instances, starts, histories, refusals, attempts, items } = memory;
  const read = <T>(schema: { parse(value: unknown): T }, text: string | undefined): T | null =>
    text === undefined ? null : schema.parse(JSON.parse(text));
  const load = (id: string) => read(Instance, instances[id]);
  const entriesOf = (id: string) => (histories[id] ?? []).map((text) => HistoryEntry.parse(JSON.parse(text)));
  const all = () => Object.values(instances).map((text) => Instance.parse(JSON.parse(text)));
  const branchesOf = (parentId: string, visit: number) =>
    all().filter(({ branch }) => branch?.parent_id === parentId && branch.visit === visit);

  const revision = () =>
    Bun.hash(JSON.stringify([instances, histories, refusals, starts, attempts, items])).toString(36);

  function listed(query: ListQuery): Instance[] {
    const found = all().filter((instance) => matches(instance, query));
    return found.sort((a, b) => (isBehind(a, b) ? 1 : -1)).slice(0, query.limit);
  }

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

  function refuseTaken({ instance: { instance_id, branch } }: Birth): void {
    if (instances[instance_id]) throw refused(`there is an instance "${instance_id}"`);
    const born = branch ? branchesOf(branch.parent_id, branch.visit) : [];
    if (born.some((each) => each.branch?.number === branch?.number)) throw refused(`${branch?.number} was begun`);
  }

  function bear({ start, instance, workflow, line }: Birth): void {
    const { instance_id, copied = 0 } = start.forked_from ?? {};
    const copy = instance_id === undefined ? [] : (histories[instance_id] ?? []).slice(0, copied);
    if (copy.length < copied) throw refused("the history is gone");
    if (line) histories[start.instance_id] = [...copy, JSON.stringify(line)];
    definitions[start.definition] ??= JSON.stringify(workflow);
    instances[start.instance_id] = JSON.stringify(instance);
    starts[start.instance_id] = JSON.stringify(start);
  }

  return {
    async create(start, instance, workflow, line) {
      const known = start.request_id === null ? null : byRequest(instance.project, start.request_id);
      if (known) return known;
      refuseTaken({ start, instance, workflow });
      bear({ start, instance, workflow, line });
      return instance;
    },

    load: async (id) => load(id),

    async commit(...writes) {
      const changes = writes.filter((each) => "entries" in each);
      const births = writes.filter((each) => "start" in each);
      if (!changes.every(({ instance }) => load(instance.instance_id)?.version === instance.version)) return false;
      for (const { instance, entries, items: given } of changes) {
        const { instance_id, visit } = instance;
        const seqs = [...entriesOf(instance_id), ...entries].map(({ seq }) => seq);
        if (new Set(seqs).size < seqs.length) throw refused(`an entry of "${instance_id}" is there already`);
        if (given && items[place(instance_id, visit)]) throw refused(`visit ${visit} of "${instance_id}" has items`);
      }
      births.forEach(refuseTaken);
      for (const { instance, entries, definition, items: given } of changes) {
        const id = instance.instance_id;
        const before = load(id) ?? instance;
        if (definition) definitions[definition.hash] ??= JSON.stringify(definition.workflow);
        const { workflow_name, project, forked_from, unattended, created_at } = before;
        const taken_at = instance.branch?.taken_at;
        const branch = before.branch && { ...before.branch, taken_at };
        const born = {
          workflow_name,
          project,
          branch,
          unattended,
          created_at,
          ...(forked_from ? { forked_from } : {}),
        };
        instances[id] = JSON.stringify({ ...instance, ...born, version: instance.version + 1 });
        histories[id] = [...(histories[id] ?? []), ...entries.map((entry) => JSON.stringify(entry))];
        if (given) items[place(id, instance.visit)] = JSON.stringify(given);
      }
      births.forEach(bear);
      return true;
    },

    branchItems: async (id, visit, { from, limit }) => {
      const kept = items[place(id, visit)];
      const all: unknown[] | null = kept === undefined ? null : JSON.parse(kept);
      return all?.slice(from - 1, from - 1 + limit) ?? null;
    },
    branches: async (parentId, visit, { from = 1, limit, live }) =>
      branchesOf(parentId, visit)
        .filter(({ branch, status }) => Number(branch?.number) >= from && !(live && isFinal(status)))
        .sort((a, b) => Number(a.branch?.number) - Number(b.branch?.number))
        .slice(0, limit),
    async treeSize(rootId) {
      const tree = all().filter(({ branch }) => branch?.root_id === rootId);
      return { begun: tree.length, open: tree.filter(({ status }) => !isFinal(status)).length };
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
    list: async (query) => listed(query).map(summaryOf),
    ...createMemoryOverview({ entriesOf, listed, startOf: (id) => read(Start, starts[id]), refusals, revision }),
    due: async ({ until, project, limit }) =>
      all()
        .flatMap(({ instance_id, turn, project: of }) => {
          const due_at = turn && dueAt(turn);
          const mine = turn?.of !== "server" || of === project;
          return due_at && due_at <= until && mine ? [{ instance_id, due_at }] : [];
        })
        .sort((a, b) => (a.due_at < b.due_at ? -1 : 1))
        .slice(0, limit),
    countElsewhere: async (project, most) =>
      Math.min(most, all().filter((each) => each.project !== project && !each.branch).length),

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
  const { instances, starts, histories, refusals, attempts, items } = memory;
  return {
    examine: async () => [],
    async backup(file) {
      if (existsSync(file)) throw new AppError("INVALID_INPUT", `"${file}" exists.`, { hint: "Name another file." });
      writeFileSync(file, JSON.stringify(memory));
    },
    async prune(before) {
      const all = Object.values(instances).map((text) => Instance.parse(JSON.parse(text)));
      const isOver = ({ status, completed_at }: Instance) =>
        isFinal(status) && completed_at !== null && completed_at < before;
      const treeOf = (id: string) => all.filter((each) => (each.branch?.root_id ?? each.instance_id) === id);
      const roots = all.filter(({ branch, instance_id }) => !branch && treeOf(instance_id).every(isOver));
      for (const { instance_id } of roots.flatMap((root) => treeOf(root.instance_id))) {
        for (const table of [instances, starts, histories, refusals, attempts]) delete table[instance_id];
        for (const key of Object.keys(items)) if (key.startsWith(place(instance_id, ""))) delete items[key];
      }
      return roots.length;
    },
  };
}

/** Where the items of a visit are kept. */
function place(instanceId: string, visit: number | ""): string {
  return `${instanceId} ${visit}`;
}

function matches(instance: Instance, { project, status, workflow_name, live, branches, after }: ListQuery): boolean {
  if (instance.branch && !branches) return false;
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
