/** The way that a run took, and what past runs have in common: rules on what a store tells of histories. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Instance } from "../src/instance.ts";
import type { Move, Sample, SampledEntry, SampledRun } from "../src/overview.ts";
import { statisticsOf } from "../src/rules/statistics.ts";
import { cancel } from "../src/rules/steer.ts";
import { walkOf } from "../src/rules/walk.ts";
import { createMemory, createMemoryStore } from "./support/memory-store.ts";
import { forked, rewound } from "./support/overview-contract.ts";
import { at, committed, make, movedTo } from "./support/store-cases.ts";

const moved = (visit: number, step_name: string, next_step: string, to_visit: number | null = null): Move => ({
  visit,
  step_name,
  next_step,
  to_visit,
  status: null,
});

describe("the walk", () => {
  test.each<[name: string, moves: Move[], walk: [from: string, to: string, count: number, rewind?: true][]]>([
    ["none yet", [], []],
    [
      "a loop",
      [moved(1, "A", "B"), moved(2, "B", "A"), moved(3, "A", "B"), moved(4, "B", "FINISH")],
      [
        ["A", "B", 2],
        ["B", "A", 1],
        ["B", "FINISH", 1],
      ],
    ],
    [
      "a rewind leaves what came after the visit, and is told itself",
      [moved(1, "A", "B"), moved(2, "B", "C"), moved(3, "C", "B", 2), moved(4, "B", "D")],
      [
        ["A", "B", 1],
        ["B", "D", 1],
        ["C", "B", 1, true],
      ],
    ],
    ["a rewind to the first visit", [moved(1, "A", "B"), moved(2, "B", "A", 1)], [["B", "A", 1, true]]],
    [
      "a rewind of a rewind takes the way back that was left",
      [moved(1, "A", "B"), moved(2, "B", "C"), moved(3, "C", "A", 1), moved(4, "A", "C", 3), moved(5, "C", "FINISH")],
      [
        ["A", "B", 1],
        ["B", "C", 1],
        ["C", "FINISH", 1],
        ["C", "A", 1, true],
        ["A", "C", 1, true],
      ],
    ],
    [
      "a cancellation leads nowhere",
      [moved(1, "A", "B"), { ...moved(2, "B", "B"), status: "CANCELLED" }],
      [["A", "B", 1]],
    ],
    ["a model's failure enters the step", [{ ...moved(1, "A", "B"), status: "FAILED" }], [["A", "B", 1]]],
  ])("%s", (_, moves, walk) => {
    const ways = walk.map(([from, to, count, rewind]) => ({ from, to, count, ...(rewind ? { rewind } : {}) }));
    expect(walkOf(moves)).toEqual(ways);
  });

  const ACTS = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("move" as const), to: fc.constantFrom("One", "Two") }),
      fc.record({ kind: fc.constantFrom("rewind" as const, "fork" as const), visit: fc.nat(30) }),
      fc.constant({ kind: "cancel" as const }),
    ),
    { maxLength: 25 },
  );

  test("enters each step as often as the run has counted, whatever was rewound and forked", async () => {
    await fc.assert(
      fc.asyncProperty(ACTS, async (acts) => {
        const store = createMemoryStore(createMemory());
        let run: Instance = await make(store, "wf_0");
        for (const [index, act] of acts.entries()) {
          if (run.status === "CANCELLED") break;
          if (act.kind === "move") run = await committed(store, movedTo(act.to, run));
          if (act.kind === "rewind") run = await rewound(store, run, 1 + (act.visit % run.visit));
          if (act.kind === "fork")
            run = await forked(store, run, { id: `wf_${index + 1}`, visit: 1 + (act.visit % run.visit), second: 30 });
          if (act.kind === "cancel")
            run = await committed(
              store,
              cancel(run, { reason: "", decided_by: "person" }, { actor: "t", now: at(30) }),
            );
        }
        const walk = walkOf(await store.moves(run.instance_id));
        for (const [name, { count }] of Object.entries(run.visits)) {
          const entered = walk
            .filter(({ to, rewind }) => to === name && !rewind)
            .reduce((sum, way) => sum + way.count, 0);
          expect(entered + (name === "One" ? 1 : 0)).toBe(count);
        }
      }),
      { numRuns: 60 },
    );
  });
});

const run = (id: string, more: Partial<SampledRun> = {}): SampledRun => ({
  instance_id: id,
  status: "RUNNING",
  created_at: at(0),
  completed_at: null,
  began: null,
  ...more,
});

/** An entry of `wf_a`, at that second, of a visit that began at second 0. */
function entry(seq: number, step_name: string, more: Partial<SampledEntry> & { second?: number } = {}): SampledEntry {
  const { second = seq, visit = seq, ...rest } = more;
  const step_id = `${visit}-${step_name}`;
  const nothing = { reported: null, decided_by: null, next_step: null, status: null, turn_of: null, turn_kind: null };
  const of = { instance_id: "wf_a", seq, kind: "visit" as const, visit, step_id, step_name, about: step_id };
  return { ...of, started_at: at(0), ended_at: at(second), ...nothing, ...rest };
}

const ended = { reported: "success", decided_by: "agent", next_step: "B" };

function stepsOf(entries: SampledEntry[], more: Partial<Sample> = {}) {
  const sample = { runs: [run("wf_a"), run("wf_b")], entries, cut: false, held: [], refused: [], ...more };
  return Object.fromEntries(statisticsOf("W", sample).steps.map(({ step_name, ...step }) => [step_name, step]));
}

