/** The contract of any store: what people see who look at many runs, or at the way of one. */
import { expect, test } from "bun:test";
import { type Instance, originOf } from "../../src/instance.ts";
import { MAX_REFUSED } from "../../src/overview.ts";
import { fork } from "../../src/rules/fork.ts";
import { rewind } from "../../src/rules/steer.ts";
import type { Store } from "../../src/store.ts";
import type { Turn } from "../../src/turn.ts";
import {
  at,
  attemptAt,
  begun,
  birthOf,
  committed,
  make,
  movedTo,
  noted,
  type OpenRoom,
  workflow,
} from "./store-cases.ts";

const person = (kind: Turn["kind"], second: number): Turn => ({ of: "person", kind, since: at(second), message: "m" });

/** A fork of the run at one of its visits, begun at that second. */
export async function forked(store: Store, source: Instance, made: { id: string; visit: number; second: number }) {
  const start = await store.start(originOf(source));
  if (!start) throw new Error("it has no start");
  const history = await store.history(source.instance_id, { limit: 1_000 });
  const moment = { actor: "t", now: at(made.second), instance_id: made.id, request_id: null, head: null };
  const born = fork(workflow, source, { start, history, at_visit: made.visit, head: null }, moment);
  return store.create(born.start, born.instance, workflow, born.line);
}

/** The run is taken back to that visit. */
export async function rewound(store: Store, instance: Instance, to_visit: number): Promise<Instance> {
  const start = await store.start(instance.instance_id);
  if (!start) throw new Error("it has no start");
  const history = await store.history(instance.instance_id, { limit: 1_000 });
  return committed(
    store,
    rewind(workflow, instance, { start, history, to_visit, reason: "", actor: "t", now: at(20) }),
  );
}

