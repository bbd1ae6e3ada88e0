/** The contract of any store: branches, what they are for, and the trees that they make. */
import { expect, test } from "bun:test";
import type { Instance } from "../../src/instance.ts";
import type { ListQuery, Store } from "../../src/store.ts";
import { hashWorkflow } from "../../src/workflow.ts";
import {
  at,
  begun,
  birthOf,
  committed,
  loaded,
  make,
  movedTo,
  type OpenRoom,
  touched,
  workflow,
} from "./store-cases.ts";

const LOST = { code: "PERSISTENCE_ERROR" };

/** One of each kind that JSON has, and texts that are hard to keep. */
const ITEMS = [
  null,
  true,
  0,
  -1.5,
  1e21,
  "",
  "'\"\\ \u2028\n $1 ? é \u{1f600}",
  "null",
  '{"a":1}',
  [],
  {},
  [[null, { a: { b: [1] } }]],
];

export function holdsBranches(open: OpenRoom): void {
  test("a branch begins with its parent's row, and is read back whole, with its start and its definition", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    const other_workflow = { ...workflow, goal: "another" };
    const birth = { ...birthOf(root, 1, { definition: hashWorkflow(other_workflow) }), workflow: other_workflow };
    const change = movedTo("Two", root);
    expect(await store.commit(change, birth)).toBe(true);
    expect(await other.load("wf_a")).toEqual({ ...change.instance, version: 2 });
    expect(await other.load("wf_a-1.1")).toEqual(birth.instance);
    expect(await other.start("wf_a-1.1")).toEqual(birth.start);
    expect(await other.start("wf_a")).not.toHaveProperty("branch");
    expect(await other.definition(birth.start.definition)).toEqual(other_workflow);
    expect(await other.history("wf_a-1.1", { limit: 9 })).toEqual([]);
  });

  test("a branch goes on as any run does, and stays what it was born as, but for when it was taken up", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    const birth = birthOf(root, 2, { item: ["x"] });
    await begun(store, root, birth);
    const { branch } = birth.start;
    if (!branch) throw new Error("it is none");
    const strange = {
      parent_id: "wf_x",
      root_id: "wf_x",
      step_name: "X",
      visit: 7,
      number: 7,
      total: 7,
      item: 7,
      depth: 7,
    };
    let mine = await committed(store, touched({ ...birth.instance, branch: { ...strange, taken_at: at(3) } }));
    expect(await other.load("wf_a-1.2")).toMatchObject({ branch: { ...branch, taken_at: at(3) }, version: 2 });
    expect(await other.start("wf_a-1.2")).toEqual(birth.start);
    mine = await committed(store, movedTo("FINISH", await loaded(store, "wf_a-1.2")));
    expect(await other.load("wf_a-1.2")).toEqual(mine);
    expect(await other.load("wf_a-1.2")).toMatchObject({ status: "COMPLETED", branch: { taken_at: at(3) } });
    await committed(store, touched({ ...mine, branch }));
    expect((await loaded(other, "wf_a-1.2")).branch).toEqual(branch);
    await committed(store, touched({ ...(await loaded(store, "wf_a")), branch: { ...branch, taken_at: at(3) } }));
    expect((await loaded(other, "wf_a")).branch).toBeNull();
  });

  test("of changes, items and births together all are written or none: one lost version is enough", async () => {
    const { store, other } = await open();
    const [root, bystander] = [await make(store, "wf_a"), await make(store, "wf_b")];
    const now = await committed(store, movedTo("Two", bystander));
    const first = touched(root, { items: [1] });
    expect(await other.commit(first, movedTo("One", bystander), birthOf(root, 1))).toBe(false);
    expect(await other.commit(birthOf(root, 1), movedTo("One", bystander), first)).toBe(false);
    const gone = { ...bystander, instance_id: "wf_none" };
    expect(await other.commit(first, birthOf(root, 1), touched(gone))).toBe(false);
    await untouched(store, root, now);
    expect(await other.commit(first, movedTo("One", now), birthOf(root, 1))).toBe(true);
    expect(await store.treeSize("wf_a")).toEqual({ begun: 1, open: 1 });
  });

  test("a birth of an id or of a number that is taken, and items for a visit that has some, are refused with all else", async () => {
    const { store, other } = await open();
    const [root, bystander] = [await make(store, "wf_a"), await make(store, "wf_b")];
    const parent = await begun(store, root, birthOf(root, 1));
    const now = await committed(store, touched(parent, { items: [] }));
    const again = birthOf(now, 1);
    const renamed = { ...again, start: { ...again.start, instance_id: "wf_x" } };
    const number = { ...renamed, instance: { ...again.instance, instance_id: "wf_x" } };
    const id = birthOf(now, 2, { instance_id: "wf_b" });
    for (const birth of [again, number, id]) {
      await expect(other.commit(movedTo("Two", now), birthOf(now, 3), birth)).rejects.toMatchObject(LOST);
      await expect(other.commit(birth)).rejects.toMatchObject(LOST);
    }
    for (const items of [[1], []]) {
      const writes = [touched(bystander), birthOf(now, 3), touched(now, { items })];
      await expect(other.commit(...writes)).rejects.toMatchObject(LOST);
    }
    expect(await store.load("wf_a")).toEqual(now);
    expect(await store.load("wf_b")).toEqual(bystander);
    expect(await store.load("wf_x")).toBeNull();
    expect(await store.branchItems("wf_a", 1, { from: 1, limit: 9 })).toEqual([]);
    expect(await store.treeSize("wf_a")).toEqual({ begun: 1, open: 1 });
  });

  test("of many that begin the same branches at once, by both connections, one does", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    const rivals = Array.from({ length: 8 }, (_, n) => {
      const births = [1, 2, 3].map((number) => birthOf(root, number, { instance_id: `wf_${n}.${number}` }));
      return (n % 2 ? store : other).commit(touched(root, { items: [n] }), ...births);
    });
    const taken = (await Promise.all(rivals)).flatMap((each, n) => (each ? [n] : []));
    expect(taken).toHaveLength(1);
    expect(await idsOf(store, root)).toEqual([1, 2, 3].map((number) => `wf_${taken[0]}.${number}`));
    expect(await store.branchItems("wf_a", 1, { from: 1, limit: 9 })).toEqual(taken);
  });

  test("branches of one moment end in turns: each writer that was late reads again, and none is lost or counted twice", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a", { context: { ended: 0 } });
    const births = Array.from({ length: 12 }, (_, n) => birthOf(root, n + 1));
    await begun(store, root, ...births);
    const end = async (id: string, mine: Store): Promise<void> => {
      const [branch, parent] = [await loaded(mine, id), await loaded(mine, "wf_a")];
      const counted = touched({ ...parent, context: { ended: Number(parent.context["ended"]) + 1 } });
      if (!(await mine.commit(movedTo("FINISH", branch), counted))) await end(id, mine);
    };
    await Promise.all(births.map(({ instance }, n) => end(instance.instance_id, n % 2 ? store : other)));
    expect((await loaded(other, "wf_a")).context).toEqual({ ended: 12 });
    expect(await store.treeSize("wf_a")).toEqual({ begun: 12, open: 0 });
  });

  test("branches of a visit are found by number, from one on, so many, and the live ones alone", async () => {
    const { store, other } = await open();
    let root = await make(store, "wf_a");
    for (const number of [2, 10, 9, 1]) root = await begun(store, root, birthOf(root, number));
    const of = (page: Partial<Parameters<Store["branches"]>[2]>) => numbersOf(other, root, { limit: 9, ...page });
    expect(await of({})).toEqual([1, 2, 9, 10]);
    expect(await of({ from: 2, limit: 2 })).toEqual([2, 9]);
    expect(await of({ from: 3 })).toEqual([9, 10]);
    expect(await of({ from: 11 })).toEqual([]);
    expect(await of({ limit: 0 })).toEqual([]);
    await committed(store, movedTo("FINISH", await loaded(store, "wf_a-1.2")));
    const paused = { of: "person", kind: "paused", since: at(1) } as const;
    await committed(store, touched({ ...(await loaded(store, "wf_a-1.9")), status: "SUSPENDED", turn: paused }));
    expect(await of({ live: true })).toEqual([1, 9, 10]);
    expect(await of({ live: true, from: 2, limit: 1 })).toEqual([9]);
    expect(await of({})).toEqual([1, 2, 9, 10]);
    expect(await other.branches("wf_a", 1, { from: 9, limit: 1 })).toEqual([await loaded(store, "wf_a-1.9")]);
    const next = await committed(store, movedTo("Two", await loaded(store, "wf_a")));
    await begun(store, next, birthOf(next, 1));
    expect(await idsOf(other, next)).toEqual(["wf_a-2.1"]);
    expect(await of({})).toEqual([1, 2, 9, 10]);
  });

  test("what branches are for is kept once, of every kind that JSON has, and read by number", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    await committed(store, touched(root, { items: ITEMS }));
    expect(await other.branchItems("wf_a", 1, { from: 1, limit: 99 })).toEqual(ITEMS);
    for (const [index, item] of ITEMS.entries()) {
      expect(await other.branchItems("wf_a", 1, { from: index + 1, limit: 1 })).toEqual([item]);
    }
    expect(await other.branchItems("wf_a", 1, { from: ITEMS.length, limit: 9 })).toEqual(ITEMS.slice(-1));
    for (const page of [
      { from: ITEMS.length + 1, limit: 9 },
      { from: 1, limit: 0 },
    ]) {
      expect(await other.branchItems("wf_a", 1, page)).toEqual([]);
    }
    expect(await other.branchItems("wf_a", 2, { from: 1, limit: 9 })).toBeNull();
  });

  test("a thousand large items are kept, an empty list too, and each visit has its own", async () => {
    const { store, other } = await open();
    const items = Array.from({ length: 1_000 }, (_, n) => `${n}${"é\\".repeat(90)}`);
    let root = await committed(store, touched(await make(store, "wf_a"), { items }));
    expect(await other.branchItems("wf_a", 1, { from: 1, limit: 1_000 })).toEqual(items);
    expect(await other.branchItems("wf_a", 1, { from: 700, limit: 2 })).toEqual(items.slice(699, 701));
    root = await committed(store, movedTo("Two", root));
    await committed(store, touched(root, { items: [] }));
    expect(await other.branchItems("wf_a", 2, { from: 1, limit: 1 })).toEqual([]);
    expect(await other.branchItems("wf_a", 3, { from: 1, limit: 1 })).toBeNull();
    expect(await other.branchItems("wf_a", 1, { from: 1_000, limit: 9 })).toEqual(items.slice(-1));
  });

  test("each item is that of its branch", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    await begun(store, root, ...ITEMS.map((item, index) => birthOf(root, index + 1, { item })));
    const found = await other.branches("wf_a", 1, { limit: 99 });
    expect(found.map(({ branch }) => branch?.item)).toEqual(ITEMS);
  });

  test("a tree is counted with all that its branches began, and without other trees", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    await begun(store, root, birthOf(root, 1), birthOf(root, 2));
    const branch = await loaded(store, "wf_a-1.1");
    await begun(store, branch, birthOf(branch, 1));
    const stranger = await make(store, "wf_b");
    await begun(store, stranger, birthOf(stranger, 1));
    expect((await loaded(other, "wf_a-1.1-1.1")).branch).toMatchObject({
      root_id: "wf_a",
      parent_id: "wf_a-1.1",
      depth: 2,
    });
    expect(await other.treeSize("wf_a")).toEqual({ begun: 3, open: 3 });
    for (const id of ["wf_a-1.2", "wf_a-1.1-1.1"]) await committed(store, movedTo("FINISH", await loaded(store, id)));
    expect(await other.treeSize("wf_a")).toEqual({ begun: 3, open: 1 });
    expect(await other.treeSize("wf_b")).toEqual({ begun: 1, open: 1 });
    for (const id of ["wf_a-1.1", "wf_none"]) expect(await other.treeSize(id)).toEqual({ begun: 0, open: 0 });
  });

  test("a list, and what other projects have, speaks of roots, unless it is asked for branches too", async () => {
    const { store, other } = await open();
    const roots = [await make(store, "wf_a", { started_at: at(1) }), await make(store, "wf_c", { started_at: at(5) })];
    for (const root of roots) await begun(store, root, birthOf(root, 1, { started_at: at(3) }), birthOf(root, 2));
    await committed(store, movedTo("FINISH", await loaded(store, "wf_a-1.2")));
    const ids = async (query: Partial<ListQuery>) =>
      (await other.list({ project: "/p", limit: 9, ...query })).map((each) => each.instance_id);
    expect(await ids({})).toEqual(["wf_c", "wf_a"]);
    expect(await ids({ branches: false })).toEqual(["wf_c", "wf_a"]);
    const all = ["wf_c", "wf_c-1.1", "wf_a-1.1", "wf_a", "wf_c-1.2", "wf_a-1.2"];
    expect(await ids({ branches: true })).toEqual(all);
    expect(await ids({ branches: true, limit: 3 })).toEqual(all.slice(0, 3));
    const after = { created_at: at(3), instance_id: "wf_c-1.1" };
    expect(await ids({ branches: true, after, workflow_name: "W", project: null })).toEqual(all.slice(2));
    expect(await ids({ branches: true, live: true })).toEqual(all.slice(0, 5));
    expect(await ids({ branches: true, status: "COMPLETED" })).toEqual(["wf_a-1.2"]);
    expect(await ids({ status: "COMPLETED" })).toEqual([]);
    expect(await ids({ branches: true, project: "/q" })).toEqual([]);
    const told = (await other.list({ project: null, branches: true, limit: 2 })).map((each) => each.parent_id);
    expect(told).toEqual([undefined, "wf_c"]);
    expect(await other.countElsewhere("/q", 100)).toBe(2);
  });

  test("a branch that goes on by itself is found as any run is", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    const turn = { of: "clock", kind: "time", since: at(0), until: at(4) } as const;
    await begun(store, root, birthOf(root, 1, { turn }), birthOf(root, 2));
    const due = await other.due({ until: at(5), project: "/q", limit: 9 });
    expect(due).toEqual([{ instance_id: "wf_a-1.1", due_at: at(4) }]);
  });

  test("what is handed out or in of branches can be changed without changing what is stored", async () => {
    const { store, other } = await open();
    const root = await make(store, "wf_a");
    const [birth, items] = [birthOf(root, 1), [{ deep: [1] }]];
    const before = structuredClone(birth);
    const committing = store.commit(touched(root, { items }), birth);
    spoil(birth.instance, birth.start, items[0]);
    expect(await committing).toBe(true);
    for (let read = 0; read < 2; read++) {
      const [branch, start] = [...(await store.branches("wf_a", 1, { limit: 1 })), await store.start("wf_a-1.1")];
      const found = await other.branchItems("wf_a", 1, { from: 1, limit: 1 });
      expect([branch, start, found]).toEqual([before.instance, before.start, [{ deep: [1] }]]);
      spoil(branch, start, ...(found ?? []));
    }
  });

  test("of branches that are not there nothing is found", async () => {
    const { store } = await open();
    await make(store, "wf_a");
    for (const id of ["wf_a", "wf_none"]) {
      expect(await store.branches(id, 1, { limit: 9 })).toEqual([]);
      expect(await store.branchItems(id, 1, { from: 1, limit: 9 })).toBeNull();
      expect(await store.treeSize(id)).toEqual({ begun: 0, open: 0 });
    }
  });
}

async function idsOf(store: Store, { instance_id, visit }: Instance): Promise<string[]> {
  return (await store.branches(instance_id, visit, { limit: 99 })).map((each) => each.instance_id);
}

async function numbersOf(store: Store, parent: Instance, page: Parameters<Store["branches"]>[2]) {
  const found = await store.branches(parent.instance_id, parent.visit, page);
  return found.map(({ branch }) => branch?.number);
}

/** The first is as it was, without branches or items; the second as it is told to be. */
async function untouched(store: Store, root: Instance, second: Instance): Promise<void> {
  expect(await store.load(root.instance_id)).toEqual(root);
  expect(await store.load(second.instance_id)).toEqual(second);
  expect(await store.branches(root.instance_id, root.visit, { limit: 9 })).toEqual([]);
  expect(await store.branchItems(root.instance_id, root.visit, { from: 1, limit: 9 })).toBeNull();
}

/** Changes values in place, deep down. */
function spoil(...values: unknown[]): void {
  for (const value of values) {
    if (typeof value !== "object" || value === null) continue;
    spoil(...Object.values(value));
    Object.assign(value, { spoiled: true });
  }
}
