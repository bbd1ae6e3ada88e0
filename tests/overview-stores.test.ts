/** Whatever happened to runs, people see the same of them in a database as in the plainest store there is. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { isFinal } from "../src/instance.ts";
import { pause } from "../src/rules/report.ts";
import { cancel } from "../src/rules/steer.ts";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import type { Store } from "../src/store.ts";
import { createMemory, createMemoryStore } from "./support/memory-store.ts";
import { forked, rewound } from "./support/overview-contract.ts";
import { at, begun, birthOf, committed, make, movedTo, noted } from "./support/store-cases.ts";
import { scratchDir } from "./support/workspace.ts";

const WORDS = ["a%b", "A_B", "\\", 'quo"te', "é", "É", "line\nbreak", "one", "W"];
const PROJECTS = ["/p", "/P%", "/é"];
const KINDS = ["visits", "paused", "approval", "model"] as const;

const ACT = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("make" as const),
      second: fc.nat(3),
      project: fc.constantFrom(...PROJECTS),
      word: fc.constantFrom(...WORDS),
      waits: fc.option(fc.constantFrom(...KINDS)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("move" as const),
      of: fc.nat(9),
      to: fc.constantFrom("One", "Two", "FINISH"),
    }),
  },
  fc.record({
    kind: fc.constantFrom("note" as const, "pause" as const, "cancel" as const, "branch" as const),
    of: fc.nat(9),
  }),
  fc.record({ kind: fc.constantFrom("rewind" as const, "fork" as const), of: fc.nat(9), visit: fc.nat(9) }),
);
type Act = typeof ACT extends fc.Arbitrary<infer T> ? T : never;

/** The same in every store: ids and times follow from the acts. */
async function live(store: Store, acts: Act[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, act] of acts.entries()) {
    if (act.kind === "make") {
      const { second, project, word, waits } = act;
      const turn = waits ? { turn: { of: "person" as const, kind: waits, since: at(second), message: word } } : {};
      await make(store, `wf_${index}`, { project, started_at: at(second), context: { word }, ...turn });
      ids.push(`wf_${index}`);
      continue;
    }
    const run = await store.load(ids[act.of % ids.length] ?? "");
    if (!run || (isFinal(run.status) && act.kind !== "fork")) continue;
    const moment = { actor: "t", now: at(20 + index) };
    const report = { step_id: "x", status: "paused" };
    if (act.kind === "move") await committed(store, movedTo(act.to, run));
    if (act.kind === "note") await committed(store, noted(run));
    if (act.kind === "pause") await committed(store, pause(run, { report, context_updates: {} }, moment));
    if (act.kind === "cancel") await committed(store, cancel(run, { reason: "r", decided_by: "person" }, moment));
    if (act.kind === "rewind") await rewound(store, run, 1 + (act.visit % run.visit));
    if (act.kind === "branch" && !run.branch && !ids.includes(`${run.instance_id}-${run.visit}.1`)) {
      const birth = birthOf(run, 1);
      await begun(store, run, birth);
      ids.push(birth.instance.instance_id);
    }
    if (act.kind === "fork" && !run.branch) {
      await forked(store, run, { id: `wf_${index}`, visit: 1 + (act.visit % run.visit), second: 20 + index });
      ids.push(`wf_${index}`);
    }
  }
  return ids;
}

async function seen(store: Store, ids: string[]): Promise<object> {
  const all: Record<string, unknown> = {};
  for (const project of [null, ...PROJECTS]) {
    all[`counts ${project}`] = await store.counts(project);
    all[`facets ${project}`] = await store.facets(project);
    all[`sample ${project}`] = await store.sample({ workflow_name: "W", project });
    for (const limit of [1, 2, 50]) all[`asking ${project} ${limit}`] = await store.asking({ project, limit });
    for (const text of [...WORDS, ...PROJECTS, "two", "wf_", "%", "_"]) {
      for (const more of [
        { limit: 50 },
        { limit: 1 },
        { limit: 9, live: true },
        { limit: 9, after: { created_at: at(2), instance_id: "wf_3" } },
      ])
        all[`search ${project} ${text} ${JSON.stringify(more)}`] = await store.search({ project, text, ...more });
    }
  }
  for (const id of ids) {
    all[`moves ${id}`] = await store.moves(id);
    all[`forks ${id}`] = await store.forks(id, 3);
  }
  return all;
}

test("a database shows of runs what the store in memory shows, whatever happened to them", async () => {
  const busy = createBusyWait();
  await fc.assert(
    fc.asyncProperty(fc.array(ACT, { minLength: 5, maxLength: 30 }), async (acts) => {
      const path = join(scratchDir(), "state.sqlite");
      const db = await openDatabase(path, busy);
      db.run("PRAGMA synchronous = OFF");
      const stores = [
        createSqliteStore(db, { path, busy, files: watchFiles(path) }),
        createMemoryStore(createMemory()),
      ];
      const [one, other] = await Promise.all(stores.map(async (store) => seen(store, await live(store, acts))));
      expect(one).toEqual(other);
      for (const store of stores) await store.close();
    }),
    { numRuns: 15 },
  );
});
