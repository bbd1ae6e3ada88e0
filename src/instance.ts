/** One run of a workflow: its row, and its history. */
import { z } from "zod";
import { Ruling, Waiver } from "./approval.ts";
import { Assumption, assume } from "./assumption.ts";
import { Branch, BranchCounts } from "./branch.ts";
import { Evidence } from "./check.ts";
import { Baseline } from "./check-kinds/looking.ts";
import { Decision } from "./decision.ts";
import { applyPatch, ContextPatch, JsonObject, patchFor } from "./json.ts";
import { Report } from "./report.ts";
import { Turn, TurnKind } from "./turn.ts";
import { findStep, type LoadedWorkflow, type Step, slugify, type Workflow } from "./workflow.ts";

/** Most bytes of an instance's context. */
export const MAX_CONTEXT_BYTES = 256 * 1024;
/** Most visits of one instance. */
export const MAX_VISITS = 10_000;
/** Most notes (`in_progress` reports) at one visit. */
export const MAX_NOTES = 100;

export const Status = z.enum(["RUNNING", "SUSPENDED", "COMPLETED", "FAILED", "CANCELLED"]);
export type Status = z.infer<typeof Status>;

/** The statuses that may still change. */
export const LIVE: readonly Status[] = ["RUNNING", "SUSPENDED"];

/** A report that is durable but has not moved the instance yet. */
export const Pending = z.object({
  report: Report,
  context_updates: JsonObject,
  received_at: z.string(),
  /** The agent was asked to choose: its choice decides. */
  asked: z.boolean(),
  /** What its checks showed; absent if the step has none, or they were not looked at yet. */
  evidence: Evidence.optional(),
});
export type Pending = z.infer<typeof Pending>;

/** How often a step was visited on the live path, and the number of its last visit. */
const StepVisits = z.object({
  count: z.int(),
  last: z.int(),
  /** Its latest visits that ended without a look at their checks. */
  unchecked: z.array(z.int()).optional(),
  /** What a person waived of its latest visits. */
  waived: z.array(Waiver.extend({ visit: z.int() })).optional(),
  /** Its last visit, if that ended proven. */
  proven: z.int().optional(),
  /** Its last visit, if that ended as a failure. */
  failed: z.int().optional(),
  /** The visit that proved it, if a rewind or a fork came after it: the project may have changed since. */
  proven_before_rewind: z.int().optional(),
  /** How the project's files stood when it was proven last; absent if that could not be told, or no program proved it. */
  project_files: z.string().optional(),
  /** By check: how many milliseconds its program took the last time. */
  took: z.record(z.string(), z.int()).optional(),
});

/** Where a fork came from. Its first entries, `copied` of them, are those of that run. */
export const ForkedFrom = z.object({
  instance_id: z.string(),
  /** With which of its visits the fork began. */
  visit: z.int(),
  /** The commit that the project's git HEAD named when that visit was entered there; null if it is not known. */
  head: z.string().nullable(),
  /** The first run of the family: it is no fork itself. */
  origin_id: z.string(),
  copied: z.int(),
});
export type ForkedFrom = z.infer<typeof ForkedFrom>;

/** The row: all that a call needs, whatever the length of the history. Times are ISO 8601, UTC, milliseconds. */
export const Instance = z.object({
  instance_id: z.string(),
  /** Grows by one at each write; a write names the one that it read. */
  version: z.int(),
  workflow_name: z.string(),
  /** Hash of the definition that the instance is pinned to. */
  definition: z.string(),
  /** The definition came from where checks may run; see LoadedWorkflow. */
  trusted: z.boolean(),
  project: z.string(),
  /** Null: it is a root. */
  branch: Branch.nullable(),
  /** Absent: it is no fork. */
  forked_from: ForkedFrom.optional(),
  /** Follows from the turn as long as the instance is live: SUSPENDED while a person must act. */
  status: Status,
  /** Whose work the current visit waits for; null when the instance is final. */
  turn: Turn.nullable(),
  /** The current step; FINISH when completed, FAIL when it ended by that. */
  step_name: z.string(),
  /** Number of the current visit. */
  visit: z.int(),
  visit_started_at: z.string(),
  visits: z.record(z.string(), StepVisits),
  /** Notes at the current visit. */
  notes: z.int(),
  /** For the `changed` checks of the current visit; null until it was handed out with one. */
  baseline: Baseline.nullable(),
  /** What a person does not demand of the current visit, once. */
  waived: z.array(Waiver),
  /** The commit that the project's git HEAD named when the current visit was entered; null if it could not be told. */
  head: z.string().nullable(),
  context: JsonObject,
  /** The last ones of the live path; those of a report that is kept come when it is decided. */
  assumptions: z.array(Assumption),
  /** The user cannot be asked; so it was started. */
  unattended: z.boolean(),
  pending: Pending.nullable(),
  /** `seq` of the last history entry; entries are numbered 1, 2, 3… */
  last_seq: z.int(),
  last_report_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  completed_at: z.string().nullable(),
});
export type Instance = z.infer<typeof Instance>;

