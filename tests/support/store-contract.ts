/** The contract of any store: runs, their histories and their lists. Each test opens a state of its own. */
import { expect, test } from "bun:test";
import type { Instance } from "../../src/instance.ts";
import { begin } from "../../src/rules/begin.ts";
import { type Fork, fork } from "../../src/rules/fork.ts";
import type { ListQuery, Store } from "../../src/store.ts";
import type { Turn } from "../../src/turn.ts";
import { hashWorkflow } from "../../src/workflow.ts";
import { at, committed, make, movedTo, noted, type OpenRoom, PLACE, startOf, workflow } from "./store-cases.ts";

export function holdsRuns(open: OpenRoom): void {
  test("what is created and committed is read back whole, by another connection", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    expect(await other.load("wf_a")).toEqual(instance);
    const change = movedTo("Two", instance);
    expect(await store.commit(change)).toBe(true);
    expect(await other.load("wf_a")).toEqual({ ...change.instance, version: 2 });
    expect(await other.history("wf_a", { limit: 10 })).toEqual(change.entries);
    expect(await other.decidedVisit("wf_a", 1)).toEqual(change.entries[0] ?? null);
    expect(await other.definition(instance.definition)).toEqual(workflow);
    expect(await other.start("wf_a")).toEqual(startOf("wf_a"));
  });

  test("what was assumed so far, and that nobody can be asked, is read back", async () => {
    const { store, other } = await open();
    const start = { unattended: true, request_id: "r" };
    let instance = await make(store, "wf_a", start);
    for (const to of ["Two", "One"]) instance = await committed(store, movedTo(to, instance));
    expect(instance.assumptions).toHaveLength(2);
    for (const read of [await other.load("wf_a"), await other.byRequest("/p", "r")]) {
      expect(read).toEqual(instance);
      expect(read).toMatchObject({ unattended: true, assumptions: [{ visit: 1 }, { visit: 2 }] });
    }
    expect(await other.start("wf_a")).toEqual(startOf("wf_a", start));
    await store.commit({ instance: { ...instance, assumptions: [] }, entries: [] });
    expect(await other.load("wf_a")).toMatchObject({ assumptions: [], unattended: true });
  });

  test("a fork gets a copy of the first entries and its own, whole or not at all", async () => {
    const { store, other } = await open();
    let instance = await make(store, "wf_a");
    for (const to of ["Two", "One", "Two"]) instance = await committed(store, movedTo(to, instance));
    const history = await store.history("wf_a", { limit: 9 });
    const start = startOf("wf_a");
    const forkAt = (id: string, at_visit: number, request_id: string | null = null) =>
      fork(
        workflow,
        instance,
        { start, history, at_visit, head: "a" },
        { instance_id: id, request_id, head: "b", actor: "t", now: at(20) },
      );
    const made = forkAt("wf_b", 3, "r");
    const beginAs = (of: Fork) => store.create(of.start, of.instance, workflow, of.line);
    expect(await beginAs(made)).toEqual(made.instance);
    expect(await other.load("wf_b")).toEqual(made.instance);
    expect(await other.start("wf_b")).toEqual(made.start);
    expect(await other.history("wf_b", { limit: 9 })).toEqual([...history.slice(0, 2), made.line]);
    expect(await other.decidedVisit("wf_b", 2)).toEqual(history[1] ?? null);
    expect(await other.decidedVisit("wf_b", 3)).toBeNull();
    expect(await other.list({ project: "/p", limit: 9 })).toMatchObject([{ forked_from: { instance_id: "wf_a" } }, {}]);
    const moved = await committed(store, movedTo("Two", made.instance));
    expect(await other.load("wf_b")).toEqual(moved);
    expect((await other.history("wf_b", { limit: 9 })).at(-1)).toMatchObject({ seq: 4, visit: 3, head: "b" });
    expect(await other.history("wf_a", { limit: 9 })).toEqual(history);
    expect((await beginAs(forkAt("wf_c", 3, "r"))).instance_id).toBe("wf_b");
    expect(await other.load("wf_c")).toBeNull();
    expect((await beginAs(forkAt("wf_d", 1))).last_seq).toBe(1);
    const gone = forkAt("wf_e", 3);
    const forked_from = gone.start.forked_from && { ...gone.start.forked_from, instance_id: "wf_none" };
    const lost = beginAs({
      ...gone,
      start: { ...gone.start, forked_from },
      instance: { ...gone.instance, forked_from },
    });
    await expect(lost).rejects.toMatchObject({ code: "PERSISTENCE_ERROR" });
    expect(await other.load("wf_e")).toBeNull();
    expect(await other.history("wf_e", { limit: 9 })).toEqual([]);
  });

  test("every text that the edges let in is read back as it was", async () => {
    const { store, other } = await open();
    const texts = ["", "'\"\\", "a\u2028b\u0001\r\n", "\u{1f600} é e\u0301", "\ufeff", "$1 ? :a @b --"];
    const context = Object.fromEntries(texts.map((text, index) => [`${index}${text}`, text]));
    const instance = await make(store, "wf_a", { context, request_id: texts.join(), project: `/${texts.join()}` });
    expect(await other.load("wf_a")).toEqual(instance);
    expect((await other.byRequest(`/${texts.join()}`, texts.join()))?.context).toEqual(context);
  });

  test("of two commits on one version, the second is refused and leaves nothing", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    expect(await store.commit(movedTo("Two", instance))).toBe(true);
    expect(await other.commit(movedTo("One", instance))).toBe(false);
    expect((await store.load("wf_a"))?.step_name).toBe("Two");
    expect(await store.history("wf_a", { limit: 10 })).toHaveLength(1);
  });

  test("changes of several runs are written all or none", async () => {
    const { store, other } = await open();
    const [one, two] = [await make(store, "wf_a"), await make(store, "wf_b")];
    expect(await store.commit(movedTo("Two", one), movedTo("Two", two))).toBe(true);
    const [now, stale] = [await other.load("wf_a"), two];
    if (!now) throw new Error("it is gone");
    expect(await other.commit(movedTo("One", now), movedTo("One", stale))).toBe(false);
    expect(await store.load("wf_a")).toEqual(now);
    expect(await store.history("wf_a", { limit: 10 })).toHaveLength(1);
    expect((await store.load("wf_b"))?.step_name).toBe("Two");
  });

  test("a turn is read back as it was, and runs that go on by themselves are found by whoever may see to them", async () => {
    const { store, other } = await open();
    const clock = { of: "clock", kind: "time", since: at(0), until: at(5) } as const;
    const turns: Record<string, Turn> = {
      wf_wait: clock,
      wf_later: { ...clock, until: at(9) },
      wf_serve: { of: "server", kind: "server_step", since: at(2) },
      wf_again: { of: "server", kind: "server_step", since: at(0), until: at(4) },
      wf_timed: { of: "agent", kind: "step", since: at(0), until: at(3) },
      wf_agent: { of: "agent", kind: "step", since: at(1), unchecked: "not here" },
      wf_person: { of: "person", kind: "visits", since: at(0), message: "m" },
    };
    for (const [id, turn] of Object.entries(turns)) {
      const instance = await make(store, id);
      const line = { ...noted(instance), instance: { ...noted(instance).instance, turn } };
      await committed(store, { ...line, entries: line.entries.map((each) => ({ ...each, turn })) });
      expect((await other.load(id))?.turn).toEqual(turn);
      expect((await other.history(id, { limit: 1 }))[0]?.turn).toEqual(turn);
    }
    const ids = async (query: { project: string; limit?: number }) =>
      (await other.due({ until: at(5), limit: 10, ...query })).map(({ instance_id }) => instance_id);
    expect(await ids({ project: "/p" })).toEqual(["wf_serve", "wf_timed", "wf_again", "wf_wait"]);
    expect(await ids({ project: "/p", limit: 3 })).toEqual(["wf_serve", "wf_timed", "wf_again"]);
    expect(await ids({ project: "/q" })).toEqual(["wf_timed", "wf_wait"]);
    const waits = await make(store, "wf_first", { turn: clock });
    expect([(await other.start("wf_first"))?.turn, waits.turn]).toEqual([clock, clock]);
  });

  test("of many commits at once on one version, by both connections, one is taken; others of other runs all are", async () => {
    const { store, other } = await open();
    const [one, ...rest] = await Promise.all(Array.from({ length: 9 }, (_, n) => make(store, `wf_${n}`)));
    if (!one) throw new Error("not made");
    const rivals = Array.from({ length: 8 }, (_, n) => (n % 2 ? store : other).commit(movedTo("Two", one)));
    const peaceful = rest.map((each, n) => (n % 2 ? store : other).commit(movedTo("Two", each)));
    expect((await Promise.all(rivals)).filter(Boolean)).toHaveLength(1);
    expect(await Promise.all(peaceful)).toEqual(rest.map(() => true));
    expect(await store.history(one.instance_id, { limit: 10 })).toHaveLength(1);
  });

  test("a commit that fails half way leaves nothing, and takes no other of the same moment with it", async () => {
    const { store } = await open();
    const [instance, bystander] = [await make(store, "wf_a"), await make(store, "wf_b")];
    const change = movedTo("Two", instance);
    const twice = { ...change, entries: [...change.entries, ...change.entries] };
    const [failed, taken] = await Promise.allSettled([store.commit(twice), store.commit(movedTo("Two", bystander))]);
    expect(failed).toMatchObject({ status: "rejected", reason: { code: "PERSISTENCE_ERROR" } });
    expect(taken).toMatchObject({ value: true });
    expect(await store.load("wf_a")).toEqual(instance);
    expect(await store.history("wf_a", { limit: 10 })).toEqual([]);
  });

  test("a commit leaves what an instance was born with, and adds the definition that it is moved to", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    const newer = { ...workflow, goal: "another" };
    const hash = hashWorkflow(newer);
    const born = { workflow_name: "W", project: "/p", branch: null, unattended: false, created_at: at(0) };
    const strange = { workflow_name: "X", project: "/q", unattended: true, created_at: at(50) };
    const definition = { workflow: newer, hash, trusted: true };
    await store.commit({ instance: { ...instance, ...strange, definition: hash }, entries: [], definition });
    expect(await other.load("wf_a")).toMatchObject({ ...born, definition: hash, version: 2 });
    expect(await other.definition(hash)).toEqual(newer);
  });

  test("an instance_id is taken once", async () => {
    const { store, other } = await open();
    const first = await make(store, "wf_a");
    await expect(make(other, "wf_a", { context: {} })).rejects.toMatchObject({ code: "PERSISTENCE_ERROR" });
    expect(await store.load("wf_a")).toEqual(first);
  });

  test("a request_id starts one instance a project, also at the same moment", async () => {
    const { store, other } = await open();
    const ids = Array.from({ length: 6 }, (_, n) => `wf_${n}`);
    const made = await Promise.all(ids.map((id, n) => make(n % 2 ? store : other, id, { request_id: "r" })));
    expect(new Set(made.map((each) => each.instance_id)).size).toBe(1);
    expect((await make(other, "wf_q", { request_id: "r", project: "/q" })).instance_id).toBe("wf_q");
    expect(await store.byRequest("/p", "r")).toEqual(made[0] ?? null);
    expect(await store.list({ project: null, limit: 9 })).toHaveLength(2);
  });

  test("what is handed out or was handed in can be changed without changing what is stored", async () => {
    const { store, other } = await open();
    const start = startOf("wf_a", { request_id: "r" });
    const given = begin(workflow, start, PLACE);
    const making = store.create(start, given, workflow);
    const before = structuredClone(given);
    spoil(given);
    spoil(await making);
    for (const get of [() => store.load("wf_a"), () => other.byRequest("/p", "r")]) {
      spoil(await get());
      expect(await get()).toEqual(before);
    }
    const change = movedTo("Two", before);
    const { instance, entries } = structuredClone(change);
    const committing = store.commit(change);
    spoil(change.instance, ...change.entries);
    expect(await committing).toBe(true);
    const read = async () => [await store.load("wf_a"), ...(await store.history("wf_a", { limit: 9 }))];
    spoil(...(await read()));
    expect(await read()).toEqual([{ ...instance, version: 2 }, ...entries]);
    const [begun, definition] = [await store.start("wf_a"), await store.definition(before.definition)];
    if (begun) begun.context["spoiled"] = true;
    if (definition) definition.steps.pop();
    expect((await store.start("wf_a"))?.context).toEqual(startOf("wf_a").context);
    expect((await store.definition(before.definition))?.steps).toHaveLength(2);
  });

  test("answers null, nothing or false for what is not there", async () => {
    const { store } = await open();
    for (const read of [store.load, store.definition, store.start, store.attempt])
      expect(await read("wf_x")).toBeNull();
    expect(await store.byRequest("/p", "x")).toBeNull();
    expect(await store.decidedVisit("wf_x", 1)).toBeNull();
    expect(await store.decided("wf_x", 9)).toEqual([]);
    expect(await store.history("wf_x", { limit: 9 })).toEqual([]);
    expect(await store.list({ project: null, limit: 9 })).toEqual([]);
    expect(await store.commit({ instance: begin(workflow, startOf("wf_x"), PLACE), entries: [] })).toBe(false);
  });
}

