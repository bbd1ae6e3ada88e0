/** The end of a run: what `outputs` demand of the context, judged once a decision leads to FINISH, whoever decided. */
import { MAX_OUTPUT_BYTES } from "../branch.ts";
import { AppError } from "../errors.ts";
import type { Change, Instance } from "../instance.ts";
import { applyPatch, jsonBytes, patchFor } from "../json.ts";
import type { SchemaJudge } from "../schema.ts";
import type { Workflow } from "../workflow.ts";
import { judgeValues } from "./values.ts";

/** Whether the change completes a run that has to hold something then. */
export function hasOutputs({ outputs }: Workflow, { instance }: Change): boolean {
  return outputs !== undefined && instance.status === "COMPLETED";
}

/** The same change with the outputs in their types. Throws INCOMPLETE_REPORT that lists what is missing or wrong. */
export function withOutputs(
  { outputs = {} }: Workflow,
  { before, change }: { before: Instance; change: Change },
  schemas: SchemaJudge,
): Change {
  const { instance, entries } = change;
  const held = Object.entries(instance.context).filter(([key]) => Object.hasOwn(outputs, key));
  const { value, faults } = judgeValues(schemas, { demanded: outputs }, Object.fromEntries(held));
  if (faults.length > 0) throw incomplete(faults);
  const bytes = instance.branch ? jsonBytes(value) : 0;
  if (bytes > MAX_OUTPUT_BYTES) throw tooLarge(bytes);
  const context = applyPatch(instance.context, patchFor(instance.context, value));
  const last = entries.at(-1);
  if (!last || Bun.deepEquals(context, instance.context, true)) return change;
  const said = Object.keys(last.context_patch).map((key) => [key, context[key]]); // of what it removed: undefined
  const context_patch = patchFor(before.context, { ...Object.fromEntries(said), ...value });
  return {
    ...change,
    instance: { ...instance, context },
    entries: [...entries.slice(0, -1), { ...last, context_patch }],
  };
}

/** A parent gets the outputs of all its branches. */
function tooLarge(bytes: number): AppError {
  const what = `the branch would end here, and its outputs are ${bytes} bytes; the limit is ${MAX_OUTPUT_BYTES}`;
  return new AppError("INVALID_INPUT", `${what}; nothing moved.`, {
    hint: "Write long values to a file and set its path in context_updates of the same call.",
  });
}

function incomplete(faults: string[]): AppError {
  return new AppError(
    "INCOMPLETE_REPORT",
    `the run would end here, and its context does not hold the workflow's outputs: ${faults.join("; ")}; nothing moved.`,
    {
      hint: "the same advance_workflow call with it set in context_updates. If there is no value, the goal is not reached: let another step follow, or tell the user.",
      details: { faults },
    },
  );
}
