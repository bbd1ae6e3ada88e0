/** What a model answered, checked: a usable choice, or the fault in words that help the model to mend it. */
import { z } from "zod";
import type { Question } from "../decider.ts";
import { JsonObject, jsonBytes, jsonFault } from "../json.ts";
import { resolveStepName } from "../workflow.ts";

/** Most bytes that a model may write into the context at once. */
const MAX_UPDATES_BYTES = 8 * 1024;
const MAX_REASONING = 600;

export interface Choice {
  next_step: string;
  reasoning: string;
  context_updates: JsonObject;
  status: "SUSPENDED" | "FAILED" | undefined;
}

/** JSON Schema of an answer, the candidates as an enum, in the form that strict structured outputs take. */
export function replySchema(candidates: string[]): Record<string, unknown> {
  const value = { anyOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }, { type: "null" }] };
  const pair = strictObject({ key: { type: "string" }, value });
  return strictObject({
    reasoning: { type: "string" },
    next_step_name: { type: "string", enum: candidates },
    updated_context: { type: "array", items: pair },
    status_suggestion: { anyOf: [{ type: "string", enum: ["SUSPENDED", "FAILED"] }, { type: "null" }] },
  });
}

/** Reads an answer that may have prose or a code fence around its JSON. A string is the fault. */
export function readReply(text: string, question: Pick<Question, "workflow" | "choice">): Choice | string {
  const json = findObject(text);
  if (json === undefined) return "the answer holds no JSON object";
  const parsed = Reply.safeParse(json);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${issue.path.join(".") || "the answer"}: ${issue.message}`).join("; ");
  }
  const { next_step_name, reasoning, updated_context, status_suggestion } = parsed.data;
  const next_step = resolveStepName(question.workflow, next_step_name);
  const { candidates } = question.choice;
  if (next_step === undefined || !candidates.includes(next_step)) {
    return `next_step_name ${JSON.stringify(next_step_name.slice(0, 100))} is no candidate; the candidates are: ${candidates.join(", ")}`;
  }
  const context_updates = asUpdates(updated_context);
  if (jsonBytes(context_updates) > MAX_UPDATES_BYTES) return `updated_context is over ${MAX_UPDATES_BYTES} bytes`;
  const fault = jsonFault(context_updates, "updated_context") ?? jsonFault(reasoning, "reasoning");
  if (fault) return fault;
  const status = STATUSES.find((each) => each === status_suggestion);
  return { next_step, reasoning: reasoning.slice(0, MAX_REASONING).toWellFormed(), context_updates, status };
}

const STATUSES = ["SUSPENDED", "FAILED"] as const;

const Pair = z.object({ key: z.string().min(1), value: z.unknown() });

/** Lenient but for the step, which is what matters. */
const Reply = z.object({
  next_step_name: z.string(),
  reasoning: z.string().catch(""),
  updated_context: z.union([z.array(Pair), JsonObject]).catch([]),
  status_suggestion: z.unknown().optional(),
});

function asUpdates(updates: z.infer<typeof Pair>[] | JsonObject): JsonObject {
  return Array.isArray(updates) ? Object.fromEntries(updates.map(({ key, value }) => [key, value])) : updates;
}

/** Longer answers are looked at from their end. */
const MAX_TEXT = 100_000;
/** Objects that are tried, from the last one on. */
const MAX_TRIES = 50;

/**
 * The object that the answer ends with: the last one that names a step. What a model thinks aloud, drafts included,
 * comes before it.
 */
function findObject(answer: string): unknown {
  const text = answer.slice(-MAX_TEXT).replace(/<think>[\s\S]*?<\/think>/g, "");
  const whole = tryParse(text.trim());
  if (whole !== undefined) return whole;
  let fallback: unknown;
  for (const [start, end] of objectsIn(text).slice(-MAX_TRIES).reverse()) {
    const value = tryParse(text.slice(start, end));
    if (typeof value === "object" && value !== null && "next_step_name" in value) return value;
    fallback ??= value;
  }
  return fallback;
}

function tryParse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Where balanced braces begin and end, in the order of their ends; braces in strings do not count. One pass. */
function objectsIn(text: string): [start: number, end: number][] {
  const found: [number, number][] = [];
  const open: number[] = [];
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === "\\") at++;
      else if (char === '"' || char === "\n") inString = false;
    } else if (char === '"') inString = open.length > 0;
    else if (char === "{") open.push(at);
    else if (char === "}") {
      const start = open.pop();
      if (start !== undefined) found.push([start, at + 1]);
    }
  }
  return found;
}

function strictObject(properties: Record<string, unknown>): Record<string, unknown> {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}
