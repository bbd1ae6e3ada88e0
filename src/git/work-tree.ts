/**
 * What stands in a git work tree. Contents are named as git names them, by object id, whether they are
 * committed, staged or neither; so staging and committing change nothing, and editing does.
 */
import type { ChangeProbe, Files } from "../project.ts";
import { contentIds } from "./content-ids.ts";
import { type GitRun, runGit } from "./run-git.ts";

const TIME_LIMIT_MS = 10_000;
const GITLINK = "160000";

export const gitChangeProbe: ChangeProbe = {
  async contents(directory, files, { environment, signal }) {
    const limit = AbortSignal.timeout(TIME_LIMIT_MS);
    const run = { directory, environment, signal: signal ? AbortSignal.any([signal, limit]) : limit };
    try {
      return await idsOf(files, run);
    } catch {
      return null; // no git, no work tree, something unreadable, or too slow
    }
  },
};

/** By path, one byte a character: the id of the content. */
type Ids = Map<string, string>;

async function idsOf({ glob, except = [] }: Files, run: GitRun): Promise<Ids> {
  const pathspec = ["--", `:(glob)${glob}`, ...except.map((each) => `:(exclude,glob)${each}`)];
  const [staged, moving] = await Promise.all([
    listing(["ls-files", "-z", "--stage", ...pathspec], run),
    listing(["ls-files", "-z", "--modified", "--others", "--exclude-standard", ...pathspec], run),
  ]);
  const ids: Ids = new Map();
  const repositories = new Set(moving.filter((path) => path.endsWith("/")));
  const changed = new Set(moving);
  for (const line of staged) {
    const [mode, id = "", stage] = line.slice(0, line.indexOf("\t")).split(" ");
    const path = line.slice(line.indexOf("\t") + 1);
    ids.set(path, id);
    if (mode === GITLINK && changed.has(path)) repositories.add(path);
    if (stage !== "0") changed.add(path); // a conflict: what counts is the file as it stands
  }
  for (const path of changed) if (repositories.has(path) || isOutside(path)) changed.delete(path);
  const fresh = await contentIds([...changed], run);
  for (const path of changed) setOrDrop(ids, path, fresh.get(path));
  for (const path of repositories) ids.set(path.replace(/\/$/, ""), await headOf(path, run));
  for (const path of ids.keys()) if (isOutside(path)) ids.delete(path);
  return ids;
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
