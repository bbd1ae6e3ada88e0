/** The orchestration engine: every way to use the product goes through these calls. Knows no transport, file or database. */
import type { Instance } from "../instance.ts";
import { namesFiles } from "../run-files.ts";
import type { Catalog, Step, Workflow } from "../workflow.ts";
import { type AdvanceInput, advance } from "./advance.ts";
import {
  approvals,
  type Bound,
  bound,
  type Decided,
  type DecideInput,
  decideApproval,
  type Waits,
} from "./approvals.ts";
import { asked } from "./asked.ts";
import { createDefinitions } from "./definitions.ts";
import { withFiles } from "./files.ts";
import { type ForkInput, forkInstance } from "./fork.ts";
import { atHandOut } from "./hand-out.ts";
import { withJoined } from "./joined.ts";
import type { Unclear } from "./live.ts";
import { type News, type NewsQuery, news } from "./news.ts";
import type { Outcome, StaleProof } from "./outcome.ts";
import { createOverviews, type Overviews } from "./overview.ts";
import type { Caller, Parts } from "./parts.ts";
import { type ListInput, list, type Page, type Snapshot, type StatusInput, status } from "./read.ts";
import { withTree } from "./recap-tree.ts";
import { lookAtRelease, type Releasable, type ReleaseInput, releaseInstance } from "./release.ts";
import { isUnclear, type ResumeInput, resume } from "./resume.ts";
import { createSettler } from "./settle.ts";
import { explained, settleOutcome, withDenied } from "./settled.ts";
import { staleProofs, withStale } from "./stale.ts";
import { type StartInput, start } from "./start.ts";
import { type CancelInput, cancelInstance, type RewindInput, rewindInstance } from "./steer.ts";
import { type Waivable, type WaiveInput, waivable, waive } from "./waive.ts";

/**
 * Promises resolve only after what they report is durable; they reject with an AppError, having changed nothing. Each
 * call that reads or writes instances may reject with PERSISTENCE_ERROR, one that names an instance with
 * INSTANCE_NOT_FOUND, one that changes it with CONFLICT; further codes stand at the functions.
 */
export interface Engine extends Overviews {
  catalog(): Promise<Catalog>;
  start(input: StartInput, caller: Caller): Promise<Outcome>;
  advance(input: AdvanceInput, caller: Caller): Promise<Outcome>;
  resume(input: ResumeInput, caller: Caller): Promise<Outcome | Unclear>;
  cancel(input: CancelInput, caller: Caller): Promise<Outcome>;
  rewind(input: Omit<RewindInput, "by_person">, caller: Caller): Promise<Outcome>;
  fork(input: Omit<ForkInput, "by_person">, caller: Caller): Promise<Outcome>;
  /** The same three outside any agent: no step is handed out, and what the server has to do is left to those that serve. */
  cancelAlone(input: CancelInput, caller: Caller): Promise<Outcome>;
  rewindAlone(input: RewindInput, caller: Caller): Promise<Outcome>;
  forkAlone(input: ForkInput, caller: Caller): Promise<Outcome>;
  /** For a person, as the next six are: no tool does it. */
  releasable(input: Omit<ReleaseInput, "seen">, caller: Caller): Promise<Releasable>;
  release(input: ReleaseInput, caller: Caller): Promise<Outcome>;
  /** What waits for a yes or no; what a yes would be bound to; the decision. See engine/approvals.ts. */
  approvals(input: { all: boolean }): Promise<Waits[]>;
  bound(instanceId: string): Promise<Bound>;
  decide(input: DecideInput, caller: Caller): Promise<Decided>;
  /** What the current visit has to prove, by its name; and a person's word that it need not, once. See engine/waive.ts. */
  waivable(input: Omit<WaiveInput, "seen">): Promise<Waivable>;
  waive(input: WaiveInput, caller: Caller): Promise<Waivable>;
  status(input: StatusInput): Promise<Snapshot>;
  /** Where somebody is asked, in the run or below it; see engine/asked.ts. */
  asked(instanceId: string): Promise<Instance | null>;
  list(input: ListInput): Promise<Page>;
  /** What happened in a run since; see engine/news.ts. */
  news(query: NewsQuery): Promise<News>;
  /** The run's proofs since which the project changed. */
  stale(instanceId: string): Promise<StaleProof[]>;
  /** Sees once to all runs that are due to go on by themselves; resolves when that has begun. */
  sweep(): Promise<void>;
  /** Does so from now on, again and again: what a process does that serves. */
  keepSweeping(): void;
  /** Begins nothing more by itself. */
  stop(): void;
}

