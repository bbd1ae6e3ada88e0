/** How HTTP says what an error's code says. */
import type { ErrorCode } from "../errors.ts";

export function statusOf(code: ErrorCode): 400 | 404 | 409 | 500 | 503 {
  switch (code) {
    case "INSTANCE_NOT_FOUND":
    case "DEFINITION_NOT_FOUND":
      return 404;
    case "STALE_REPORT":
    case "INCOMPLETE_REPORT":
    case "CHECK_FAILED":
    case "STEP_NOT_ALLOWED":
    case "INSTANCE_SUSPENDED":
    case "INSTANCE_FINAL":
    case "CONFLICT":
    case "DEFINITION_INVALID":
      return 409;
    case "PERSISTENCE_ERROR":
    case "AI_SERVICE_ERROR":
      return 503;
    case "INTERNAL_ERROR":
      return 500;
    case "INVALID_INPUT":
      return 400;
  }
}
