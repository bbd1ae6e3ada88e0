/** Archives whose bytes depend on their entries alone: sorted, of one time, without an owner. */
import { chmod, link, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { create } from "tar";

/** A file of an archive: its text, or the path of the file that it is a copy of. */
export interface Entry {
  path: string;
  content: { text: string } | { file: string };
  executable?: boolean;
}

interface Made {
  /** Where the archive is written. */
  file: string;
  /** Seconds since 1970. */
  time: number;
}

export async function writeTarball(entries: readonly Entry[], { file, time }: Made): Promise<void> {
  const directory = await mkdtemp(`${file}.`);
  try {
    for (const entry of entries) await place(entry, join(directory, entry.path));
    const how = { file, cwd: directory, gzip: { level: 6 }, portable: true, mtime: new Date(time * 1000) };
    await create(
      how,
      sorted(entries).map(({ path }) => path),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}

export async function writeZip(entries: readonly Entry[], { file, time }: Made): Promise<void> {
  const files: Zippable = {};
  for (const entry of sorted(entries)) {
    files[entry.path] = [await bytesOf(entry), { os: UNIX, attrs: ((REGULAR_FILE | modeOf(entry)) << 16) >>> 0 }];
  }
  await writeFile(file, zipSync(files, { level: 6, mtime: noonOf(time) }));
}

/** What says in a zip archive that modes stand in it. */
const UNIX = 3;
const REGULAR_FILE = 0o100000;

/** A zip archive's times are local. Each day has its noon in every zone, so that the zone of this machine does not show. */
function noonOf(time: number): Date {
  const date = new Date(time * 1000);
  return new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), 12);
}

async function place(entry: Entry, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if ("file" in entry.content) await link(entry.content.file, path);
  else await writeFile(path, entry.content.text);
  await chmod(path, modeOf(entry));
}

async function bytesOf({ content }: Entry): Promise<Uint8Array> {
  return "file" in content ? readFile(content.file) : Buffer.from(content.text);
}

function modeOf({ executable }: Entry): number {
  return executable ? 0o755 : 0o644;
}

function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((one, other) => (one.path < other.path ? -1 : 1));
}
