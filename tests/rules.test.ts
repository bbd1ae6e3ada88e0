import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../src/errors.ts";
import { type Change, type HistoryEntry, type Instance, isFinal, MAX_NOTES, type Start } from "../src/instance.ts";
import type { JsonObject } from "../src/json.ts";
import type { Report } from "../src/report.ts";
import { approve, askAnew, deny, open, requestOf } from "../src/rules/approve.ts";
import { begin } from "../src/rules/begin.ts";
import { ranOut, runOut, startClock } from "../src/rules/clock.ts";
import { fork } from "../src/rules/fork.ts";
import { move } from "../src/rules/move.ts";
import { replay } from "../src/rules/replay.ts";
import { bringBack, keep, note, pause, retireKept } from "../src/rules/report.ts";
import { fall, handOver, lookAgain, servedReport } from "../src/rules/serve.ts";
import { cancel, goOn, release, repin, rewind } from "../src/rules/steer.ts";
import { proofsOf } from "../src/rules/visit-counts.ts";
import { waive } from "../src/rules/waive.ts";
import { waitsForPerson } from "../src/turn.ts";
import { FAIL, FINISH, hashWorkflow, type Step, type Workflow } from "../src/workflow.ts";

const NAMES = ["Build", "Test", "Ship", "Serve"];
/** So often a run enters "Ship" without a person's leave. */
const MAX_SHIP = 2;
const EXTRAS: Record<string, Partial<Step>> = {
  Build: {
    deadline: { after: 60 },
    checks: [{ kind: "command", name: "lint", timeout: 1 }],
    produces: { p: { type: "string" }, lint: { type: "integer" } },
  },
  Test: { deadline: { after: 60, then: "Build" } },
  Ship: { max_visits: MAX_SHIP, wait: 60, approval: { ask: "Ship {{ context.a }}?", expires: 60, denied: "Build" } },
  Serve: { run: { kind: "run", text: "true", words: ["true"], timeout: 1 }, sets: { c: "exit_code" }, approval: {} },
};
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
    routes: name === "Serve" ? [{ when: "report.status == 'failure'", to: FAIL }] : [],
    ...EXTRAS[name],
  })),
};
/** A later definition, by which the agent does what the server did. */
const byAgent: Workflow = { ...workflow, steps: workflow.steps.map(({ run: _run, sets: _sets, ...step }) => step) };
const start: Start = {
  instance_id: "wf_1",
  definition: hashWorkflow(workflow),
  first_step: "Build",
  context: { a: 1, nested: { b: [1] } },
  request_id: null,
  unattended: false,
  actor: "t",
  started_at: "2026-01-01T00:00:00.000Z",
};
const moment = { actor: "t", now: "2026-01-01T00:00:01.000Z" };

type Event =
  | { kind: "move"; to: string; updates: JsonObject; checked?: boolean | null; assumptions?: string[] }
  | { kind: "release" }
  | { kind: "note"; updates: JsonObject; assumptions?: string[] }
  | { kind: "keep"; updates: JsonObject; replaces: boolean; assumptions?: string[] }
  | { kind: "resume"; updates: JsonObject; assumptions?: string[] }
  | { kind: "repin"; without?: boolean }
  | { kind: "serve"; passed: boolean }
  | { kind: "look again" }
  | { kind: "fall" }
  | { kind: "cancel" }
  | { kind: "suspend"; to: string }
  | { kind: "pause"; updates: JsonObject }
  | { kind: "hand out" }
  | { kind: "hand over" }
  | { kind: "time passes"; late: boolean }
  | { kind: "approve"; ours: boolean }
  | { kind: "deny"; to: string | null }
  | { kind: "open" }
  | { kind: "ask anew" }
  | { kind: "waive"; what: string }
  | { kind: "go on" }
  | { kind: "rewind"; to_visit: number }
  | { kind: "fork"; at_visit: number };

