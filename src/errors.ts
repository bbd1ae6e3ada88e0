/** The one error class, and the codes a caller may branch on. Messages are for readers, codes for programs. */

/** Codes of the tools' errors; each is explained in docs/architecture_and_data_model.md. */
export type ErrorCode =
  | "INVALID_INPUT"
  | "DEFINITION_NOT_FOUND"
  | "DEFINITION_INVALID"
  | "INSTANCE_NOT_FOUND"
  | "STALE_REPORT"
  | "INCOMPLETE_REPORT"
  | "CHECK_FAILED"
  | "STEP_NOT_ALLOWED"
  | "INSTANCE_SUSPENDED"
  | "INSTANCE_FINAL"
  | "CONFLICT"
  | "AI_SERVICE_ERROR"
  | "PERSISTENCE_ERROR"
  | "INTERNAL_ERROR";

interface ErrorOptions {
  /** The way out: what to call or change next. */
  hint: string;
  /** The same call may succeed later, unchanged. Default: false. */
  retryable?: boolean;
  /** Machine-readable facts for the caller; never secrets or internals. */
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** An expected failure: what is wrong (message) and the way out (hint). Nothing was changed by the call that threw it. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
  }
}
