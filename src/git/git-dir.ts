/**
 * The files in which git keeps where HEAD is. They are the project's: of each at most 4 kB are read, of plain files only, so
 * that one which never ends or never answers holds nobody.
 */
import { closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const MOST_BYTES = 4_096;

export interface GitDir {
  /** The top of the work tree. */
  root: string;
  /** What belongs to this work tree alone, HEAD among it. */
  own: string;
}

/** The git directory of the work tree that holds `directory`; a linked work tree has a file that names its own. */
export function findGitDir(directory: string): GitDir | null {
  for (let root = directory; ; root = dirname(root)) {
    const path = join(root, ".git");
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return { root, own: path };
    if (found) {
      const named = /^gitdir: (.+)$/m.exec(readStart(path)?.text ?? "")?.[1];
      return named ? { root, own: resolve(root, named) } : null;
    }
    if (root === dirname(root)) return null;
  }
}

/** The first bytes of a small file, and whether these are all; null where there is no plain file. */
export function readStart(path: string): { text: string; whole: boolean } | null {
  return readPart(path, () => 0);
}

/** The last bytes of a file; null where there is no plain file. */
export function readEnd(path: string): string | null {
  return readPart(path, (size) => Math.max(0, size - MOST_BYTES))?.text ?? null;
}

function readPart(path: string, startIn: (size: number) => number): { text: string; whole: boolean } | null {
  const found = statSync(path, { throwIfNoEntry: false });
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
