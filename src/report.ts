/** What an agent says of the visit that it ends. */
import { z } from "zod";
import { JsonObject } from "./json.ts";

/** Most bytes of a report with its context updates. */
export const MAX_REPORT_BYTES = 64 * 1024;

/** The placeholders of an answer's skeleton; a report that still holds one was not filled in. */
export const PLACEHOLDERS = {
  details: "<what you did and saw>",
  choice: "<a candidate>",
  value: (type: string): string => `<${type}>`,
};

/** As it is kept. `status` is normalised; `step_id` is that of the visit. */
export const Report = z.object({
  step_id: z.string(),
  status: z.string(),
  result: z.unknown().optional(),
  details: z.union([z.string(), JsonObject]).optional(),
  message: z.string().optional(),
  error: z.string().optional(),
  next_step: z.string().optional(),
});
export type Report = z.infer<typeof Report>;

/** As it arrives: a resume may leave out the step, a bare choice the status. */
export const IncomingReport = Report.partial();
export type IncomingReport = z.infer<typeof IncomingReport>;

const SYNONYMS = new Map<string, string>(
  Object.entries({
    success: ["done", "complete", "completed", "ok", "pass", "passed", "succeeded", "successful"],
    failure: ["fail", "failed", "error"],
    in_progress: ["in-progress", "in progress", "inprogress"],
  }).flatMap(([status, words]) => [status, ...words].map((word): [string, string] => [word, status])),
);

/** `success`, `failure` or `in_progress` for their synonyms in any case; any other word as it is. */
export function normaliseStatus(word: string): string {
  const trimmed = word.trim();
  return SYNONYMS.get(trimmed.toLowerCase()) ?? trimmed;
}

/** The first skeleton placeholder left in the value, or null. */
export function findPlaceholder(value: unknown): string | null {
  if (typeof value === "string") return placeholderIn(value.trim());
  if (typeof value !== "object" || value === null) return null;
  for (const item of Object.values(value)) {
    const found = findPlaceholder(item);
    if (found) return found;
  }
  return null;
}

/**
 * A later report for the same visit laid over the kept one. `differs` when it contradicts what was kept (then it
 * replaces it whole); otherwise `report` is the kept one with what the later one adds, such as the choice.
 */
export function overlay(kept: Report, later: IncomingReport): { differs: boolean; report: Report } {
  const { step_id: _id, next_step, ...said } = later;
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  const known: Record<string, unknown> = kept;
  const differs = given.some(([key, value]) => known[key] !== undefined && !Bun.deepEquals(known[key], value, true));
  const report = { ...kept, ...Object.fromEntries(given), ...(next_step === undefined ? {} : { next_step }) };
  return { differs, report };
}

const VALUE_TYPES = ["string", "integer", "number", "boolean", "array", "object", "null", "value"];
const KNOWN_PLACEHOLDERS = new Set([...VALUE_TYPES.map((type) => PLACEHOLDERS.value(type))]);

function placeholderIn(text: string): string | null {
  const spoken = [PLACEHOLDERS.details, PLACEHOLDERS.choice].find((each) => text.includes(each));
  return spoken ?? (KNOWN_PLACEHOLDERS.has(text) ? text : null); // a short one may be part of code
}
