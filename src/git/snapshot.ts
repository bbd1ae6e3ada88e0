/** How the files of a project stand, by ids of their bytes: no attribute, filter or flag of an index has a say in it. */
import { type BigIntStats, constants } from "node:fs";
import { access, lstat, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobId, bytesOf, quoted } from "./content-ids.ts";
import type { Scratch } from "./scratch.ts";

/** Files looked at side by side. */
const AT_ONCE = 256;
/** A larger file is told by its size and times, and never read. */
const MAX_READ_BYTES = 10_000_000n;
/** Within so short a time a file may change again and look the same. */
const UNSETTLED_MS = 2_000;

export interface Entry {
  mode: string;
  id: string;
  /** As long as it is the same, the bytes are; empty if that cannot be said. */
  stamp: string;
  /** When it was changed last, in milliseconds since 1970. */
  changed: number;
  /** What is kept of what is not read as a file. */
  text?: Buffer;
  /** Where it stands, if it is shown under another name. */
  from?: string;
}

/** By path, relative to the project, one byte a character. */
export type Snapshot = Map<string, Entry>;

export interface Look {
  project: string;
  scratch: Scratch;
  signal: AbortSignal;
}

/** Files whose stamp is that in `known` are not read. Rejects if one goes meanwhile. */
export async function snapshotOf(paths: Iterable<string>, known: Snapshot, look: Look): Promise<Snapshot> {
  const found = await lookAtAll([...paths], look);
  const unread: string[] = [];
  for (const [path, entry] of found) {
    const before = known.get(path);
    if (entry.text) entry.id = blobId(entry.text, look.scratch.algorithm);
    else if (before && entry.stamp && before.stamp === entry.stamp) entry.id = before.id;
    else unread.push(path);
  }
  const ids = await hashFiles(unread, [], look.scratch);
  for (const [index, path] of unread.entries()) setId(found, path, ids[index]);
  return nameable(found);
}

/** Git keeps no `.GIT/x`, which some systems take for its own; what stands there is shown all the same. */
function nameable(snapshot: Snapshot): Snapshot {
  for (const [path, entry] of snapshot) {
    const name = path.replace(/(^|\/)(\.git)(?=\/|$)/gi, "$1$2 (no repository)");
    if (name === path) continue;
    snapshot.delete(path);
    snapshot.set(name, { ...entry, from: path });
  }
  return snapshot;
}

/** What is no file of the project, under a name among its files. */
export function textEntry(text: Buffer, { scratch }: Look): Entry {
  return { mode: "100644", id: blobId(text, scratch.algorithm), stamp: "", changed: 0, text };
}

/** Keeps the bytes of these in the scratch; rejects if a file has others by now. */
export async function keepBytes(paths: string[], snapshot: Snapshot, { scratch }: Look): Promise<void> {
  await scratch.within(async (scrap) => {
    const names: string[] = [];
    for (const [index, path] of paths.entries()) {
      const { text, from = path } = snapshot.get(path) ?? {};
      const copy = join(scrap, `${index}`);
      if (text) await writeFile(copy, text);
      names.push(text ? Buffer.from(copy).toString("latin1") : from);
    }
    const ids = await hashFiles(names, ["-w"], scratch);
    if (paths.some((path, index) => snapshot.get(path)?.id !== ids[index])) throw new Error("a file changes meanwhile");
  });
}

/** Paths are relative to the project, since the scratch has no work tree, or absolute. */
async function hashFiles(paths: string[], options: string[], { git }: Scratch): Promise<string[]> {
  if (paths.length === 0) return [];
  const input = Buffer.from(paths.map((path) => `${quoted(path)}\n`).join(""), "latin1");
  const printed = await git(["hash-object", "--no-filters", ...options, "--stdin-paths"], { input });
  return printed.toString("latin1").trim().split("\n");
}

function setId(snapshot: Snapshot, path: string, id: string | undefined): void {
  const entry = snapshot.get(path);
  if (!entry || !id) throw new Error("git hash-object skipped a file");
  entry.id = id;
}

/** Everything but the ids. */
async function lookAtAll(paths: string[], { project, signal }: Look): Promise<Snapshot> {
  const entries: Snapshot = new Map();
  const isReal = directoriesOf(project);
  const settledBefore = BigInt(Date.now() - UNSETTLED_MS) * 1_000_000n;
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    signal.throwIfAborted();
    const some = paths.slice(from, from + AT_ONCE);
    const found = await Promise.all(some.map(async (path) => ((await isReal(path)) ? lookAt(path, project) : null)));
    for (const [index, path] of some.entries()) {
      const entry = found[index];
      if (entry) entries.set(path, { ...entry.what, stamp: entry.ctime < settledBefore ? entry.what.stamp : "" });
    }
  }
  return entries;
}

/** Whether each directory that leads to a path is one, and no link: what a link leads to is not below the project. */
function directoriesOf(project: string): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<boolean>>();
  async function isDirectory(path: string): Promise<boolean> {
    const found = await statOf(path, project);
    return found?.isDirectory() === true && (await isReal(path));
  }
  async function isReal(path: string): Promise<boolean> {
    const slash = path.lastIndexOf("/");
    if (slash < 0) return true;
    const parent = path.slice(0, slash);
    const told = known.get(parent) ?? isDirectory(parent);
    known.set(parent, told);
    return told;
  }
  return isReal;
}

function statOf(path: string, project: string): Promise<BigIntStats | null> {
  return lstat(bytesOf(path, project), { bigint: true }).catch(() => null);
}

/** Null for a pipe, a device, a directory, and where nothing is. */
async function lookAt(path: string, project: string): Promise<{ what: Entry; ctime: bigint } | null> {
  const stats = await statOf(path, project);
  if (!stats || !(stats.isFile() || stats.isSymbolicLink())) return null;
  const text = await textOf(path, project, stats);
  const what = {
    mode: stats.isSymbolicLink() ? "120000" : (stats.mode & 0o100n) === 0n ? "100644" : "100755",
    id: "",
    stamp: stampOf(stats),
    changed: Number(stats.mtimeMs),
    ...(text ? { text } : {}),
  };
  return { what, ctime: stats.ctimeNs };
}

/** Of a link, its target; of a file that is too large or closed, what tells it from another. */
async function textOf(path: string, project: string, stats: BigIntStats): Promise<Buffer | null> {
  const full = bytesOf(path, project);
  if (stats.isSymbolicLink()) return readlink(full, { encoding: "buffer" });
  const isReadable = await access(full, constants.R_OK).then(
    () => true,
    () => false,
  );
  if (isReadable && stats.size <= MAX_READ_BYTES) return null;
  const why = isReadable ? "too large to be shown" : "not readable";
  const changed = new Date(Number(stats.mtimeMs)).toISOString();
  return Buffer.from(`(${why}: ${stats.size} bytes, changed at ${changed}; ${stampOf(stats)})\n`);
}

function stampOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino}`;
}
