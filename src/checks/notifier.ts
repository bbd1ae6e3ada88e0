/** Tells a person by the program that whoever started the server named: one run of it for each notice. */
import type { Log } from "../log.ts";
import type { Notice, Notifier } from "../notice.ts";
import { findProgram } from "./find-program.ts";
import { faultOf } from "./own-directory.ts";
import { type Ended, runProgram } from "./run-program.ts";

/** Most programs at once, and most notices that wait for one of them to end. */
const MAX_AT_ONCE = 8;
const MAX_WAITING = 100;
/** How long a program may take, in milliseconds. */
const LIMIT_MS = 30_000;
/** How long notices have left when the server ends, in milliseconds; the whole process has two seconds to go. */
const LAST_MS = 1_500;
/** Most characters of a program's output in the log. */
const MAX_LOGGED = 500;
const STOPPED = "the server ended";

export interface NotifierParts {
  /** The program and its arguments. */
  words: string[];
  /** Where it is started. */
  project: string;
  /** Its whole environment, but for what it is told. */
  environment: Record<string, string>;
  /** Where a page shows the run; null: there is no page. */
  link: (instanceId: string) => string | null;
  log: Log;
  limitMs?: number;
}

export function createNotifier(parts: NotifierParts): Notifier {
  const { log } = parts;
  const running = new Set<Promise<void>>();
  const waiting: Notice[] = [];
  const stop = new AbortController();
  let last: Timer | undefined;

  function tell(notice: Notice): void {
    if (waiting.length >= MAX_WAITING) {
      log.warn(aboutOf(notice), `--notify is not run: ${MAX_WAITING} notices wait already`);
      return;
    }
    waiting.push(notice);
    goOn();
  }

  function goOn(): void {
    while (running.size < MAX_AT_ONCE) {
      const notice = waiting.shift();
      if (!notice) return;
      const done: Promise<void> = run(notice, parts, stop.signal).finally(() => {
        running.delete(done);
        goOn();
      });
      running.add(done);
    }
  }

  function end(): void {
    last ??= setTimeout(() => stop.abort(), LAST_MS);
  }

  return {
    tell,
    end,
    async close() {
      end();
      while (running.size > 0) await Promise.all(running);
      clearTimeout(last);
      stop.abort();
    },
  };
}

/** Never rejects: what went wrong is logged. */
async function run(notice: Notice, parts: NotifierParts, signal: AbortSignal): Promise<void> {
  const failed = await attempt(notice, parts, signal).catch((error: unknown) => ({ why: faultOf(error) }));
  if (failed) parts.log.warn({ ...aboutOf(notice), ...failed }, "--notify failed; the run waits for a person");
  else parts.log.debug(aboutOf(notice), "--notify ended well; the run waits for a person");
}

function aboutOf({ instance_id, kind }: Notice) {
  return { instance_id, kind };
}

/** Null if the program exited with 0; else how it went. */
async function attempt(
  notice: Notice,
  { words, project, environment, link, limitMs = LIMIT_MS }: NotifierParts,
  signal: AbortSignal,
): Promise<{ why: string; exit_code?: number; output?: string } | null> {
  const [word = "", ...args] = words;
  const found = await findProgram(word, { path: environment["PATH"] ?? "", project });
  if ("fault" in found) return { why: found.fault };
  if (signal.aborted) return { why: STOPPED };
  const url = link(notice.instance_id);
  const told = { ...environment, ...variables(notice), ...(url === null ? {} : { ORCHESTRATOR_URL: url }) };
  const print = () => {};
  const once = { attempt: crypto.randomUUID(), timeoutMs: limitMs, signal, print };
  const { cause, exitCode, output } = await runProgram({ ...found, args, project, environment: told, ...once });
  if (cause === null && exitCode === 0) return null;
  const printed = output.text(MAX_LOGGED)?.trimEnd();
  return {
    why: whyOf(cause, exitCode, limitMs),
    ...(exitCode === null ? {} : { exit_code: exitCode }),
    ...(printed ? { output: printed } : {}),
  };
}

function whyOf(cause: Ended["cause"], exitCode: number | null, limitMs: number): string {
  if (cause === "stopped") return STOPPED;
  if (cause === "time") return `it did not end within ${limitMs / 1_000} s`;
  return exitCode === null ? "it was ended by SIGKILL" : `it exited with ${exitCode}`;
}

/** An agent's words stand in the environment alone, never among the program's own. */
function variables({ instance_id, root_id, workflow_name, step_name, kind, ask }: Notice): Record<string, string> {
  return {
    ORCHESTRATOR_RUN: instance_id,
    ORCHESTRATOR_ROOT: root_id,
    ORCHESTRATOR_WORKFLOW: workflow_name,
    ORCHESTRATOR_STEP: step_name,
    ORCHESTRATOR_KIND: kind,
    ORCHESTRATOR_ASK: ask,
  };
}
