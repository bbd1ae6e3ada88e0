/** Files in directories of this user alone. No link is followed. */
import type { Dirent } from "node:fs";
import { constants } from "node:fs";
import { lstat, open, readdir, rename, unlink, writeFile } from "node:fs/promises";
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

/** The end of a regular file as text, without a character that is cut; null if there is none, or something else stands there. */
export async function readEnd(path: string, most: number): Promise<{ text: string; cut: boolean } | null> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0); // a pipe would be waited for
  const file = await open(path, flags).catch(() => null);
  if (!file) return null;
  try {
    const found = await file.stat();
    if (!found.isFile()) return null;
    const from = Math.max(0, found.size - most);
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(found.size - from), position: from });
    const bytes = buffer.subarray(0, bytesRead);
    const whole = from > 0 ? bytes.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0;
    return { text: bytes.subarray(Math.max(0, whole)).toString("utf8"), cut: from > 0 };
  } catch {
    return null;
  } finally {
    await file.close();
  }
}
