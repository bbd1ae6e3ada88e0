/**
 * The files in which git keeps where HEAD is. They belong to the project: only plain files are read, and of each at
 * most 4 kB, so that a file that never ends or never answers holds nobody up.
 */
import { closeSync, constants, openSync, readSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const MOST_BYTES = 4_096;

export interface GitDir {
  /** The top of the work tree. */
  root: string;
  /** What belongs to this work tree alone, HEAD among it. */
  own: string;
}

/**
 * Which file stood at each path that was looked at, and in which state; a later look tells by it whether anything
 * changed.
 */
export type Seen = Map<string, string>;

/** The git directory of the work tree that holds `directory`; a linked work tree has a file that names its own. */
export function findGitDir(directory: string, seen: Seen = new Map()): GitDir | null {
  for (let root = directory; ; root = dirname(root)) {
    const path = join(root, ".git");
    const found = look(path, seen);
    if (found?.isDirectory()) return { root, own: path };
    if (found) {
      const named = /^gitdir: (.+)$/m.exec(readStart(path, seen)?.text ?? "")?.[1];
      return named ? { root, own: resolve(root, named) } : null;
    }
    if (root === dirname(root)) return null;
  }
}

/** The first bytes of a small file, and whether these are all; null if there is no plain file. */
export function readStart(path: string, seen: Seen): { text: string; whole: boolean } | null {
  return readPart(path, seen, () => 0);
}

/** The last bytes of a file; null if there is no plain file. */
export function readEnd(path: string, seen: Seen): string | null {
  return readPart(path, seen, (size) => Math.max(0, size - MOST_BYTES))?.text ?? null;
}

/** Whether every path that was looked at still is what it was. */
export function isUnchanged(seen: Seen): boolean {
  for (const [path, identity] of seen) if (identityOf(statSync(path, QUIETLY)) !== identity) return false;
  return true;
}

const QUIETLY = { throwIfNoEntry: false } as const;

function look(path: string, seen: Seen): Stats | undefined {
  const found = statSync(path, QUIETLY);
  seen.set(path, identityOf(found));
  return found;
}

/**
 * What tells whether a path changed: for a directory, which one it is; for a file, also when it was written, since git
 * writes a new one each time.
 */
function identityOf(found: Stats | undefined): string {
  if (!found) return "";
  return found.isDirectory() ? `${found.ino}` : `${found.ino} ${found.mtimeMs} ${found.ctimeMs} ${found.size}`;
}

function readPart(
  path: string,
  seen: Seen,
  startIn: (size: number) => number,
): { text: string; whole: boolean } | null {
  const found = look(path, seen);
  if (!found?.isFile()) return null;
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // Windows has none
  try {
    const buffer = Buffer.alloc(MOST_BYTES);
    const length = readSync(file, buffer, 0, MOST_BYTES, startIn(found.size));
    return { text: buffer.toString("utf8", 0, length), whole: found.size <= MOST_BYTES };
  } finally {
    closeSync(file);
  }
}
