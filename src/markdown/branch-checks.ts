/** What only the whole workflow can tell of a branch step: that a rule decides what follows, and who sets which key. */
import { decidedByRule } from "../decision.ts";
import type { Step } from "../workflow.ts";
import type { StepKey } from "./extra-keys.ts";
import type { Reading } from "./reading.ts";
import type { Yaml } from "./yaml.ts";

interface Written {
  step: Step;
  keys: ReadonlyMap<StepKey, Yaml>;
}

/** Adds what is wrong with the step as one that other runs do; nothing if it is none. */
export function checkBranches({ step, keys }: Written, steps: readonly Written[], reading: Reading): void {
  const uses = keys.get("uses");
  if (!uses || !step.branches) return;
  if (!decidedByRule(step))
    reading.problems.add("USES_UNDECIDED", uses.at, {
      message: "Nothing decides what follows the branches of this step",
      hint: 'Add a route "otherwise → Step Name" as the last one, or a single name as "next"',
    });
  reportBeside({ step, keys }, reading);
  reportInto({ step, keys }, steps, reading);
}

/** What speaks of a report of this step; it has one only if its results are combined by an agent. */
const ABOUT_A_REPORT: readonly StepKey[] = ["produces", "checks", "edits"];

function reportBeside({ step, keys }: Written, { problems }: Reading): void {
  const run = keys.get("run");
  if (run)
    problems.add("KEY_BESIDE_USES", run.at, {
      message: '"run" has no meaning beside "uses": a step is done by the server or by branches',
      hint: "Make the program a step of its own, before or after this one",
    });
  if (step.instructions !== "") return;
  for (const key of ABOUT_A_REPORT) {
    const at = keys.get(key)?.at;
    if (at)
      problems.add("KEY_BESIDE_USES", at, {
        message: `"${key}" has no meaning here: branches do this step, and nobody reports it`,
        hint: `Move it into the workflow that is used, or into the step that follows; or add "# Join Instructions", by which an agent combines the results and reports`,
      });
  }
}

function reportInto({ step, keys }: Written, steps: readonly Written[], { problems }: Reading): void {
  const at = keys.get("into")?.at;
  const into = step.branches?.into;
  if (!at || into === undefined) return;
  const has = (values: object | undefined) => values !== undefined && Object.hasOwn(values, into);
  const server = steps.find((each) => has(each.step.sets))?.step;
  const other = has(step.produces) ? 'this step\'s "produces"' : server && `"sets" of the step "${server.name}"`;
  if (other)
    problems.add("INTO_TAKEN", at, {
      message: `"into" puts the results into "${into}", which ${other} sets too`,
      hint: "Give one of them another key",
    });
}
