/** One contract for every store. A new one is added to STORES and must pass as it is. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Instance, Start, Store } from "../src/instance.ts";
import { begin } from "../src/rules/begin.ts";
import { move } from "../src/rules/move.ts";
import { note } from "../src/rules/report.ts";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import { hashWorkflow, type Workflow } from "../src/workflow.ts";
import { scratchDir } from "./support/workspace.ts";

/** Opens a store twice on the same state, as two processes would. */
const STORES: Record<string, () => Promise<[Store, Store]>> = {
  sqlite: async () => {
    const path = join(scratchDir(), "state.sqlite");
    const busy = createBusyWait();
    const open = async () => createSqliteStore(await openDatabase(path, busy), { path, busy, files: watchFiles(path) });
    return [await open(), await open()];
  },
};

const step = { slug: "s", file: "W/s.md", guidance: "g", instructions: "i", sections: [], routes: [] };
const workflow: Workflow = {
  name: "W",
  goal: "",
  steps: [
    { ...step, name: "One" },
    { ...step, name: "Two" },
  ],
};
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

function startOf(id: string, more: Partial<Start> = {}): Start {
  const base = {
    instance_id: id,
    definition: hashWorkflow(workflow),
    first_step: "One",
    context: { deep: { a: [1] } },
  };
  return { ...base, request_id: null, actor: "t", started_at: at(0), ...more };
}

async function make(store: Store, id: string, more: Partial<Start> & { project?: string } = {}): Promise<Instance> {
  const { project = "/p", ...rest } = more;
  const start = startOf(id, rest);
  return store.create(start, begin(workflow, start, { project, trusted: true }), workflow);
}

function step2(instance: Instance, to = "Two") {
  const decision = { decided_by: "agent" as const, next_step: to, reasoning: "r" };
  const report = { step_id: "1-one", status: "success", details: { any: null } };
  return move(workflow, instance, { report, context_updates: { k: "v" }, decision, actor: "t", now: at(9) });
}

for (const [name, open] of Object.entries(STORES)) {
  describe(`store: ${name}`, () => {
    test("what is created and committed is read back whole, by another connection", async () => {
      const [store, other] = await open();
      const instance = await make(store, "wf_a");
      expect(await other.load("wf_a")).toEqual(instance);
      const change = step2(instance);
      expect(await store.commit(change)).toBe(true);
      expect(await other.load("wf_a")).toEqual({ ...change.instance, version: 2 });
      expect(await other.history("wf_a", { limit: 10 })).toEqual(change.entries);
      expect(await other.decidedVisit("wf_a", 1)).toEqual(change.entries[0] ?? null);
      expect(await other.definition(instance.definition)).toEqual(workflow);
      expect(await other.start("wf_a")).toEqual(startOf("wf_a"));
    });

    test("of two commits on one version, the second is refused and leaves nothing", async () => {
      const [store, other] = await open();
      const instance = await make(store, "wf_a");
      expect(await store.commit(step2(instance))).toBe(true);
      expect(await other.commit(step2(instance, "One"))).toBe(false);
      expect((await store.load("wf_a"))?.step_name).toBe("Two");
      expect(await store.history("wf_a", { limit: 10 })).toHaveLength(1);
    });

    test("a commit that fails half way leaves nothing", async () => {
      const [store] = await open();
      const instance = await make(store, "wf_a");
      const change = step2(instance);
      const [entry] = change.entries;
      if (!entry) throw new Error("no entry");
      const twice = { ...change, entries: [entry, entry] };
      await expect(store.commit(twice)).rejects.toMatchObject({ code: "PERSISTENCE_ERROR" });
      expect(await store.load("wf_a")).toEqual(instance);
      expect(await store.history("wf_a", { limit: 10 })).toEqual([]);
    });

    test("a request_id starts one instance a project", async () => {
      const [store, other] = await open();
      const first = await make(store, "wf_a", { request_id: "r" });
      expect(await make(other, "wf_b", { request_id: "r" })).toEqual(first);
      expect((await make(other, "wf_c", { request_id: "r", project: "/q" })).instance_id).toBe("wf_c");
      expect(await store.byRequest("/p", "r")).toEqual(first);
      expect(await store.load("wf_b")).toBeNull();
    });

    test("lists newest first, by page, project, status and workflow", async () => {
      const [store] = await open();
      for (let n = 0; n < 5; n++) await make(store, `wf_${n}`, { started_at: at(n) });
      await make(store, "wf_q", { project: "/q", started_at: at(7) });
      const done = await store.load("wf_2");
      if (!done) throw new Error("not found");
      await store.commit(step2(done, "FINISH"));
      const ids = async (query: Parameters<Store["list"]>[0]) =>
        (await store.list(query)).map((each) => each.instance_id);
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

    test("pages through the history, oldest of the page first", async () => {
      const [store] = await open();
      let instance = await make(store, "wf_a");
      for (let n = 0; n < 6; n++) {
        const change = step2(instance, n % 2 ? "One" : "Two");
        await store.commit(change);
        instance = { ...change.instance, version: change.instance.version + 1 };
      }
      const seqs = async (page: { limit: number; before?: number }) =>
        (await store.history("wf_a", page)).map((entry) => entry.seq);
      expect(await seqs({ limit: 3 })).toEqual([4, 5, 6]);
      expect(await seqs({ limit: 3, before: 4 })).toEqual([1, 2, 3]);
      expect(await seqs({ limit: 0 })).toEqual([]);
    });

    test("finds what decided a visit, whatever notes stand around it", async () => {
      const [store] = await open();
      let instance = await make(store, "wf_a");
      const report = { step_id: "x", status: "in_progress" };
      for (let visit = 1; visit <= 12; visit++) {
        for (let notes = 0; notes < (visit * 5) % 7; notes++) {
          const change = note(instance, { report, context_updates: {} }, { actor: "t", now: at(1) });
          await store.commit(change);
          instance = { ...change.instance, version: instance.version + 1 };
        }
        const change = step2(instance, visit % 2 ? "Two" : "One");
        await store.commit(change);
        instance = { ...change.instance, version: instance.version + 1 };
      }
      for (let visit = 1; visit <= 12; visit++) {
        expect(await store.decidedVisit("wf_a", visit)).toMatchObject({ visit, kind: "visit", decision: {} });
      }
      expect(await store.decidedVisit("wf_a", 13)).toBeNull();
      expect((await store.decided("wf_a", 3)).map((entry) => entry.visit)).toEqual([10, 11, 12]);
    });

    test("answers null for what is not there", async () => {
      const [store] = await open();
      expect(await store.load("wf_x")).toBeNull();
      expect(await store.definition("0")).toBeNull();
      expect(await store.start("wf_x")).toBeNull();
      expect(await store.byRequest("/p", "x")).toBeNull();
      expect(await store.decidedVisit("wf_x", 1)).toBeNull();
    });
  });
}
