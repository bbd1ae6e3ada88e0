/**
 * A bare git directory of the server's own, for one run. Git works there without a setting, hook, filter or attribute of
 * the project, of the user or of the machine: what it keeps are bytes as they stand.
 */
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Algorithm } from "./content-ids.ts";
import { type GitRun, runGit, streamGit } from "./run-git.ts";

export interface Scratch {
  directory: string;
  algorithm: Algorithm;
  /** What git printed, started on the scratch. */
  git(args: string[], how?: How): Promise<Buffer>;
  stream(args: string[], take: (chunk: Uint8Array) => void): Promise<void>;
  /** A directory that is gone when the work is done. */
  within<T>(work: (directory: string) => Promise<T>): Promise<T>;
}

interface How extends Partial<Pick<GitRun, "input" | "directory">> {
  variables?: Record<string, string>;
}

const SETTINGS = [
  ...["core.protectNTFS=false", "core.protectHFS=false"], // names that only other systems take for `.git`
  ...["core.quotePath=false", "core.compression=1", "gc.auto=0", "diff.renameLimit=200"],
].flatMap((setting) => ["-c", setting]);

interface Project {
  algorithm: Algorithm;
  /** How git is started in it. */
  run: GitRun;
}

/** Makes it unless it is there. */
export async function openScratch(directory: string, { algorithm, run }: Project): Promise<Scratch> {
  const environment = ownEnvironment(directory, run.environment);
  const given = (how: How = {}): GitRun => {
    const { variables = {}, ...more } = how;
    return { ...run, settings: SETTINGS, environment: { ...environment, ...variables }, ...more };
  };
  const isThere = await stat(join(directory, "HEAD")).catch(() => null);
  if (!isThere) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await runGit(["init", "--quiet", "--bare", "--template=", `--object-format=${algorithm}`], given());
  }
  return {
    directory,
    algorithm,
    git: (args, how) => runGit(args, given(how)),
    stream: (args, take) => streamGit(args, given(), take),
    async within(work) {
      const scrap = join(directory, `scrap-${crypto.randomUUID()}`);
      await mkdir(scrap, { mode: 0o700 });
      try {
        return await work(scrap);
      } finally {
        await rm(scrap, { recursive: true, force: true });
      }
    },
  };
}

/** Without any variable of git, and with a home that has no settings: older gits know no variable that turns them off. */
function ownEnvironment(directory: string, environment: Record<string, string>): Record<string, string> {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith("GIT_"));
  return {
    ...Object.fromEntries(others),
    HOME: directory,
    XDG_CONFIG_HOME: directory,
    LC_ALL: "C",
    GIT_DIR: directory,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_ATTR_NOSYSTEM: "1",
  };
}
