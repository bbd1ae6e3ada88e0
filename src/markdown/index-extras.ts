/** What the front matter of index.md says of the workflow: a line for lists, and what it starts with. */
import type { JsonObject } from "../json.ts";
import type { Step, Workflow } from "../workflow.ts";
import { nameOf } from "../written.ts";
import { indexKeys } from "./extra-keys.ts";
import type { Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { parseTemplate } from "./template-extra.ts";
import { parseValues } from "./value-schemas.ts";
import { toObject, type Yaml, type YamlMap } from "./yaml.ts";

export interface IndexExtras {
  /** What the workflow itself keeps. */
  extras: Pick<Workflow, "description" | "inputs" | "outputs">;
  /** The language of every step's instructions. */
  template: Step["template"];
  /** Where it says what the context must hold at the end. */
  outputsAt: Origin | undefined;
}

/** Most characters of a description. */
export const MAX_DESCRIPTION = 300;

/** What is wrong becomes problems. A key that is absent is absent in what comes back. */
export function parseIndexExtras(root: YamlMap | undefined, reading: Reading): IndexExtras {
  if (!root) return { extras: {}, template: undefined, outputsAt: undefined };
  const keys = indexKeys(root, reading);
  const description = parseDescription(keys.get("description"), reading);
  const inputs = parseInputs(keys.get("inputs"), reading);
  const written = keys.get("outputs");
  const outputs = parseValues(written, { name: "outputs", code: "OUTPUTS_INVALID" }, reading);
  const extras = {
    ...(description === undefined ? {} : { description }),
    ...(inputs ? { inputs } : {}),
    ...(outputs ? { outputs } : {}),
  };
  return { extras, template: parseTemplate(keys.get("template"), reading), outputsAt: written?.at };
}

function parseDescription(yaml: Yaml | undefined, reading: Reading): string | undefined {
  if (!yaml) return undefined;
  const text = yaml.kind === "scalar" && yaml.value !== null ? yaml.text.trim() : "";
  if (text !== "" && text.length <= MAX_DESCRIPTION && !/[\p{Cc}\u2028\u2029]/u.test(text)) return text;
  const found = text.length > MAX_DESCRIPTION ? `${text.length} characters` : nameOf(yaml);
  reading.problems.add("DESCRIPTION_INVALID", yaml.at, {
    message: `"description" must be one line of text, at most ${MAX_DESCRIPTION} characters; it is ${found}`,
    hint: "Say in one line what the workflow is for; put the rest under the heading Goal",
  });
  return undefined;
}

function parseInputs(yaml: Yaml | undefined, reading: Reading): JsonObject | undefined {
  if (!yaml) return undefined;
  const refuse = (message: string, hint: string): undefined => {
    reading.problems.add("INPUTS_INVALID", yaml.at, { message, hint });
    return undefined;
  };
  if (yaml.kind !== "map" || yaml.entries.length === 0)
    return refuse(`"inputs" must be a JSON Schema; it is ${yaml.kind === "map" ? "empty" : nameOf(yaml)}`, INPUTS_HINT);
  const inputs: JsonObject = { type: "object", ...toObject(yaml) };
  if (inputs["type"] !== "object")
    return refuse(
      `"inputs" describes the context, an object, and says type ${JSON.stringify(inputs["type"])}`,
      'Remove "type"; name the keys below "properties"',
    );
  const fault = reading.judges.schemaFault(inputs);
  return fault === null ? inputs : refuse(`"inputs" is no JSON Schema: ${fault}`, INPUTS_HINT);
}

const INPUTS_HINT =
  'Write "properties:" with a schema for each key, like {issue: {type: string}}, and "required: [issue]"';
