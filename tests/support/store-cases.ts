/** What the contract of stores works with: a workflow, a run of it, and what becomes of the run. */
import type { Attempt } from "../../src/attempt.ts";
import type { Birth, Change, Instance, Start } from "../../src/instance.ts";
import { begin } from "../../src/rules/begin.ts";
import { move } from "../../src/rules/move.ts";
import { note } from "../../src/rules/report.ts";
import type { Store } from "../../src/store.ts";
import type { Upkeep } from "../../src/upkeep.ts";
import { hashWorkflow, type Workflow } from "../../src/workflow.ts";

/** A store on a state of its own. */
export interface StoreRoom {
  store: Store;
  /** Another one on the same state, as another process has it. */
  other: Store;
  upkeep: Upkeep;
  /** A store on what `upkeep.backup` wrote. */
  restore(file: string): Promise<Store>;
}

export type OpenRoom = () => Promise<StoreRoom>;

const step = { slug: "s", file: "W/s.md", guidance: "g", instructions: "i", sections: [], routes: [] };

export const workflow: Workflow = {
  name: "W",
  goal: "",
  steps: [
    { ...step, name: "One" },
    { ...step, name: "Two" },
  ],
};

export const PLACE = { project: "/p", trusted: true };

export const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

export function startOf(id: string, more: Partial<Start> = {}): Start {
  const base = {
    instance_id: id,
    definition: hashWorkflow(workflow),
    first_step: "One",
    context: { deep: { a: [1] } },
  };
  return { ...base, request_id: null, unattended: false, actor: "t", started_at: at(0), ...more };
}

export async function make(
  store: Store,
  id: string,
  { project = "/p", ...more }: Partial<Start> & { project?: string } = {},
): Promise<Instance> {
  const start = startOf(id, more);
  return store.create(start, begin(workflow, start, { ...PLACE, project }), workflow);
}

/** A branch of the parent's current visit, `PARENT-VISIT.NUMBER`, of the tree of that root, as it begins. */
export function birthOf(
  { instance_id, project, visit, branch }: Instance,
  number: number,
  { item = { n: number }, ...more }: Partial<Start> & { item?: unknown } = {},
): Birth {
  const [root_id, depth] = [branch?.root_id ?? instance_id, (branch?.depth ?? 0) + 1];
  const hangs = { parent_id: instance_id, root_id, step_name: "One", visit, number, total: 9, item, depth };
  const start = startOf(`${instance_id}-${visit}.${number}`, { branch: hangs, unattended: true, ...more });
  return { start, instance: begin(workflow, start, { ...PLACE, project }), workflow };
}

/** Nothing but the version changes, and what is given. */
export function touched(instance: Instance, more: Partial<Change> = {}): Change {
  return { instance, entries: [], ...more };
}

/** Commits the births with their parent's row; the row as it is then. */
export async function begun(store: Store, parent: Instance, ...births: Birth[]): Promise<Instance> {
  if (!(await store.commit(touched(parent), ...births))) throw new Error("another writer was first");
  return { ...parent, version: parent.version + 1 };
}

/** The row as it is. */
export async function loaded(store: Store, id: string): Promise<Instance> {
  const found = await store.load(id);
  if (!found) throw new Error(`"${id}" is not there`);
  return found;
}

/** The current visit ends, and the run goes to that step. */
export function movedTo(to: string, instance: Instance): Change {
  const decision = { decided_by: "agent" as const, next_step: to, reasoning: "r" };
  const report = { step_id: "1-one", status: "success", details: { any: null }, assumptions: [`to ${to} 'é"`] };
  return move(workflow, instance, { report, context_updates: { k: "v" }, decision, actor: "t", now: at(9) });
}

export function noted(instance: Instance): Change {
  const report = { step_id: "x", status: "in_progress" };
  return note(instance, { report, context_updates: {} }, { actor: "t", now: at(1) });
}

/** Commits; the row as it is then. */
export async function committed(store: Store, change: Change): Promise<Instance> {
  if (!(await store.commit(change))) throw new Error("another writer was first");
  return { ...change.instance, version: change.instance.version + 1 };
}

export function attemptAt({ instance_id, visit, definition }: Instance, attempt_id: string): Attempt {
  return { instance_id, attempt_id, visit, definition, started_at: at(0), alive_until: at(5), evidence: null };
}
