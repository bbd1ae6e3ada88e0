/** Starts a program under a guard and sees to it that nothing of it is left when the result is told. */

import { endMarked, endProcess, MARK } from "./marked-processes.ts";
import { createOutputTail, type OutputTail } from "./output-tail.ts";
import { guardScript } from "./process-guard.ts";

export interface Program {
  /** Absolute. */
  program: string;
  args: string[];
  /** The directory that it is started in, absolute. */
  project: string;
  environment: Record<string, string>;
  attempt: string;
  timeoutMs: number;
  signal: AbortSignal;
  /** Is given all that it prints, as it comes. */
  print(chunk: Uint8Array): void;
}

export interface Ended {
  /** Why it was ended before it was done; null where it ended by itself. */
  cause: "time" | "stopped" | null;
  /** As a shell tells it: 128 and the signal's number where a signal ended it; null where nobody could tell. */
  exitCode: number | null;
  output: OutputTail;
}

/** From asking a program to end to ending it. */
const POLITE_MS = 2_000;
/** For the output's end to arrive, where nothing else holds it open. */
const MOMENT_MS = 20;
/** For reading what is left of the output while a process that cannot be found holds it open. */
const REST_MS = 300;

type Guarded = Bun.Subprocess<"pipe", "pipe", "pipe">;

/** Resolves when the program has ended, or was ended, with everything that it started; rejects where nothing starts. */
export async function runProgram(program: Program): Promise<Ended> {
  const guard = startGuard(program);
  const output = createOutputTail();
  const reading = readAll(guard.stdout, (chunk) => {
    output.add(chunk);
    program.print(chunk);
  });
  const status = readStatus(guard);
  const cause = await endInTime(guard, status, program);
  if (!(await happens(reading.done, MOMENT_MS))) {
    await endMarked(program.attempt);
    await happens(reading.done, REST_MS);
  }
  await endGuard(guard);
  await endMarked(program.attempt);
  await reading.stop();
  return { cause, exitCode: await status, output };
}

function startGuard({ program, args, project, environment, attempt }: Program): Guarded {
  return Bun.spawn(["/bin/sh", "-c", guardScript(MARK), "orchestrator-check", attempt, program, ...args], {
    cwd: project,
    env: { ...environment, PWD: project },
    detached: true,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** The exit code that the guard tells; null when everything ended without one. */
async function readStatus(guard: Guarded): Promise<number | null> {
  let line = "";
  let told: () => void = () => {};
  const whole = new Promise<void>((resolve) => {
    told = resolve;
  });
  const reading = readAll(guard.stderr, (chunk) => {
    line += Buffer.from(chunk).toString("latin1");
    if (line.includes("\n")) told();
  });
  await Promise.race([whole, reading.done, guard.exited]);
  await reading.stop();
  return /^\d+\n/.test(line) ? Number.parseInt(line, 10) : null;
}

async function endInTime(guard: Guarded, status: Promise<unknown>, { timeoutMs, signal, attempt }: Program) {
  const ended = status.then(() => null);
  const cause = await firstOf(ended, timeoutMs, signal);
  if (cause === null) return null;
  if (cause === "time") {
    endProcess(-guard.pid, "SIGTERM");
    await firstOf(ended, POLITE_MS, signal);
  }
  endProcess(-guard.pid);
  await endMarked(attempt);
  await ended;
  return cause;
}

/** What comes first: the end, the time limit or the abort. Leaves no timer behind. */
function firstOf(ended: Promise<null>, milliseconds: number, signal: AbortSignal): Promise<"time" | "stopped" | null> {
  return new Promise((resolve) => {
    const settle = (cause: "time" | "stopped" | null) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      resolve(cause);
    };
    const onAbort = () => settle("stopped");
    const timer = setTimeout(() => settle("time"), milliseconds);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
    void ended.then(settle);
  });
}

/** Lets the guard end its group and itself, in this order: it does so at a line, and at the end of its input. */
async function endGuard(guard: Guarded): Promise<void> {
  try {
    guard.stdin.write("\n");
    await guard.stdin.end();
  } catch {
    // it is gone already
  }
  if (!(await happens(guard.exited, REST_MS))) endProcess(-guard.pid);
  await guard.exited;
}

/** Whether it happens within that time; leaves no timer behind. */
async function happens(event: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const happened = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return happened;
}

function readAll(stream: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void) {
  const reader = stream.getReader();
  const done = (async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) take(next.value);
  })().catch(() => {});
  const stop = () => reader.cancel().catch(() => {});
  return { done, stop };
}
