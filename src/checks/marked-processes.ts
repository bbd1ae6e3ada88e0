/** Finds processes by the mark that an attempt leaves in their environment, and ends them. */
import { readdirSync, readFileSync } from "node:fs";

/** The variable that holds the attempt in everything that a check starts. */
export const MARK = "ORCHESTRATOR_CHECK";

/** A process may start another while it is looked for; each round finds the children that the one before missed. */
const MOST_ROUNDS = 50;

/**
 * Ends every process of this user that bears the attempt's mark, on Linux; elsewhere there is no way to find them. One
 * that took the mark out of its environment is not found. Never rejects.
 */
export async function endMarked(attempt: string): Promise<void> {
  if (process.platform !== "linux") return;
  const mark = Buffer.from(`\0${MARK}=${attempt}\0`);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const found = markedProcesses(mark);
    if (found.length === 0) return;
    for (const pid of found) endProcess(pid);
    await Bun.sleep(1); // an ended process keeps its environment until the kernel has taken it down
  }
}

/** Ends a process, or with a negative number a group; one that is gone already is no error. */
export function endProcess(pid: number, signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone, or no longer ours
  }
}

/** Read without a pause in between, so that few processes come and go during a round. */
function markedProcesses(mark: Buffer): number[] {
  const pids = readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
  return pids.filter((pid) => {
    try {
      return Buffer.concat([Buffer.from("\0"), readFileSync(`/proc/${pid}/environ`)]).includes(mark);
    } catch {
      return false; // another user's, or gone
    }
  });
}
