/** What became of the branches of a visit, read from their rows. */
import { type BranchResult, type Joined, MAX_RESULTS_BYTES } from "../branch.ts";
import { currentStep, type Instance } from "../instance.ts";
import { jsonBytes } from "../json.ts";
import { MAX_ITEMS } from "../workflow.ts";
import { type Call, callOn } from "./call.ts";
import { fillerOf } from "./filling.ts";
import type { Outcome } from "./outcome.ts";
import type { Caller, Parts } from "./parts.ts";
import { whyEnded } from "./why-ended.ts";

/** The outcome of a step whose branches the agent joins, with what became of them in its template. */
export async function withJoined(parts: Parts, outcome: Outcome, caller: Caller): Promise<Outcome> {
  const { instance, workflow } = outcome;
  const step = instance.turn?.of === "agent" ? currentStep(workflow, instance) : undefined;
  if (!step?.branches || !step.template) return outcome;
  const joined = await joinedOf(callOn({ parts, caller, store: await parts.store() }, instance, outcome));
  return { ...outcome, joined, filler: fillerOf(parts, { ...outcome, joined }, null) };
}

/** The results of the branches of the current visit, in the order of their items. */
export async function joinedOf({ parts, store, current, workflow }: Call): Promise<Joined> {
  const { instance_id, visit } = current;
  const [items, branches] = await Promise.all([
    store.branchItems(instance_id, visit, { from: 1, limit: MAX_ITEMS }),
    store.branches(instance_id, visit, { limit: MAX_ITEMS }),
  ]);
  const byNumber = new Map(branches.map((each) => [each.branch?.number, each]));
  const results: BranchResult[] = [];
  for (const [index, item] of (items ?? []).entries()) {
    const branch = byNumber.get(index + 1);
    if (!branch) results.push({ item, status: "CANCELLED" });
    else results.push({ item, ...(await resultOf(branch)) });
  }
  const count = (status: BranchResult["status"]) => results.filter((each) => each.status === status).length;
  const counts = { completed: count("COMPLETED"), failed: count("FAILED"), cancelled: count("CANCELLED") };
  const joined = { total: results.length, ...counts };
  if (jsonBytes(results) <= MAX_RESULTS_BYTES) return { ...joined, results };
  const brief = results.map(({ outputs: _outputs, ...rest }) => rest);
  const file = await parts.files.keep(
    current.branch?.root_id ?? instance_id,
    `branches-${instance_id}-${visit}.json`,
    results,
  );
  return { ...joined, results: brief, ...(file ? { outputs_file: file } : {}) };

  async function resultOf(branch: Instance): Promise<Omit<BranchResult, "item">> {
    if (branch.status === "COMPLETED") return { status: "COMPLETED", ...outputsOf(branch) };
    const error = await whyEnded(store, branch.instance_id);
    return { status: branch.status === "FAILED" ? "FAILED" : "CANCELLED", ...(error ? { error } : {}) };
  }

  function outputsOf({ workflow_name, context }: Instance): Pick<BranchResult, "outputs"> {
    const keys = Object.keys(workflow.used?.[workflow_name]?.workflow.outputs ?? {});
    const found = keys.filter((key) => Object.hasOwn(context, key)).map((key) => [key, context[key]] as const);
    return found.length > 0 ? { outputs: Object.fromEntries(found) } : {};
  }
}
