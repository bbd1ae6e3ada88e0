/** What keeps the state of all runs: what is asked of it, and what it promises. */
import type { Attempt } from "./attempt.ts";
import type { Evidence } from "./check.ts";
import type { Birth, Change, HistoryEntry, Instance, InstanceSummary, Start, Status } from "./instance.ts";
import type { Asking, Counts, Facets, Found, Held, ListPlace, Move, Refused, Sample } from "./overview.ts";
import type { Workflow } from "./workflow.ts";

export interface ListQuery {
  /** Null: of all projects. */
  project: string | null;
  status?: Status | undefined;
  workflow_name?: string | undefined;
  /** Only instances that are not final. */
  live?: boolean | undefined;
  /** Branches too, each a line of its own; absent: roots alone. */
  branches?: boolean | undefined;
  limit: number;
  /** Start behind this one. */
  after?: ListPlace | undefined;
}

/** A list of roots in which the text is sought. */
export interface SearchQuery extends Omit<ListQuery, "branches"> {
  text: string;
}

/** A run that goes on by itself, and when; see `dueAt`. */
export interface Due {
  instance_id: string;
  due_at: string;
}

/**
 * Durable state, shared by any number of callers and processes. tests/store.test.ts holds every store to this:
 * - Each method is one atomic operation: all of it or nothing, whatever others do meanwhile. What a resolved promise reports
 *   is flushed.
 * - Nobody holds what is stored: values are copied at the call, and each answer is a copy of its own.
 * - Texts that come in are whole characters without NUL; the edges refuse others (jsonFault). They are kept as they are, and
 *   compared and ordered by their code units.
 * - Each method rejects with PERSISTENCE_ERROR, and with nothing else, if the state cannot be read or written, having changed
 *   nothing. A busy state is waited for first. What is not there is no error.
 */
