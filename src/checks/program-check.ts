/** A program that must exit with 0, and in which words it is told how it went. */
import { stat } from "node:fs/promises";
import { constants } from "node:os";
import { MAX_OUTPUT } from "../check.ts";
import type { Finding, Looking } from "../check-kinds/looking.ts";
import { findProgram } from "./find-program.ts";
import type { OutputFile } from "./kept-files.ts";
import { type Ended, runProgram } from "./run-program.ts";

interface With {
  environment: Record<string, string>;
  /** Gets all that the program prints. */
  file: OutputFile;
}

/** Runs the words in the project, without a shell. `timeout` in seconds. */
export async function checkProgram(
  { words, timeout }: { words: string[]; timeout: number },
  { project, attempt, signal }: Looking,
  { environment, file }: With,
): Promise<Finding> {
  const begun = performance.now();
  const timed = (finding: Finding) => ({ ...finding, milliseconds: Math.round(performance.now() - begun) });
  const isThere = await stat(project).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) return timed({ outcome: "failed", reason: `the project's directory ${project} is not there` });
  const [word = "", ...args] = words;
  const found = await findProgram(word, { path: environment["PATH"] ?? "", project });
  if ("fault" in found) return timed({ outcome: "failed", reason: found.fault });
  const timeoutMs = timeout * 1_000;
  const program = { ...found, args, project, environment, attempt, timeoutMs, signal };
  const ended = await runProgram({ ...program, print: file.add });
  const finding = timed(findingOf(ended, timeout));
  if (ended.cause !== "stopped") return { ...finding, ...(await file.end(ended.output.bytes())) };
  await file.discard();
  return finding;
}

function findingOf({ cause, exitCode, output }: Ended, timeout: number): Finding {
  const text = output.text(MAX_OUTPUT)?.trimEnd();
  const printed = text ? { output: text } : {};
  if (cause === "stopped") return { outcome: "failed", reason: "stopped", ...printed };
  if (cause === "time") return { outcome: "failed", reason: `did not end within ${timeout} s`, ...printed };
  if (exitCode === null) return { outcome: "failed", reason: "was ended by SIGKILL", ...printed };
  if (exitCode === 0) return { outcome: "passed", exit_code: 0, ...printed };
  return { outcome: "failed", reason: reasonOf(exitCode), exit_code: exitCode, ...printed };
}

/** Shells tell of a signal by 128 and its number. */
function reasonOf(exitCode: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal ? `was ended by ${signal}` : `exited with ${exitCode}`;
}
