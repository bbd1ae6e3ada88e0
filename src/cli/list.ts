/** `orchestrator list`: the workflows that can be started. */
import { oneLine } from "../words.ts";
import { type Command, DEFINITIONS, JSON_OUTPUT, PROJECT, withApp } from "./command.ts";

export const list: Command = {
  name: "list",
  summary: "List the workflows that can be started",
  arguments: "",
  options: { ...DEFINITIONS, ...PROJECT, ...JSON_OUTPUT },
  run: (words, { print, complain, stop }) =>
    withApp(words, stop, async ({ engine }) => {
      const { workflows, invalid } = await engine.catalog();
      if (words.values["json"]) {
        const all = [...workflows.values()].map(({ workflow: { name, description, goal, steps, inputs } }) => ({
          name,
          description,
          goal,
          steps: steps.map((step) => step.name),
          inputs,
        }));
        const broken = [...invalid].map(([name, problems]) => ({ name, problems }));
        print(JSON.stringify({ workflows: all, invalid: broken }, null, 2));
        return 0;
      }
      for (const { workflow } of workflows.values()) {
        const { name, description, goal, steps } = workflow;
        print(`${name}  (${steps.length} steps)\n  ${description ?? oneLine(goal, 200)}`);
      }
      for (const name of invalid.keys()) complain(`${name} cannot be started; see: orchestrator validate ${name}`);
      return 0;
    }),
};
