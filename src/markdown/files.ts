/** The files of a definitions directory, from disk or from memory, as text. Knows nothing of Markdown; reads nothing outside the directory. */
import { isUtf8 } from "node:buffer";
import {
  type BigIntStats,
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { join, posix, sep } from "node:path";
import { MAX_DEFINITION_BYTES } from "../workflow.ts";

/** Why a file cannot be read. `line` is that of its first fault, `detail` is what the system said. */
export type ReadFailure =
  | { reason: "missing" | "outside" | "too-large" }
  | { reason: "not-utf8"; line: number }
  | { reason: "unreadable"; detail: string };

/** `id` is equal for two paths that lead to the same file; `text` has no byte-order mark and only `\n` line ends. */
export type ReadResult = { ok: true; id: string; text: string } | ({ ok: false } & ReadFailure);

/** Paths are relative to the definitions directory, with forward slashes, normalised. */
export interface Files {
  /** The same answer for the same path, however often it is asked. */
  read(path: string): ReadResult;
  /** Markdown files below a directory, for hints; not necessarily all of a large one. */
  list(directory: string): string[];
}

/** What a file looked like when it was read; two equal stamps mean an unchanged file. */
export interface Stamp {
  /** "missing" if there was nothing. */
  identity: string;
  /** Of the file, or of the nearest existing directory above a missing one. */
  mtimeMs: number;
}

/** Files on disk, with the stamp of everything that was looked at, by path relative to the root. */
export interface DiskFiles extends Files {
  readonly stamps: ReadonlyMap<string, Stamp>;
}

const MAX_LISTED = 1000;
const MAX_READ_ATTEMPTS = 5;

/** Definitions held in memory, by path. */
export function memoryFiles(texts: Readonly<Record<string, string>>): Files {
  return {
    read(path) {
      const text = Object.hasOwn(texts, path) ? texts[path] : undefined;
      if (text === undefined) return { ok: false, reason: isInside(path) ? "missing" : "outside" };
      if (Buffer.byteLength(text) > MAX_DEFINITION_BYTES) return { ok: false, reason: "too-large" };
      return { ok: true, id: path, text: normalise(text) };
    },
    list(directory) {
      const prefix = directory === "." ? "" : `${directory}/`;
      return Object.keys(texts).filter((path) => path.startsWith(prefix) && isMarkdown(path));
    },
  };
}

/**
 * Definitions below `root`, each read once: an instance is a snapshot for one parse. Symbolic links are resolved before
 * a path is judged to be inside. A file that changes while it is read is read again.
 */
export function diskFiles(root: string): DiskFiles {
  const stamps = new Map<string, Stamp>();
  const results = new Map<string, ReadResult>();
  const read = (path: string): ReadResult => {
    const known = results.get(path);
    if (known) return known;
    const result = readFromDisk({ root, path, onStamp: (stamp) => stamps.set(path, stamp) });
    results.set(path, result);
    return result;
  };
  const lists = new Map<string, string[]>();
  const list = (directory: string): string[] => {
    const found = lists.get(directory) ?? listMarkdown(root, directory);
    lists.set(directory, found);
    return found;
  };
  return { stamps, read, list };
}

/** The stamp of whatever is at the path now. */
export function stampOf(root: string, path: string): Stamp {
  try {
    return toStamp(statSync(join(root, path), { bigint: true }));
  } catch {
    return { identity: "missing", mtimeMs: nearestDirectoryTime(root, path) };
  }
}

/** Whether a normalised relative path stays below the directory, symbolic links aside. */
export function isInside(path: string): boolean {
  return path !== ".." && !path.startsWith("../") && !path.startsWith("/");
}

/** Whether the path names a Markdown file. */
export function isMarkdown(path: string): boolean {
  return path.toLowerCase().endsWith(".md");
}

function readFromDisk(request: { root: string; path: string; onStamp: (stamp: Stamp) => void }): ReadResult {
  const { root, path, onStamp } = request;
  if (!isInside(path) || path.includes("\0")) return { ok: false, reason: path.includes("\0") ? "missing" : "outside" };
  onStamp(stampOf(root, path));
  try {
    const rootPath = realpathSync(root);
    const realPath = realpathSync(join(root, path));
    if (!realPath.startsWith(rootPath.endsWith(sep) ? rootPath : rootPath + sep))
      return { ok: false, reason: "outside" };
    // Before opening: opening a named pipe would wait for its writer.
    const stats = statSync(realPath);
    if (!stats.isFile()) return { ok: false, reason: "unreadable", detail: "it is not a regular file" };
    if (stats.size > MAX_DEFINITION_BYTES) return { ok: false, reason: "too-large" };
    const { bytes, stamp } = readStable(realPath);
    onStamp(stamp);
    return decode(bytes, realPath);
  } catch (error) {
    return toFailure(error);
  }
}

/** Bytes with the stamp that belongs to them. If the file keeps changing, the last attempt stands, its stamp outdated. */
function readStable(path: string): { bytes: Buffer; stamp: Stamp } {
  for (let attempt = 1; ; attempt++) {
    const handle = openSync(path, "r");
    try {
      const before = toStamp(fstatSync(handle, { bigint: true }));
      const bytes = readFileSync(handle);
      const after = toStamp(fstatSync(handle, { bigint: true }));
      if (before.identity === after.identity || attempt === MAX_READ_ATTEMPTS) return { bytes, stamp: before };
    } finally {
      closeSync(handle);
    }
  }
}

function decode(bytes: Buffer, id: string): ReadResult {
  if (bytes.byteLength > MAX_DEFINITION_BYTES) return { ok: false, reason: "too-large" };
  if (!isUtf8(bytes)) return { ok: false, reason: "not-utf8", line: firstInvalidLine(bytes) };
  return { ok: true, id, text: normalise(bytes.toString("utf8")) };
}

/** No line feed is part of a multi-byte character, so lines can be judged one by one. */
function firstInvalidLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const lineFeed = bytes.indexOf(10, start);
    const end = lineFeed < 0 ? bytes.length : lineFeed;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
  return line;
}

function normalise(text: string): string {
  return text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
}

function toFailure(error: unknown): ReadResult {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") return { ok: false, reason: "missing" };
  return { ok: false, reason: "unreadable", detail: code ?? String(error) };
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function toStamp(stats: BigIntStats): Stamp {
  const identity = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(":");
  return { identity, mtimeMs: Number(stats.mtimeMs) };
}

/** A file that was just deleted or renamed away shows in the time of its directory. */
function nearestDirectoryTime(root: string, path: string): number {
  const parts = path.split("/");
  while (parts.length > 0) {
    parts.pop();
    try {
      return Number(statSync(join(root, ...parts)).mtimeMs);
    } catch {
      // Also gone: the one above tells.
    }
  }
  return 0;
}

function listMarkdown(root: string, directory: string): string[] {
  const found: string[] = [];
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined && found.length < MAX_LISTED; next = pending.pop()) {
    for (const entry of readDirectory(join(root, next))) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      const path = posix.join(next, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (isMarkdown(path)) found.push(path);
    }
  }
  return found.sort();
}

function readDirectory(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
