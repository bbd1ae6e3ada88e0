/** Files in directories of this user alone. No link is followed. */
import type { Dirent } from "node:fs";
import { lstat, readdir, rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDirectory } from "./own-directory.ts";

/** Writes a file whole or not at all, in place of any that is there. */
export async function putWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${crypto.randomUUID()}.part`;
  await writeFile(part, bytes, { mode: 0o600, flag: "wx" });
  await rename(part, path);
}

/** Of the files whose names end so, the `most` newest stay. */
export async function dropOldest(home: string, end: string, most: number): Promise<void> {
  const paths = (await filesIn(home)).filter((name) => name.endsWith(end)).map((name) => join(home, name));
  if (paths.length <= most) return;
  const found = await Promise.all(paths.map(async (path) => ({ path, time: (await lstat(path)).mtimeMs })));
  for (const { path } of found.sort((one, other) => other.time - one.time).slice(most)) await unlink(path);
}

export async function filesIn(directory: string): Promise<string[]> {
  return (await entriesIn(directory)).filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Empty if there is no such directory, or a link to one. */
export async function entriesIn(directory: string): Promise<Dirent[]> {
  return (await isDirectory(directory)) ? readdir(directory, { withFileTypes: true }).catch(() => []) : [];
}
