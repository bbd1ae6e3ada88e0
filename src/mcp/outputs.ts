/**
 * Output schemas as advertised: open, every field optional, the error's fields beside the answer's, because client
 * libraries hold errors against them too (typescript-sdk issue 1943). A field that may be null is not in them (`next_step`
 * above all): a list of types is refused by some providers, and one type alone would make clients refuse the null.
 */

type Type = "string" | "integer" | "boolean" | "object" | "objects";

/** JSON Schema of an open object. */
export interface OutputSchema {
  type: "object";
  properties: Record<string, object>;
  additionalProperties: true;
  [key: string]: unknown;
}

const OBJECT = { type: "object", additionalProperties: true };

const ERROR_FIELDS = {
  error_code: "string",
  message: "string",
  hint: "string",
  retryable: "boolean",
  details: "object",
} as const;

export const STEP_OUTPUT = output(
  "With next_step: what to do now (step_name, step_id, visit, instructions), or null.",
  {
    status: "string",
    workflow_name: "string",
    instance_id: "string",
    decision: "object",
    branch: "object",
    ended: "objects",
    branches: "object",
    decision_required: "object",
    waiting_for: "object",
    checked: "objects",
    checks_running: "object",
    server_did: "objects",
    replayed: "boolean",
    also_running: "objects",
    forked_from: "object",
    recap: "string",
    files: "string",
    files_fault: "string",
    assumptions: "objects",
    instances: "objects",
    rules: "string",
    report_with: "object",
    current_context: "object",
  },
);

export const STATUS_OUTPUT = output("With next_step, waiting_for, pending_report, completed_at, or null.", {
  instance_id: "string",
  workflow_name: "string",
  status: "string",
  current_step_name: "string",
  visit: "integer",
  branch: "object",
  branches: "object",
  context: "object",
  created_at: "string",
  updated_at: "string",
  forked_from: "object",
  unattended: "boolean",
  files: "string",
  assumptions: "objects",
  history: "objects",
  history_total: "integer",
  cut: "string",
});

export const WORKFLOWS_OUTPUT = output(undefined, { workflows: "objects", invalid: "objects", cut: "string" });

export const LIST_OUTPUT = output(undefined, { instances: "objects", next_cursor: "string", elsewhere: "integer" });

function output(description: string | undefined, fields: Record<string, Type>): OutputSchema {
  const properties = Object.entries({ ...fields, ...ERROR_FIELDS }).map(
    ([name, type]) => [name, property(type)] as const,
  );
  return { type: "object", description, properties: Object.fromEntries(properties), additionalProperties: true };
}

function property(type: Type): object {
  if (type === "objects") return { type: "array", items: OBJECT };
  return type === "object" ? OBJECT : { type };
}
