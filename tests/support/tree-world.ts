/** Engines on one state, which die at any commit, and what callers do to a tree of runs with them. */
import { type Checker, labelOf } from "../../src/check.ts";
import { createAttempts } from "../../src/engine/attempts.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { Unclear } from "../../src/engine/live.ts";
import type { Outcome } from "../../src/engine/outcome.ts";
import { AppError } from "../../src/errors.ts";
import { type Instance, isFinal, stepIdOf } from "../../src/instance.ts";
import { createLiquidRenderer } from "../../src/liquid/liquid-renderer.ts";
import { createCelReckoner } from "../../src/routes/cel-reckoner.ts";
import { createRoutesDecider } from "../../src/routes/routes-decider.ts";
import { createAjvSchemaJudge } from "../../src/schemas/ajv-judge.ts";
import type { Store } from "../../src/store.ts";
import { hashWorkflow, type Workflow } from "../../src/workflow.ts";
import { OUTPUT } from "./tree-plans.ts";

export type Death = "before" | "after";

/** A process on the state: it may die at the commit that comes after so many others. */
export interface Process {
  engine: Engine;
  /** Sets when it dies. */
  doom(commits: number, death: Death): void;
  isDead(): boolean;
}

/** A process died: what was called is never answered. */
export class Died extends Error {}

export interface World {
  store: Store;
  ids(): string[];
  clock: { now: number };
  start(): Process;
}

const CALLER = { actor: "mcp:test" };

/** `ids`: of all instances of the state. */
export function createWorld(workflow: Workflow, { store, ids }: Pick<World, "store" | "ids">): World {
  const clock = { now: Date.UTC(2026, 0, 1) };
  let made = 0;
  const loaded = { workflow, hash: hashWorkflow(workflow), trusted: true };
  const catalog = { workflows: new Map([[workflow.name, loaded]]), invalid: new Map(), places: [] };
  const now = () => new Date(clock.now);
  const schemas = createAjvSchemaJudge();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const patience = { call: 200, callBeforeModel: 200, look: 1, stop: 100 };
  return {
    store,
    ids,
    clock,
    start() {
      let left = Number.POSITIVE_INFINITY;
      let how: Death = "before";
      let dead = false;
      const mortal = mortalStore(store, {
        isDead: () => dead,
        async commit(write) {
          left -= 1;
          if (left >= 0) return write();
          if (how === "after") await write();
          dead = true;
          throw new Died();
        },
      });
      const newId = () => `run_${++made}`;
      const engine = createEngine({
        store: async () => mortal,
        source: { catalog: async () => catalog },
        deciders: [createRoutesDecider()],
        onModelFailure: "agent",
        probe: { head: () => null, modified: async () => null },
        schemas,
        templates: createLiquidRenderer(),
        checker,
        files: {
          offered: false,
          open: async () => ({ fault: "none" }),
          keep: async () => null,
          find: async () => null,
        },
        outputs: { readOutput: async () => null },
        reckoner: createCelReckoner(),
        exhibits: {
          begin: async () => {},
          file: () => Promise.reject(new Error("not shown")),
          changes: () => Promise.reject(new Error("not shown")),
          between: async () => null,
        },
        attempts: createAttempts({ checker, now, newId, patience, log }),
        patience,
        notifier: null,
        commandLine: (command, id) => `${command} ${id}`,
        hasState: () => true,
        project: "/p",
        now,
        newId,
        log,
      });
      return {
        engine,
        doom(commits, death) {
          left = commits;
          how = death;
        },
        isDead: () => dead,
      };
    },
  };
}

/** Programs of every third run fail. */
const checker: Checker = {
  refusal: () => null,
  command: () => undefined,
  look: async (check, { instance_id }) => {
    const fails = Number(instance_id.slice(4)) % 3 === 0;
    return { check: labelOf(check), outcome: fails ? "failed" : "passed", exit_code: Number(fails) };
  },
  baseline: async () => ({}),
  projectFiles: { note: async (result) => result, since: async () => new Map() },
  endLeftovers: async () => {},
};

function mortalStore(
  store: Store,
  { isDead, commit }: { isDead: () => boolean; commit: <T>(write: () => Promise<T>) => Promise<T> },
): Store {
  const mortal =
    (name: string, call: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      if (isDead()) throw new Died();
      return name === "commit" || name === "create" ? commit(() => call(...args)) : call(...args);
    };
  const methods = Object.entries(store).map(([name, call]) => [name, mortal(name, call)]);
  return Object.fromEntries(methods); // each method of the store, called as it is given
}

