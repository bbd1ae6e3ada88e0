/** Trees of branches, made up: whatever callers do in whatever order, and wherever a process dies, these things are true. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import type { Outcome } from "../src/engine/outcome.ts";
import { isUnclear } from "../src/engine/resume.ts";
import { type Instance, isFinal } from "../src/instance.ts";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import { createMemory, createMemoryStore } from "./support/memory-store.ts";
import { waitFor } from "./support/stdio.ts";
import { treePlan, type WorkflowPlan, workflowOf } from "./support/tree-plans.ts";
import { type Ended, holdTruths } from "./support/tree-truths.ts";
import {
  type Act,
  type Callers,
  createCallers,
  createWorld,
  type Process,
  type Told,
  type World,
} from "./support/tree-world.ts";
import { scratchDir } from "./support/workspace.ts";

/** After that long another process takes over what a dead one had begun. */
const LEFT_ALONE_MS = 10_000;
const MOST_ACTS = 2_000;

const which = fc.nat(50);
const report = fc.record({
  kind: fc.constant("report" as const),
  which,
  status: fc.constantFrom("success", "success", "success", "success", "failure", "in_progress", "paused"),
  tells: fc.boolean(),
});
const single: fc.Arbitrary<Act> = fc.oneof(
  { weight: 12, arbitrary: report },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("again", "misdirected"), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("resume" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel a branch" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rewind" as const), which, to: which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), seconds: fc.constantFrom(70, 3_700) }) },
  { weight: 2, arbitrary: fc.constant({ kind: "nobody" as const }) },
);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: single },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("both" as const), one: single, other: single }) },
);
/** The process dies at a commit of the act, before or after it. */
const deed = fc.record({
  act,
  dies: fc.option(fc.record({ commits: fc.nat(2), death: fc.constantFrom("before", "after") }), { freq: 3 }),
});
const ends: fc.Arbitrary<Act | null> = fc.option(fc.record({ kind: fc.constant("cancel" as const), which }), {
  freq: 1,
});

interface Story {
  plan: WorkflowPlan;
  deeds: { act: Act; dies: { commits: number; death: "before" | "after" } | null }[];
  ends: Act | null;
}
const story: fc.Arbitrary<Story> = fc.record({ plan: treePlan, deeds: fc.array(deed, { maxLength: 25 }), ends });

async function play({ plan, deeds, ends }: Story, state: Pick<World, "store" | "ids">): Promise<void> {
  const workflow = workflowOf(plan);
  const world = createWorld(workflow, state);
  let process = world.start();
  const callers = await createCallers(world, process, workflow);
  const ended: Ended = new Map();
  const truths = () => holdTruths(world.store, world.ids(), ended);
  await truths();
  for (const { act, dies } of deeds) {
    const before = await rowsOf(world);
    if (dies) process.doom(dies.commits, dies.death);
    const told = await callers.act(process, act);
    if (dies) process = restarted(world, process);
    await truths();
    holdAnswers(told, before);
  }
  if (ends) holdAnswers(await callers.act(process, ends), await rowsOf(world));
  await truths();
  await finish(world, callers, process, ended);
}

function restarted(world: World, process: Process): Process {
  process.engine.stop();
  world.clock.now += LEFT_ALONE_MS;
  return world.start();
}

async function rowsOf({ store, ids }: World): Promise<Map<string, Instance>> {
  const all = await Promise.all(ids().map((id) => store.load(id)));
  return new Map(all.flatMap((each) => (each ? [[each.instance_id, each]] : [])));
}

/** What callers were told is theirs, by how it was before. */
function holdAnswers(told: Told[], before: Map<string, Instance>): void {
  for (const { act, answer, about } of told) {
    if (!answer || isUnclear(answer)) continue;
    for (const { instance_id } of answer.board?.fresh ?? []) {
      const row = before.get(instance_id);
      expect(row?.branch?.taken_at ?? row?.last_report_at ?? null).toBeNull();
    }
    if (act.kind === "misdirected" && about) expect(isOwn(answer, about)).toBe(true);
    if (answer.instance.turn?.of !== "agent" || told.length > 1) continue;
    const known = before.get(answer.instance.instance_id);
    const isNew = !known || known.visit !== answer.instance.visit || known.turn?.of !== "agent";
    if (act.kind === "report" && act.status !== "in_progress" && act.status !== "paused" && !answer.replayed)
      expect(isNew).toBe(true); // nobody else was handed it out
  }
}

