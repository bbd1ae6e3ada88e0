/**
 * Reads when git's HEAD moved from git's own log of it. No git is started: a project's git settings can name programs
 * (pager, signature check, file-system monitor, …), and nothing that a project brings is run.
 */
import { open, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ProjectProbe } from "../project.ts";

/** Enough for the last line of the log. */
const TAIL_BYTES = 4_096;

export const gitProjectProbe: ProjectProbe = {
  async headMovedSince(directory, time) {
    try {
      const gitDir = await findGitDir(directory);
      const movedAt = gitDir && lastMove(await readTail(join(gitDir, "logs/HEAD")));
      return movedAt ? movedAt > Date.parse(time) : null;
    } catch {
      return null; // no log: a repository without commits, another format, no permission
    }
  },
};

/** The git directory of the work tree that holds `directory`; a linked work tree has a file that names its own. */
async function findGitDir(directory: string): Promise<string | null> {
  for (let at = directory; ; at = dirname(at)) {
    const path = join(at, ".git");
    const found = await stat(path).catch(() => null);
    if (found?.isDirectory()) return path;
    if (found?.isFile()) {
      const named = /^gitdir: (.+)$/m.exec(await readFile(path, "utf8"))?.[1];
      return named ? resolve(at, named) : null;
    }
    if (at === dirname(at)) return null;
  }
}

async function readTail(path: string): Promise<string> {
  const found = await stat(path);
  if (!found.isFile()) return ""; // a pipe would hold the call
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(0, found.size - TAIL_BYTES),
    });
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Milliseconds since the epoch, to the second; a line ends in `<seconds> <zone>`, a tab and the reason. */
function lastMove(log: string): number | null {
  const line = log.trimEnd().split("\n").pop() ?? "";
  const seconds = /> (\d+) [+-]\d{4}$/.exec(line.split("\t")[0] ?? "")?.[1];
  return seconds ? Number(seconds) * 1000 : null;
}
