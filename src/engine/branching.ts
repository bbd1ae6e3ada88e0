/** A branch step from the list of its branches to their join. */
import { type Joined, MAX_BEGUN } from "../branch.ts";
import { currentStep, type Instance, type Pending, stepIdOf } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import type { Report } from "../report.ts";
import { type Branching, MAX_ITEMS, MAX_PARALLEL, type Step } from "../workflow.ts";
import { factsAt } from "./births.ts";
import { type Call, happen, momentOf } from "./call.ts";
import { decideByRule } from "./decide.ts";
import { joinedOf } from "./joined.ts";
import { isLimit } from "./serve.ts";

/** What the server does for a step that branches do, or a branch that cannot begin; null if it has nothing to do for one. */
export function seeToBranches(call: Call): Promise<Call> | null {
  const { turn } = call.current;
  if (turn?.kind === "branching") return spreadOut(call);
  if (turn?.kind === "joining") return join(call);
  return turn?.kind === "unfit" ? happen(call, { kind: "fell", why: turn.message ?? "" }) : null;
}

/** Works out how many branches there will be; none, or a fault, is joined at once. Throws CONFLICT. */
async function spreadOut(call: Call): Promise<Call> {
  const step = currentStep(call.workflow, call.current);
  if (!step?.branches) throw new Error(`step "${call.current.step_name}" has no branches`);
  const list = await listFor(call, step, step.branches);
  if ("fault" in list) return end(call, step, { ...NONE, results: [], error: list.fault });
  if (list.items.length === 0) return end(call, step, { ...NONE, results: [] });
  return happen(call, { kind: "spread", ...list });
}

const NONE = { total: 0, completed: 0, failed: 0, cancelled: 0 };

/** All have ended: their results are the step's report, or go to the agent that joins them. Throws CONFLICT. */
async function join(call: Call): Promise<Call> {
  const step = currentStep(call.workflow, call.current);
  if (!step?.branches) throw new Error(`step "${call.current.step_name}" has no branches`);
  return end(call, step, await joinedOf(call));
}

async function end(call: Call, step: Step, joined: Joined): Promise<Call> {
  const context_updates = updatesBy(step.branches, joined);
  const report = reportOf(call.current, joined);
  try {
    if (step.instructions && !joined.error) return await happen(call, { kind: "join handed out", context_updates });
    const pending: Pending = { report, context_updates, received_at: momentOf(call).now, asked: false };
    const decision = await decideByRule(call, { step, pending, joined });
    return await happen(call, { kind: "decided", ending: { ...pending, decision } });
  } catch (error) {
    if (!isLimit(error)) throw error;
    return happen(call, { kind: "fell", why: error.message, report });
  }
}

function updatesBy(branches: Branching | undefined, { results, outputs_file }: Joined): JsonObject {
  const { into } = branches ?? {};
  if (into === undefined) return {};
  return { [into]: results, ...(outputs_file ? { [`${into}_file`]: outputs_file } : {}) };
}

function reportOf(instance: Instance, { results: _results, error, outputs_file, ...counts }: Joined): Report {
  const failed = error !== undefined || counts.failed + counts.cancelled > 0;
  const result = { ...counts, ...(outputs_file ? { outputs_file } : {}) };
  return {
    step_id: stepIdOf(instance),
    status: failed ? "failure" : "success",
    result,
    ...(error ? { error } : {}),
  };
}

/** The items, and how many branches may be open at once; or why there are none. */
async function listFor(
  call: Call,
  step: Step,
  { uses, each, max_parallel = 1 }: Branching,
): Promise<{ items: unknown[]; max_parallel: number } | { fault: string }> {
  const { parts, current } = call;
  const facts = factsAt(current, step);
  const items = typeof each === "string" ? parts.reckoner.value(each, "each", facts) : { value: each ?? uses };
  if ("fault" in items) return { fault: `each: \`${each}\` could not be evaluated: ${items.fault}` };
  if (!Array.isArray(items.value)) return { fault: `each: \`${each}\` gives no list` };
  const count = items.value.length;
  if (count > MAX_ITEMS) return { fault: `each: the list has ${count} items; the limit is ${MAX_ITEMS}` };
  const fault = await treeFault(call, count);
  if (fault) return { fault };
  const most =
    typeof max_parallel === "string"
      ? parts.reckoner.value(max_parallel, "max_parallel", facts)
      : { value: max_parallel };
  if ("fault" in most) return { fault: `max_parallel: \`${max_parallel}\` could not be evaluated: ${most.fault}` };
  if (typeof most.value !== "number") return { fault: `max_parallel: \`${max_parallel}\` gives no number` };
  return { items: items.value, max_parallel: Math.min(MAX_PARALLEL, Math.max(1, Math.trunc(most.value))) };
}

/** Why the tree may not have so many branches more; null if it may. */
async function treeFault({ store, current }: Call, more: number): Promise<string | null> {
  const { begun } = await store.treeSize(current.branch?.root_id ?? current.instance_id);
  if (begun + more <= MAX_BEGUN) return null;
  return `the run has begun ${begun} branches, and ${more} more would pass the limit of ${MAX_BEGUN}`;
}
