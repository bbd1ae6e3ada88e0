/** What is to be seen of many runs at once, and of one run beyond its row and its history: for people, never for agents. */
import { z } from "zod";
import { Branch } from "./branch.ts";
import type { OfVisit } from "./check-kinds/looking.ts";
import { type EntryKind, InstanceSummary, type Status } from "./instance.ts";
import { Turn } from "./turn.ts";

/** Longest text that runs are searched for, in characters. */
export const MAX_SEARCHED = 200;
/** Most bytes of a run's context, as JSON, that is searched. */
export const SEARCHED_CONTEXT = 32 * 1024;
/** Most runs that one page of a search looks at. */
export const SEARCHED_RUNS = 5_000;
/** To how many runs of a status are counted. */
export const MAX_COUNTED = 1_000;
/** Most workflows, and most projects, that there are to choose from. */
export const MAX_FACETS = 200;
/** Most refused reports of a visit that are counted, and most of a run that are shown, or looked at by statistics. */
export const MAX_REFUSED = 100;
export const MAX_REFUSED_SHOWN = 1_000;
/** Runs that statistics look at, entries of all their histories together, and of one of them. */
export const SAMPLED_RUNS = 500;
export const SAMPLED_ENTRIES = 20_000;
export const SAMPLED_OF_RUN = 1_000;
/** Most bytes of what a program printed that are shown: the end of it. */
export const MAX_OUTPUT_SHOWN = 256 * 1024;

export interface OverviewQuery {
  /** Null: of all projects. */
  project: string | null;
  status?: Status | undefined;
  /** Exactly as the runs have it. */
  workflow_name?: string | undefined;
  /** Only runs that are not final. */
  live?: boolean | undefined;
  /** Sought in id, workflow, step, project and the context unless it is large, whatever the case of ASCII letters. */
  text?: string | undefined;
  limit: number;
  /** `next_cursor` of the page before. */
  cursor?: string | undefined;
}

/** Roots, newest first. */
export interface Overview {
  runs: InstanceSummary[];
  next_cursor?: string;
  /** A search looked at all that it may: when the last run began that it looked at. Older ones are on the next page, if any. */
  searched_to?: string;
}

/** Where a run stands in a list. */
export interface ListPlace {
  created_at: string;
  instance_id: string;
}

/** What a store found in the runs that one search may look at. */
export interface Found {
  runs: InstanceSummary[];
  /** The last run that was looked at, if it looked at all that it may before it found enough. */
  to: ListPlace | null;
}

/** A run, root or branch, whose turn is a person's. */
export const Asking = InstanceSummary.extend({
  turn: Turn,
  /** Absent: it is a root. */
  branch: Branch.optional(),
});
export type Asking = z.infer<typeof Asking>;

/** Roots by status. */
export interface Counts {
  /** Each at most MAX_COUNTED. */
  status: Record<Status, number>;
  /** Whether there are more of some status. */
  more: boolean;
}

/** `count` says how many there are of a status, at the most one more than MAX_COUNTED. */
export function countsOf(count: (status: Status) => number): Counts {
  let more = false;
  const most = (status: Status) => {
    const counted = count(status);
    more ||= counted > MAX_COUNTED;
    return Math.min(counted, MAX_COUNTED);
  };
  const status = {
    RUNNING: most("RUNNING"),
    SUSPENDED: most("SUSPENDED"),
    COMPLETED: most("COMPLETED"),
    FAILED: most("FAILED"),
    CANCELLED: most("CANCELLED"),
  };
  return { status, more };
}

/** What there are roots of, each in the order of its characters. */
export interface Facets {
  workflows: string[];
  projects: string[];
}

/** A stop or an edit that a hook of a client refused. */
export const Held = z.object({
  kind: z.enum(["stop", "edit"]),
  visit: z.int(),
  step_name: z.string(),
  client: z.string(),
  /** Of an edit: the file, by its path in the project. */
  path: z.string().nullable(),
  held_at: z.string(),
});
export type Held = z.infer<typeof Held>;

