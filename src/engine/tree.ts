/**
 * What a change of one run means for the others of its tree, to be written with it, all or none: a branch that ends is counted
 * by its parent, which may begin the next one; whatever ends a branch step's visit cancels its open branches.
 */
import { type Branch, type BranchCounts, MAX_OPEN, openOf } from "../branch.ts";
import { type Birth, type Change, type Instance, isFinal, type Status, stepIdOf } from "../instance.ts";
import type { Heard, Tally } from "../rules/branches.ts";
import type { Moment } from "../rules/change.ts";
import { changeBy } from "../rules/event.ts";
import type { Store } from "../store.ts";
import { findStep, type Workflow } from "../workflow.ts";
import { births, mayBegin, type Parent } from "./births.ts";
import { notify } from "./notify.ts";
import type { Parts } from "./parts.ts";
import { isTrusted } from "./trust.ts";

/** Branches that are read at a time. */
const PAGE = 200;

interface Writing {
  parts: Parts;
  store: Store;
  moment: Moment;
}

/** How often a write is made anew because another run of the tree was changed at the same moment. */
const MAX_RACES = 50;

/** Whether the change may mean anything for another run. */
export function concernsTree(before: Instance, now: Instance): boolean {
  return before.branch !== null || before.turn?.branches !== undefined || now.turn?.branches !== undefined;
}

/**
 * Writes the change of a run with all that it means for its tree; a race for another run's row is run again. Resolves to the row
 * as written, its version the one before; null, having written nothing, if the run's own row is another one by now.
 */
export async function writeTree(at: Writing, before: Parent, own: Change): Promise<Instance | null> {
  for (let races = 0; races < MAX_RACES; races += 1) {
    const [mine, ...born] = await withNext(at, { ...before, instance: own.instance }, own);
    const others = await consequences(at, before.instance, own);
    if (!mine || !("entries" in mine)) throw new Error("the change of the run itself is gone");
    if (await at.store.commit(mine, ...born, ...others)) {
      for (const each of [...born, ...others]) if ("start" in each) notify(at.parts, null, each.instance);
      return mine.instance;
    }
    const latest = await at.store.load(own.instance.instance_id);
    if (latest?.version !== own.instance.version) return null;
  }
  return null;
}

/** Begins as many more branches as may be open at once; nothing happens if another caller was first. */
export async function beginMore(at: Writing, parent: Parent): Promise<void> {
  const { instance } = parent;
  const counts = instance.turn?.branches;
  if (!counts || instance.turn?.of !== "branches") return;
  const writes = await began(at, parent, { instance, entries: [] }, counts.max_parallel);
  if (writes.length < 2 || !(await at.store.commit(...writes))) return;
  for (const each of writes) if ("start" in each) notify(at.parts, null, each.instance);
}

/** The writes that go with the change of `before`; none for most. */
async function consequences(at: Writing, before: Instance, { instance: now }: Change): Promise<(Change | Birth)[]> {
  const { branch } = before;
  const ends = isFinal(now.status) && !isFinal(before.status);
  const counted = branch && ends ? await countedBy(at, branch, now) : [];
  return leavesBranches(before, now) ? [...counted, ...(await cancelled(at, before))] : counted;
}

/** Whether the visit whose branches are open is over, or is not a branch step's any more. */
function leavesBranches(before: Instance, now: Instance): boolean {
  const { turn } = before;
  if (!turn?.branches || turn.kind === "joining") return false;
  return now.visit !== before.visit || !now.turn?.branches;
}

/** The parent's change by a branch that ended, and what else that leads to. */
async function countedBy(at: Writing, branch: Branch, ended: Instance): Promise<(Change | Birth)[]> {
  const parent = await parentOf(at, branch);
  if (!parent || parent.instance.visit !== branch.visit) return [];
  const { branches: before } = parent.instance.turn ?? {};
  if (!before) return [];
  const fast = findStep(parent.workflow, branch.step_name)?.branches?.fail_fast === true && ended.status === "FAILED";
  const others = fast ? await openBranches(at, parent.instance, ended.instance_id) : [];
  const over = before.completed + before.failed + before.cancelled;
  const stopped = fast ? before.total - over - 1 : 0; // all that did not end, those never begun among them
  const tally: Tally = { completed: 0, failed: 0, cancelled: stopped };
  tally[OUTCOME[ended.status]] += 1;
  const heard = [ended, ...others].flatMap(heardOf);
  const counted = changeBy(
    parent.workflow,
    parent.instance,
    { kind: "branches ended", ended: tally, heard },
    at.moment,
  );
  if (!counted) return [];
  const cancels = (await Promise.all(others.map((each) => cancel(at, each, WHY_FAST)))).flat();
  return [...(await withNext(at, { ...parent, instance: counted.instance }, counted)), ...cancels];
}

