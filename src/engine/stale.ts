/** Proofs go stale: what changed in the project since a program proved something. It is said, and nothing hangs on it. */
import type { CheckResult } from "../check.ts";
import type { Instance } from "../instance.ts";
import { proofsOf } from "../rules/visit-counts.ts";
import { notFound } from "./call.ts";
import type { Outcome, StaleProof } from "./outcome.ts";
import type { Parts } from "./parts.ts";

/** The outcome with what is stale, where that is said: when a run is resumed, and when it is over. */
export async function withStale(parts: Parts, outcome: Outcome): Promise<Outcome> {
  const { instance, recap, checked } = outcome;
  const over = instance.status === "COMPLETED" || instance.status === "FAILED";
  if (!recap && !over) return outcome;
  const stale = await staleIn(parts, instance, checked?.at(-1));
  return stale.length > 0 ? { ...outcome, stale } : outcome;
}

/** The same for one who only reads. Throws INSTANCE_NOT_FOUND. */
export async function staleProofs(parts: Parts, instanceId: string): Promise<StaleProof[]> {
  const instance = await (await parts.store()).load(instanceId);
  if (!instance) throw notFound(instanceId);
  return staleIn(parts, instance);
}

async function staleIn({ checker }: Parts, instance: Instance, now?: CheckResult): Promise<StaleProof[]> {
  const proofs = proofsOf(instance);
  if (proofs.length === 0) return [];
  const digests = proofs.map(({ project_files }) => project_files);
  const changed = await checker.projectFiles.since(instance, digests, now);
  return proofs.flatMap(({ step_name, visit, project_files }) => {
    const files = changed.get(project_files);
    return files === undefined ? [] : [{ step_name, visit, files }];
  });
}
