/** A step_id names one visit of one run: those of a branch begin with its number, so that reports of siblings are not mixed up. */
import { expect, test } from "bun:test";
import { locate } from "../src/engine/visits.ts";
import { stepIdOf } from "../src/instance.ts";
import { createMemory, createMemoryStore } from "./support/memory-store.ts";
import { begun, birthOf, committed, loaded, make, movedTo } from "./support/store-cases.ts";

const RUNS = {
  root: { own: ["1-one", "2-two"], unknown: ["b3-1-one", "b3-2-two", "b0-2-two", "-2-two", "b2-two"] },
  branch: {
    own: ["b3-1-one", "b3-2-two"],
    unknown: ["1-one", "2-two", "b4-1-one", "b4-2-two", "b3-3-one", "b3-two", "bb3-2-two"],
  },
};

test.each(Object.entries(RUNS))(
  "%s: its visits are found by its own step_ids alone",
  async (kind, { own, unknown }) => {
    const store = createMemoryStore(createMemory());
    const root = await make(store, "wf_a");
    await begun(store, root, birthOf(root, 3));
    const run = await loaded(store, kind === "root" ? "wf_a" : "wf_a-1.3");
    const current = await committed(store, movedTo("Two", run));
    expect([stepIdOf(run), stepIdOf(current)]).toEqual(own);
    const about = async (stepId: string) => (await locate({ store, current }, stepId)).kind;
    expect(await Promise.all(own.map(about))).toEqual(["decided", "current"]);
    expect(await Promise.all(unknown.map(about))).toEqual(unknown.map(() => "unknown"));
    expect(await about("Two")).toBe("current");
  },
);
