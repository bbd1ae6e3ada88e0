/** Directories for this user alone, which no link may stand for: made, looked at, removed. */
import { chmod, lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { oneLine } from "../words.ts";

/** Characters of the reason why something could not be made. */
const MAX_FAULT = 200;

/** Makes it; throws if something else stands there, or another user's: what a run keeps is nobody else's to read. */
export async function privateDirectory(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is no directory`);
  if (process.getuid && found.uid !== process.getuid()) throw new Error(`${path} is another user's`);
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}

/** Whether a directory, and no link to one, stands there. */
export async function isDirectory(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found?.isDirectory() === true;
}

/** Removes it with all that is in it, directories that were closed for writing among it, as caches of packages are. */
export async function removeWhole(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await openAll(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function openAll(path: string): Promise<void> {
  if (!(await isDirectory(path))) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openAll(join(path, entry.name));
  }
}

/** Why the system refused, with the path. */
export function faultOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error), MAX_FAULT);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error ? String(error.code) : null;
}
