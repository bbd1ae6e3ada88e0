/** What SQLite or the file system refused, as callers see it. */
import { AppError } from "../errors.ts";

const HINTS: [prefix: string, hint: string][] = [
  ["SQLITE_BUSY", "Another process holds the database; send the same call again."],
  ["SQLITE_FULL", "The disk is full: free some space, then send the same call again."],
  ["ENOSPC", "The disk is full: free some space, then send the same call again."],
  [
    "SQLITE_READONLY",
    "The file or its directory is not writable: correct its permissions, then send the same call again.",
  ],
  ["EACCES", "The directory or file is not accessible: correct its permissions, or name another with --db."],
  [
    "SQLITE_IOERR",
    "The disk refused a read or a write (full, at a limit, or failing): look at it, then send the same call again.",
  ],
  ["SQLITE_NOTADB", "The file is no SQLite database: name another with --db or WORKFLOW_DB_PATH."],
  ["SQLITE_CORRUPT", "The file is damaged: restore it from a backup, or name another with --db."],
];

/** What SQLite says where the schema is another one than at the opening of the file. */
const OTHER_SCHEMA = /^no such (column|table)|has no column named/;

/** The error as callers see it; an AppError stays what it is. */
export function asPersistenceError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const reason = error instanceof Error ? error.message : String(error);
  const outdated = OTHER_SCHEMA.test(reason)
    ? "A newer orchestrator changed the file's schema while this server had it open: restart this server in that version."
    : undefined;
  const hint = outdated ?? HINTS.find(([prefix]) => code.startsWith(prefix))?.[1];
  return new AppError("PERSISTENCE_ERROR", `The database "${path}" refused (${reason}); nothing was changed.`, {
    hint: hint ?? "Check that the path is right and writable, then send the same call again.",
    retryable: outdated === undefined,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}

/** The history that was to be copied is not there: `prune` was faster. */
export function goneError(instanceId: string): AppError {
  return new AppError(
    "PERSISTENCE_ERROR",
    `The history of instance "${instanceId}" is not there any more; nothing was changed.`,
    {
      hint: "It was deleted a moment ago; list_instances shows what there is.",
    },
  );
}