function heardOf({ visit, step_name, branch, assumptions }: Instance): Heard[] {
  const step_id = stepIdOf({ visit, step_name, branch });
  return assumptions.length > 0 ? [{ step_id, assumptions: assumptions.map(({ text }) => text) }] : [];
}

const WHY_FAST = "another branch failed";
const WHY_LEFT = "the step that began it is over";

const OUTCOME: Record<Status, keyof Tally> = {
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
  RUNNING: "cancelled",
  SUSPENDED: "cancelled",
};

/** If branches are done one at a time, the next one begins with the end of the one before. */
async function withNext(at: Writing, parent: Parent, counted: Change): Promise<(Change | Birth)[]> {
  const { turn } = counted.instance;
  const counts = turn?.branches;
  if (turn?.of !== "branches" || counts?.max_parallel !== 1) return [counted];
  return began(at, parent, counted, 1);
}

/** A change of the parent after which so many more branches begin, as far as there are items, with these branches. */
async function began(at: Writing, parent: Parent, change: Change, most: number): Promise<(Change | Birth)[]> {
  const { instance } = change;
  const counts = instance.turn?.branches;
  const limit = counts ? Math.min(most, counts.total - counts.begun, counts.max_parallel - openOf(counts)) : 0;
  if (!counts || limit <= 0 || (await isFull(at, instance))) return [change];
  const first = counts.begun + 1;
  const { instance_id, visit } = instance;
  const items =
    change.items?.slice(0, limit) ?? (await at.store.branchItems(instance_id, visit, { from: first, limit }));
  if (!items) throw new Error(`instance "${instance_id}" has no items of visit ${visit}`);
  if (!mayBegin(parent, items)) return [leftOut(at, parent, change, counts)];
  const begun = changeBy(parent.workflow, instance, { kind: "branches began", count: items.length }, at.moment);
  if (!begun) return [change];
  const born = await births(at.parts, parent, { items, first, counts, moment: at.moment });
  return [{ ...change, instance: begun.instance }, ...born];
}

/** Moved to other files, the run may have items for which these have no workflow: no more branches begin. */
function leftOut(at: Writing, { workflow }: Parent, change: Change, { total, begun }: BranchCounts): Change {
  const ended = { completed: 0, failed: 0, cancelled: total - begun };
  const counted = changeBy(workflow, change.instance, { kind: "branches ended", ended, heard: [] }, at.moment);
  return counted ? { ...change, instance: counted.instance, entries: [...change.entries, ...counted.entries] } : change;
}

/** Whether the tree has all the branches open that it may; only branches of branches can be so many. */
async function isFull({ store }: Writing, { branch }: Instance): Promise<boolean> {
  return branch !== null && (await store.treeSize(branch.root_id)).open >= MAX_OPEN;
}

async function parentOf({ parts, store }: Writing, { parent_id }: Branch): Promise<Parent | null> {
  const instance = await store.load(parent_id);
  if (!instance) return null;
  const workflow = await parts.definitions.of(store, instance);
  return { instance, workflow, trusted: await isTrusted(parts, instance, workflow) };
}

/** Cancels all branches that are open at the visit, and those that they have themselves. */
async function cancelled(at: Writing, parent: Instance): Promise<Change[]> {
  const open = await openBranches(at, parent);
  return (await Promise.all(open.map((each) => cancel(at, each, WHY_LEFT)))).flat();
}

async function cancel(at: Writing, instance: Instance, reason: string): Promise<Change[]> {
  const workflow: Workflow = await at.parts.definitions.of(at.store, instance);
  const change = changeBy(workflow, instance, { kind: "cancelled", reason, decided_by: "route" }, at.moment);
  const below = instance.turn?.branches ? await cancelled(at, instance) : [];
  return change ? [change, ...below] : below;
}

async function openBranches({ store }: Writing, parent: Instance, but?: string): Promise<Instance[]> {
  const { instance_id, visit } = parent;
  const found = await store.branches(instance_id, visit, { limit: PAGE, live: true });
  return found.filter((each) => each.instance_id !== but);
}
