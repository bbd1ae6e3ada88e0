/** What the engine is made of, handed in by the composition root, and the little that all its calls need of it. */
import type { Attention, Decider } from "../decider.ts";
import { AppError } from "../errors.ts";
import type { Change, Instance, Store } from "../instance.ts";
import type { Log } from "../log.ts";
import type { ProjectProbe } from "../project.ts";
import type { Step, Workflow, WorkflowSource } from "../workflow.ts";

export interface Parts {
  /** Opens the database at the first call. */
  store: () => Promise<Store>;
  source: WorkflowSource;
  /** Tried in order before the agent is asked. */
  deciders: Decider[];
  /** Where one that asks outside cannot decide: go on to the agent, or refuse the call with AI_SERVICE_ERROR. */
  onModelFailure: "agent" | "error";
  probe: ProjectProbe;
  /** The directory that new instances are about. */
  project: string;
  now: () => Date;
  newId: () => string;
  log: Log;
}

/** Who makes a call, as the history names it. */
export interface Caller extends Attention {
  actor: string;
}

/** An instance as loaded, with the definition that it is pinned to. */
export interface Loaded {
  store: Store;
  instance: Instance;
  workflow: Workflow;
}

/** Loads an instance or throws INSTANCE_NOT_FOUND. */
export async function load(parts: Parts, instanceId: string): Promise<Loaded> {
  const store = await parts.store();
  const instance = await store.load(instanceId);
  if (!instance) {
    throw new AppError("INSTANCE_NOT_FOUND", `There is no instance "${instanceId}".`, {
      hint: "Copy the id from a step answer, or call list_instances, or resume_workflow with {} to find this project's.",
    });
  }
  return { store, instance, workflow: await pinned(store, instance) };
}

/** The definition that an instance is pinned to. */
export async function pinned(store: Store, instance: Instance): Promise<Workflow> {
  const workflow = await store.definition(instance.definition);
  if (workflow) return workflow;
  throw new AppError(
    "PERSISTENCE_ERROR",
    `The definition of instance "${instance.instance_id}" is not in the database.`,
    {
      hint: "The file is damaged or was edited by another program; restore it from a backup.",
    },
  );
}

/** Writes a change or throws CONFLICT; resolves to the instance as it now is. */
export async function commit(store: Store, change: Change): Promise<Instance> {
  if (await store.commit(change)) return { ...change.instance, version: change.instance.version + 1 };
  throw new AppError(
    "CONFLICT",
    "Another caller changed this instance at the same moment; this call changed nothing.",
    {
      hint: "Send the same call again.",
      retryable: true,
    },
  );
}

/** The time as it is stored. */
export function stamp(parts: Parts): string {
  return parts.now().toISOString();
}

/** Whether the agent, and nobody before it, decides what follows the step, so that it can be told at once. */
export function agentDecides({ deciders }: Parts, step: Step): boolean {
  return step.routes.length === 0 && !deciders.some((decider) => decider.asksOutside);
}
