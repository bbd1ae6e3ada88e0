/** Servers in this process whose runs go on by themselves: their programs are scripts of the test, which sets the clock too. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { statusOf } from "./calls.ts";
import { connectInProcess, type InProcess } from "./in-process.ts";
import { waitFor } from "./stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./workspace.ts";

const PATIENCE = { call: 300, callBeforeModel: 300, look: 10, stop: 500 };
export const MINUTE = 60_000;
/** Notes that it began, and waits until it may end; `go` holds its exit code. */
export const SLOW = "echo $$ >> pids; while ! test -s go; do sleep 0.02; done; exit $(cat go)";

interface Options {
  workflows: string;
  /** What `sh check.sh` does. */
  script?: string;
  now?: () => Date;
  beside?: InProcess;
  mayRun?: boolean;
}

/** A server of a project whose program is a script; `beside` another one, as a second process would be. */
export async function server({
  workflows,
  script = "exit 0",
  now,
  beside,
  mayRun = true,
}: Options): Promise<InProcess> {
  const place = beside ? { db: beside.db, project: beside.project } : { project: scratchDir() };
  if (!beside) writeFiles(place.project, { "check.sh": script });
  const command = mayRun ? { commands: ["test=sh check.sh", "count=true"] } : {};
  return connectInProcess(
    { workflows: [workflows], ...place, ...command },
    { patience: PATIENCE, ...(now ? { now } : {}) },
  );
}

export function linesOf(on: InProcess, file: string): string[] {
  const path = join(on.project, file);
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").filter(Boolean) : [];
}

export const begun = (on: InProcess, times: number) =>
  waitFor(() => linesOf(on, "pids").length >= times, `program ${times}`, 10_000);

export function lives(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

/** The run once it is somebody's turn who is asked. */
export async function asked(on: InProcess, id: string, most = 10_000) {
  for (const until = Date.now() + most; ; await Bun.sleep(20)) {
    const status = await statusOf(on, id);
    const kind = status.waiting_for?.kind;
    if (kind !== "server_step" && kind !== "time") return status;
    if (Date.now() > until) throw new Error(`waited in vain: ${JSON.stringify(status.waiting_for)}`);
  }
}

/** A clock that the test sets. */
export function clock() {
  let time = Date.UTC(2026, 0, 1);
  return {
    now: () => new Date(time),
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
  };
}

/** The last step of most workflows. */
export const SHIP = { routes: ["otherwise → FINISH"] };

/** Build by the agent, Test and Count by the server, which sets the key, and Ship. */
export function servedFiles(name: string, key = "code"): Record<string, string> {
  return workflowFiles(name, {
    Build: { extras: ["next: Test"] },
    Test: { extras: ["run: {command: test}", `sets: {${key}: exit_code}`, "next: Count"] },
    Count: { extras: ["run: {command: count}", "next: Ship"] },
    Ship: SHIP,
  });
}

/** The server looks every ten minutes, ten hours at most. */
export function polledFiles(name: string): Record<string, string> {
  return workflowFiles(name, {
    Watch: { extras: ["run: {command: test}", "until_passes: {every: 10m, at_most: 10h}", "next: Ship"] },
    Ship: SHIP,
  });
}
