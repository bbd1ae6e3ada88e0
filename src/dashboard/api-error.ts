/** How /api says no: `{error: {code, message, hint}}`, with the status that the code stands for. */
import { AppError } from "../errors.ts";
import { statusOf } from "./status-of.ts";

/** What no engine says: the page's own no, with what a program may want to know of it. */
export class ApiError extends Error {
  readonly status: 403 | 404 | 409;
  readonly code: string;
  readonly hint: string;
  readonly more: Record<string, unknown>;

  constructor(
    status: ApiError["status"],
    { code, message, hint, ...more }: { code: string; message: string; hint: string } & Record<string, unknown>,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.more = more;
  }
}

/** The answer to an error that is expected; null if it is a defect. */
export function answerOf(error: unknown): Response | null {
  if (error instanceof ApiError) {
    const { status, code, message, hint, more } = error;
    return Response.json({ error: { code, message, hint, ...more } }, { status });
  }
  if (!(error instanceof AppError)) return null;
  const { code, message, hint } = error;
  return Response.json({ error: { code, message, hint } }, { status: statusOf(code) });
}
