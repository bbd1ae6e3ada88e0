/** Reading: status, history and lists. Changes nothing. */
import type { Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import { currentStep, type HistoryEntry, type Instance, type InstanceSummary, type Status } from "../instance.ts";
import { asWritten } from "../near-name.ts";
import type { ListPlace } from "../overview.ts";
import type { Store } from "../store.ts";
import type { Filler } from "../template.ts";
import { oneLine } from "../words.ts";
import type { Workflow } from "../workflow.ts";
import { type Below, below } from "./below.ts";
import { type Call, notFound } from "./call.ts";
import { placeFound } from "./files.ts";
import { fillerOf } from "./filling.ts";
import type { Parts } from "./parts.ts";
import { isTrusted } from "./trust.ts";

const MAX_COUNTED = 1_000;
/** Entries read at once for an answer that may not have room for all of them. */
const READ_AT_ONCE = 25;

export interface StatusInput {
  instance_id: string;
  history_limit: number;
  history_before?: number | undefined;
  /** Its branches too: those that are open and the last ones, or the whole tree. */
  branches?: "near" | "whole" | undefined;
  /** Whether the entries so far fill the answer: no older ones are read. Absent: `history_limit` alone decides. */
  enough?: ((history: HistoryEntry[]) => boolean) | undefined;
}

export interface Snapshot {
  /** Its branches, if they were asked for and it had some. */
  below: Below | null;
  instance: Instance;
  workflow: Workflow;
  /** The oldest of the page first. */
  history: HistoryEntry[];
  /** Whether `enough` ended the reading before all that was asked for was read. */
  unread: boolean;
  /** Fills in the current step's instructions, if they name more than values of the context. */
  filler: Filler | undefined;
  /** The place for the run's own files; null if it was not made. */
  files: string | null;
}

/** One instance whole, with a page of its history. Throws INSTANCE_NOT_FOUND. */
export async function status(parts: Parts, input: StatusInput): Promise<Snapshot> {
  const store = await parts.store();
  const instance = await store.load(input.instance_id);
  if (!instance) throw notFound(input.instance_id);
  const workflow = await parts.definitions.of(store, instance);
  const isFilled = currentStep(workflow, instance)?.template !== undefined;
  const trusted = isFilled && (await isTrusted(parts, instance, workflow));
  const place = await placeFound(parts, instance);
  const filler = fillerOf(parts, { instance, workflow, trusted }, place);
  const how = input.branches;
  const tree = how ? await below(parts, store, { instance, workflow, how }) : null;
  return { instance, workflow, filler, files: place?.path ?? null, below: tree, ...(await pageOf(store, input)) };
}

async function pageOf(store: Store, { instance_id, history_limit, history_before, enough }: StatusInput) {
  let history: HistoryEntry[] = [];
  const step = enough ? READ_AT_ONCE : history_limit;
  while (history.length < history_limit) {
    const limit = Math.min(step, history_limit - history.length);
    const older = await store.history(instance_id, { limit, before: history[0]?.seq ?? history_before });
    history = [...older, ...history];
    if (older.length < limit) break;
    if (enough?.(history)) return { history, unread: history.length < history_limit && history[0]?.seq !== 1 };
  }
  return { history, unread: false };
}

/** The decision that ended the last visit: for a final instance, how it ended and why. */
export async function lastDecision({ store, current }: Call): Promise<Decision | undefined> {
  const [last] = await store.decided(current.instance_id, 1);
  return last?.decision ?? undefined;
}

export interface ListInput {
  status?: Status | undefined;
  workflow_name?: string | undefined;
  all_projects?: boolean | undefined;
  /** Branches too, each a line of its own. */
  branches?: boolean | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface Page {
  instances: InstanceSummary[];
  next_cursor: string | undefined;
  /** Instances of other projects, counted to 1,000 at the most. */
  elsewhere: number;
}

/** A page of instances, newest first. Throws INVALID_INPUT for a cursor that no list gave. */
export async function list(parts: Parts, input: ListInput): Promise<Page> {
  const store = await parts.store();
  const workflow_name =
    input.workflow_name && asWritten(input.workflow_name, [...(await parts.source.catalog()).workflows.keys()]);
  const found = await store.list({
    project: input.all_projects ? null : parts.project,
    status: input.status,
    workflow_name,
    branches: input.branches,
    limit: input.limit + 1,
    after: input.cursor === undefined ? undefined : parseCursor(input.cursor),
  });
  const instances = found.slice(0, input.limit);
  const last = found.length > input.limit ? instances.at(-1) : undefined;
  const elsewhere = input.all_projects ? 0 : await store.countElsewhere(parts.project, MAX_COUNTED);
  return { instances, next_cursor: last && cursorFor(last), elsewhere };
}

/** The cursor of the list's part behind an instance. */
export function cursorFor({ created_at, instance_id }: ListPlace): string {
  return Buffer.from(`${created_at} ${instance_id}`).toString("base64url");
}

/** Throws INVALID_INPUT for one that no list gave. */
export function parseCursor(cursor: string): ListPlace {
  const [created_at, instance_id, ...rest] = Buffer.from(cursor, "base64url").toString().split(" ");
  if (created_at && instance_id && rest.length === 0) return { created_at, instance_id };
  throw new AppError("INVALID_INPUT", `cursor "${oneLine(cursor, 200)}" is not one that list_instances gave.`, {
    hint: "Copy next_cursor from the last answer, or leave cursor out to begin again.",
  });
}