const updates = fc.dictionary(
  fc.constantFrom("a", "b", "c", "constructor", "toString"),
  fc.oneof(fc.constant(null), fc.integer(), fc.jsonValue()) as fc.Arbitrary<unknown>,
);
const assumptions = fc.array(fc.constantFrom(..."abcdef"), { maxLength: 2 });
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant("move" as const),
    to: fc.constantFrom(...NAMES, ...NAMES, FINISH, FAIL, "Nowhere"),
    updates,
    checked: fc.constantFrom(true, false, null),
    assumptions,
  }),
  fc.record({ kind: fc.constantFrom("release" as const, "hand out" as const, "hand over" as const) }),
  fc.record({ kind: fc.constant("pause" as const), updates, assumptions }),
  fc.record({ kind: fc.constant("time passes" as const), late: fc.boolean() }),
  fc.record({ kind: fc.constant("note" as const), updates, assumptions }),
  fc.record({ kind: fc.constant("keep" as const), updates, replaces: fc.boolean(), assumptions }),
  fc.record({ kind: fc.constant("resume" as const), updates, assumptions }),
  fc.record({ kind: fc.constant("repin" as const), without: fc.boolean() }),
  fc.record({ kind: fc.constant("serve" as const), passed: fc.boolean() }),
  fc.record({ kind: fc.constantFrom("look again" as const, "fall" as const, "cancel" as const) }),
  fc.record({ kind: fc.constant("suspend" as const), to: fc.constantFrom(...NAMES) }),
  fc.record({
    kind: fc.constant("waive" as const),
    what: fc.constantFrom("lint", "produces lint", "p", "produces", "other"),
  }),
  fc.record({ kind: fc.constant("go on" as const) }),
  fc.record({ kind: fc.constant("approve" as const), ours: fc.boolean() }),
  fc.record({ kind: fc.constant("deny" as const), to: fc.constantFrom("Build", FAIL, null) }),
  fc.record({ kind: fc.constantFrom("open" as const, "open" as const, "ask anew" as const) }),
  fc.record({ kind: fc.constant("rewind" as const), to_visit: fc.integer({ min: 1, max: 8 }) }),
);

const eventOrFork: fc.Arbitrary<Event> = fc.oneof(
  { weight: 5, arbitrary: event },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fork" as const), at_visit: fc.integer({ min: 1, max: 8 }) }) },
);

