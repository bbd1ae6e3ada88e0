/** Whether a run's checks and programs may be run, if they are allowed at all. */
import type { Instance } from "../instance.ts";
import type { Workflow } from "../workflow.ts";
import type { Parts } from "./parts.ts";

/**
 * Whether the instance's definition came from where checks may run, or such a source has the very same today; looked up only
 * if the definition has checks.
 */
export async function isTrusted({ source }: Parts, instance: Instance, { steps }: Workflow): Promise<boolean> {
  if (instance.trusted) return true;
  if (!steps.some(({ checks, run }) => checks ?? run)) return false;
  const found = (await source.catalog()).workflows.get(instance.workflow_name);
  return found?.trusted === true && found.hash === instance.definition;
}
