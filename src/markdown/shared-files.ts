/** Branches that are open at once share the project's files: what of their workflows looks at these, or changes them. */
import type { Workflow } from "../workflow.ts";

const KINDS: readonly string[] = ["changed", "unchanged", "edits", "run"];

/** A warning for each step of the tree that does. */
export function sharedFiles(name: string, root: Workflow): { code: string; message: string; hint: string }[] {
  return workflowsIn(name, root).flatMap(([owner, { steps }]) =>
    steps.flatMap((step) => {
      const kinds = [...(step.checks ?? []), ...(step.run ? [step.run] : [])].map(({ kind }) => kind);
      const found = [...new Set(kinds)].filter((kind) => KINDS.includes(kind));
      if (found.length === 0) return [];
      return {
        code: "PARALLEL_FILES",
        message: `Branches that are open at once share the project's files, and the step "${step.name}" of "${owner}" has ${found.map((kind) => `"${kind}"`).join(" and ")}`,
        hint: 'Take "max_parallel" out, or let the branches work in places of their own; what one changes, another sees',
      };
    }),
  );
}

/** Each workflow of the tree once. */
function workflowsIn(name: string, root: Workflow): [string, Workflow][] {
  const all = new Map([[name, root]]);
  for (const { used } of all.values())
    for (const [each, { workflow }] of Object.entries(used ?? {})) if (!all.has(each)) all.set(each, workflow);
  return [...all];
}
