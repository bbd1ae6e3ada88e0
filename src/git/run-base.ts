/** What a run found: the tree of its project's files, noted once, and by which files are known that were not touched since. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runGit } from "./run-git.ts";
import type { Scratch } from "./scratch.ts";
import { type TreeEntry, writeTree } from "./scratch-tree.ts";
import { type Place, patternsOutside, split } from "./shown-paths.ts";
import { keepBytes, type Look, type Snapshot } from "./snapshot.ts";

export interface Base {
  tree: string;
  snapshot: Snapshot;
}

/**
 * Takes over the patterns that stand in no work tree, as they are at the run's beginning: an edit of them is never among
 * the changes that are shown, so it must not hide a file either.
 */
export async function notePatterns(place: Place, { directory }: Scratch): Promise<void> {
  const path = join(directory, "info/exclude");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await patternsOutside(place));
}

/** What the project's last commit has need not be kept: it stays where it is. */
export async function noteBase(snapshot: Snapshot, place: Place, look: Look): Promise<void> {
  const committed = new Set([...(await lastCommit(place)).values()].map(({ id }) => id));
  const own = [...snapshot].filter(([, { id }]) => !committed.has(id)).map(([path]) => path);
  await keepBytes(own, snapshot, look);
  const tree = await writeTree(snapshot, look.scratch);
  const lines = [...snapshot].map(([path, { mode, id, stamp }]) => `${mode} ${id} ${stamp}\t${path}\0`);
  const part = `${baseFile(look.scratch)}.${crypto.randomUUID()}.part`;
  await writeFile(part, `${tree}\0${lines.join("")}`, { encoding: "latin1", mode: 0o600 });
  await rename(part, baseFile(look.scratch));
}

/** Null if nothing was noted. */
export async function readBase(scratch: Scratch): Promise<Base | null> {
  const bytes = await readFile(baseFile(scratch)).catch(() => null);
  if (!bytes) return null;
  const [tree = "", ...lines] = split(bytes);
  const snapshot: Snapshot = new Map();
  for (const line of lines) {
    const tab = line.indexOf("\t");
    const [mode = "", id = "", ...stamp] = line.slice(0, tab).split(" ");
    snapshot.set(line.slice(tab + 1), { mode, id, stamp: stamp.join(" "), changed: 0 });
  }
  return { tree, snapshot };
}

/** The project's files in its last commit; none before the first. */
export async function lastCommit({ run }: Place): Promise<Map<string, TreeEntry>> {
  const printed = await runGit(["ls-tree", "-r", "-z", "HEAD"], run).catch(() => Buffer.from(""));
  run.signal.throwIfAborted();
  return new Map(
    split(printed).map((line) => {
      const tab = line.indexOf("\t");
      const [mode = "", , id = ""] = line.slice(0, tab).split(" ");
      return [line.slice(tab + 1), { mode, id }];
    }),
  );
}

function baseFile({ directory }: Scratch): string {
  return join(directory, "found");
}