/** How an instance began. This and the history are all that is needed to rebuild it. */
export const Start = z.object({
  instance_id: z.string(),
  definition: z.string(),
  first_step: z.string(),
  context: JsonObject,
  request_id: z.string().nullable(),
  unattended: z.boolean(),
  actor: z.string(),
  started_at: z.string(),
  /** Whose turn the first visit is; absent: the agent's. */
  turn: Turn.optional(),
  /** Absent: it is a root. */
  branch: Branch.optional(),
  /** Absent: it is no fork. Else what stands above it is how the first run of the family began. */
  forked_from: ForkedFrom.optional(),
});
export type Start = z.infer<typeof Start>;

export const EntryKind = z.enum(["visit", "note", "resume", "rewind", "approval", "move"]);

/** One line of the append-only history. A `visit` entry is written when the visit is decided. */
export const HistoryEntry = z.object({
  seq: z.int(),
  kind: EntryKind,
  visit: z.int(),
  step_id: z.string(),
  step_name: z.string(),
  report: Report.nullable(),
  context_patch: ContextPatch,
  decision: Decision.nullable(),
  /** What the checks of the visit showed. */
  evidence: Evidence.optional(),
  /** Whose turn the entry leads to; absent after a decision: the agent's, absent elsewhere: it stays whose it was. */
  turn: Turn.optional(),
  /** What a person decided, or became of it; and that a run was forked. */
  ruling: Ruling.optional(),
  /** Of an entry that ends its visit: the commit that the project's git HEAD named when the visit was entered. */
  head: z.string().optional(),
  /** Who acted: `mcp:<client>/<version>`, `cli`, or `server`. */
  actor: z.string(),
  definition: z.string(),
  started_at: z.string(),
  ended_at: z.string(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;

/** One atomic write: the row as it will be (its `version` still the one that was read) and the entries it adds. */
export interface Change {
  instance: Instance;
  entries: HistoryEntry[];
  /** A definition that the instance is pinned to from now on. */
  definition?: LoadedWorkflow;
  /** What the branches of the current visit are for, in order; kept once, and never changed. */
  items?: unknown[];
}

/** An instance that begins with a write. */
export interface Birth {
  start: Start;
  instance: Instance;
  workflow: Workflow;
  /** Of a fork: the entry with which it begins, behind those that are copied. */
  line?: HistoryEntry | undefined;
}

/** One line of a list of instances. */
export const InstanceSummary = Instance.pick({
  instance_id: true,
  workflow_name: true,
  status: true,
  step_name: true,
  visit: true,
  project: true,
  created_at: true,
  updated_at: true,
  forked_from: true,
}).extend({
  /** What it waits for if that is not the agent's to do; null else, and when it is over. */
  waiting_for: z
    .object({ kind: TurnKind, approved_at: z.string().optional(), branches: BranchCounts.optional() })
    .nullable(),
  /** Absent: it is a root. */
  parent_id: z.string().optional(),
});
export type InstanceSummary = z.infer<typeof InstanceSummary>;

/** Whether a person, outside any agent, took the run back to an earlier visit. */
export function isTakenBack({ kind, actor }: Pick<HistoryEntry, "kind" | "actor">): boolean {
  return kind === "rewind" && !actor.startsWith("mcp");
}

/** Whether the status never changes again. */
export function isFinal(status: Status): boolean {
  return !LIVE.includes(status);
}

/** The first of the runs that were forked from each other, this one among them. */
export function originOf({ instance_id, forked_from }: Pick<Instance, "instance_id" | "forked_from">): string {
  return forked_from?.origin_id ?? instance_id;
}

/** The `step_id` of an instance's current visit: its number and the step's slug, in a branch behind the branch's number. */
export function stepIdOf({ visit, step_name, branch }: Pick<Instance, "visit" | "step_name" | "branch">): string {
  return `${branch ? `b${branch.number}-` : ""}${visit}-${slugify(step_name)}`;
}

/** The step at which an instance stands; undefined when it is completed. */
export function currentStep(workflow: Workflow, instance: Instance): Step | undefined {
  return findStep(workflow, instance.step_name);
}

/** The context as the agent knows it: with the updates of a report that is kept but undecided. */
export function effectiveContext(instance: Instance): JsonObject {
  return instance.pending
    ? applyPatch(instance.context, patchFor(instance.context, instance.pending.context_updates))
    : instance.context;
}

/** The assumptions as the agent knows them: with those of a report that is kept but undecided. */
export function effectiveAssumptions({ assumptions, pending, visit }: Instance): Assumption[] {
  return assume(assumptions, { visit, report: pending?.report ?? null });
}
