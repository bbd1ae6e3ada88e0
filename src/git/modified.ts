/**
 * The files of a project that differ from its last commit. Git is started for it, but runs nothing that the project
 * brings: see run-git.ts and filters.ts.
 */
import { relative, sep } from "node:path";
import { filtersOf } from "./filters.ts";
import { findGitDir } from "./git-dir.ts";
import { runGit } from "./run-git.ts";

/** A project that takes longer has to do without. */
const TIME_LIMIT_MS = 2_000;
const STATUS = [
  "status",
  "--porcelain=v1",
  "-z",
  "--no-renames",
  "--untracked-files=normal",
  "--ignore-submodules=all",
];

/** Relative to the directory, tracked ones first; a new directory ends in a slash. Null if it cannot be told. */
export async function modifiedIn(directory: string, environment: Record<string, string>): Promise<string[] | null> {
  try {
    const place = findGitDir(directory);
    if (!place) return null;
    const run = { directory, environment, signal: AbortSignal.timeout(TIME_LIMIT_MS) };
    const { settings } = await filtersOf(run);
    const printed = await runGit([...STATUS, "--", "."], { ...run, settings });
    const prefix = relative(place.root, directory).split(sep).join("/");
    return printed
      .toString("utf8")
      .split("\0")
      .filter(Boolean)
      .map((line) => withoutPrefix(line.slice("XY ".length), prefix));
  } catch {
    return null; // no git, no work tree, somebody else's, or too slow
  }
}

function withoutPrefix(path: string, prefix: string): string {
  return prefix && path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) || "./" : path;
}
