/**
 * The three files of an open database: itself, its log (`-wal`) and the index of that (`-shm`). SQLite goes on with those
 * that it opened, whatever stands at their path by now; what it writes then is lost, or destroys what others write.
 */
import { type BigIntStats, chmodSync, statSync } from "node:fs";
import { AppError } from "../errors.ts";

const SUFFIXES = ["", "-wal", "-shm"] as const;

/**
 * - `gone`: nothing stands at the path any more.
 * - `replaced`: another database does, restored from a backup perhaps.
 * - `cut off`: its log or index was removed. Closing writes the log back, if no other process has it open.
 * - `overtaken`: so it was, and somebody has begun a new one since. Closing would write over what they wrote.
 */
export type FilesState = "as opened" | "gone" | "replaced" | "cut off" | "overtaken";

/** Remembers the files of a database that was just opened; what it returns tells what became of them. */
export function watchFiles(path: string): () => FilesState {
  const identities = () => SUFFIXES.map((suffix) => identityOf(path + suffix));
  const opened = identities();

  return () => {
    const now = identities();
    const changed = now.filter((identity, index) => identity !== opened[index]);
    if (changed.length === 0) return "as opened";
    if (now[0] === "") return "gone";
    if (now[0] !== opened[0]) return "replaced";
    return changed.every((identity) => identity === "") ? "cut off" : "overtaken";
  };
}

/** Device and inode; "" if there is no file, or it cannot be looked at. */
function identityOf(path: string): string {
  try {
    const found: BigIntStats = statSync(path, { bigint: true });
    return `${found.dev}:${found.ino}`;
  } catch {
    return "";
  }
}

/** Why nothing may be read or written any more. */
export function filesError(state: Exclude<FilesState, "as opened">, path: string): AppError {
  const [what, hint] = WORDS[state];
  return new AppError("PERSISTENCE_ERROR", `The database "${path}" ${what}; nothing was changed.`, {
    hint,
    retryable: state !== "overtaken",
  });
}

const AGAIN = "Send the same call again.";

const WORDS: Record<Exclude<FilesState, "as opened">, [what: string, hint: string]> = {
  gone: [
    "was removed while it was open",
    "Put the file back, then send the same call again; or restart the server to begin with an empty one.",
  ],
  replaced: ["was replaced by another file while it was open", AGAIN],
  "cut off": ["lost its -wal or -shm file while it was open", AGAIN],
  overtaken: [
    "lost its -wal or -shm file while it was open, and another program began a new one",
    "Restart all servers that use it, then call get_workflow_status: it says what was kept. Never remove these files.",
  ],
};

/** Throws PERSISTENCE_ERROR for what is no file, before it is opened: opening a pipe would wait for ever. False if nothing is there. */
export function isThere(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || found.isFile()) return found !== undefined;
  const kind = found.isDirectory() ? "directory" : "pipe, socket or device";
  throw new AppError("PERSISTENCE_ERROR", `The database "${path}" is a ${kind}, not a file; nothing was changed.`, {
    hint: "Name a file with --db or WORKFLOW_DB_PATH; one that does not exist yet is made.",
  });
}

/** Takes from others the right to read the files, as far as they belong to this user. */
export function makePrivate(path: string): void {
  for (const suffix of SUFFIXES.filter((each) => isOpenToOthers(path + each))) {
    try {
      chmodSync(path + suffix, 0o600);
    } catch {
      // another user's, or a file system that has no modes: `doctor` warns
    }
  }
}

/** Whether other users of this machine may read or write the file. */
export function isOpenToOthers(path: string): boolean {
  if (process.platform === "win32") return false; // modes say nothing there
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & 0o077) !== 0;
}
