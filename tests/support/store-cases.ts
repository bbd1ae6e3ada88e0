/** What the contract of stores works with: a workflow, a run of it, and what becomes of the run. */
import type { Attempt } from "../../src/attempt.ts";
import type { Change, Instance, Start, Store } from "../../src/instance.ts";
import { begin } from "../../src/rules/begin.ts";
import { move } from "../../src/rules/move.ts";
import { note } from "../../src/rules/report.ts";
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
