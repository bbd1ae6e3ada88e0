/**
 * The three files of an open database: itself, its log (`-wal`) and the index of that (`-shm`). SQLite goes on with those
 * that it opened, whatever stands at their path by now; what it writes then is lost, or destroys what others write.
 */
import { type BigIntStats, chmodSync, existsSync, realpathSync, statSync } from "node:fs";
import { AppError } from "../errors.ts";

/**
 * - `gone`: nothing stands at the path any more.
 * - `replaced`: another database does, restored from a backup perhaps.
 * - `cut off`: its log or index was removed; the log is written back before it is let go.
 * - `overtaken`: so it was, and somebody has begun a new one since. Writing ours back would destroy what they wrote.
 */
export type FilesState = "as opened" | "gone" | "replaced" | "cut off" | "overtaken";

/** When a look is recent enough: in this turn of the event loop, or in that or as it ended, when its writes are committed. */
type Recent = "turn" | "commit";

/** What became of a database's files since they were opened. */
export type FilesWatch = (recent: Recent) => FilesState;

/** Remembers the files of a database that was just opened. */
export function watchFiles(path: string): FilesWatch {
  const files = [path, ...besides(path)];
  const identities = () => files.map(identityOf);
  const opened = identities();
  let looked: Recent | null = null;

  return (recent) => {
    if (looked === "turn" || looked === recent) return "as opened";
    const now = identities();
    const changed = now.filter((identity, index) => identity !== opened[index]);
    if (changed.length === 0) {
      looked = "turn";
      setImmediate(endTurn);
      return "as opened";
    }
    if (now[0] === "") return "gone";
    if (now[0] !== opened[0]) return "replaced";
    return changed.every((identity) => identity === "") ? "cut off" : "overtaken";
  };

  /** Comes before the commit of what the turn wrote, which was planned later; what the next turns write, after `forget`. */
  function endTurn(): void {
    looked = "commit";
    setImmediate(forget);
  }

  function forget(): void {
    looked = null;
  }
}

/** Whether log and index are there, as while it is open, and after a crash. */
export function isWhole(path: string): boolean {
  return besides(path).every((file) => existsSync(file));
}

/** Log and index. They stand beside the file, not beside a link to it. */
export function besides(path: string): string[] {
  const real = existsSync(path) ? realpathSync(path) : path;
  return [`${real}-wal`, `${real}-shm`];
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
  for (const file of [path, ...besides(path)].filter(isOpenToOthers)) {
    try {
      chmodSync(file, 0o600);
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
