/** Where a step stands among the others, told only where it is true: where the steps follow each other in one line. */
import { leadsTo } from "../decision.ts";
import { ENDS, type Step, type Workflow } from "../workflow.ts";

/** By workflow: a pinned one stays the same object. */
const known = new WeakMap<Workflow, boolean>();

/** `step 2 of 5`; undefined if steps can be left out or come again. */
export function progressOf(step: Step, workflow: Workflow): string | undefined {
  const isLine = known.get(workflow) ?? areInLine(workflow);
  known.set(workflow, isLine);
  return isLine ? `step ${workflow.steps.indexOf(step) + 1} of ${workflow.steps.length}` : undefined;
}

/** `Step 2 of 5`, as a line begins with it: the item of a branch stands elsewhere in it. */
export function lineWords(progress: string | undefined): string | undefined {
  return progress && /step .*/.exec(progress)?.[0].replace("step", "Step");
}

/** Whether each step leads to the following one or to an end, whoever decides. A single step is no line. */
function areInLine({ steps }: Workflow): boolean {
  if (steps.length < 2) return false;
  return steps.every((step, index) => {
    const following = steps[index + 1]?.name;
    const targets = leadsTo(step);
    if (!targets?.every((name) => name === following || ENDS.includes(name))) return false;
    return following === undefined || targets.includes(following);
  });
}
