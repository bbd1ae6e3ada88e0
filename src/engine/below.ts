/** The branches of a run as whoever reads it sees them: those of the visit that had some last. */
import type { Branch } from "../branch.ts";
import { type Instance, isFinal, type Status } from "../instance.ts";
import type { Store } from "../store.ts";
import { type Waiting, waitingFor } from "../turn.ts";
import type { Workflow } from "../workflow.ts";
import type { Parts } from "./parts.ts";
import { whyEnded } from "./why-ended.ts";

/** Branches that are read at a time, and those that one look shows beside the open ones. */
const PAGE = 200;
const MAX_SHOWN = 50;
/** Most that are open at once. */
const MAX_OPEN_HERE = 20;

/** A branch in a list or a tree. */
export interface Hanging extends Pick<Branch, "number" | "item"> {
  instance_id: string;
  workflow_name: string;
  status: Status;
  step_name: string;
  visit: number;
  waiting_for?: Waiting;
  /** Why it did not get to its end. */
  error?: string;
  /** It has branches of its own, or had some. */
  branched?: true;
  /** These, if the whole tree is read. */
  branches?: Below;
}

export interface Below extends Pick<Branch, "step_name" | "visit" | "total"> {
  shown: Hanging[];
}

/** `near`: those that are open and the last that began; `whole`: all, and theirs. Null if it never had any. */
export async function below(
  parts: Parts,
  store: Store,
  { instance, workflow, how }: { instance: Instance; workflow: Workflow; how: "near" | "whole" },
): Promise<Below | null> {
  const visit = visitWithBranches(instance, workflow);
  if (visit === null) return null;
  const found = await (how === "whole" ? allOf(store, instance, visit) : nearOf(store, instance, visit));
  const [first] = found;
  if (!first?.branch) return null;
  const { step_name, total } = first.branch;
  const shown: Hanging[] = [];
  for (const each of found) {
    const at = { instance: each, workflow: await parts.definitions.of(store, each), how };
    const branched = visitWithBranches(at.instance, at.workflow) !== null;
    const branches = branched && how === "whole" ? await below(parts, store, at) : null;
    const more = { ...(branched ? { branched } : {}), ...(branches ? { branches } : {}) };
    shown.push({ ...(await hanging(store, each)), ...more });
  }
  return { step_name, visit, total, shown };
}

/** The current visit while branches do it, else the last one of a step that branches do. */
function visitWithBranches({ turn, visit, visits }: Instance, { steps }: Workflow): number | null {
  if (turn?.branches) return visit;
  const last = steps.flatMap(({ name, branches }) => (branches && visits[name] ? visits[name].last : []));
  return last.length > 0 ? Math.max(...last) : null;
}

async function allOf(store: Store, { instance_id }: Instance, visit: number): Promise<Instance[]> {
  const all: Instance[] = [];
  for (;;) {
    const page = await store.branches(instance_id, visit, { from: all.length + 1, limit: PAGE });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

async function nearOf(store: Store, { instance_id, turn }: Instance, visit: number): Promise<Instance[]> {
  const from = Math.max(1, (turn?.branches?.begun ?? 0) - MAX_SHOWN + 1);
  const last = await store.branches(instance_id, visit, { from, limit: MAX_SHOWN });
  const open = await store.branches(instance_id, visit, { limit: MAX_OPEN_HERE, live: true });
  const known = new Set(last.map((each) => each.instance_id));
  return [...open.filter((each) => !known.has(each.instance_id)), ...last];
}

async function hanging(store: Store, instance: Instance): Promise<Hanging> {
  const { branch, instance_id, workflow_name, status, step_name, visit } = instance;
  const waiting_for = waitingFor(instance);
  const error = isFinal(status) && status !== "COMPLETED" ? await whyEnded(store, instance_id) : undefined;
  return {
    number: branch?.number ?? 0,
    item: branch?.item,
    instance_id,
    workflow_name,
    status,
    step_name,
    visit,
    ...(waiting_for ? { waiting_for } : {}),
    ...(error ? { error } : {}),
  };
}