/** Whether an outcome is all that is to be said: the agent goes on, and no step of its workflow asks anything of the server. */
function isWhole({ instance, workflow, recap, replayed }: Outcome): boolean {
  return instance.turn?.of === "agent" && !recap && !replayed && isAgentsAlone(workflow);
}

/** By workflow, since a pinned one stays the same object. */
const known = new WeakMap<Workflow, boolean>();

function isAgentsAlone(workflow: Workflow): boolean {
  const asks = (step: Step) =>
    step.run ?? step.branches ?? step.approval ?? step.checks ?? step.wait ?? step.deadline ?? namesFiles(step);
  const found = known.get(workflow) ?? !workflow.steps.some(asks);
  known.set(workflow, found);
  return found;
}

export function createEngine(given: Omit<Parts, "definitions">): Engine {
  const parts: Parts = { ...given, definitions: createDefinitions() };
  const settler = createSettler(parts);
  const handOut = async <T extends Outcome | Unclear>(
    made: Promise<T>,
    caller: Caller,
    { tells } = { tells: false },
  ): Promise<T | Outcome> => {
    const until = caller.until ?? performance.now() + parts.patience.call;
    const answer = await made;
    if (isUnclear(answer) || isWhole(answer)) return answer;
    const settled = await withTree(parts, await settleOutcome({ parts, settler, caller }, answer, until));
    const ready = await atHandOut(parts, await withDenied(parts, await explained(parts, settled)), caller);
    return withStale(parts, await withFiles(parts, await withJoined(parts, ready, caller), { tells }));
  };
  return {
    catalog: () => parts.source.catalog(),
    start: (input, caller) => handOut(start(parts, input, caller), caller, { tells: true }),
    advance: (input, caller) => handOut(advance(parts, input, caller), caller),
    resume: (input, caller) => handOut(resume(parts, input, caller), caller, { tells: true }),
    cancel: (input, caller) => handOut(cancelInstance(parts, input, caller), caller),
    rewind: (input, caller) => handOut(rewindInstance(parts, input, caller), caller),
    fork: (input, caller) => handOut(forkInstance(parts, input, caller), caller, { tells: true }),
    cancelAlone: (input, caller) => cancelInstance(parts, input, caller),
    rewindAlone: (input, caller) => rewindInstance(parts, input, caller),
    forkAlone: (input, caller) => forkInstance(parts, input, caller),
    releasable: (input, caller) => lookAtRelease(parts, input, caller),
    release: (input, caller) => releaseInstance(parts, input, caller),
    approvals: (input) => approvals(parts, input),
    bound: (instanceId) => bound(parts, instanceId),
    decide: (input, caller) => decideApproval(parts, input, caller),
    waivable: (input) => waivable(parts, input),
    waive: (input, caller) => waive(parts, input, caller),
    status: (input) => status(parts, input),
    asked: (instanceId) => asked(parts, instanceId),
    list: (input) => list(parts, input),
    news: (query) => news(parts, query),
    stale: (instanceId) => staleProofs(parts, instanceId),
    ...createOverviews(parts),
    sweep: settler.sweep,
    keepSweeping: settler.begin,
    stop: settler.stop,
  };
}
