/** `template:` in front matter, and instructions held against the language that it names. Does not know the language. */
import { MAX_INSTRUCTIONS, type Step } from "../workflow.ts";
import { nameOf } from "../written.ts";
import type { Expanded } from "./includes.ts";
import type { Reading } from "./reading.ts";
import type { StepFile } from "./step-file.ts";
import type { Yaml } from "./yaml.ts";

/** The language; undefined, perhaps with a problem, if there is none. */
export function parseTemplate(yaml: Yaml | undefined, { problems }: Reading): Step["template"] {
  if (!yaml) return undefined;
  if (yaml.kind === "scalar" && yaml.value === "liquid") return "liquid";
  problems.add("TEMPLATE_INVALID", yaml.at, {
    message: `"template" can only be "liquid"; it is ${nameOf(yaml)}`,
    hint: 'Write "template: liquid", or remove the key: {{ context.key }} is filled in without it',
  });
  return undefined;
}

/** Adds what is wrong with instructions that are a template, each where the author finds it. */
export function checkTemplate(
  { instructions, instructionsLine }: StepFile,
  source: Expanded,
  { judges, problems }: Reading,
): void {
  if (!source.complete || instructions.length > MAX_INSTRUCTIONS) return; // a problem already
  for (const { line, message, hint } of judges.templateFaults(instructions))
    problems.add("TEMPLATE_FAULT", source.origin(instructionsLine + line - 1), { message, hint });
}
