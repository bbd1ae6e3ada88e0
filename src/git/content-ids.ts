/** Object ids of files as they stand, as `git add` would give them. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, lstat, readlink } from "node:fs/promises";
import { join } from "node:path";
import { type GitRun, runGit } from "./run-git.ts";

/** Files looked at side by side. */
const AT_ONCE = 256;

/** By path (one byte a character, relative to the directory): the id; without what is gone or neither file nor link. */
export async function contentIds(paths: string[], run: GitRun): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  if (paths.length === 0) return ids;
  const [place, found] = await Promise.all([placeOf(run), lookAtAll(paths, run)]);
  const files = paths.filter((path) => found.get(path) === "file");
  const hashes = await hashFiles(files, place, run);
  for (const [index, path] of files.entries()) ids.set(path, hashes[index] ?? "");
  for (const [path, what] of found) {
    if (what === "unreadable") ids.set(path, what);
    else if (what instanceof Buffer) ids.set(path, blobId(what, place.algorithm));
  }
  return ids;
}

/**
 * What stands at a path; of a link, its target. A pipe or a device counts as nothing: git does not keep it, and opening
 * it would block.
 */
type What = "file" | "unreadable" | "nothing" | Buffer;

async function lookAtAll(paths: string[], { directory, signal }: GitRun): Promise<Map<string, What>> {
  const found = new Map<string, What>();
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    signal.throwIfAborted();
    const some = paths.slice(from, from + AT_ONCE);
    await Promise.all(some.map(async (path) => found.set(path, await lookAt(path, directory))));
  }
  return found;
}

/** By path: size and time of each that stands there; what git would say of it took a program to tell. */
export async function timesOf(paths: string[], { directory, signal }: GitRun): Promise<Map<string, string>> {
  const times = new Map<string, string>();
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    signal.throwIfAborted();
    const some = paths.slice(from, from + AT_ONCE);
    const found = await Promise.all(some.map((path) => lstat(bytesOf(path, directory)).catch(() => null)));
    for (const [index, stats] of found.entries()) {
      if (stats) times.set(some[index] ?? "", `${stats.size} bytes of ${stats.mtimeMs}`);
    }
  }
  return times;
}

/** The whole path, as the system has it. */
export function bytesOf(path: string, directory: string): Buffer {
  return Buffer.concat([Buffer.from(join(directory, "/")), Buffer.from(path, "latin1")]);
}

async function lookAt(path: string, directory: string): Promise<What> {
  const full = bytesOf(path, directory);
  try {
    const found = await lstat(full);
    if (found.isSymbolicLink()) return await readlink(full, { encoding: "buffer" });
    if (!found.isFile()) return "nothing";
  } catch {
    return "nothing";
  }
  return access(full, constants.R_OK).then(
    () => "file",
    () => "unreadable",
  );
}

interface Place {
  /** From the directory to the top of the work tree. */
  up: string;
  /** From the top to the directory, one byte a character. */
  prefix: string;
  algorithm: Algorithm;
}

/** How a repository names contents. */
export type Algorithm = "sha1" | "sha256";

async function placeOf(run: GitRun): Promise<Place> {
  const told = await runGit(["rev-parse", "--show-object-format", "--show-cdup", "--show-prefix"], run);
  const [format, up = "", ...prefix] = told.toString("latin1").replace(/\n$/, "").split("\n");
  return { up: up || ".", prefix: prefix.join("\n"), algorithm: format === "sha256" ? "sha256" : "sha1" };
}

/** Git is started at the top of the work tree: it does not take the paths that it reads as relative to its directory. */
async function hashFiles(paths: string[], { up, prefix }: Place, run: GitRun): Promise<string[]> {
  if (paths.length === 0) return [];
  const input = Buffer.from(paths.map((path) => `${quoted(prefix + path)}\n`).join(""), "latin1");
  const printed = await runGit(["-C", up, "hash-object", "--stdin-paths"], { ...run, input });
  const ids = printed.toString("latin1").trim().split("\n");
  if (ids.length !== paths.length) throw new Error("git hash-object skipped a file");
  return ids;
}

/** Git takes C's quotes here, so that names with line ends or quotes of their own can be given as well. */
export function quoted(path: string): string {
  const inside = path.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r");
  return `"${inside}"`;
}

export function blobId(content: Buffer, algorithm: Algorithm): string {
  return createHash(algorithm).update(`blob ${content.length}\0`).update(content).digest("hex");
}
