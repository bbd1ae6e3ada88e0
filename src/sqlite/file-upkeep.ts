/** Upkeep of one SQLite file: examined, copied while others write, rid of what ended long ago. */
import type { Database } from "bun:sqlite";
import { chmodSync, closeSync, fsyncSync, openSync, rmSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AppError } from "../errors.ts";
import type { Upkeep } from "../upkeep.ts";
import type { BusyWait } from "./busy.ts";
import { isOpenToOthers } from "./files.ts";
import { withDatabase } from "./open.ts";
import { prune } from "./prune.ts";

/** Less free space than this is worth a word. */
const LOW_SPACE_BYTES = 100 * 1024 * 1024;

/** File systems on which SQLite's locks or flushes cannot be relied on, by the magic number of statfs on Linux. */
const NETWORK_FILE_SYSTEMS = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x517b, "SMB"],
  [0x01021997, "9P"],
  [0x65735546, "FUSE"],
]);

export function createSqliteUpkeep(path: string, busy: BusyWait): Upkeep {
  return {
    examine: () =>
      withDatabase(path, busy, async (db) => {
        await busy.whenFree(() => db.transaction(() => {}).immediate()); // may it be written?
        const look = () => db.query<{ quick_check: string }, []>("PRAGMA quick_check").all();
        const damaged = (await busy.whenFree(look)).map((row) => row.quick_check).filter((line) => line !== "ok");
        if (damaged.length > 0) throw damagedFile(path, damaged);
        return [...modeWarning(path), ...networkWarning(path), ...spaceWarning(path)];
      }),
    backup: (file) => withDatabase(path, busy, (db) => copyTo(db, { file: resolve(file), busy })),
    prune: (before) => withDatabase(path, busy, (db) => prune(db, { path, before, busy })),
  };
}

/** The copy is complete and flushed, or not there. */
async function copyTo(db: Database, { file, busy }: { file: string; busy: BusyWait }): Promise<void> {
  const made = reserve(file);
  try {
    await busy.whenFree(() => db.query("VACUUM INTO $file").run({ file }));
    chmodSync(file, 0o600);
    fsyncSync(made);
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(made);
  }
}

/** An empty file of our own, readable by this user alone. */
function reserve(file: string): number {
  try {
    return openSync(file, "wx+", 0o600);
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new AppError("INVALID_INPUT", `The backup cannot be written to "${file}"${exists ? ": it exists" : ""}.`, {
      hint: exists ? "Name a file that does not exist yet." : "Name a file in a directory that exists and is writable.",
      cause: error,
    });
  }
}

function damagedFile(path: string, lines: string[]): AppError {
  return new AppError("PERSISTENCE_ERROR", `The database "${path}" is damaged: ${lines.slice(0, 3).join("; ")}`, {
    hint: "Stop what uses it and restore it from a backup (a copy made by `orchestrator backup FILE`).",
  });
}

/** Opening makes the file private, unless it belongs to somebody else. */
function modeWarning(path: string): string[] {
  return isOpenToOthers(path) ? [`other users may open it: let its owner run chmod 600 "${path}"`] : [];
}

function networkWarning(path: string): string[] {
  const kind = process.platform === "linux" ? NETWORK_FILE_SYSTEMS.get(statfsSync(dirname(path)).type) : undefined;
  return kind ? [`it lies on ${kind}, where locks and flushes may not hold: put it on a local disk with --db`] : [];
}

function spaceWarning(path: string): string[] {
  const { bavail, bsize } = statfsSync(dirname(path));
  const free = bavail * bsize;
  return free < LOW_SPACE_BYTES ? [`the disk has ${Math.round(free / 1024 / 1024)} MiB left: free some space`] : [];
}