/** A report that came to a run is about one of its own visits. */
function isOwn(answer: Outcome, about: Instance): boolean {
  return answer.instance.instance_id === about.instance_id || answer.instance.branch !== null || about.branch !== null;
}

/** Callers who go on as they are told bring every run to its end. */
async function finish(world: World, callers: Callers, process: Process, ended: Ended): Promise<void> {
  const root = async () => await world.store.load(callers.rootId);
  for (let acts = 0; acts < MOST_ACTS; acts += 1) {
    const now = await root();
    if (!now || isFinal(now.status)) break;
    const [told] = await callers.act(process, { kind: "resume", which: world.ids().indexOf(callers.rootId) });
    const pauses = acts % 3 === 0;
    await goOn(told, { world, callers, process, pauses });
    await holdTruths(world.store, world.ids(), ended);
  }
  await holdTruths(world.store, world.ids(), ended);
  const all = await rowsOf(world);
  expect(
    [...all.values()].flatMap(({ status, instance_id, turn }) => (isFinal(status) ? [] : [{ instance_id, turn }])),
  ).toEqual([]);
}

async function goOn(
  told: Told | undefined,
  at: { world: World; callers: Callers; process: Process; pauses: boolean },
): Promise<void> {
  const { world, callers, process } = at;
  const answer = told?.answer;
  if (!answer || isUnclear(answer)) throw new Error(`nothing to go on with: ${told?.refusal?.message}`);
  const { instance, board } = answer;
  if (board) {
    const [first] = [...board.fresh, ...board.open];
    if (!first) throw new Error("a board without branches");
    const [next] = await callers.act(process, { kind: "resume", which: world.ids().indexOf(first.instance_id) });
    return goOn(next, at);
  }
  if (isFinal(instance.status)) return;
  if (instance.turn?.of === "person") {
    const waiting = (await suspended(world)).indexOf(instance.instance_id);
    await callers.act(process, { kind: "release", which: waiting });
  } else if (instance.turn?.of === "agent") {
    const theirs = [...(await rowsOf(world)).values()].filter(({ turn }) => turn?.of === "agent");
    const which = theirs.findIndex(({ instance_id }) => instance_id === instance.instance_id);
    await callers.act(process, { kind: "report", which, status: at.pauses ? "paused" : "success", tells: true });
  } else await callers.act(process, { kind: "time", seconds: 61 });
}

async function suspended(world: World): Promise<string[]> {
  return [...(await rowsOf(world)).values()].flatMap(({ status, instance_id }) =>
    status === "SUSPENDED" ? [instance_id] : [],
  );
}

test("what a dead process left is done by one sweep of another: from branch to branch, through their join", async () => {
  const server = { kind: "server" as const };
  const more = { fast: false, join: false, deadline: "none" as const, demands: false, names: false };
  const inner = { kind: "branches" as const, each: { list: [1, 2] }, most: 1, more, used: { steps: [server] } };
  const workflow = workflowOf({ steps: [{ ...inner, used: { steps: [server, inner] } }] });
  const memory = createMemory();
  const world = createWorld(workflow, { store: createMemoryStore(memory), ids: () => Object.keys(memory.instances) });
  const dead = world.start();
  dead.doom(1, "after");
  await createCallers(world, dead, workflow).catch(() => {});
  expect(world.ids()).toHaveLength(2);
  const { engine } = restarted(world, dead);
  engine.keepSweeping();
  await engine.sweep();
  await waitFor(() => !Object.values(memory.instances).some((text) => text.includes('"RUNNING"')), "the end of all");
  engine.stop();
  await holdTruths(world.store, world.ids(), new Map());
  expect(world.ids()).toHaveLength(7);
});

/** More of them by `TREES=2000 bun test …`. */
const RUNS = Number(process.env["TREES"] ?? 150);

test("on the store in memory", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (each) => {
      const memory = createMemory();
      await play(each, { store: createMemoryStore(memory), ids: () => Object.keys(memory.instances) });
    }),
    { numRuns: RUNS },
  );
});

test("on SQLite", async () => {
  await fc.assert(
    fc.asyncProperty(story, async (each) => {
      const path = join(scratchDir(), "state.sqlite");
      const busy = createBusyWait();
      const db = await openDatabase(path, busy);
      const store = createSqliteStore(db, { path, busy, files: watchFiles(path) });
      const ids = () =>
        db
          .query<{ id: string }, []>("SELECT instance_id AS id FROM instances ORDER BY rowid")
          .all()
          .map(({ id }) => id);
      await play(each, { store, ids });
      await store.close();
    }),
    { numRuns: Math.ceil(RUNS / 10) },
  );
});
