/** Which files of a project are shown to a person: all but the ignored, in whatever repository below it they are. */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Algorithm } from "./content-ids.ts";
import { findGitDir } from "./git-dir.ts";
import { type GitRun, runGit } from "./run-git.ts";
import type { Scratch } from "./scratch.ts";

/** Where the project stands in its repository. */
export interface Place {
  /** The top of the work tree. */
  root: string;
  /** How git is started in the project. */
  run: GitRun;
  algorithm: Algorithm;
  /** Where the repository keeps its objects. */
  objects: string;
  /** Patterns of ignored files that are the repository's alone, in no work tree. */
  exclude: string;
}

/** Most bytes that are read of a file of patterns. */
const MAX_PATTERNS = 1_000_000;
const NOTHING = Buffer.from("");

/** Null if there is no git repository; rejects if git cannot work in it. */
export async function placeOf(run: GitRun): Promise<Place | null> {
  const found = findGitDir(run.directory);
  if (!found) return null;
  const args = ["rev-parse", "--show-object-format", "--git-path", "objects", "--git-path", "info/exclude"];
  const told = (await runGit(args, run)).toString("utf8").trimEnd().split("\n");
  if (told.length !== 3) throw new Error("a path of the repository holds a line end");
  const [format, objects = "", exclude = ""] = told;
  const inProject = (path: string) => resolve(run.directory, path);
  const algorithm = format === "sha256" ? "sha256" : "sha1";
  return { root: found.root, run, algorithm, objects: inProject(objects), exclude: inProject(exclude) };
}

/** Paths are relative to the project, one byte a character. A tracked file counts even if it is ignored. */
export async function pathsIn({ root, run }: Place, scratch: Scratch): Promise<Set<string>> {
  const around = { directory: run.directory, variables: { GIT_WORK_TREE: root } };
  const [tracked, others] = await Promise.all([
    runGit(["ls-files", "-z", "--", "."], run).then(split),
    shownBelow(around, ["--exclude-standard"], scratch),
  ]);
  const paths = new Set(tracked);
  await addAll(others, { paths, prefix: "", scratch, directory: run.directory });
  return paths;
}

interface Around {
  directory: string;
  variables: Record<string, string>;
}

/**
 * With those files of patterns that ignore themselves: what decides on what is shown is shown. Seen from the scratch, no
 * file is tracked.
 */
async function shownBelow(around: Around, patterns: string[], { git }: Scratch): Promise<string[]> {
  const list = (...more: string[]) => git(["ls-files", "-z", "--others", ...patterns, ...more, "--", "."], around);
  const [shown, ignored] = await Promise.all([list(), list("--ignored", "--directory")]);
  return [...split(shown), ...split(ignored).filter((path) => /(^|\/)\.gitignore$/.test(path))];
}

interface Inside {
  paths: Set<string>;
  prefix: string;
  directory: string;
  scratch: Scratch;
}

/** Git names a repository inside this one by its directory alone; whatever is in there is the project's as well. */
async function addAll(found: string[], inside: Inside): Promise<void> {
  for (const path of found) {
    if (!path.endsWith("/")) inside.paths.add(inside.prefix + path);
    else await addNested(inside.prefix + path, inside);
  }
}

async function addNested(prefix: string, inside: Inside): Promise<void> {
  const directory = join(inside.directory, Buffer.from(prefix, "latin1").toString("utf8"));
  const around = { directory, variables: { GIT_WORK_TREE: directory } };
  const found = await shownBelow(around, ["--exclude-per-directory=.gitignore"], inside.scratch);
  await addAll(found, { ...inside, prefix });
}

export function split(printed: Buffer): string[] {
  return printed.toString("latin1").split("\0").filter(Boolean);
}

/** The patterns that stand in no work tree, the user's before the repository's: later ones win. */
export async function patternsOutside({ run, exclude }: Place): Promise<Buffer> {
  const named = await runGit(["config", "--type=path", "--get", "core.excludesFile"], run).catch(() => null);
  const { HOME = "", XDG_CONFIG_HOME: config = join(HOME, ".config") } = run.environment;
  const path = named?.toString("utf8").trimEnd() ?? join(config, "git/ignore");
  const users = isAbsolute(path) ? await readPatterns(path) : null;
  const repositorys = await readPatterns(exclude);
  return Buffer.concat([users ?? NOTHING, Buffer.from("\n"), repositorys ?? NOTHING]);
}

/** Files of patterns between the top of the work tree and the project, by what they are called when they are shown. */
export async function patternsAbove({ root, run }: Place): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (let above = run.directory; above !== root; ) {
    above = dirname(above);
    const bytes = await readPatterns(join(above, ".gitignore"), constants.O_NOFOLLOW);
    const name = join("(above the project)", relative(root, above), ".gitignore").split(sep).join("/");
    if (bytes) found.set(Buffer.from(name).toString("latin1"), bytes);
  }
  return found;
}

/** Null if there is no plain file of this size. Git follows a link to such a file only outside of work trees. */
async function readPatterns(path: string, flags = 0): Promise<Buffer | null> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags).catch(() => null);
  if (!file) return null;
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= MAX_PATTERNS ? await file.readFile() : null;
  } finally {
    await file.close();
  }
}
