/** One call about one instance: who makes it, with which parts, and the row as it was loaded. Read and written here alone. */
import { AppError } from "../errors.ts";
import type { Change, HistoryEntry, Instance } from "../instance.ts";
import type { Moment } from "../rules/change.ts";
import { changeBy, type Event } from "../rules/event.ts";
import type { Store } from "../store.ts";
import { oneLine } from "../words.ts";
import type { LoadedWorkflow, Workflow } from "../workflow.ts";
import { hasOutputs, withOutputs } from "./at-finish.ts";
import { notify } from "./notify.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { remember, remembered } from "./remembered.ts";
import { concernsTree, writeTree } from "./tree.ts";
import { isTrusted } from "./trust.ts";

export interface Call {
  parts: Parts;
  caller: Caller;
  store: Store;
  /** The instance as loaded, or as the last write of this call left it. */
  current: Instance;
  /** Entries that `current` has already, to be written with the next change. */
  carried: HistoryEntry[];
  /** The definition that it is pinned to. */
  workflow: Workflow;
  /** Its definition came from where checks may run. */
  trusted: boolean;
}

/**
 * Loads the instance that a call is about. Throws INSTANCE_NOT_FOUND, or PERSISTENCE_ERROR if its definition is
 * missing.
 */
export async function openCall(parts: Parts, instanceId: string, caller: Caller): Promise<Call> {
  const store = await parts.store();
  const current = await store.load(instanceId);
  if (!current) throw notFound(instanceId);
  return callAbout({ parts, caller, store }, current);
}

/** The same by the row as this process last wrote it, which need not be how it is now; null if none is remembered. */
export async function rememberedCall(parts: Parts, instanceId: string, caller: Caller): Promise<Call | null> {
  const store = await parts.store();
  const current = remembered(store, instanceId);
  return current ? callAbout({ parts, caller, store }, current) : null;
}

async function callAbout(of: Pick<Call, "parts" | "caller" | "store">, current: Instance): Promise<Call> {
  const workflow = await of.parts.definitions.of(of.store, current);
  const trusted = await isTrusted(of.parts, current, workflow);
  return { ...of, current, carried: [], workflow, trusted };
}

/** The same call about an instance that was just created or loaded, with its definition at hand. */
export function callOn(
  { parts, caller, store }: Pick<Call, "parts" | "caller" | "store">,
  current: Instance,
  { workflow, trusted }: Pick<LoadedWorkflow, "workflow" | "trusted">,
): Call {
  return { parts, caller, store, current, carried: [], workflow, trusted };
}

/**
 * Writes a change and the entries that are carried; resolves to the call with the row as it now is. A change that
 * enters a visit notes where the project's git stands; if a wait for a person begins, one is told. Throws CONFLICT if
 * another writer was first.
 */
export async function write(call: Call, change: Change): Promise<Call> {
  const { parts, store, current, carried, workflow, trusted } = call;
  const enters = change.instance.visit !== current.visit;
  const head = enters ? { head: parts.probe.head(current.project) } : {};
  const own = { ...change, instance: { ...change.instance, ...head }, entries: [...carried, ...change.entries] };
  const written = concernsTree(current, own.instance)
    ? await writeTree({ parts, store, moment: momentOf(call) }, { instance: current, workflow, trusted }, own)
    : (await store.commit(own)) && own.instance;
  if (!written) throw conflict();
  const instance = { ...written, version: written.version + 1 };
  remember(store, instance);
  notify(parts, current, instance);
  return { ...call, current: instance, carried: [] };
}

/** Writes what the event changes, if anything; the call with the row as it then is. Throws as its rule and `write` do. */
export async function happen(call: Call, event: Event): Promise<Call> {
  const change = changeOf(call, event);
  return change ? write(call, change) : call;
}

/** What the event changes now. Throws as its rule does, and INCOMPLETE_REPORT for an end without the workflow's outputs. */
function changeOf(call: Call, event: Event): Change | null {
  const { workflow, current: before, parts } = call;
  const change = changeBy(workflow, before, event, momentOf(call));
  return change && hasOutputs(workflow, change) ? withOutputs(workflow, { before, change }, parts.schemas) : change;
}

/** The call as the event leaves it, not written yet: its entries are carried until the next event is written. */
export function draft(call: Call, event: Event): Call {
  const change = changeOf(call, event);
  return change ? { ...call, current: change.instance, carried: [...call.carried, ...change.entries] } : call;
}

/** Who acts, and when: now. */
export function momentOf({ parts, caller }: Call): Moment {
  return { actor: caller.actor, now: stamp(parts) };
}

/** INSTANCE_NOT_FOUND, with how to find the right id. */
export function notFound(instanceId: string): AppError {
  return new AppError("INSTANCE_NOT_FOUND", `There is no instance "${oneLine(instanceId, 200)}".`, {
    hint: "Copy the id from a step answer, or call list_instances, or resume_workflow with {} to find this project's.",
  });
}

function conflict(): AppError {
  return new AppError(
    "CONFLICT",
    "Another caller changed this instance at the same moment; this call changed nothing.",
    { hint: "Send the same call again.", retryable: true },
  );
}
