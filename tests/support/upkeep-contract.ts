/** The contract of any store: attempts at checks, and what keeps its state healthy. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  at,
  attemptAt,
  begun,
  birthOf,
  committed,
  loaded,
  make,
  movedTo,
  type OpenRoom,
  touched,
} from "./store-cases.ts";
import { scratchDir } from "./workspace.ts";

const EVIDENCE = [{ check: "c", outcome: "passed" as const }];

export function holdsAttempts(open: OpenRoom): void {
  test("one attempt at a visit is made, until it is given up; whoever lost it cannot keep it", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    const mine = attemptAt(instance, "one");
    expect(await store.beginAttempt(mine, at(1))).toEqual({ begun: true, before: null });
    expect(await other.beginAttempt(attemptAt(instance, "two"), at(1))).toEqual({ begun: false, before: mine });
    expect(await store.keepAttempt({ attempt_id: "one", alive_until: at(7) })).toBe(true);
    expect(await other.attempt("wf_a")).toEqual({ ...mine, alive_until: at(7) });
    const late = await other.beginAttempt(attemptAt(instance, "two"), at(8));
    expect(late).toMatchObject({ begun: true, before: { attempt_id: "one" } });
    expect(await store.keepAttempt({ attempt_id: "one", alive_until: at(9) })).toBe(false);
  });

  test("of attempts that begin at one moment, by both connections, one is made", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    const begun = await Promise.all(
      Array.from({ length: 8 }, (_, n) => (n % 2 ? store : other).beginAttempt(attemptAt(instance, `${n}`), at(1))),
    );
    expect(begun.filter((each) => each.begun)).toHaveLength(1);
  });

  test("an attempt that claims to live longer than anyone may is over: the clock was set back", async () => {
    const { store } = await open();
    const instance = await make(store, "wf_a");
    await store.beginAttempt({ ...attemptAt(instance, "one"), alive_until: at(3_600) }, at(3_595));
    expect(await store.beginAttempt(attemptAt(instance, "two"), at(1))).toMatchObject({ begun: true });
  });

  test("an attempt is alive for whoever looked at the clock a moment before it said so", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    await store.beginAttempt({ ...attemptAt(instance, "one"), alive_until: at(7) }, at(1));
    const a_moment_before = new Date(Date.parse(at(1)) - 10).toISOString();
    expect(await other.beginAttempt(attemptAt(instance, "two"), a_moment_before)).toMatchObject({ begun: false });
  });

  test("none begins at a visit, or by a definition, that is not the current one, or of a run that waits or is over", async () => {
    const { store } = await open();
    const instance = await make(store, "wf_a");
    const moved = await committed(store, movedTo("Two", instance));
    await store.beginAttempt(attemptAt(moved, "one"), at(1));
    const refused = { begun: false, before: null };
    expect(await store.beginAttempt(attemptAt(instance, "late"), at(1))).toEqual(refused);
    expect(await store.beginAttempt({ ...attemptAt(moved, "late"), definition: "other" }, at(1))).toEqual(refused);
    expect(await store.attempt("wf_a")).toMatchObject({ attempt_id: "one" });
    const done = await committed(store, movedTo("FINISH", moved));
    expect(await store.beginAttempt(attemptAt(done, "late"), at(9))).toEqual(refused);
  });

  test("a result is left for whoever asks, once", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    await store.beginAttempt(attemptAt(instance, "one"), at(1));
    await other.endAttempt("one", EVIDENCE);
    expect(await store.attempt("wf_a")).toMatchObject({ attempt_id: "one", evidence: EVIDENCE });
    expect(await store.dropAttempt("one")).toBe(true);
    expect(await other.dropAttempt("one")).toBe(false);
    await other.endAttempt("one", EVIDENCE);
    expect(await other.attempt("wf_a")).toBeNull();
    expect(await store.keepAttempt({ attempt_id: "one", alive_until: at(9) })).toBe(false);
  });

  test("an attempt is over with its visit, and hinders none at the next", async () => {
    const { store } = await open();
    const instance = await make(store, "wf_a");
    await store.beginAttempt(attemptAt(instance, "one"), at(1));
    const moved = await committed(store, movedTo("Two", instance));
    expect(await store.keepAttempt({ attempt_id: "one", alive_until: at(9) })).toBe(false);
    expect(await store.beginAttempt(attemptAt(moved, "two"), at(1))).toMatchObject({ begun: true });
    await committed(store, movedTo("FINISH", moved));
    expect(await store.keepAttempt({ attempt_id: "two", alive_until: at(9) })).toBe(false);
  });
}

export function holdsUpkeep(open: OpenRoom): void {
  test("a backup is the state as it was then, and never takes the place of a file", async () => {
    const { store, upkeep, restore } = await open();
    const instance = await make(store, "wf_a", { request_id: "r" });
    const moved = await committed(store, movedTo("Two", instance));
    const file = join(scratchDir(), "copy");
    await upkeep.backup(file);
    await committed(store, movedTo("One", moved));
    const copy = await restore(file);
    expect(await copy.load("wf_a")).toEqual(moved);
    expect(await copy.history("wf_a", { limit: 9 })).toHaveLength(1);
    expect(await copy.byRequest("/p", "r")).toEqual(moved);
    await expect(upkeep.backup(file)).rejects.toMatchObject({ code: "INVALID_INPUT" });
    expect(await (await restore(file)).load("wf_a")).toEqual(moved);
  });

  test("prune deletes what ended before, whole, and nothing else", async () => {
    const { store, upkeep } = await open();
    const [live, ended] = [await make(store, "wf_live"), await make(store, "wf_ended", { request_id: "r" })];
    await store.beginAttempt(attemptAt(ended, "one"), at(1));
    const refused = { visit: 1, step_name: "One", code: "CHECK_FAILED", reason: "r", refused_at: at(1) };
    await Promise.all([live, ended].map(({ instance_id }) => store.noteRefused(instance_id, refused)));
    await committed(store, movedTo("FINISH", ended));
    expect(await upkeep.prune(at(9))).toBe(0); // it ended at that very moment
    expect(await upkeep.prune(at(10))).toBe(1);
    expect(await upkeep.prune(at(10))).toBe(0);
    for (const read of [store.load, store.start, store.attempt]) expect(await read("wf_ended")).toBeNull();
    expect(await store.history("wf_ended", { limit: 9 })).toEqual([]);
    expect(await store.refused("wf_ended", 9)).toEqual([]);
    expect(await store.refused("wf_live", 9)).toEqual([refused]);
    expect(await store.byRequest("/p", "r")).toBeNull();
    expect(await store.load("wf_live")).toEqual(live);
    expect((await make(store, "wf_new", { request_id: "r" })).instance_id).toBe("wf_new");
  });

  test("prune deletes a root with all of its branches, and neither without the other", async () => {
    const { store, other, upkeep } = await open();
    const end = async (id: string) => committed(store, movedTo("FINISH", await loaded(store, id)));
    for (const id of ["wf_gone", "wf_live", "wf_late", "wf_open"]) {
      const root = await make(store, id);
      const parent = await committed(store, touched(root, { items: [1, 2] }));
      await begun(store, parent, birthOf(parent, 1), birthOf(parent, 2));
      const branch = await loaded(store, `${id}-1.1`);
      await store.beginAttempt(attemptAt(branch, id), at(1));
      await begun(store, await committed(store, touched(branch, { items: [3] })), birthOf(branch, 1));
      for (const ended of [`${id}-1.1-1.1`, `${id}-1.1`]) await end(ended);
      if (id !== "wf_open") await end(`${id}-1.2`);
      if (id !== "wf_live") await end(id);
    }
    const late = await loaded(store, "wf_late-1.1-1.1");
    await committed(store, touched({ ...late, completed_at: at(50) }));
    expect(await upkeep.prune(at(10))).toBe(1);
    expect(await upkeep.prune(at(10))).toBe(0);
    const trees = ["wf_gone", "wf_live", "wf_late", "wf_open"].map((id) => [
      id,
      `${id}-1.1`,
      `${id}-1.2`,
      `${id}-1.1-1.1`,
    ]);
    for (const id of trees[0] ?? []) {
      for (const read of [other.load, other.start, other.attempt]) expect(await read(id)).toBeNull();
      expect(await other.history(id, { limit: 9 })).toEqual([]);
      expect(await other.branchItems(id, 1, { from: 1, limit: 9 })).toBeNull();
    }
    expect(await other.treeSize("wf_gone")).toEqual({ begun: 0, open: 0 });
    for (const id of trees.slice(1).flat()) expect((await loaded(other, id)).instance_id).toBe(id);
    expect(await other.branchItems("wf_live-1.1", 1, { from: 1, limit: 9 })).toEqual([3]);
  });

  test("two prunes at once delete each tree once and whole, also a large one, while others write", async () => {
    const { store, other, upkeep } = await open();
    const sizes = [400, 0, 3];
    for (const [n, size] of sizes.entries()) {
      const root = await make(store, `wf_${n}`);
      const births = Array.from({ length: size }, (_, index) => birthOf(root, index + 1));
      const parent = await begun(store, root, ...births);
      const ends = births.map(({ instance }) => movedTo("FINISH", instance));
      expect(await store.commit(movedTo("FINISH", parent), ...ends)).toBe(true);
    }
    const writing = Array.from({ length: 30 }, (_, n) => make(n % 2 ? store : other, `wf_new_${n}`));
    const deleted = await Promise.all([upkeep.prune(at(10)), upkeep.prune(at(10)), ...writing]);
    expect(Number(deleted[0]) + Number(deleted[1])).toBe(sizes.length);
    expect(await store.list({ project: null, branches: true, limit: 999 })).toHaveLength(30);
  });

  test("of two prunes at once each run is deleted by one, while others write", async () => {
    const { store, other, upkeep } = await open();
    for (let n = 0; n < 300; n++) await committed(store, movedTo("FINISH", await make(store, `wf_${n}`)));
    const writing = Array.from({ length: 50 }, (_, n) => make(n % 2 ? store : other, `wf_new_${n}`));
    const deleted = await Promise.all([upkeep.prune(at(10)), upkeep.prune(at(10)), ...writing]);
    expect(Number(deleted[0]) + Number(deleted[1])).toBe(300);
    expect(await store.list({ project: null, limit: 400 })).toHaveLength(50);
  });

  test("a healthy state has nothing that a person should know", async () => {
    const { store, upkeep } = await open();
    await make(store, "wf_a");
    expect(await upkeep.examine()).toEqual([]);
  });
}