/** A report that was refused: where the run stood then, and why, in a line. */
export const Refused = z.object({
  visit: z.int(),
  step_name: z.string(),
  code: z.string(),
  reason: z.string(),
  refused_at: z.string(),
});
export type Refused = z.infer<typeof Refused>;

/** Of one visit: how many of these, `100+` once no more are counted, and the last one; null if there is none. */
export function refusedAt(all: Refused[], visit: number): { times: string; last: Refused } | null {
  const those = all.filter((each) => each.visit === visit);
  const last = those.at(-1);
  return last ? { times: those.length < MAX_REFUSED ? String(those.length) : `${MAX_REFUSED}+`, last } : null;
}

/** What an entry of the history that decided something says of the way that the run took. */
export interface Move {
  /** The visit that it ended. */
  visit: number;
  step_name: string;
  next_step: string;
  /** It was a rewind to that visit. */
  to_visit: number | null;
  /** The decision's own status. */
  status: string | null;
}

/** How often the run went that way. */
export interface Way {
  from: string;
  /** A step, FINISH or FAIL. */
  to: string;
  count: number;
  /** By a rewind, not by the workflow. */
  rewind?: true;
}
export type Walk = Way[];

/** A run as statistics see it. */
export interface SampledRun {
  instance_id: string;
  status: Status;
  created_at: string;
  completed_at: string | null;
  /** Whose turn it began with; null: the agent's. */
  began: Turn["of"] | null;
}

/** An entry of its history, the same. */
export interface SampledEntry {
  instance_id: string;
  seq: number;
  kind: z.infer<typeof EntryKind>;
  visit: number;
  step_id: string;
  step_name: string;
  started_at: string;
  ended_at: string;
  /** Of its report: the status, and the visit that it is about. */
  reported: string | null;
  about: string | null;
  /** Of its decision. */
  decided_by: string | null;
  next_step: string | null;
  status: string | null;
  /** Of the turn that it leads to. */
  turn_of: Turn["of"] | null;
  turn_kind: string | null;
}

/** The newest runs of a workflow, and of each the newest entries, oldest first; what a fork has copied is left out. */
export interface Sample {
  runs: SampledRun[];
  entries: SampledEntry[];
  /** Not all entries of these runs are there. */
  cut: boolean;
  /** What hooks refused in these runs, by step. */
  held: { step_name: string; count: number }[];
  /** Reports that were refused in these runs, by step; of each run the newest. */
  refused: { step_name: string; count: number }[];
}

export interface StepStatistics {
  step_name: string;
  /** Visits that ended. */
  visits: number;
  /** From the visit's beginning to its end; null if none ended by itself. */
  median_ms: number | null;
  /** Visits that were reported as failures, or whose deadline passed. */
  failures: number;
  /** Visits beyond the first in a run. */
  repeats: number;
  /** Reports that were refused, among them those that came after the deadline. */
  refused: number;
  /** Kept reports that a later one contradicted and replaced. */
  corrected: number;
  /** Stops and edits that hooks refused. */
  held: number;
  /** How long, in all, it waited for a person or for the clock. */
  waited_ms: number;
}

/** Of the newest runs of a workflow, branches among them. */
export interface Statistics {
  workflow_name: string;
  /** How many were looked at. */
  runs: number;
  finished: number;
  failed: number;
  cancelled: number;
  live: number;
  /** Some of their entries were not looked at. */
  cut: boolean;
  /** Of those that finished. */
  duration_ms: { median: number; p90: number } | null;
  /** Those with the most visits first. */
  steps: StepStatistics[];
}

/** What a program printed. */
export interface KeptOutput {
  /** As it was printed, control characters and all. */
  text: string;
  /** Only the end is shown. */
  cut: boolean;
}

/** Where the server keeps what programs printed. */
export interface KeptOutputs {
  /** What the check printed at its last look of that visit; null if nothing is kept. */
  readOutput(of: OfVisit, check: string): Promise<KeptOutput | null>;
}
