/** What a recap tells of a tree: the runs above the one where the answer is, and what became of their branches so far. */
import { type Instance, isFinal } from "../instance.ts";
import type { Store } from "../store.ts";
import type { Above, BranchesDone, Outcome, Recap } from "./outcome.ts";
import type { Parts } from "./parts.ts";
import { doneIn } from "./recap.ts";
import { whyEnded } from "./why-ended.ts";

/** Branches of a visit that a recap names one by one. */
const RECENT_BRANCHES = 8;

/** An outcome whose recap is of the run where it is by now, and of those above that one. */
export async function withTree(parts: Parts, outcome: Outcome): Promise<Outcome> {
  const { recap, instance } = outcome;
  if (!recap || !(instance.branch || instance.turn?.branches || recap.resumed !== instance.instance_id)) return outcome;
  const store = await parts.store();
  const above = await runsAbove(parts, store, outcome, recap);
  const branches = await branchesDone(store, instance);
  const done = await doneIn(store, instance);
  const fresh = recap.taken_up === true && (await isOfSeveral(store, instance));
  const told = {
    ...recap,
    ...done,
    above,
    ...(branches ? { branches } : {}),
    ...(fresh ? { handed_out_at: null } : {}),
  };
  return {
    ...outcome,
    recap: { ...told, last_report_at: lastHeard(recap, [instance, ...above.map((each) => each.instance)]) },
  };
}

/** Down from the run that was asked for, or from the root if that one is no longer on the way. */
async function runsAbove(parts: Parts, store: Store, { instance }: Outcome, { resumed }: Recap): Promise<Above[]> {
  const above: Above[] = [];
  let at: Instance | null = instance;
  while (at?.branch && at.instance_id !== resumed) {
    at = await store.load(at.branch.parent_id);
    const branches = at && (await branchesDone(store, at));
    if (!at || !branches) break;
    const workflow = await parts.definitions.of(store, at);
    above.unshift({ instance: at, workflow, branches, ...(await doneIn(store, at)) });
  }
  return above;
}

async function branchesDone(
  store: Store,
  { instance_id, visit, step_name, turn }: Instance,
): Promise<BranchesDone | null> {
  const counts = turn?.branches;
  if (!counts) return null;
  const from = Math.max(1, counts.begun - RECENT_BRANCHES + 1);
  const found = await store.branches(instance_id, visit, { from, limit: RECENT_BRANCHES });
  const last = found.map(async ({ branch, status, instance_id: id }) => {
    const error = isFinal(status) && status !== "COMPLETED" ? await whyEnded(store, id) : undefined;
    return { number: branch?.number ?? 0, item: branch?.item, status, ...(error ? { error } : {}) };
  });
  return { step_name, last: await Promise.all(last), counts };
}

/** Whether it is one of several at once: then nobody had it before it was taken up. */
async function isOfSeveral(store: Store, { branch }: Instance): Promise<boolean> {
  const parent = branch && (await store.load(branch.parent_id));
  return (parent?.turn?.branches?.max_parallel ?? 1) > 1;
}

/** A branch began when somebody reported. */
function lastHeard({ last_report_at }: Recap, runs: Instance[]): string | null {
  const times = runs.map((each) => each.last_report_at ?? (each.branch && runs.length > 1 ? each.created_at : null));
  return [last_report_at, ...times].reduce((one, other) => ((one ?? "") > (other ?? "") ? one : other), null);
}
