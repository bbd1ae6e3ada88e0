/** The place for a run's own files: made when instructions that are handed out name it, told when a run is begun or resumed. */
import { currentStep, type Instance, isFinal } from "../instance.ts";
import { namesFiles } from "../run-files.ts";
import { fillerOf } from "./filling.ts";
import type { Outcome } from "./outcome.ts";
import type { Parts } from "./parts.ts";

/** The outcome with the place in its instructions; `tells`: and beside them, if it is there or the workflow names it. */
export async function withFiles(parts: Parts, outcome: Outcome, { tells }: { tells: boolean }): Promise<Outcome> {
  const { files } = parts;
  const { instance, workflow } = outcome;
  const offered = tells && files.offered;
  const named = namedBy(outcome) || (offered && !isFinal(instance.status) && workflow.steps.some(namesFiles));
  if (!named && !offered) return outcome;
  if (!named && !outcome.recap && !outcome.replayed) return outcome; // the run has just begun: nobody has made one
  const place = named ? await files.open(rootOf(instance)) : await placeFound(parts, instance);
  if (!place) return outcome;
  const filled = namedBy(outcome) ? { filler: fillerOf(parts, outcome, place) } : {};
  return { ...outcome, ...filled, ...(offered ? { files: place } : {}) };
}

/** The place as it is, without making it; null if it is not there. */
export async function placeFound({ files }: Parts, instance: Instance): Promise<{ path: string } | null> {
  const path = await files.find(rootOf(instance));
  return path === null ? null : { path };
}

function namedBy({ instance, workflow }: Pick<Outcome, "instance" | "workflow">): boolean {
  const step = instance.status === "RUNNING" ? currentStep(workflow, instance) : undefined;
  return step !== undefined && namesFiles(step);
}

/** Branches share their root's. */
function rootOf({ instance_id, branch }: Instance): string {
  return branch?.root_id ?? instance_id;
}
