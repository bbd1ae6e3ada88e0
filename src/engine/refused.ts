/** Reports that are refused leave a count beside the run: never in its history or row, and never at the cost of the answer. */
import { AppError, type ErrorCode } from "../errors.ts";
import { isFinal } from "../instance.ts";
import { oneLine } from "../words.ts";
import type { Call } from "./call.ts";
import { stamp } from "./parts.ts";
import { isLateReport } from "./visits.ts";

/** Longest reason that is kept, in characters. */
const MAX_REASON = 200;

/** What is wrong with the report. The others say that somebody else was first, or that something outside failed. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "CHECK_FAILED",
  "INCOMPLETE_REPORT",
  "STEP_NOT_ALLOWED",
  "STALE_REPORT",
  "INSTANCE_SUSPENDED",
  "INVALID_INPUT",
]);

/**
 * Counts the refusal of a report at the visit at which the run stood when it came. Nobody waits for that, and a failure is
 * logged. A run that is over counts nothing, and a late report is a note of the history already.
 */
export function countRefusal({ store, current, parts }: Call, error: unknown): void {
  if (!(error instanceof AppError) || !REFUSALS.has(error.code)) return;
  if (isFinal(current.status) || isLateReport(error)) return;
  const { instance_id, visit, step_name } = current;
  const refused = { visit, step_name, code: error.code, reason: reasonOf(error), refused_at: stamp(parts) };
  store
    .noteRefused(instance_id, refused)
    .catch((err) => parts.log.warn({ err, instance_id }, "a refused report was not counted"));
}

function reasonOf({ message, details = {} }: AppError): string {
  const { check, reason, faults } = details;
  const [first = ""] = message.split("\n");
  const said = faults ? [faults].flat().join("; ") : check ? `${check}: ${reason}` : first;
  return oneLine(said.replace(/[;.] nothing changed\.$/i, ""), MAX_REASON).toWellFormed();
}
