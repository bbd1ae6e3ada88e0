/**
 * Starts git so that it only reads: no hook, no monitor, no prompt, no lock, nothing fetched, no setting from the server's
 * environment, and never a git that the project brings. Filters that the repository's own settings name are run by git all
 * the same, unless they are switched off: see filters.ts.
 */
import { delimiter, isAbsolute, join, sep } from "node:path";
import type { BunFile } from "bun";
import { findGitDir } from "./git-dir.ts";

export interface GitRun {
  /** The directory that it is started in. */
  directory: string;
  environment: Record<string, string>;
  signal: AbortSignal;
  /** Arguments that set something for this start alone. */
  settings?: string[];
  /** What it reads from standard input. */
  input?: Buffer | BunFile;
}

const SETTINGS = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
const VARIABLES = {
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_ALLOW_PROTOCOL: "none",
};

/** What git printed. Rejects if git cannot be started, is stopped or fails. */
export async function runGit(args: string[], given: GitRun): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await streamGit(args, given, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks);
}

/** The same for what may be long: nothing is kept but what `take` keeps. */
export async function streamGit(args: string[], given: GitRun, take: (chunk: Uint8Array) => void): Promise<void> {
  const { directory, environment, signal, settings = [], input } = given;
  const PATH = pathOutside(directory, environment["PATH"] ?? "");
  const program = Bun.which("git", { PATH });
  if (!program) throw new Error("there is no git");
  const git = Bun.spawn([program, ...SETTINGS, ...settings, "--no-optional-locks", ...args], {
    cwd: directory,
    env: { ...environment, PATH, ...VARIABLES },
    stdin: input ?? "ignore",
    stdout: "pipe",
    stderr: "ignore",
    signal,
    killSignal: "SIGKILL",
  });
  for await (const chunk of git.stdout) take(chunk);
  const code = await git.exited;
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}`);
}

/** The directories of a PATH that lie neither in the project nor wherever the server happens to be. */
function pathOutside(directory: string, path: string): string {
  const root = join(findGitDir(directory)?.root ?? directory, sep);
  const isInside = (entry: string) => root !== sep && join(entry, sep).startsWith(root);
  return path
    .split(delimiter)
    .filter((entry) => isAbsolute(entry) && !isInside(entry))
    .join(delimiter);
}
