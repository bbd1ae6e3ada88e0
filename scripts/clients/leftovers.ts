/** Finds what a run left behind: processes that name its directory in their words or environment. Linux only. */
import { readdirSync, readFileSync } from "node:fs";

const GRACE_MS = 5_000;

/** Waits a while for them to end by themselves, ends the rest, and returns the words of each that it had to end. */
export async function endLeftovers(room: string): Promise<string[]> {
  for (const until = Date.now() + GRACE_MS; Date.now() < until && leftovers(room).length > 0; ) await Bun.sleep(100);
  const ended: string[] = [];
  for (let found = leftovers(room); found.length > 0; found = leftovers(room)) {
    for (const { pid, words } of found) {
      ended.push(words);
      endProcess(pid);
    }
    await Bun.sleep(50);
  }
  return ended;
}

function leftovers(room: string): { pid: number; words: string }[] {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.flatMap((pid) => {
    const words = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    return words.includes(room) || read(`/proc/${pid}/environ`).includes(room) ? [{ pid, words }] : [];
  });
}

/** Empty for a process that is gone, or another user's. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Ends a process, or with a negative number a group; one that is gone already is no error. */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone
  }
}
