/** What a branch's context begins with, held against the inputs of its workflow, as far as that is known without a run. */
import { nearName } from "../near-name.ts";
import { fieldsOf } from "../schema.ts";
import { oneLine } from "../words.ts";
import type { Branching, Workflow } from "../workflow.ts";

export interface InputFault {
  code: string;
  /** The key of `with` that is wrong; undefined if none is. */
  key: string | undefined;
  message: string;
  hint: string;
}

/** What the inputs refuse whatever the values are; empty if nothing. */
export function inputFaults({ as, with: given = {} }: Branching, { name, inputs }: Workflow): InputFault[] {
  if (!inputs) return [];
  const known = fieldsOf(inputs).map((field) => field.name);
  const required = Array.isArray(inputs["required"]) ? inputs["required"].map(String) : [];
  const keys = [...(as === undefined ? [] : [as]), ...Object.keys(given)];
  const missing = required.filter((key) => !keys.includes(key));
  const isClosed = inputs["additionalProperties"] === false && inputs["patternProperties"] === undefined;
  const foreign = isClosed ? keys.filter((key) => !known.includes(key)) : [];
  return [
    ...foreign.map((key) => foreignFault({ key, as, name, known })),
    ...missing.map((key) => missingFault({ key, name, given: keys.filter((each) => !known.includes(each)) })),
  ];
}

function foreignFault(of: { key: string; as: string | undefined; name: string; known: string[] }): InputFault {
  const { key, as, name, known } = of;
  const shown = oneLine(key, 80);
  const near = nearName(key, known);
  const allowed = known.length > 0 ? `They take: ${known.join(", ")}` : "They take nothing";
  return {
    code: "WITH_REFUSED",
    key: key === as ? undefined : key,
    message: `The inputs of "${name}" take no "${shown}", which ${key === as ? "holds the item" : 'is in "with"'}`,
    hint: near ? `Did you mean "${near}"?` : `${allowed}${key === as ? '; "as" names the key of the item' : ""}`,
  };
}

function missingFault({ key, name, given }: { key: string; name: string; given: string[] }): InputFault {
  const shown = oneLine(key, 80);
  const near = nearName(key, given);
  return {
    code: "INPUT_MISSING",
    key: undefined,
    message: `The inputs of "${name}" require "${shown}", which neither "with" nor "as" gives`,
    hint: near
      ? `Did you mean "${shown}" by "${near}"?`
      : `Write "with: {${shown}: context.${shown}}", or "as: ${shown}" if it is the item`,
  };
}