describe("statistics", () => {
  test("of refused reports: what was counted beside the history, and what came late", () => {
    const refused = [
      { step_name: "A", count: 2 },
      { step_name: "A", count: 1 },
      { step_name: "B", count: 4 },
    ];
    expect(stepsOf([entry(1, "A", ended)], { refused })).toMatchObject({
      A: { visits: 1, refused: 3 },
      B: { visits: 0, refused: 4 },
    });
  });

  test("of runs: how they ended, and how long those took that finished", () => {
    const took = [1, 2, 3, 4, 5, 6, 7, 8, 9, 50].map((second) =>
      run(`wf_${second}`, { status: "COMPLETED", completed_at: at(second) }),
    );
    const others = [
      run("wf_x", { status: "FAILED", completed_at: at(59) }),
      run("wf_y", { status: "CANCELLED" }),
      run("wf_z"),
      run("wf_s", { status: "SUSPENDED" }),
    ];
    expect(statisticsOf("W", { runs: [...took, ...others], entries: [], cut: true, held: [], refused: [] })).toEqual({
      workflow_name: "W",
      runs: 14,
      finished: 10,
      failed: 1,
      cancelled: 1,
      live: 2,
      cut: true,
      duration_ms: { median: 5_000, p90: 9_000 },
      steps: [],
    });
    expect(statisticsOf("W", { runs: others, entries: [], cut: false, held: [], refused: [] }).duration_ms).toBeNull();
  });

  test("of a step: how often, how often again in one run, how long, how often it failed", () => {
    const steps = stepsOf([
      entry(1, "A", { ...ended, second: 4 }),
      entry(2, "B", { ...ended, next_step: "A", reported: "failure", second: 6 }),
      entry(3, "A", { ...ended, second: 8, reported: "odd" }),
      entry(4, "B", { decided_by: "timer", next_step: "A", second: 10 }),
      entry(5, "A", { kind: "rewind", decided_by: "rewind", next_step: "B", second: 12 }),
      entry(1, "A", { ...ended, instance_id: "wf_b", second: 20 }),
    ]);
    expect(steps["A"]).toMatchObject({ visits: 4, repeats: 2, median_ms: 8_000, failures: 0 });
    expect(steps["B"]).toMatchObject({ visits: 2, repeats: 1, median_ms: 6_000, failures: 2 });
    expect(Object.keys(steps)).toEqual(["A", "B"]);
  });

  test("of a step: how long it waited for a person or the clock, from its beginning or later", () => {
    const steps = stepsOf(
      [
        entry(1, "A", { kind: "move", visit: 1, turn_of: "agent", second: 3 }),
        entry(2, "A", { kind: "note", visit: 1, reported: "in_progress", second: 4 }),
        entry(3, "A", { ...ended, visit: 1, turn_of: "person", second: 5 }),
        entry(4, "B", { kind: "approval", visit: 2, turn_of: "server", second: 15 }),
        entry(5, "B", { kind: "move", visit: 2, turn_of: "clock", second: 16 }),
        entry(6, "B", { ...ended, visit: 2, second: 20 }),
        entry(7, "C", { kind: "move", visit: 3, turn_of: "person", second: 30 }),
      ],
      { runs: [run("wf_a", { began: "clock" })] },
    );
    expect(["A", "B", "C"].map((name) => steps[name]?.waited_ms)).toEqual([3_000, 14_000, 0]);
  });

  test("of a step: reports that were corrected, reports that came too late, and what hooks refused", () => {
    const note = { kind: "note" as const, reported: "success" };
    const steps = stepsOf(
      [
        entry(1, "A", { ...note, visit: 1, second: 1 }),
        entry(2, "A", { ...ended, visit: 1, second: 1 }),
        entry(3, "B", { kind: "note", reported: "in_progress", visit: 2 }),
        entry(4, "B", { ...note, visit: 2, about: "1-A" }),
        entry(5, "B", { kind: "note", reported: "paused", visit: 2 }),
        entry(6, "B", { ...note, visit: 2, second: 9 }),
        entry(7, "B", { decided_by: "timer", next_step: "C", visit: 2, second: 9 }),
        entry(8, "C", { ...note, visit: 3, second: 11 }),
        entry(9, "C", { kind: "move", turn_of: "person", turn_kind: "deadline", visit: 3, second: 11 }),
        entry(10, "D", { ...note, visit: 4, second: 12 }),
        entry(11, "D", { kind: "rewind", decided_by: "rewind", next_step: "D", visit: 4, second: 12 }),
        entry(12, "D", { ...note, visit: 5, second: 13 }),
        entry(13, "D", { kind: "move", status: "CANCELLED", next_step: "D", visit: 5, second: 13 }),
      ],
      {
        held: [
          { step_name: "A", count: 2 },
          { step_name: "A", count: 1 },
          { step_name: "E", count: 1 },
        ],
      },
    );
    const told = Object.fromEntries(
      Object.entries(steps).map(([name, { refused, corrected, held }]) => [name, { refused, corrected, held }]),
    );
    expect(told).toEqual({
      A: { refused: 0, corrected: 1, held: 3 },
      B: { refused: 2, corrected: 0, held: 0 },
      C: { refused: 1, corrected: 0, held: 0 },
      D: { refused: 0, corrected: 0, held: 0 },
      E: { refused: 0, corrected: 0, held: 1 },
    });
  });
});
