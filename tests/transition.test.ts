import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../src/errors.ts";
import type { Change, HistoryEntry, Instance, Start } from "../src/instance.ts";
import type { JsonObject } from "../src/json.ts";
import { begin, bringBack, keep, move, note, repin, replay, retireKept } from "../src/transition.ts";
import { FINISH, hashWorkflow, type Workflow } from "../src/workflow.ts";

const NAMES = ["Build", "Test", "Ship"];
const workflow: Workflow = {
  name: "W",
  goal: "",
  steps: NAMES.map((name) => ({
    name,
    slug: name.toLowerCase(),
    file: `W/steps/${name}.md`,
    guidance: "g",
    instructions: "i",
    sections: [],
    routes: [],
  })),
};
const start: Start = {
  instance_id: "wf_1",
  definition: hashWorkflow(workflow),
  first_step: "Build",
  context: { a: 1, nested: { b: [1] } },
  request_id: null,
  actor: "t",
  started_at: "2026-01-01T00:00:00.000Z",
};
const moment = { actor: "t", now: "2026-01-01T00:00:01.000Z" };

type Event =
  | { kind: "move"; to: string; updates: JsonObject }
  | { kind: "note"; updates: JsonObject }
  | { kind: "keep"; updates: JsonObject; replaces: boolean }
  | { kind: "resume"; updates: JsonObject }
  | { kind: "repin" };

const updates = fc.dictionary(
  fc.constantFrom("a", "b", "c", "constructor", "toString"),
  fc.oneof(fc.constant(null), fc.integer(), fc.jsonValue()) as fc.Arbitrary<unknown>,
);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant("move" as const),
    to: fc.constantFrom(...NAMES, ...NAMES, FINISH, "Nowhere"),
    updates,
  }),
  fc.record({ kind: fc.constant("note" as const), updates }),
  fc.record({ kind: fc.constant("keep" as const), updates, replaces: fc.boolean() }),
  fc.record({ kind: fc.constant("resume" as const), updates }),
  fc.record({ kind: fc.constant("repin" as const) }),
);

function apply(instance: Instance, happened: Event): Change | null {
  const report = { step_id: "x", status: "success" };
  switch (happened.kind) {
    case "move": {
      const decision = { decided_by: "agent" as const, next_step: happened.to, reasoning: "r" };
      return move(workflow, instance, { report, context_updates: happened.updates, decision, ...moment });
    }
    case "note":
      return note(instance, { report, context_updates: happened.updates }, moment);
    case "keep": {
      const pending = { report, context_updates: happened.updates, received_at: moment.now, asked: true };
      if (!happened.replaces) return keep(instance, pending, moment);
      const draft = retireKept(instance, moment);
      const kept = keep(draft.instance, pending, moment);
      return { ...kept, entries: [...draft.entries, ...kept.entries] };
    }
    case "resume":
      return bringBack(instance, { report: undefined, context_updates: happened.updates }, moment);
    case "repin":
      return repin(instance, { workflow, hash: "other" }, moment);
  }
}

/** Plays the events; what is refused changes nothing. */
function play(events: Event[]) {
  let instance = begin(workflow, start, { project: "/p" });
  const history: HistoryEntry[] = [];
  const states = [instance];
  for (const happened of events) {
    try {
      const change = apply(instance, happened);
      if (!change) continue;
      instance = change.instance;
      history.push(...change.entries);
      states.push(instance);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
  return { instance, history, states };
}

describe("transition", () => {
  test("an instance equals its replayed history, whatever happened", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const { instance, history } = play(events);
        const replayed: Record<string, unknown> = { ...replay(start, history) };
        for (const key of ["definition", "status", "step_name", "visit", "visits", "context", "last_seq"] as const) {
          expect(replayed[key]).toEqual(instance[key]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a final instance stays final, and never changes again", () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 20 }),
        fc.array(event, { minLength: 1, maxLength: 10 }),
        (before, after) => {
          const finish: Event = { kind: "move", to: FINISH, updates: {} };
          const done = play([...before, finish]);
          expect(play([...before, finish, ...after]).instance).toEqual(done.instance);
          expect(done.instance.status).toBe("COMPLETED");
        },
      ),
    );
  });

  test("never enters a step that may not follow, and numbers visits and entries without a gap", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const { states, history } = play(events);
        for (const state of states) expect([...NAMES, FINISH]).toContain(state.step_name);
        expect(history.map((entry) => entry.seq)).toEqual(history.map((_, index) => index + 1));
        const visits = history.filter((entry) => entry.kind === "visit").map((entry) => entry.visit);
        expect(visits).toEqual(visits.map((_, index) => index + 1));
      }),
    );
  });

  test("move() refuses a step that does not exist, with the candidates", () => {
    const instance = begin(workflow, start, { project: "/p" });
    expect(() => apply(instance, { kind: "move", to: "Nowhere", updates: {} })).toThrow(
      expect.objectContaining({ code: "STEP_NOT_ALLOWED", details: { candidates: [...NAMES, FINISH] } }),
    );
  });

  test("a report that is replaced becomes a note, and what it set stays", () => {
    const { instance, history } = play([
      { kind: "keep", updates: { a: 2, b: "kept" }, replaces: false },
      { kind: "keep", updates: { a: 3 }, replaces: true },
      { kind: "move", to: "Test", updates: { a: 3 } },
    ]);
    expect(history.map((entry) => entry.kind)).toEqual(["note", "visit"]);
    expect(instance.context).toMatchObject({ a: 3, b: "kept" });
  });

  test("a context over the limit is refused", () => {
    const instance = begin(workflow, start, { project: "/p" });
    const huge = { kind: "move" as const, to: "Test", updates: { x: "y".repeat(300_000) } };
    expect(() => apply(instance, huge)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
  });
});
