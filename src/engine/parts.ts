/** What the engine is made of, handed in by the composition root, and the little that all its calls need of it. */
import type { Patience } from "../attempt.ts";
import type { Checker } from "../check.ts";
import type { Attention, Decider } from "../decider.ts";
import type { Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import type { Change, Instance, Store } from "../instance.ts";
import type { Log } from "../log.ts";
import type { ProjectProbe } from "../project.ts";
import type { SchemaJudge } from "../schema.ts";
import type { Step, Workflow, WorkflowSource } from "../workflow.ts";
import type { Attempts } from "./attempts.ts";
import type { Definitions } from "./definitions.ts";

export interface Parts {
  /** Opens the database at the first call. */
  store: () => Promise<Store>;
  source: WorkflowSource;
  /** Tried in order before the agent is asked. */
  deciders: Decider[];
  /** Where one that asks outside cannot decide: go on to the agent, or refuse the call with AI_SERVICE_ERROR. */
  onModelFailure: "agent" | "error";
  probe: ProjectProbe;
  schemas: SchemaJudge;
  checker: Checker;
  attempts: Attempts;
  patience: Patience;
  definitions: Definitions;
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
  /** Its definition came from where checks may run. */
  trusted: boolean;
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
  const workflow = await parts.definitions.of(store, instance);
  const asks = !instance.trusted && workflow.steps.some(({ checks }) => checks); // else nobody needs to know
  const trusted = instance.trusted || (asks && (await isTrustedNow(parts, instance)));
  return { store, instance, workflow, trusted };
}

/** Whether a source that may be trusted has the very same definition today. */
async function isTrustedNow({ source }: Parts, { workflow_name, definition }: Instance): Promise<boolean> {
  const now = (await source.catalog()).workflows.get(workflow_name);
  return now?.trusted === true && now.hash === definition;
}

/** The decision that ended the last visit: for a final instance, how it ended and why. */
export async function lastDecision({ store, instance }: Loaded): Promise<Decision | undefined> {
  const [last] = await store.decided(instance.instance_id, 1);
  return last?.decision ?? undefined;
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
  return step.routes.length === 0 && step.next?.length !== 1 && !deciders.some((decider) => decider.asksOutside);
}
