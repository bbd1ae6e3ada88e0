/**
 * Cuts the power of a server, and of what runs beside it: the database files become what a disk would hold that kept only what was flushed.
 * Linux with gcc: a small library, preloaded into each process, records what is written and flushed (flush-recorder.c).
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Disk, type Operation, type Survivors } from "./disk.ts";
import type { Random } from "./random.ts";

const HEADER_BYTES = 24;
/** How much of what was not flushed is left: chance chooses one at each death. */
export const SURVIVORS: Survivors[] = ["none", "prefix", "any"];
const SOURCE = join(import.meta.dir, "flush-recorder.c");

export interface PowerSupply {
  /** To be added to the environment of all that write in the next life; forgets what the ones before wrote. */
  nextLife(): Record<string, string>;
  /** After they were killed: rebuilds the files as a disk has them after power loss. Returns bytes that were at risk. */
  cut(survivors: Survivors, random: Random): { recorded: number; unflushed: number };
  dispose(): void;
}

/** Why power loss cannot be simulated here; null where it can. */
export function whyNoPowerLoss(): string | null {
  if (process.platform !== "linux") return `power loss is simulated on Linux only, not on ${process.platform}`;
  if (!Bun.which("gcc")) return "power loss is simulated by a library that gcc compiles, and there is no gcc here";
  return null;
}

/** Compiles the recorder for the database at `db`. */
export function createPowerSupply(db: string): PowerSupply {
  const room = mkdtempSync(join(tmpdir(), "orchestrator-power-"));
  const library = join(room, "recorder.so");
  const log = join(room, "log");
  const built = Bun.spawnSync(["gcc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"]);
  if (!built.success) throw new Error(`gcc failed:\n${built.stderr}`);
  let before = new Map<string, Uint8Array>();
  return {
    nextLife() {
      rmSync(log, { force: true });
      before = filesOf(db);
      return { LD_PRELOAD: library, FLUSH_RECORDER_FILES: db, FLUSH_RECORDER_LOG: log };
    },
    cut(survivors, random) {
      const disk = new Disk(before);
      const operations = existsSync(log) ? operationsIn(readFileSync(log)) : [];
      for (const operation of operations) disk.apply(operation);
      const { unflushed } = disk;
      const found = disk.afterPowerLoss(survivors, random);
      for (const path of pathsOf(db)) rmSync(path, { force: true });
      for (const [path, bytes] of found) writeFileSync(path, bytes);
      return { recorded: operations.length, unflushed };
    },
    dispose: () => rmSync(room, { recursive: true, force: true }),
  };
}

function pathsOf(db: string): string[] {
  const directory = dirname(db);
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.startsWith(basename(db)));
  return names.map((name) => join(directory, name));
}

/** All but the shared-memory file, which no crash outlives. */
function filesOf(db: string): Map<string, Uint8Array> {
  const paths = pathsOf(db).filter((path) => !path.endsWith("-shm"));
  return new Map(paths.map((path) => [path, Uint8Array.from(readFileSync(path))]));
}

/**
 * The records of the log; the last may be cut off by the kill. The header is that of flush-recorder.c. A flush is put where
 * it began: it need not cover what another process wrote meanwhile.
 */
function operationsIn(log: Buffer): Operation[] {
  const operations: { at: number; operation: Operation }[] = [];
  for (let at = 0; at + HEADER_BYTES <= log.length; ) {
    const op = String.fromCharCode(log.readUInt32LE(at));
    const pathEnd = at + HEADER_BYTES + log.readUInt32LE(at + 4);
    const end = pathEnd + Number(log.readBigUInt64LE(at + 16));
    if (end > log.length) break;
    if (!isOp(op)) throw new Error(`The record of flushes is damaged at byte ${at}.`);
    const offset = Number(log.readBigUInt64LE(at + 8));
    const path = log.toString("utf8", at + HEADER_BYTES, pathEnd);
    const isFlush = op === "s" || op === "d";
    operations.push({
      at: isFlush ? offset - 1 : at,
      operation: { op, path, offset, data: log.subarray(pathEnd, end) },
    });
    at = end;
  }
  return operations.sort((one, other) => one.at - other.at).map(({ operation }) => operation);
}

function isOp(text: string): text is Operation["op"] {
  return "wtsdu".includes(text) && text.length === 1;
}
