/**
 * Starts git so that it only reads: no hook, no monitor, no prompt, no lock, no setting from the server's environment. Filters
 * that the repository's own settings name are run by git all the same.
 */

export interface GitRun {
  /** The directory that it is started in. */
  directory: string;
  environment: Record<string, string>;
  signal: AbortSignal;
  /** What it reads from standard input. */
  input?: Buffer;
}

const SETTINGS = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
const VARIABLES = { GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" };

/** What it printed; rejects where it cannot be started, is stopped or fails. */
export async function runGit(args: string[], { directory, environment, signal, input }: GitRun): Promise<Buffer> {
  const program = Bun.which("git", { PATH: environment["PATH"] ?? "", cwd: directory });
  if (!program) throw new Error("there is no git");
  const git = Bun.spawn([program, ...SETTINGS, "--no-optional-locks", ...args], {
    cwd: directory,
    env: { ...environment, ...VARIABLES },
    stdin: input ?? "ignore",
    stdout: "pipe",
    stderr: "ignore",
    signal,
    killSignal: "SIGKILL",
  });
  const printed = Buffer.from(await new Response(git.stdout).arrayBuffer());
  const code = await git.exited;
  if (code !== 0) throw new Error(`git ${args[0]} ended with ${code}`);
  return printed;
}
