/** A step that other runs do: its branches begin, end one by one, and are joined. Pure. */
import type { BranchCounts } from "../branch.ts";
import type { Change, Instance } from "../instance.ts";
import { applyPatch, type JsonObject, patchFor } from "../json.ts";
import type { Turn } from "../turn.ts";
import { findStep, type Workflow } from "../workflow.ts";
import { change, entry, type Moment } from "./change.ts";
import { refuseLargeContext } from "./refusals.ts";
import { after, standing } from "./turns.ts";

/** How many branches there will be is known: from now on it is their turn, and the time of a deadline runs. */
export function spread(
  workflow: Workflow,
  instance: Instance,
  { items, max_parallel, ...moment }: Moment & { items: unknown[]; max_parallel: number },
): Change {
  const branches = { total: items.length, begun: 0, completed: 0, failed: 0, cancelled: 0, max_parallel };
  return { ...turned(instance, theirTurn(workflow, instance, branches, moment), moment), items };
}

/** So many more have begun; null if it is not their turn. */
export function branchesBegan(instance: Instance, count: number, moment: Moment): Change | null {
  const { turn } = instance;
  if (turn?.of !== "branches" || !turn.branches) return null;
  const branches = { ...turn.branches, begun: turn.branches.begun + count };
  return change(instance, [], { turn: { ...turn, branches }, updated_at: moment.now });
}

/** Somebody resumes the branch by its id; null if somebody did before, or it is none. */
export function takeUp(instance: Instance, { now }: Moment): Change | null {
  const { branch } = instance;
  if (!branch || branch.taken_at !== undefined) return null;
  return change(instance, [], { branch: { ...branch, taken_at: now } });
}

/** What became of some of them. */
export type Tally = Pick<BranchCounts, "completed" | "failed" | "cancelled">;

/** What agents decided in them on the user's behalf, which their parent has from then on. */
export interface Heard {
  /** `b3-2-judge-module`: where the branch ended. */
  step_id: string;
  assumptions: string[];
}

/**
 * So many have ended; once all have, the server joins them. While a person must act they are counted alone. The history has a
 * line for each of which something is heard. Null if the visit does not wait for them any more.
 */
export function branchesEnded(
  parent: Instance,
  { ended, heard }: { ended: Tally; heard: Heard[] },
  moment: Moment,
): Change | null {
  const { turn } = parent;
  if (!turn?.branches || turn.kind === "joining") return null;
  const { instance, entries } = heard.reduce((so, each) => hear(so, each, moment), change(parent, [], {}));
  const before = turn.branches;
  const branches = {
    ...before,
    completed: before.completed + ended.completed,
    failed: before.failed + ended.failed,
    cancelled: before.cancelled + ended.cancelled,
  };
  const then =
    turn.of === "branches" && areOver(branches)
      ? turned(instance, joining(branches, moment), moment)
      : change(instance, [], { turn: { ...turn, branches }, updated_at: moment.now });
  return { ...then, entries: [...entries, ...then.entries] };
}

/** A line of the parent's history, so that its assumptions follow from that. */
function hear({ instance, entries }: Change, { step_id, assumptions }: Heard, moment: Moment): Change {
  const line = entry(instance, { kind: "move", report: { step_id, status: "ended", assumptions } }, moment);
  return { ...change(instance, [line], {}), entries: [...entries, line] };
}

/** The turn of a branch step whose branches were counted before a person had to act. */
export function turnOfBranches(workflow: Workflow, instance: Instance, branches: BranchCounts, moment: Moment): Turn {
  return areOver(branches) ? joining(branches, moment) : theirTurn(workflow, instance, branches, moment);
}

/** The results are there, and the agent joins them. Throws INVALID_INPUT if the context would be too large. */
export function handJoin(instance: Instance, context_updates: JsonObject, moment: Moment): Change {
  const context_patch = patchFor(instance.context, context_updates);
  const context = applyPatch(instance.context, context_patch);
  refuseLargeContext(context);
  const turn: Turn = { of: "agent", kind: "step", since: moment.now, joined: true };
  const line = entry(instance, { kind: "move", turn, context_patch }, moment);
  return change(instance, [line], { ...standing(turn), context, updated_at: moment.now });
}

function theirTurn(workflow: Workflow, instance: Instance, branches: BranchCounts, { now }: Moment): Turn {
  const seconds = findStep(workflow, instance.step_name)?.deadline?.after;
  const until = seconds === undefined ? {} : { until: after(now, seconds) };
  return { of: "branches", kind: "branches", since: now, ...until, branches };
}

function joining(branches: BranchCounts, { now }: Moment): Turn {
  return { of: "server", kind: "joining", since: now, branches };
}

function areOver({ total, completed, failed, cancelled }: BranchCounts): boolean {
  return completed + failed + cancelled >= total;
}

function turned(instance: Instance, turn: Turn, moment: Moment): Change {
  const line = entry(instance, { kind: "move", turn }, moment);
  return change(instance, [line], { ...standing(turn), updated_at: moment.now });
}
