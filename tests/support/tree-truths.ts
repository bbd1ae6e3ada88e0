/** What is true of every tree of runs, whatever was done to it. */
import { expect } from "bun:test";
import { openOf } from "../../src/branch.ts";
import { type Instance, isFinal } from "../../src/instance.ts";
import { replay } from "../../src/rules/replay.ts";
import type { Store } from "../../src/store.ts";
import type { Turn } from "../../src/turn.ts";
import { findStep } from "../../src/workflow.ts";
import { INTO, ITEM, OUTPUT } from "./tree-plans.ts";

const ALL = 1_000_000;

/** Rows that were final, by id: they never change again. */
export type Ended = Map<string, Instance>;

export async function holdTruths(store: Store, ids: string[], ended: Ended): Promise<void> {
  const rows = new Map<string, Instance>();
  for (const id of ids) {
    const row = await store.load(id);
    if (row) rows.set(id, row);
  }
  for (const row of rows.values()) {
    const before = ended.get(row.instance_id);
    if (before) expect(row).toEqual(before);
    else if (isFinal(row.status)) ended.set(row.instance_id, row);
    await holdsReplay(store, row);
    await holdsCounts(store, row);
    await holdsJoins(store, row);
    if (row.branch && !isFinal(row.status)) holdsPlace(row, rows.get(row.branch.parent_id));
  }
}

/** The row equals what its start and its history say. Counts, and what the clock does, stand in the row alone. */
async function holdsReplay(store: Store, row: Instance): Promise<void> {
  const start = await store.start(row.instance_id);
  if (!start) throw new Error(`${row.instance_id} has no start`);
  const { turn, ...replayed } = replay(start, await store.history(row.instance_id, { limit: ALL }));
  const { definition, status, step_name, visit, visits, waived, context, assumptions, last_seq } = row;
  expect(replayed).toMatchObject({
    definition,
    status,
    step_name,
    visit,
    visits,
    waived,
    context,
    assumptions,
    last_seq,
  });
  expect(withoutCounts(turn)).toEqual(withoutCounts(row.turn));
}

function withoutCounts(turn: Turn | null) {
  if (!turn) return null;
  const { until: _until, branches, message: _message, ...rest } = turn;
  return { ...rest, total: branches?.total, max_parallel: branches?.max_parallel };
}

/** What is counted is what there is; numbers have no gap, and no more are open than may be. */
async function holdsCounts(store: Store, { instance_id, visit, turn }: Instance): Promise<void> {
  const counts = turn?.branches;
  if (!counts) return;
  const branches = await store.branches(instance_id, visit, { limit: ALL });
  const items = await store.branchItems(instance_id, visit, { from: 1, limit: ALL });
  expect(items?.length).toBe(counts.total);
  expect(branches.map(({ branch }) => branch?.number)).toEqual(branches.map((_, index) => index + 1));
  expect(branches.map(({ branch }) => branch?.item)).toEqual((items ?? []).slice(0, branches.length));
  const count = (status: Instance["status"]) => branches.filter((each) => each.status === status).length;
  const live = branches.filter(({ status }) => !isFinal(status)).length;
  const over = counts.completed + counts.failed + counts.cancelled;
  const neverBegun = over === counts.total ? counts.total - branches.length : 0; // by a first failure
  expect(counts).toMatchObject({
    begun: branches.length,
    completed: count("COMPLETED"),
    failed: count("FAILED"),
    cancelled: count("CANCELLED") + neverBegun,
  });
  expect(openOf(counts)).toBe(live);
  expect(live).toBeLessThanOrEqual(counts.max_parallel);
  if (turn.of === "branches") expect(over).toBeLessThan(counts.total);
  if (turn.of === "branches" && counts.max_parallel === 1) expect(live).toBe(1);
  if (turn.kind === "joining") expect([live, over]).toEqual([0, counts.total]);
}

/** Each visit is decided once, its branches are joined once, and what the parent got is what became of them. */
async function holdsJoins(store: Store, row: Instance): Promise<void> {
  const history = await store.history(row.instance_id, { limit: ALL });
  const decided = history.flatMap(({ decision, visit }) => (decision ? [visit] : []));
  expect(decided).toEqual([...new Set(decided)]);
  const workflow = await store.definition(row.definition);
  const joined = history.filter(
    ({ context_patch }) => context_patch[INTO]?.after !== undefined && context_patch[INTO].after !== null,
  );
  for (const { visit, context_patch, kind, step_name } of joined) {
    if (kind === "rewind") continue;
    expect(joined.filter((each) => each.visit === visit && each.kind !== "rewind")).toHaveLength(1);
    expect(context_patch[INTO]?.after).toEqual(await resultsOf(store, { row, visit }));
    const step = workflow && findStep(workflow, step_name);
    const report = history.find((each) => each.visit === visit && each.decision)?.report;
    if (step && !step.instructions && report)
      expect(report.status).toBe(await statusOf(store, { row, visit }, report.error));
  }
}

async function resultsOf(store: Store, { row, visit }: { row: Instance; visit: number }): Promise<unknown[]> {
  const items = (await store.branchItems(row.instance_id, visit, { from: 1, limit: ALL })) ?? [];
  const branches = await store.branches(row.instance_id, visit, { limit: ALL });
  const definitions = await Promise.all(branches.map(({ definition }) => store.definition(definition)));
  return items.map((item, index) => {
    const branch = branches[index];
    const outputs = branch?.status === "COMPLETED" && definitions[index]?.outputs !== undefined;
    return {
      item,
      status: branch?.status ?? "CANCELLED",
      ...(outputs ? { outputs: { [OUTPUT]: branch.context[OUTPUT] } } : {}),
      ...(branch && branch.status !== "COMPLETED" ? { error: expect.any(String) } : {}),
    };
  });
}

async function statusOf(store: Store, at: { row: Instance; visit: number }, error: unknown): Promise<string> {
  const all = await store.branches(at.row.instance_id, at.visit, { limit: ALL });
  const items = await store.branchItems(at.row.instance_id, at.visit, { from: 1, limit: ALL });
  const good =
    error === undefined && all.length === (items?.length ?? 0) && all.every(({ status }) => status === "COMPLETED");
  return good ? "success" : "failure";
}

/** No branch is open whose parent's visit is over, and it holds what it is for. */
function holdsPlace({ branch, context }: Instance, parent: Instance | undefined): void {
  expect(parent && isFinal(parent.status)).toBe(false);
  expect(parent?.visit).toBe(branch?.visit);
  expect(parent?.turn?.branches).toBeDefined();
  expect(parent?.turn?.kind).not.toBe("joining");
  expect(context[ITEM]).toEqual(branch?.item);
}
