/**
 * Output schemas as advertised: open, every field optional, the error's fields beside the answer's, because client
 * libraries hold errors against them too (typescript-sdk issue 1943).
 */

type Type = "string" | "integer" | "boolean" | "object" | "array" | "null";

/** JSON Schema of an open object. */
export interface OutputSchema {
  type: "object";
  properties: Record<string, { type: Type | Type[] }>;
  [key: string]: unknown;
}

const ERROR_FIELDS = {
  error_code: "string",
  message: "string",
  hint: "string",
  retryable: "boolean",
  details: "object",
} as const;

export const STEP_OUTPUT = output({
  status: "string",
  workflow_name: "string",
  instance_id: "string",
  decision: "object",
  next_step: ["object", "null"],
  decision_required: "object",
  waiting_for: "object",
  checks_running: "object",
  replayed: "boolean",
  also_running: "array",
  recap: "string",
  instances: "array",
  rules: "string",
  report_with: "object",
  current_context: "object",
});

export const STATUS_OUTPUT = output({
  instance_id: "string",
  workflow_name: "string",
  status: "string",
  current_step_name: "string",
  visit: "integer",
  context: "object",
  created_at: "string",
  updated_at: "string",
  completed_at: ["string", "null"],
  waiting_for: ["object", "null"],
  pending_report: ["object", "string", "null"],
  next_step: ["object", "null"],
  history: "array",
  history_total: "integer",
  cut: "string",
});

export const WORKFLOWS_OUTPUT = output({ workflows: "array", invalid: "array", cut: "string" });

export const LIST_OUTPUT = output({ instances: "array", next_cursor: "string", elsewhere: "integer" });

function output(fields: Record<string, Type | Type[]>): OutputSchema {
  const properties = Object.entries({ ...fields, ...ERROR_FIELDS }).map(([name, type]) => [name, { type }] as const);
  return { type: "object", properties: Object.fromEntries(properties) };
}