export function holdsOverview(open: OpenRoom): void {
  test.each<[text: string, found: string[]]>([
    ["WF_B", ["wf_b"]],
    ["one", ["wf_c", "wf_b", "wf_a"]],
    ["two", ["wf_d"]],
    ["/Prö", ["wf_c"]],
    ["/PRÖ", []],
    ["50%", ["wf_b"]],
    ["5%0", []],
    ["a_b", ["wf_c"]],
    ["axb", []],
    ["\\", ["wf_c"]],
    ['say "hi"\n', ["wf_a"]],
    ["'", ["wf_a"]],
    ['":', []],
    ["buried", []],
    ["nothing", []],
  ])("a search for %j finds it whatever the case, and takes no character for another", async (text, found) => {
    const { store, other } = await open();
    await make(store, "wf_a", { started_at: at(1), context: { said: 'Say "hi"\n there\'s' } });
    await make(store, "wf_b", { started_at: at(2), context: { deep: [{ rate: "50% x" }] } });
    await make(store, "wf_c", { started_at: at(3), project: "/prö", context: { key: "A_B", path: "c:\\d" } });
    await committed(store, movedTo("Two", await make(store, "wf_d", { started_at: at(4) })));
    await make(store, "wf_e", {
      started_at: at(0),
      project: "/q",
      context: { large: "x".repeat(40_000), all: "buried" },
    });
    const ids = async (query: object) =>
      (await other.search({ project: null, limit: 9, text, ...query })).runs.map(({ instance_id }) => instance_id);
    const all = await ids({});
    expect(all.filter((id) => id !== "wf_e")).toEqual(found);
    expect(await ids({ limit: 1 })).toEqual(all.slice(0, 1));
    expect(await ids({ after: { created_at: at(3), instance_id: "wf_c" } })).toEqual(
      all.filter((id) => id < "wf_c" || id === "wf_e"),
    );
    expect(await ids({ project: "/p", live: true, workflow_name: "W" })).toEqual(found.filter((id) => id !== "wf_c"));
    expect(await ids({ status: "COMPLETED" })).toEqual([]);
    expect((await other.search({ project: null, limit: 9, text })).to).toBeNull();
  });

  test("a search tells of a run what a list tells", async () => {
    const { store } = await open();
    const parent = await make(store, "wf_a", { turn: person("visits", 3) });
    await begun(store, parent, birthOf(parent, 1));
    await forked(store, parent, { id: "wf_b", visit: 1, second: 5 });
    const { runs } = await store.search({ project: "/p", limit: 9, text: "w" });
    expect(runs).toHaveLength(2);
    expect(runs).toEqual(await store.list({ project: "/p", limit: 9 }));
  });

  test("who waits for a person: those that only a person lets go on, the last in front, branches too; then what is paused", async () => {
    const { store, other } = await open();
    for (const [id, turn] of Object.entries({
      wf_old: person("approval", 1),
      wf_new: person("visits", 8),
      wf_paused: person("paused", 9),
      wf_model: person("model", 2),
      wf_agent: { of: "agent", kind: "step", since: at(9) } as const,
      wf_clock: { of: "clock", kind: "time", since: at(9), until: at(20) } as const,
    }))
      await make(store, id, { turn, started_at: at(0) });
    await make(store, "wf_q", { turn: person("denied", 5), project: "/q" });
    const parent = await make(store, "wf_parent");
    const born = birthOf(parent, 1);
    const turn = person("deadline", 3);
    const branch = {
      ...born,
      start: { ...born.start, turn },
      instance: { ...born.instance, turn, status: "SUSPENDED" as const },
    };
    await begun(store, parent, branch);
    const ended = await make(store, "wf_over", { turn: person("visits", 9) });
    await committed(store, movedTo("FINISH", ended));
    const ids = async (query: { project: string | null; limit: number }) =>
      (await other.asking(query)).map(({ instance_id }) => instance_id);
    const branchId = branch.instance.instance_id;
    expect(await ids({ project: "/p", limit: 9 })).toEqual(["wf_new", branchId, "wf_old", "wf_paused", "wf_model"]);
    expect(await ids({ project: null, limit: 2 })).toEqual(["wf_new", "wf_q"]);
    expect(await ids({ project: "/p", limit: 4 })).toEqual(["wf_new", branchId, "wf_old", "wf_paused"]);
    const [first, second] = await other.asking({ project: "/p", limit: 2 });
    expect(first).toMatchObject({ turn: person("visits", 8), waiting_for: { kind: "visits" }, status: "SUSPENDED" });
    expect(first).not.toHaveProperty("branch");
    expect(second).toMatchObject({ parent_id: "wf_parent", branch: branch.instance.branch ?? {}, turn });
  });

  test("counts and names what roots there are, of a project or of all", async () => {
    const { store } = await open();
    for (let n = 0; n < 3; n++) await make(store, `wf_${n}`, { project: n ? "/p" : "/a" });
    const parent = await make(store, "wf_parent", { project: "/q", turn: person("paused", 1) });
    const running = await make(store, "wf_over");
    await begun(store, parent, birthOf(parent, 1));
    await committed(store, movedTo("FINISH", running));
    const none = { RUNNING: 0, SUSPENDED: 0, COMPLETED: 0, FAILED: 0, CANCELLED: 0 };
    const all = { status: { ...none, RUNNING: 3, SUSPENDED: 1, COMPLETED: 1 }, more: false };
    expect(await store.counts(null)).toEqual(all);
    expect(await store.counts("/p")).toEqual({ status: { ...none, RUNNING: 2, COMPLETED: 1 }, more: false });
    expect(await store.counts("/none")).toEqual({ status: none, more: false });
    expect(await store.facets(null)).toEqual({ workflows: ["W"], projects: ["/a", "/p", "/q"] });
    expect(await store.facets("/none")).toEqual({ workflows: [], projects: ["/a", "/p", "/q"] });
  });

  test("tells each decision of a run in order, and notes not at all", async () => {
    const { store, other } = await open();
    let run = await committed(store, noted(await make(store, "wf_a")));
    for (const to of ["Two", "One"]) run = await committed(store, movedTo(to, run));
    run = await rewound(store, run, 2);
    await committed(store, movedTo("FINISH", run));
    const none = { to_visit: null, status: null };
    expect(await other.moves("wf_a")).toEqual([
      { visit: 1, step_name: "One", next_step: "Two", ...none },
      { visit: 2, step_name: "Two", next_step: "One", ...none },
      { visit: 3, step_name: "One", next_step: "Two", to_visit: 2, status: null },
      { visit: 4, step_name: "Two", next_step: "FINISH", ...none },
    ]);
  });

  test("finds the forks of a run, newest first, and not those of a fork", async () => {
    const { store, other } = await open();
    const run = await committed(store, movedTo("Two", await make(store, "wf_a")));
    const first = await forked(store, run, { id: "wf_b", visit: 1, second: 11 });
    await forked(store, run, { id: "wf_c", visit: 2, second: 12 });
    await forked(store, first, { id: "wf_d", visit: 1, second: 13 });
    const found = await other.forks("wf_a", 9);
    expect(found.map(({ instance_id, forked_from }) => [instance_id, forked_from?.visit])).toEqual([
      ["wf_c", 2],
      ["wf_b", 1],
    ]);
    expect(await other.forks("wf_a", 1)).toEqual(found.slice(0, 1));
    expect(await other.forks("wf_b", 9)).toMatchObject([{ instance_id: "wf_d" }]);
  });

  test("statistics look at roots and branches of the workflow, and at what a fork did itself", async () => {
    const { store, other } = await open();
    const turn: Turn = { of: "clock", kind: "time", since: at(1), until: at(5) };
    let run = await make(store, "wf_a", { turn, started_at: at(1) });
    run = await committed(store, noted(run));
    run = await committed(store, movedTo("Two", run));
    const parent = await begun(store, run, birthOf(run, 1));
    await forked(store, parent, { id: "wf_b", visit: 2, second: 12 });
    await make(store, "wf_q", { project: "/q" });
    const { runs, entries, cut, held } = await other.sample({ workflow_name: "W", project: "/p" });
    expect([cut, held]).toEqual([false, []]);
    const { instance_id: branch } = birthOf(run, 1).instance;
    expect(runs.map(({ instance_id }) => instance_id)).toEqual(["wf_b", "wf_a", branch]);
    expect(runs[1]).toEqual({
      instance_id: "wf_a",
      status: "RUNNING",
      created_at: at(1),
      completed_at: null,
      began: "clock",
    });
    expect(entries.map(({ instance_id, seq }) => [instance_id, seq])).toEqual([
      ["wf_b", 3],
      ["wf_a", 1],
      ["wf_a", 2],
    ]);
    const nothing = {
      about: null,
      reported: null,
      decided_by: null,
      next_step: null,
      status: null,
      turn_of: null,
      turn_kind: null,
    };
    const times = { started_at: at(1), ended_at: at(1) };
    const of = { instance_id: "wf_a", seq: 1, visit: 1, step_id: "1-one", step_name: "One" };
    expect(entries[1]).toEqual({ ...nothing, ...of, ...times, kind: "note", about: "x", reported: "in_progress" });
    expect(entries[2]).toMatchObject({ kind: "visit", decided_by: "agent", next_step: "Two", reported: "success" });
    expect(await other.sample({ workflow_name: "X", project: null })).toMatchObject({ runs: [], entries: [] });
    expect((await other.sample({ workflow_name: "W", project: null })).runs).toHaveLength(4);
  });

  test("the revision is another one after each commit, whoever made it, and the same if there was none", async () => {
    const { store, other } = await open();
    const seen = new Map<Store, Set<string>>([store, other].map((each) => [each, new Set()]));
    const look = async () => {
      for (const [each, texts] of seen) texts.add(await each.revision());
      return [...seen.values()].map(({ size }) => size);
    };
    expect(await look()).toEqual([1, 1]);
    let run = await make(store, "wf_a");
    expect(await look()).toEqual([2, 2]);
    run = await committed(other, movedTo("Two", run));
    expect(await look()).toEqual([3, 3]);
    await store.beginAttempt(attemptAt(run, "a"), at(1));
    expect(await look()).toEqual([4, 4]);
    expect(await other.commit(movedTo("One", { ...run, version: 9 }))).toBe(false);
    await store.search({ project: null, limit: 1, text: "x" });
    expect(await look()).toEqual([4, 4]);
  });

  test("counts refused reports beside the run: the first 100 of a visit, in order, and neither row nor history changes", async () => {
    const { store, other } = await open();
    const run = await make(store, "wf_a");
    await make(store, "wf_b");
    const no = (visit: number, second: number, step_name = "One") => ({
      ...{ visit, step_name, code: "CHECK_FAILED", reason: `${second}`, refused_at: at(second) },
    });
    const before = [await other.revision(), await other.load("wf_a")];
    await Promise.all(Array.from({ length: MAX_REFUSED + 5 }, (_, second) => store.noteRefused("wf_a", no(1, second))));
    await Promise.all([store.noteRefused("wf_a", no(2, 3, "Two")), store.noteRefused("wf_x", no(1, 1))]);
    const all = await other.refused("wf_a", 1_000);
    expect(all).toEqual([...Array.from({ length: MAX_REFUSED }, (_, second) => no(1, second)), no(2, 3, "Two")]);
    expect(await other.refused("wf_a", 2)).toEqual(all.slice(-2));
    for (const id of ["wf_b", "wf_x"]) expect(await other.refused(id, 9)).toEqual([]);
    expect(await other.load("wf_a")).toEqual(run);
    expect([await other.revision(), await other.load("wf_a")]).not.toEqual(before);
    expect((await other.sample({ workflow_name: "W", project: null })).refused).toEqual([
      { step_name: "One", count: MAX_REFUSED },
      { step_name: "Two", count: 1 },
    ]);
  });

  test("what waits to be counted when the store is closed is counted", async () => {
    const { store, other } = await open();
    await make(store, "wf_a");
    const no = { visit: 1, step_name: "One", code: "CHECK_FAILED", reason: "r", refused_at: at(1) };
    const counted = store.noteRefused("wf_a", no);
    await store.close();
    await counted;
    expect(await other.refused("wf_a", 9)).toEqual([no]);
  });

  test("of what is not there nothing is seen", async () => {
    const { store } = await open();
    expect(await store.asking({ project: null, limit: 9 })).toEqual([]);
    expect(await store.search({ project: null, limit: 9, text: "x" })).toEqual({ runs: [], to: null });
    expect(await store.facets(null)).toEqual({ workflows: [], projects: [] });
    for (const read of [store.moves, store.held]) expect(await read("wf_x")).toEqual([]);
    expect(await store.forks("wf_x", 9)).toEqual([]);
  });
}
