/** Another way from an earlier visit: a new run that begins there, while the old one stays as it is. */
import { type Branch, MAX_OPEN } from "../branch.ts";
import { AppError } from "../errors.ts";
import { type Instance, type InstanceSummary, originOf } from "../instance.ts";
import { fork } from "../rules/fork.ts";
import type { Store } from "../store.ts";
import { waitsForPerson } from "../turn.ts";
import { type Call, callOn, momentOf, openCall } from "./call.ts";
import { placeFound } from "./files.ts";
import { notify } from "./notify.ts";
import { handedOut, type Outcome } from "./outcome.ts";
import type { Caller, Parts } from "./parts.ts";
import { pastOf } from "./past.ts";
import { showsChanges } from "./shows-changes.ts";
import { suspendedError } from "./visits.ts";

/** Live runs among which the others of the family are sought, and most that an answer names. */
const MAX_LIVE = 50;
const MAX_ALSO_RUNNING = 5;

export interface ForkInput {
  instance_id: string;
  /** Absent: the current visit, or the last one. */
  at_visit?: number | undefined;
  request_id?: string | undefined;
  /** A person at a terminal wants it: then a run that waits for a person may be forked too. */
  by_person?: boolean | undefined;
}

/**
 * Hands out the step of that visit in a new run. A repeated `request_id` answers where that fork is now. Throws
 * INVALID_INPUT for a visit that was not yet and for a `request_id` that was used with other arguments, INSTANCE_SUSPENDED if
 * the run waits for a person, STEP_NOT_ALLOWED if its definition does not have the step any more.
 */
export async function forkInstance(parts: Parts, input: ForkInput, caller: Caller): Promise<Outcome> {
  const call = await openCall(parts, input.instance_id, caller);
  const { store, current: source, workflow } = call;
  const { request_id = null } = input;
  const known = request_id === null ? null : await store.byRequest(source.project, request_id);
  if (known) return repeated(call, known, input);
  if (source.branch) throw branchError(source.instance_id, source.branch);
  const waits = input.by_person ? null : await waiting(store, source);
  if (waits) throw suspendedError(waits);
  const { at_visit = source.visit } = input;
  const head = at_visit === source.visit ? source.head : await headAt(store, source, at_visit);
  const moment = momentOf(call);
  const now = parts.probe.head(source.project);
  const from = { ...(await pastOf(call)), at_visit, head };
  const made = fork(workflow, source, from, { ...moment, instance_id: parts.newId(), request_id, head: now });
  const { instance_id, project } = made.instance;
  if (showsChanges(workflow)) await parts.exhibits.begin({ instance_id, project }, source.instance_id);
  const instance = await store.create(made.start, made.instance, workflow, made.line);
  if (instance.instance_id !== instance_id) return repeated(call, instance, input);
  notify(parts, null, instance);
  parts.log.info({ instance_id, forked_from: source.instance_id }, "instance forked");
  return outcomeOf(call, instance);
}

/** The run if it waits for a person, or a branch of it that does; null if none does. */
async function waiting(store: Store, instance: Instance): Promise<Instance | null> {
  if (waitsForPerson(instance)) return instance;
  if (!instance.turn?.branches) return null;
  const open = await store.branches(instance.instance_id, instance.visit, { limit: MAX_OPEN, live: true });
  for (const branch of open) {
    const found = await waiting(store, branch);
    if (found) return found;
  }
  return null;
}

function branchError(instanceId: string, { root_id, step_name }: Branch): AppError {
  return new AppError("INVALID_INPUT", `Instance "${instanceId}" is a branch of "${root_id}"; nothing changed.`, {
    hint: `Fork the whole run: fork_workflow {"instance_id":"${root_id}"}, at a visit before "${step_name}" or of it.`,
  });
}

/** The commit that git's HEAD named when an earlier visit was entered; null if that is not known. */
async function headAt(store: Store, { instance_id }: Instance, visit: number): Promise<string | null> {
  return (await store.decidedVisit(instance_id, visit))?.head ?? null;
}

async function outcomeOf(call: Call, instance: Instance, more: Partial<Outcome> = {}): Promise<Outcome> {
  const { parts, current: source } = call;
  const place = parts.files.offered ? await placeFound(parts, source) : null;
  const { instance_id, forked_from: from } = instance;
  if (!from) throw new Error(`instance "${instance_id}" is no fork`);
  const forked = {
    instance_id,
    from,
    source: source.status,
    head: parts.probe.head(instance.project),
    ...(place ? { files: place.path } : {}),
  };
  const also_running = await others(call, instance);
  return handedOut(callOn(call, instance, call), {
    forked,
    ...(also_running.length > 0 ? { also_running } : {}),
    ...more,
  });
}

/** Live runs that it was forked from, or that were forked from the same. */
async function others({ store }: Call, instance: Instance): Promise<InstanceSummary[]> {
  const { project, workflow_name, instance_id } = instance;
  const live = await store.list({ project, workflow_name, live: true, limit: MAX_LIVE });
  const family = live.filter((each) => originOf(each) === originOf(instance) && each.instance_id !== instance_id);
  return family.slice(0, MAX_ALSO_RUNNING);
}

async function repeated(call: Call, made: Instance, input: ForkInput): Promise<Outcome> {
  const { instance_id, at_visit = made.forked_from?.visit, request_id } = input;
  const { forked_from } = made;
  if (forked_from?.instance_id === instance_id && forked_from.visit === at_visit) {
    const again = await openCall(call.parts, made.instance_id, call.caller);
    const { workflow, trusted, current } = again;
    return outcomeOf({ ...call, workflow, trusted }, current, { replayed: true });
  }
  throw new AppError(
    "INVALID_INPUT",
    `request_id "${request_id}" already began instance "${made.instance_id}" with other arguments; nothing changed.`,
    { hint: "Use a new request_id for another fork, or repeat the first call unchanged." },
  );
}
