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
  /** What the agent decided on the user's behalf. */
  assumptions: z.array(z.string()).optional(),
});
export type Report = z.infer<typeof Report>;

/** As it arrives: a resume may leave out the step, a bare choice the status. */
export const IncomingReport = Report.partial();
export type IncomingReport = z.infer<typeof IncomingReport>;

const SYNONYMS = new Map<string, string>(
  Object.entries({
    success: "done complete completed finished ok okay pass passed succeeded successful ✅ ✔ ✓ ☑".split(" "),
    failure: "fail failed error errored unsuccessful ❌ ✗ ✘ ✖".split(" "),
    in_progress: ["in-progress", "in progress", "inprogress"],
    paused: ["pause"],
  }).flatMap(([status, words]) => [status, ...words].map((word): [string, string] => [word, status])),
);

/** What may stand around a status word: blanks, punctuation, symbols. */
const AROUND = /^[\s\p{P}\p{S}]+|[\s\p{P}\p{S}]+$/gu;
/** Makes an emoji of the sign before it. */
const EMOJI_MARK = /\ufe0f/g;
/** A status is a word that routes can compare: letters, digits, `_` and `-`. */
const STATUS_WORD = /^[\p{L}\p{N}_-]{1,40}$/u;

/**
 * `success`, `failure` or `in_progress` for their synonyms in any case, whatever stands around them; any other word as it
 * is. Null if the text is no word of at most 40 letters, digits, `_` and `-`.
 */
export function normaliseStatus(text: string): string | null {
  const plain = text.replace(EMOJI_MARK, "").trim();
  const word = plain.replace(AROUND, "");
  const known = SYNONYMS.get(word.toLowerCase()) ?? SYNONYMS.get(plain);
  return known ?? (STATUS_WORD.test(word) ? word : null);
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
 * Lays a later report for the same visit over the kept one. `differs` says that the later one contradicts what was
 * kept, and then replaces it whole; otherwise `report` is the kept one with what the later one adds, such as the
 * choice.
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