function apply(instance: Instance, happened: Event, { history, start }: Past): Change | null {
  const said = "assumptions" in happened ? { assumptions: happened.assumptions } : {};
  const report = { step_id: "x", status: "success", ...said };
  switch (happened.kind) {
    case "move": {
      const decision = { decided_by: "agent" as const, next_step: happened.to, reasoning: "r" };
      const outcome = happened.checked ? ("passed" as const) : ("unchecked" as const);
      const files = happened.checked ? { project_files: `as of ${history.length}` } : {};
      const letOff = instance.waived.map(({ what: check, reason }) => ({ check, outcome: "waived" as const, reason }));
      const looked = happened.checked === null ? [] : [...letOff, { check: "c", outcome, ...files }];
      const evidence = happened.checked === undefined ? undefined : looked;
      if (!mayEnd(instance)) return null; // as the engine has it
      return move(workflow, instance, { report, context_updates: happened.updates, decision, evidence, ...moment });
    }
    case "release":
      return release(workflow, instance, moment);
    case "pause":
      return mayEnd(instance) ? pause(instance, { report, context_updates: happened.updates }, moment) : null;
    case "hand out":
      return startClock(
        workflow.steps.find(({ name }) => name === instance.step_name),
        instance,
        moment.now,
      );
    case "hand over":
      return mayServe(instance) ? handOver(instance, "not here", moment) : null;
    case "time passes": {
      const now = instance.turn?.until ?? moment.now;
      const late = happened.late ? { late: report } : {};
      return ranOut(instance, now) ? runOut(workflow, instance, { actor: "server", now, ...late }) : null;
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
      return bringBack(instance, { report: happened.assumptions && report, context_updates: happened.updates }, moment);
    case "cancel":
      return cancel(instance, { reason: "r", decided_by: "person" }, moment);
    case "suspend": {
      const decision = {
        decided_by: "model" as const,
        next_step: happened.to,
        reasoning: "r",
        status: "SUSPENDED" as const,
      };
      return move(workflow, instance, { report, context_updates: { asked: true }, decision, ...moment });
    }
    case "waive":
      return waive(workflow, instance, { what: happened.what, reason: `because ${instance.last_seq}` }, moment);
    case "go on":
      return instance.status === "SUSPENDED" && !waitsForPerson(instance) ? goOn(workflow, instance, moment) : null;
    case "approve": {
      const approval_id = happened.ours ? (requestOf(instance)?.approval_id ?? "none") : "1.0";
      return approve(workflow, instance, { approval_id, hash: "h", shown: [] }, moment);
    }
    case "deny": {
      const { approval_id } = requestOf(instance) ?? { approval_id: "none" };
      const to = happened.to === null ? null : { next_step: happened.to, reasoning: "r" };
      return deny(workflow, instance, { approval_id, comment: "no", shown: [], to }, moment);
    }
    case "open":
      return open(workflow, instance, moment);
    case "ask anew":
      return askAnew(workflow, instance, "it changed", moment);
    case "rewind":
      return rewind(workflow, instance, { start, history, to_visit: happened.to_visit, reason: "", ...moment });
    case "repin":
      return repin(instance, { workflow: happened.without ? byAgent : workflow, hash: "other", trusted: true }, moment);
    case "serve": {
      const step = workflow.steps.find(({ name }) => name === instance.step_name);
      if (!mayServe(instance) || !step) return null;
      const looked = {
        check: "true",
        outcome: happened.passed ? ("passed" as const) : ("failed" as const),
        exit_code: 3,
      };
      const decision = { decided_by: "route" as const, next_step: happened.passed ? "Ship" : FAIL, reasoning: "r" };
      return move(workflow, instance, {
        ...servedReport(instance, step, looked),
        decision,
        evidence: [looked],
        ...moment,
      });
    }
    case "look again":
      return mayServe(instance) ? lookAgain(instance, { until: moment.now, message: "exit 8" }) : null;
    case "fall": {
      const seen = { evidence: [{ check: "true", outcome: "passed" as const }], report };
      return mayServe(instance) ? fall(instance, "too large", { ...seen, ...moment }) : null;
    }
    case "fork":
      return null; // begins a run of its own
  }
}

/** Whether a report, of the agent or of the server, may end the visit. */
function mayEnd(instance: Instance): boolean {
  return instance.turn?.of === "agent" || mayServe(instance);
}

function mayServe({ turn }: Instance): boolean {
  return turn?.of === "server" && turn.kind === "server_step";
}

interface Past {
  start: Start;
  history: HistoryEntry[];
}

/** The run's fork, and how that began. */
function forkOf(instance: Instance, past: Past, at_visit: number) {
  const made = { instance_id: `${instance.instance_id}f`, request_id: null, head: "b", ...moment };
  const { line, ...forked } = fork(workflow, instance, { ...past, at_visit, head: "a" }, made);
  const copied = past.history.slice(0, forked.instance.forked_from?.copied);
  return { ...forked, history: [...copied, line] };
}

/** Plays the events; a refused one changes nothing. After a fork they happen to that. */
function play(events: Event[]) {
  let instance = begin(workflow, start, { project: "/p", trusted: true });
  let past: Past = { start, history: [] };
  const forks: { source: Instance; made: Instance; handedOut: Instance | undefined }[] = [];
  const states = [instance];
  const handedOut = new Map([[1, instance]]);
  for (const happened of events) {
    try {
      if (happened.kind === "fork") {
        const made = forkOf(instance, past, happened.at_visit);
        forks.push({ source: instance, made: made.instance, handedOut: handedOut.get(happened.at_visit) });
        for (const visit of handedOut.keys()) if (visit >= happened.at_visit) handedOut.delete(visit);
        instance = made.instance;
        past = { start: made.start, history: made.history };
        handedOut.set(instance.visit, instance);
      }
      const change = apply(instance, happened, past);
      if (!change) continue;
      handedOut.set(change.instance.visit, handedOut.get(change.instance.visit) ?? change.instance);
      instance = change.instance;
      past.history.push(...change.entries);
      states.push(instance);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }
  return { instance, ...past, states, handedOut, forks };
}

describe("rules", () => {
  test("an instance equals its replayed history, whatever happened", () => {
    fc.assert(
      fc.property(fc.array(eventOrFork, { maxLength: 30 }), (events) => {
        const { instance, history, start } = play(events);
        const replayed: Record<string, unknown> = { ...replay(start, history) };
        const { definition, status, step_name, visit, visits, waived, context, assumptions, last_seq } = instance;
        expect(replayed).toEqual({
          ...replayed,
          ...{ definition, status, step_name, visit, visits, waived, context, assumptions, last_seq },
        });
        const { until: _until, message, ...turn } = instance.turn ?? {}; // what the clock and looks do stands in the row alone
        expect(replayed["turn"] ?? {}).toMatchObject(instance.turn?.of === "person" ? { ...turn, message } : turn);
      }),
      { numRuns: 500 },
    );
  });

  test("a fork stands where its run stood when the visit was handed out, entered anew, and nothing was proven or waived in it", () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.array(eventOrFork, { maxLength: 30 }), (events) => {
        for (const { source, made, handedOut } of play(events).forks) {
          seen += 1;
          const { c: _set, ...kept } = handedOut?.context ?? {};
          const context = made.step_name === "Serve" ? kept : handedOut?.context;
          expect(made).toMatchObject({ step_name: handedOut?.step_name, visit: handedOut?.visit, pending: null });
          expect(made.context).toEqual(context ?? {});
          expect(made.assumptions).toEqual(handedOut?.assumptions ?? []);
          expect(made).toMatchObject({
            definition: source.definition,
            trusted: source.trusted,
            project: source.project,
          });
          expect(made).toMatchObject({
            version: 1,
            notes: 0,
            baseline: null,
            waived: [],
            last_report_at: null,
            completed_at: null,
          });
          expect(made).toMatchObject({ head: "b", forked_from: { head: "a", origin_id: start.instance_id } });
          const { count = 0 } = made.visits[made.step_name] ?? {};
          const asks = made.step_name === "Ship" ? (count > MAX_SHIP ? "visits" : "time") : undefined;
          expect(made.turn?.kind).toBe(asks ?? (made.step_name === "Serve" ? "approval" : "step"));
          expect(made.turn).toMatchObject({ since: moment.now });
          expect(made.turn?.approval?.yes).toBeUndefined();
          for (const each of Object.values(made.visits)) {
            expect(each).not.toContainAnyKeys(["proven", "project_files", "waived"]);
          }
          expect(proofsOf(made)).toEqual([]);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(seen).toBeGreaterThan(50);
  });

  test("a fork of a visit that was not yet is refused, and of a step that the definition has no more", () => {
    const { instance, ...past } = play([{ kind: "move", to: "Test", updates: {} }]);
    const refusal = (visit: number, by: Workflow) => () =>
      fork(
        by,
        instance,
        { ...past, at_visit: visit, head: null },
        { instance_id: "f", request_id: null, head: null, ...moment },
      );
    expect(refusal(3, workflow)).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }));
    const without = { ...workflow, steps: workflow.steps.filter(({ name }) => name !== "Build") };
    expect(refusal(1, without)).toThrow(expect.objectContaining({ code: "STEP_NOT_ALLOWED" }));
  });

  test("what a fork is taken back to was not proven in it either", () => {
    const made = play([
      { kind: "move", to: "Test", updates: {}, checked: true },
      { kind: "move", to: "Build", updates: {} },
      { kind: "move", to: "Test", updates: {} },
      { kind: "fork", at_visit: 4 },
      { kind: "rewind", to_visit: 2 },
    ]);
    expect(made.forks).toHaveLength(1);
    expect(made.instance.visits["Build"]).toEqual({ count: 1, last: 1, proven_before_rewind: 1 });
  });

  test("a waiver is of one visit, by a name that it demands, and once", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { states, history } = play(events);
        for (const { waived, visit, step_name, last_seq, turn } of states) {
          if (waived.length === 0) continue;
          expect(turn).not.toBeNull();
          expect(step_name).toBe("Build");
          const told = history.flatMap(({ ruling, kind, seq, ...line }) =>
            ruling?.kind === "waived" && kind === "approval" && line.visit === visit && seq <= last_seq ? [ruling] : [],
          );
          for (const each of waived) expect(told).toContainEqual({ kind: "waived", ...each });
          const names = waived.map(({ what }) => what);
          expect(names).toEqual([...new Set(names)]);
          expect(["lint", "produces lint", "produces p", "produces"]).toEqual(expect.arrayContaining(names));
        }
        expect(history.filter(({ ruling, turn }) => ruling?.kind === "waived" && turn)).toEqual([]);
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
          const finish: Event[] = [
            { kind: "release" }, // of a limit, or of a no
            { kind: "time passes", late: false },
            { kind: "approve", ours: true },
            { kind: "open" },
            { kind: "release" },
            { kind: "move", to: FINISH, updates: {} },
          ];
          const done = play([...before, ...finish]);
          expect(play([...before, ...finish, ...after]).instance).toEqual(done.instance);
          expect(isFinal(done.instance.status)).toBe(true);
        },
      ),
    );
  });

  test("never enters a step that may not follow, and numbers visits and entries without a gap", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const { states, history } = play(events);
        for (const state of states) expect([...NAMES, FINISH, FAIL]).toContain(state.step_name);
        expect(history.map((entry) => entry.seq)).toEqual(history.map((_, index) => index + 1));
        const visits = history.filter((entry) => entry.decision !== null).map((entry) => entry.visit);
        expect(visits).toEqual(visits.map((_, index) => index + 1));
      }),
    );
  });

  test("move() refuses a step that does not exist, with the candidates", () => {
    const instance = begin(workflow, start, { project: "/p", trusted: true });
    expect(() => apply(instance, { kind: "move", to: "Nowhere", updates: {} }, { start, history: [] })).toThrow(
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

  test("assumptions count once, at the visit that said them first, notes and reports that were replaced among them", () => {
    const { instance } = play([
      { kind: "note", updates: {}, assumptions: ["a", "a"] },
      { kind: "keep", updates: {}, replaces: false, assumptions: ["a", "b"] },
      { kind: "keep", updates: {}, replaces: true, assumptions: ["c"] },
      { kind: "move", to: "Test", updates: {}, assumptions: ["c"] },
      { kind: "resume", updates: {}, assumptions: ["b", "d"] },
    ]);
    expect(instance.assumptions).toEqual([
      ...["a", "b", "c"].map((text) => ({ visit: 1, text })),
      { visit: 2, text: "d" },
    ]);
  });

  test("assumptions that are brought back to a visit without room for another note are refused, not dropped", () => {
    const full = { ...begin(workflow, start, { project: "/p", trusted: true }), notes: MAX_NOTES };
    const hello = { step_id: "x", status: "resuming" };
    const back = (report: Report) => bringBack(full, { report, context_updates: {} }, moment);
    expect(back(hello)).toBeNull();
    const limit = expect.objectContaining({ code: "INVALID_INPUT" });
    expect(() => back({ ...hello, assumptions: ["a"] })).toThrow(limit);
  });

  test("the last fifty assumptions are at hand, and a rewind brings back those that were at hand then", () => {
    const texts = (from: number) => Array.from({ length: 10 }, (_, n) => `${from + n}`);
    const many = Array.from({ length: 6 }, (_, n): Event => {
      return { kind: "move", to: "Test", updates: {}, assumptions: texts(n * 10) };
    });
    const { instance } = play(many);
    expect(instance.assumptions.map(({ text }) => text)).toEqual([10, 20, 30, 40, 50].flatMap(texts));
    const back = play([...many, { kind: "rewind", to_visit: 3 }]).instance;
    expect(back.assumptions.map(({ text }) => text)).toEqual([0, 10].flatMap(texts));
  });

  test("a rewind hands out the step, the context and the counts of the earlier visit, and forgets nothing", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), fc.nat(), (events, at) => {
        const { instance, history, handedOut } = play(events);
        const to_visit = 1 + (at % instance.visit);
        const then = handedOut.get(to_visit);
        if (isFinal(instance.status) || !then) return;
        const change = rewind(workflow, instance, { start, history, to_visit, reason: "", ...moment });
        const now = change.instance;
        expect([now.step_name, now.context, now.visit]).toEqual([then.step_name, then.context, instance.visit + 1]);
        expect(now.assumptions).toEqual(then.assumptions);
        const counts = (visits: Instance["visits"]) => Object.entries(visits).map(([name, { count }]) => [name, count]);
        expect(counts(now.visits).sort()).toEqual(counts(then.visits).sort());
        expect(change.entries.at(-1)).toMatchObject({ kind: "rewind", decision: { decided_by: "rewind", to_visit } });
        expect(replay(start, [...history, ...change.entries]).visits).toEqual(now.visits);
      }),
      { numRuns: 300 },
    );
  });

  test("a step that needs a yes is nobody's before one was given and spent for that visit, each yes once", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { states, history } = play(events);
        const rulings = (upTo: number, visit: number) =>
          history.filter((line) => line.seq <= upTo && line.visit === visit).flatMap(({ ruling }) => ruling ?? []);
        for (const state of states) {
          const asks = EXTRAS[state.step_name]?.approval !== undefined;
          if (!asks || !(state.turn?.of === "agent" || mayServe(state))) continue;
          const all = rulings(state.last_seq, state.visit);
          const opened = all.filter(({ kind }) => kind === "opened");
          expect(opened).toHaveLength(1);
          const ids = all.flatMap((each) => (each.kind === "approved" ? [each.approval_id] : []));
          expect(ids).toContain(opened[0]?.kind === "opened" ? opened[0].approval_id : "");
        }
        const spent = history.flatMap(({ ruling }) => (ruling?.kind === "opened" ? [ruling.approval_id] : []));
        expect(spent).toEqual([...new Set(spent)]);
        const asked = states.flatMap(({ turn }) => turn?.approval?.approval_id ?? []);
        const voided = history.flatMap(({ ruling }) => (ruling?.kind === "void" ? [ruling.approval_id] : []));
        for (const id of voided) expect(spent).not.toContain(id);
        expect(new Set(asked).size).toBeGreaterThanOrEqual(new Set([...spent, ...voided]).size);
      }),
      { numRuns: 500 },
    );
  });

  test("a step is never worked on more often than its limit without a person's leave, rewinds and all", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const { states, history } = play(events);
        const released = history.filter((entry) => entry.kind === "approval").map((entry) => entry.visit);
        for (const state of states) {
          const count = state.visits["Ship"]?.count ?? 0;
          const over = state.step_name === "Ship" && state.status === "RUNNING" && count > MAX_SHIP;
          if (over) expect(released).toContain(state.visit);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("visits that ended unchecked are remembered, and those that a rewind took back are not", () => {
    const unchecked = (to: string): Event => ({ kind: "move", to, updates: {}, checked: false });
    const { instance } = play([
      unchecked("Test"),
      unchecked("Build"),
      unchecked("Test"),
      { kind: "rewind", to_visit: 3 },
    ]);
    expect(instance.visits).toEqual({
      Build: { count: 2, last: 5, unchecked: [1] },
      Test: { count: 1, last: 2, unchecked: [2] },
    });
  });

  test("what a report had to produce is not a decider's to change; all else is", () => {
    const [first, ...others] = workflow.steps;
    if (!first) throw new Error("no step");
    const demanding = { ...workflow, steps: [{ ...first, produces: { code: { type: "integer" } } }, ...others] };
    const instance = begin(demanding, start, { project: "/p", trusted: true });
    const updates = { code: 0, note: "decided" };
    const decision = { decided_by: "model" as const, next_step: "Test", reasoning: "r", context_updates: updates };
    const report = { step_id: "1-build", status: "success" };
    const change = move(demanding, instance, { report, context_updates: { code: 7 }, decision, ...moment });
    expect(change.instance.context).toMatchObject({ code: 7, note: "decided" });
  });

  test("what a server step sets is not a decider's to change", () => {
    const instance = begin(workflow, start, { project: "/p", trusted: true });
    const updates = { c: 0, note: "decided" }; // "Serve" sets c
    const decision = { decided_by: "model" as const, next_step: "Test", reasoning: "r", context_updates: updates };
    const report = { step_id: "1-build", status: "success" };
    const { context } = move(workflow, instance, { report, context_updates: {}, decision, ...moment }).instance;
    expect(context).toMatchObject({ note: "decided" });
    expect(context).not.toHaveProperty("c");
  });

  test("a context over the limit is refused", () => {
    const instance = begin(workflow, start, { project: "/p", trusted: true });
    const huge = { kind: "move" as const, to: "Test", updates: { x: "y".repeat(300_000) } };
    expect(() => apply(instance, huge, { start, history: [] })).toThrow(
      expect.objectContaining({ code: "INVALID_INPUT" }),
    );
  });
});
