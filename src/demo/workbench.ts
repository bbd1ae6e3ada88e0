/** Runs the demo agent's commands in the scratch project, shielded from the user's git and Bun settings, and shows them. */
import { resolve } from "node:path";
import { excerpt, type Screen } from "./screen.ts";

/** Git as on a machine with no identity, hooks, signing or templates of its user. */
const GIT_SETTINGS = {
  "user.name": "Demo Agent",
  "user.email": "demo-agent@example.invalid",
  "commit.gpgsign": "false",
  "core.hooksPath": "/dev/null",
  "core.autocrlf": "false",
  "core.quotePath": "false",
};

/** The variables that child processes get; above all no GIT_* or BUN_* one. */
const KEPT_VARIABLES = ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot", "PATHEXT"];

/** Lines of a command's output that are shown, unless a step asks for others. */
const SHOWN_LINES = 4;

export interface Ran {
  exitCode: number;
  stdout: string;
  /** Standard output, then standard error. */
  output: string;
}

/** The scratch project and the ways to work on it. */
export interface Workbench {
  project: string;
  screen: Screen;
  /** Git with a fixed identity; shown unless `quiet`. */
  git(args: string[], options?: { quiet?: boolean }): Promise<Ran>;
  /** A path is relative to the project, or absolute. */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
}

interface Setup {
  project: string;
  env: Record<string, string | undefined>;
  screen: Screen;
}

export function createWorkbench(setup: Setup): Workbench {
  const { project, screen } = setup;
  const env = childEnv(setup.env);

  return {
    project,
    screen,
    async git(args, options) {
      const ran = await run(gitCommand(args), { cwd: project, env: gitEnv(env) });
      if (!options?.quiet) screen.command(["git", ...args].map(asTyped).join(" "), excerpt(ran.output, SHOWN_LINES));
      return ran;
    },
    read: (path) => Bun.file(resolve(project, path)).text(),
    async write(path, text) {
      await Bun.write(resolve(project, path), text);
    },
  };
}

/** How the server runs the tests. A compiled Bun executable is Bun itself when this variable is set: it brings its own test runner. */
export function testCommand(): string {
  return `env BUN_BE_BUN=1 "${process.execPath}" test`;
}

/** Whether git can be run at all. */
export async function hasGit(env: Record<string, string | undefined>): Promise<boolean> {
  try {
    return (await run(["git", "--version"], { cwd: process.cwd(), env: childEnv(env) })).exitCode === 0;
  } catch {
    return false; // no such program
  }
}

function asTyped(word: string): string {
  return word.includes(" ") ? `"${word}"` : word;
}

function gitCommand(args: string[]): string[] {
  const settings = Object.entries(GIT_SETTINGS).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  return ["git", ...settings, ...args];
}

function gitEnv(env: Record<string, string>): Record<string, string> {
  return { ...env, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
}

function childEnv(env: Record<string, string | undefined>): Record<string, string> {
  const kept: Record<string, string> = { NO_COLOR: "1" };
  for (const key of KEPT_VARIABLES) {
    const value = env[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
}

async function run(command: string[], options: { cwd: string; env: Record<string, string> }): Promise<Ran> {
  const child = Bun.spawn(command, { ...options, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const output = [stdout, stderr].filter((text) => text.trim() !== "").join("\n");
  return { exitCode: await child.exited, stdout, output };
}

/** The lines of a test run that tell what passed and failed, the error and the counts. */
export function testLines(output: string): string[] {
  return output
    .split("\n")
    .filter((line) => /^\((pass|fail)\)|^\w*Error: |^ *\d+ (pass|fail)$/.test(line))
    .map((line) => line.trim());
}
