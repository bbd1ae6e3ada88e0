/** Errors as a tool answers them: one self-sufficient text, and the same as structured content. */
import { z } from "zod";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { visible } from "../words.ts";
import type { Answer } from "./answer.ts";
import { bytesOf, shrink } from "./fit.ts";

/** Longest message or hint, in characters; what a caller sent may stand in it. */
const MAX_WORDS = 3_000;
const MAX_DETAILS_BYTES = 8_000;

const OfOutput = z.object({ output_file: z.string().optional(), output_fault: z.string().optional() });

/** The answer for anything that a handler threw. What is not an AppError is a defect: logged whole, shown as an id. */
export function errorAnswer(error: unknown, { log, newId }: { log: Log; newId: () => string }): Answer {
  const known = error instanceof AppError ? error : defect(error, { log, newId });
  if (known.code === "PERSISTENCE_ERROR") log.error({ err: known.cause ?? known.message }, known.message);
  const { code, retryable } = known;
  const message = cutWords(known.message);
  const hint = cutWords(known.hint);
  const details = bytesOf(known.details) > MAX_DETAILS_BYTES ? shrink(known.details, MAX_DETAILS_BYTES) : known.details;
  return {
    text: [`${code}: ${message}`, outputWords(details), `Next: ${hint}`].filter(Boolean).join("\n"),
    structured: { error_code: code, message, hint, retryable, details },
  };
}

/** Where all is that a program printed of which the message has the end. */
function outputWords(details: unknown): string {
  const found = OfOutput.safeParse(details);
  const { output_file, output_fault } = found.data ?? {};
  if (output_file) return `The whole output: ${output_file}`;
  return output_fault ? `Its whole output was not kept: ${output_fault}` : "";
}

/** What a caller sent is told back to it, and steers nobody's terminal. */
function cutWords(given: string): string {
  const words = visible(given);
  return words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}… (${words.length} characters)` : words;
}

function defect(error: unknown, { log, newId }: { log: Log; newId: () => string }): AppError {
  const id = newId();
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error({ error_id: id, cause }, "internal error");
  return new AppError("INTERNAL_ERROR", `A defect of the server stopped this call (error ${id}).`, {
    hint: `Call get_workflow_status to see where the run is. Tell the user; the server's log has the cause under ${id}.`,
  });
}
