/** A checker as the server composes it, and what a look leaves behind. */
import { afterEach, expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { Check, Checker, CheckResult } from "../../src/check.ts";
import type { Baseline, Looking } from "../../src/check-kinds/looking.ts";
import { type CheckerParts, createChecker } from "../../src/checks/checker.ts";
import { createKeptFiles } from "../../src/checks/kept-files.ts";
import { gitChangeProbe } from "../../src/git/work-tree.ts";
import { waitFor } from "./stdio.ts";
import { scratchDir } from "./workspace.ts";

const OF = { instance_id: "run_of_a_test", visit: 1 };
const kept = scratchDir();
let attempts = 0;
const begun: string[] = [];

/** Ends what a failing test left. */
afterEach(async () => {
  const checker = createTestChecker();
  for (const attempt of begun.splice(0)) await checker.endLeftovers(attempt);
});

export function createTestChecker(parts: Partial<CheckerParts> = {}): Checker {
  const environment = { PATH: process.env["PATH"] ?? "", ...parts.environment };
  const files = createKeptFiles(() => kept);
  return createChecker({ allowed: true, commands: new Map(), changes: gitChangeProbe, files, ...parts, environment });
}

/** How git shows the files of the globs now, kept with what names those that change. */
export function baselineOf(project: string, globs: string[], checker = createTestChecker()): Promise<Baseline> {
  const noted = globs.map((glob) => ({ files: { glob }, withNames: true }));
  return checker.baseline({ ...OF, project }, noted);
}

/** A name that no other attempt has. */
export function newAttempt(): string {
  const attempt = `test-${process.pid}-${++attempts}`;
  begun.push(attempt);
  return attempt;
}

export function looking(project: string, at: Partial<Looking> = {}): Looking {
  return { ...OF, project, baseline: null, attempt: newAttempt(), signal: new AbortController().signal, ...at };
}

export function run(words: string[], timeout = 20): Check {
  return { kind: "run", text: words.join(" "), words, timeout };
}

/** Looks at a shell script in the project. */
export function runScript(script: string, project: string, at: Partial<Looking> = {}): Promise<CheckResult> {
  return createTestChecker().look(run(["sh", "-c", script]), looking(project, at));
}

/** Processes that bear the words in their command line; Linux only. */
export function processesWith(words: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && commandLine(pid).includes(words));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** A length of sleep that names the processes of one test. */
export function oddSeconds(): string {
  return `${3_000 + attempts}.${process.pid}`;
}

export async function expectGone(words: string): Promise<void> {
  await waitFor(() => processesWith(words).length === 0, `the end of: ${words}`);
  expect(processesWith(words)).toEqual([]);
}
