/**
 * What stands in a git work tree. Contents are named as git names them, by object id, whether they are
 * committed, staged or neither; so staging and committing change nothing, and editing does.
 */
import type { ChangeProbe, Files } from "../project.ts";
import { contentIds, timesOf } from "./content-ids.ts";
import { filteredAmong, filtersOf, trackedWith } from "./filters.ts";
import { findGitDir } from "./git-dir.ts";
import { type GitRun, runGit } from "./run-git.ts";

const TIME_LIMIT_MS = 10_000;
const INERT_LIMIT_MS = 2_000;
/** How often a tree is read that changes meanwhile. */
const MOST_READS = 3;
const GITLINK = "160000";

export const gitChangeProbe: ChangeProbe = {
  async contents(directory, files, { environment, signal, inert }) {
    const limit = AbortSignal.timeout(inert ? INERT_LIMIT_MS : TIME_LIMIT_MS);
    const run = { directory, environment, signal: signal ? AbortSignal.any([signal, limit]) : limit };
    if (inert && !findGitDir(directory)) return null;
    const read = inert ? () => inertIdsOf(files, run) : async () => (await readTree(files, run)).ids;
    for (let reads = inert ? MOST_READS : 1; reads > 0 && !run.signal.aborted; reads--) {
      const ids = await read().catch(() => null);
      if (ids) return ids;
    }
    return null; // no git, no work tree, something unreadable, or too slow
  },
};

/** By path, one byte a character: the id of the content. */
type Ids = Map<string, string>;

async function inertIdsOf(files: Files, run: GitRun): Promise<Ids> {
  const quiet = filtersOf(run).then(({ names, settings }) => ({ names, run: { ...run, settings } }));
  const [{ ids, untracked }, tracked] = await Promise.all([
    readTree(files, run, quiet),
    quiet.then(({ names }) => trackedWith(names, files.glob, run)),
  ]);
  const filtered = [...tracked, ...(await filteredAmong(untracked, (await quiet).names, run))];
  for (const [path, stamp] of await timesOf(filtered, run)) if (ids.has(path)) ids.set(path, stamp);
  return ids;
}

interface Tree {
  ids: Ids;
  untracked: string[];
}

/** `quiet` is how git is started if it might run a filter otherwise. */
async function readTree({ glob, except = [] }: Files, run: GitRun, quiet?: Promise<{ run: GitRun }>): Promise<Tree> {
  const pathspec = ["--", `:(glob)${glob}`, ...except.map((each) => `:(exclude,glob)${each}`)];
  const reading = async () => (await quiet)?.run ?? run;
  const [{ ids, links, conflicts }, modified, others] = await Promise.all([
    listing(["ls-files", "-z", "--stage", ...pathspec], run).then(stagedIds),
    reading().then((how) => listing(["ls-files", "-z", "--modified", ...pathspec], how)),
    listing(["ls-files", "-z", "--others", "--exclude-standard", ...pathspec], run),
  ]);
  const changed = new Set([...modified, ...others, ...conflicts]);
  const repositories = new Set([...changed].filter((path) => path.endsWith("/") || links.has(path)));
  for (const path of changed) if (repositories.has(path) || isOutside(path)) changed.delete(path);
  const fresh = await contentIds([...changed], await reading());
  for (const path of changed) setOrDrop(ids, path, fresh.get(path));
  for (const path of repositories) ids.set(path.replace(/\/$/, ""), await headOf(path, run));
  for (const path of ids.keys()) if (isOutside(path)) ids.delete(path);
  return { ids, untracked: others };
}

/** What the index holds; `links` are repositories inside this one. Of a conflict the file counts as it stands. */
function stagedIds(lines: string[]): { ids: Ids; links: Set<string>; conflicts: string[] } {
  const ids: Ids = new Map();
  const links = new Set<string>();
  const conflicts: string[] = [];
  for (const line of lines) {
    const tab = line.indexOf("\t");
    const [mode, id = "", stage] = line.slice(0, tab).split(" ");
    const path = line.slice(tab + 1);
    ids.set(path, id);
    if (mode === GITLINK) links.add(path);
    if (stage !== "0") conflicts.push(path);
  }
  return { ids, links, conflicts };
}

async function listing(args: string[], run: GitRun): Promise<string[]> {
  return (await runGit(args, run)).toString("latin1").split("\0").filter(Boolean);
}

function setOrDrop(ids: Ids, path: string, id: string | undefined): void {
  if (id === undefined) ids.delete(path);
  else ids.set(path, id);
}

/** What git would record of a repository inside this one: its commit. */
async function headOf(path: string, run: GitRun): Promise<string> {
  try {
    const inside = Buffer.from(path, "latin1").toString("utf8");
    return (await runGit(["-C", inside, "rev-parse", "HEAD"], run)).toString("latin1").trim();
  } catch {
    run.signal.throwIfAborted();
    return "no commit";
  }
}

/** A glob may lead out of the project; what is there is not the project's. */
function isOutside(path: string): boolean {
  return path.startsWith("../");
}
