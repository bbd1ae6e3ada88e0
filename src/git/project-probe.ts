/** Asks git about the project. Only its log of HEAD is read: nothing here runs hooks, filters or a file-system monitor. */
import type { ProjectProbe } from "../project.ts";

const TIMEOUT_MS = 2_000;

export const gitProjectProbe: ProjectProbe = {
  async headMovedSince(directory, time) {
    const movedAt = await lastHeadMove(directory);
    return movedAt === null ? null : movedAt > Date.parse(time);
  },
};

/** Milliseconds since the epoch, to the second. */
async function lastHeadMove(directory: string): Promise<number | null> {
  const command = ["git", "-c", "core.fsmonitor=false", "log", "-g", "-1", "--date=unix", "--format=%gd", "HEAD"];
  try {
    const child = Bun.spawn(command, { cwd: directory, stdin: "ignore", stderr: "ignore", timeout: TIMEOUT_MS });
    const seconds = /@\{(\d+)\}/.exec(await new Response(child.stdout).text())?.[1];
    return (await child.exited) === 0 && seconds ? Number(seconds) * 1000 : null;
  } catch {
    return null; // no git on this machine
  }
}
