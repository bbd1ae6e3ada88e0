/** Whether a person will be asked about what a run changed, so that it must be noted how it found the project. */
import type { Workflow } from "../workflow.ts";

/** By workflow, since a pinned one stays the same object. */
const known = new WeakMap<Workflow, boolean>();

export function showsChanges(workflow: Workflow): boolean {
  const { steps } = workflow;
  const found =
    known.get(workflow) ?? steps.some(({ approval }) => approval?.show?.some(({ kind }) => kind === "changes"));
  known.set(workflow, found);
  return found;
}