/** Changes values in place, at the top and deeper. */
function spoil(...values: (object | null)[]): void {
  for (const value of values) {
    for (const inner of Object.values(value ?? {})) {
      if (typeof inner === "object" && inner !== null) Object.assign(inner, { spoiled: true });
    }
    Object.assign(value ?? {}, { step_name: "spoiled" });
  }
}

export function holdsLists(open: OpenRoom): void {
  const idsOf = async (store: Store, query: ListQuery) => (await store.list(query)).map((each) => each.instance_id);

  test("lists newest first, by page, project, status and workflow", async () => {
    const { store } = await open();
    for (let n = 0; n < 5; n++) await make(store, `wf_${n}`, { started_at: at(n) });
    await make(store, "wf_q", { project: "/q", started_at: at(7) });
    const done = await store.load("wf_2");
    if (!done) throw new Error("not found");
    await store.commit(movedTo("FINISH", done));
    const ids = (query: ListQuery) => idsOf(store, query);
    expect(await ids({ project: "/p", limit: 2 })).toEqual(["wf_4", "wf_3"]);
    const after = { created_at: at(3), instance_id: "wf_3" };
    expect(await ids({ project: "/p", limit: 9, after })).toEqual(["wf_2", "wf_1", "wf_0"]);
    expect(await ids({ project: "/p", limit: 9, live: true })).toEqual(["wf_4", "wf_3", "wf_1", "wf_0"]);
    expect(await ids({ project: "/p", limit: 9, status: "COMPLETED" })).toEqual(["wf_2"]);
    expect(await ids({ project: null, limit: 1 })).toEqual(["wf_q"]);
    expect(await ids({ project: "/p", limit: 9, workflow_name: "Other" })).toEqual([]);
    expect(await store.countElsewhere("/q", 100)).toBe(5);
    expect(await store.countElsewhere("/q", 3)).toBe(3);
  });

  test("a list says what each run waits for, if that is not the agent's to do", async () => {
    const { store, other } = await open();
    const turns: Record<string, Turn> = {
      agent: { of: "agent", kind: "step", since: at(0) },
      "agent with a deadline": { of: "agent", kind: "step", since: at(1), until: at(9) },
      "agent in the server's place": { of: "agent", kind: "step", since: at(1), unchecked: "not allowed here" },
      server: { of: "server", kind: "server_step", since: at(1), message: "exited with 8" },
      clock: { of: "clock", kind: "time", since: at(1), until: at(9) },
      pause: { of: "person", kind: "paused", since: at(1), message: 'é"' },
      limit: { of: "person", kind: "visits", since: at(1) },
    };
    for (const [id, turn] of Object.entries(turns)) await make(store, id, { turn });
    const ended = await make(store, "ended", { turn: turns["pause"] });
    await store.commit(movedTo("FINISH", ended));
    const told = (await other.list({ project: "/p", limit: 9 })).map((each) => [each.instance_id, each.waiting_for]);
    expect(Object.fromEntries(told)).toEqual({
      agent: null,
      "agent with a deadline": null,
      "agent in the server's place": null,
      server: { kind: "server_step" },
      clock: { kind: "time" },
      pause: { kind: "paused" },
      limit: { kind: "visits" },
      ended: null,
    });
  });

  test("runs of one moment are listed by their ids downwards, and pages neither repeat nor skip one", async () => {
    const { store } = await open();
    const ids = ["wf_b", "wf_a", "wf_d", "wf_C", "wf_c"];
    for (const id of ids) await make(store, id, { started_at: at(1) });
    const sorted = [...ids].sort().reverse();
    expect(await idsOf(store, { project: "/p", limit: 9 })).toEqual(sorted);
    const paged: string[] = [];
    for (let after: ListQuery["after"]; paged.length < ids.length; ) {
      const [next] = await store.list({ project: "/p", limit: 1, after });
      if (!next) break;
      paged.push(next.instance_id);
      after = next;
    }
    expect(paged).toEqual(sorted);
  });

  test("keeps what a person decided of a run, and nothing where nobody did", async () => {
    const { store, other } = await open();
    const instance = await make(store, "wf_a");
    const ruling = { kind: "waived" as const, what: "test", reason: 'it\'s flaky: "net" é' };
    const { entries, ...change } = noted(instance);
    const ruled = { ...change, entries: entries.map((each) => ({ ...each, ruling })) };
    const now = await committed(store, ruled);
    expect(await other.history("wf_a", { limit: 1 })).toEqual(ruled.entries);
    await committed(store, noted(now));
    expect((await other.history("wf_a", { limit: 1 }))[0]).not.toHaveProperty("ruling");
  });

  test("pages through the history, oldest of the page first", async () => {
    const { store } = await open();
    let instance = await make(store, "wf_a");
    for (let n = 0; n < 6; n++) instance = await committed(store, movedTo(n % 2 ? "One" : "Two", instance));
    const seqs = async (page: { limit: number; before?: number }) =>
      (await store.history("wf_a", page)).map((entry) => entry.seq);
    expect(await seqs({ limit: 3 })).toEqual([4, 5, 6]);
    expect(await seqs({ limit: 3, before: 4 })).toEqual([1, 2, 3]);
    expect(await seqs({ limit: 0 })).toEqual([]);
  });

  test("finds what decided a visit, whatever notes stand around it", async () => {
    const { store } = await open();
    let instance: Instance = await make(store, "wf_a");
    for (let visit = 1; visit <= 12; visit++) {
      for (let notes = 0; notes < (visit * 5) % 7; notes++) instance = await committed(store, noted(instance));
      instance = await committed(store, movedTo(visit % 2 ? "Two" : "One", instance));
    }
    for (let visit = 1; visit <= 12; visit++) {
      expect(await store.decidedVisit("wf_a", visit)).toMatchObject({ visit, kind: "visit", decision: {} });
    }
    expect(await store.decidedVisit("wf_a", 13)).toBeNull();
    expect((await store.decided("wf_a", 3)).map((entry) => entry.visit)).toEqual([10, 11, 12]);
  });
}