export interface Store {
  /**
   * Records the start, the instance and its definition, and returns the instance. If the project has one with that
   * `request_id`, writes nothing and returns that one as it is now. An `instance_id` that is taken is PERSISTENCE_ERROR.
   * A fork gets a copy of the first entries of the run that it came from, and then `line`; it is PERSISTENCE_ERROR if these
   * are not there any more.
   */
  create(start: Start, instance: Instance, workflow: Workflow, line?: HistoryEntry): Promise<Instance>;
  /** The instance as it is now; null if there is none. */
  load(instanceId: string): Promise<Instance | null>;
  /**
   * Writes row, entries, items and definition of each change, and each birth, all or none, if each row still has the version
   * that its change names, and raises these by one; resolves to false, having written nothing, if another writer was first or
   * there is no such instance. No two of them are about one instance. Workflow name, project, what a branch is (but for
   * `taken_at`), `unattended` and `created_at` stay what they were. An entry whose `seq` is taken, items for a visit that has
   * some, and a birth of an id, or of a number of a visit, that is taken are PERSISTENCE_ERROR.
   */
  commit(...writes: (Change | Birth)[]): Promise<boolean>;
  /**
   * What the branches of a visit are for, by their numbers; `from` is the first number. Null if none were ever kept, so an empty
   * list says that an empty one was, or that it ends before. What it costs grows with `limit` alone.
   */
  branchItems(instanceId: string, visit: number, page: { from: number; limit: number }): Promise<unknown[] | null>;
  /**
   * The branches that a visit began, by their numbers; `from` is the first number, `live` leaves out those that are final. What
   * it costs grows with what it resolves to.
   */
  branches(
    parentId: string,
    visit: number,
    page: { from?: number; limit: number; live?: boolean },
  ): Promise<Instance[]>;
  /** The branches of a whole tree, counted: all that were ever begun, and those that are not final. */
  treeSize(rootId: string): Promise<{ begun: number; open: number }>;
  /** The definition with that hash; null if no instance was ever pinned to it. */
  definition(hash: string): Promise<Workflow | null>;
  /** How the instance began, as it was recorded; null if there is none. */
  start(instanceId: string): Promise<Start | null>;
  /** The instance, as it is now, that a `request_id` started in the project; null if it started none. */
  byRequest(project: string, requestId: string): Promise<Instance | null>;
  /** The entry that decided a visit; null while it is undecided. What it costs does not grow with the history. */
  decidedVisit(instanceId: string, visit: number): Promise<HistoryEntry | null>;
  /** The last `limit` entries that decided something, oldest first; notes between them cost nothing. */
  decided(instanceId: string, limit: number): Promise<HistoryEntry[]>;
  /** The last `limit` entries before `before` (a `seq`), oldest first. */
  history(instanceId: string, page: { limit: number; before?: number | undefined }): Promise<HistoryEntry[]>;
  /** Newest first by `created_at`; of one moment, by `instance_id` downwards. */
  list(query: ListQuery): Promise<InstanceSummary[]>;
  /** Those of the list, but for its limit, that hold the text; see `OverviewQuery`. No character of the text is special. */
  search(query: SearchQuery): Promise<Found>;
  /**
   * Runs and branches whose turn is a person's: first those that only a person lets go on, the last that began to wait in
   * front; then those that any resume lets go on, newest first.
   */
  asking(query: { project: string | null; limit: number }): Promise<Asking[]>;
  /** Of one project, or of all (null). */
  counts(project: string | null): Promise<Counts>;
  /** The workflows of one project, or of all (null), and all projects; of each at most MAX_FACETS. */
  facets(project: string | null): Promise<Facets>;
  /** All that decided something, in order. */
  moves(instanceId: string): Promise<Move[]>;
  /** Runs that were forked from it, newest first. */
  forks(instanceId: string, limit: number): Promise<InstanceSummary[]>;
  /** What hooks refused in the run, oldest first. */
  held(instanceId: string): Promise<Held[]>;
  /**
   * Counts a refused report beside the run, up to MAX_REFUSED a visit: neither the row nor the history changes. It may take a
   * moment, for others that follow, and counts nothing if there is no such run, or more come at once than one write takes.
   */
  noteRefused(instanceId: string, refused: Refused): Promise<void>;
  /** The last `limit` reports that were refused in the run, oldest first. */
  refused(instanceId: string, limit: number): Promise<Refused[]>;
  /** What statistics look at: of one project, or of all (null). */
  sample(query: { workflow_name: string; project: string | null }): Promise<Sample>;
  /** Another text after each commit, of whichever process. It says nothing of what changed, and costs next to nothing. */
  revision(): Promise<string>;
  /** How many instances other projects have; counts to `most` at the most. */
  countElsewhere(project: string, most: number): Promise<number>;
  /**
   * Runs that go on by `until` without an agent or a person, those that are due first in front: those that any server may see
   * to, and those that only servers of the project may.
   */
  due(query: { until: string; project: string; limit: number }): Promise<Due[]>;
  /** The attempt that was begun last for the instance, whatever became of it; null if none was, or it was dropped. */
  attempt(instanceId: string): Promise<Attempt | null>;
  /**
   * Begins an attempt in place of the one before, unless that one is of the same visit and definition and alive at `now`,
   * or the instance does not run at that visit and definition any more. Resolves to whether it was begun, and to what stood
   * there before: if it was not begun, the one that is alive, or null.
   */
  beginAttempt(attempt: Attempt, now: string): Promise<{ begun: boolean; before: Attempt | null }>;
  /** Says that it is alive; false if it is not the attempt of the current visit of a running instance any more. */
  keepAttempt(attempt: Pick<Attempt, "attempt_id" | "alive_until">): Promise<boolean>;
  /** Leaves its result for whoever asks; nothing happens if it is gone. */
  endAttempt(attemptId: string, evidence: Evidence): Promise<void>;
  /** Takes it away; false if it was gone. */
  dropAttempt(attemptId: string): Promise<boolean>;
  /** Lets go of the state. What still waits to be written is written, or rejected. */
  close(): Promise<void>;
}
