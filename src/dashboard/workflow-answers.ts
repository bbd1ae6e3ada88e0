/** What /api says of the workflows that there are now. */
import { AppError } from "../errors.ts";
import { oneLine } from "../words.ts";
import type { Catalog } from "../workflow.ts";

export function workflowsAnswer({ workflows, invalid }: Catalog) {
  return {
    workflows: [...workflows.values()].map(({ workflow }) => {
      const { name, description, goal, steps, inputs } = workflow;
      return { name, description, goal, steps: steps.map((step) => step.name), inputs };
    }),
    invalid: [...invalid].map(([name, problems]) => ({ name, problems })),
  };
}

/** Throws DEFINITION_NOT_FOUND if there are no files of that name. */
export function workflowAnswer({ workflows, invalid }: Catalog, name: string) {
  const found = workflows.get(name);
  const problems = invalid.get(name);
  if (found) return { workflow: found.workflow, problems: [...(found.warnings ?? [])] };
  if (problems) return { workflow: null, problems };
  throw new AppError("DEFINITION_NOT_FOUND", `There is no workflow "${oneLine(name, 200)}".`, {
    hint: "All of them: /api/workflows.",
  });
}