/** What a caller may do; numbers choose among what is there. */
export type Act =
  | { kind: "report"; which: number; status: "success" | "failure" | "in_progress" | "paused"; tells: boolean }
  | { kind: "again" | "misdirected"; which: number }
  | { kind: "resume" | "cancel" | "release"; which: number }
  | { kind: "cancel a branch"; which: number }
  | { kind: "rewind"; which: number; to: number }
  | { kind: "time"; seconds: number }
  | { kind: "nobody" }
  | { kind: "both"; one: Act; other: Act };

export interface Told {
  act: Act;
  /** What was called, on which run. */
  about?: Instance;
  answer?: Outcome | Unclear;
  refusal?: AppError;
}

export interface Callers {
  rootId: string;
  act(process: Process, act: Act): Promise<Told[]>;
}

export async function createCallers(world: World, process: Process, workflow: Workflow): Promise<Callers> {
  const { store, ids, clock } = world;
  const start = { workflow_name: workflow.name, context: { list: ["x", 2], text: "t" }, request_id: "one" };
  const { instance } = await process.engine.start(start, CALLER);
  const rootId = instance.branch?.root_id ?? instance.instance_id;
  const said: { instance_id: string; report: { step_id: string; status: string }; context_updates: object }[] = [];

  async function all(): Promise<Instance[]> {
    const found = await Promise.all(ids().map((id) => store.load(id)));
    return found.filter((each) => each !== null);
  }

  async function one(of: (each: Instance) => boolean, which: number): Promise<Instance | undefined> {
    const found = (await all()).filter(of);
    return found[which % Math.max(1, found.length)];
  }

  async function tell(
    act: Act,
    about: Instance | undefined,
    call: () => Promise<Outcome | Unclear | undefined>,
  ): Promise<Told[]> {
    const told = { act, ...(about ? { about } : {}) };
    try {
      const answer = await call();
      return [{ ...told, ...(answer ? { answer } : {}) }];
    } catch (error) {
      if (error instanceof Died) return [told];
      if (!(error instanceof AppError)) throw error;
      return [{ ...told, refusal: error }];
    }
  }

  async function act(process: Process, given: Act): Promise<Told[]> {
    const { engine } = process;
    if (given.kind === "both") return (await Promise.all([act(process, given.one), act(process, given.other)])).flat();
    if (given.kind === "time") {
      clock.now += given.seconds * 1_000;
      return tell(given, undefined, () => engine.sweep().then(() => undefined));
    }
    if (given.kind === "nobody") return tell(given, undefined, () => engine.resume({ context_updates: {} }, CALLER));
    if (given.kind === "report") {
      const about = await one(({ turn }) => turn?.of === "agent", given.which);
      if (!about) return [];
      const context_updates = given.tells ? { [OUTPUT]: about.instance_id } : {};
      const report = { step_id: stepIdOf(about), status: given.status };
      const call = { instance_id: about.instance_id, report, context_updates };
      said.push(call);
      return tell(given, about, () => engine.advance(call, CALLER));
    }
    if (given.kind === "again") {
      const call = said[given.which % Math.max(1, said.length)];
      if (!call) return [];
      const about = await store.load(call.instance_id);
      return tell(given, about ?? undefined, () => engine.advance({ ...call, context_updates: {} }, CALLER));
    }
    if (given.kind === "misdirected") {
      const [step, about] = [
        await one(({ turn }) => turn !== null, given.which),
        await one(() => true, given.which + 1),
      ];
      if (!step || !about) return [];
      const report = { step_id: stepIdOf(step), status: "success" };
      return tell(given, about, () =>
        engine.advance({ instance_id: about.instance_id, report, context_updates: {} }, CALLER),
      );
    }
    const about = await one(CHOSEN[given.kind], given.which);
    if (!about) return [];
    const { instance_id } = about;
    const calls = {
      resume: () => engine.resume({ instance_id, context_updates: {} }, CALLER),
      cancel: () => engine.cancel({ instance_id, decided_by: "agent" }, CALLER),
      "cancel a branch": () => engine.cancel({ instance_id, decided_by: "agent" }, CALLER),
      release: () => engine.release({ instance_id, use_latest: false }, CALLER),
      rewind: () => engine.rewind({ instance_id, to_visit: "to" in given ? 1 + (given.to % about.visit) : 1 }, CALLER),
    };
    return tell(given, about, calls[given.kind]);
  }

  return { rootId, act };
}

const CHOSEN = {
  resume: () => true,
  cancel: ({ status }: Instance) => !isFinal(status),
  "cancel a branch": ({ status, branch }: Instance) => !isFinal(status) && branch !== null,
  release: ({ status }: Instance) => status === "SUSPENDED",
  rewind: ({ status }: Instance) => !isFinal(status),
};
