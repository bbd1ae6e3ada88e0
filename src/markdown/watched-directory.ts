/** The workflows of one definitions directory, read again when their files change and have settled. */
import { lstatSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Problem } from "../workflow.ts";
import { diskFiles, type Stamp, stampOf } from "./files.ts";
import type { Judges } from "./judges.ts";
import type { ParseResult } from "./parse-result.ts";
import { parseWorkflow } from "./parse-workflow.ts";
import { findStrays, misplacedIndex } from "./stray-directories.ts";

/** A change counts once the newest file is this old, or looked the same for so long: until then it may be half written. */
export const SETTLE_MS = 200;

export interface WatchedDirectory {
  /** The workflows by name, sorted, as of now. The same map while nothing changed; empty while there is no directory. */
  scan(now: number): ReadonlyMap<string, ParseResult>;
}

/** A workflow as it was read: undefined if the directory holds none of that name. */
interface Version {
  result: ParseResult | undefined;
  stamps: ReadonlyMap<string, Stamp>;
}

interface Held {
  current: Version | undefined;
  /** Read while files were being written, for want of an older version: to be read again. */
  provisional: boolean;
  /** What a change that has not settled looked like, and since when. */
  pending: { fingerprint: string; since: number } | undefined;
}

/** Longest time that one scan reads. Workflows that it does not reach become problems, and the next scan reads them. */
export const MAX_SCAN_MS = 3_000;

/** Touches no file before the first scan. */
export function watchDirectory(root: string, judges: Judges): WatchedDirectory {
  const held = new Map<string, Held>();
  let results: ReadonlyMap<string, ParseResult> = new Map();
  let isFirstScan = true;
  let spentMs = 0;

  const read = (name: string): Version => {
    const files = diskFiles(root);
    const started = performance.now();
    const result = hasIndex(root, name) ? parseWorkflow(name, files, judges) : undefined;
    spentMs += performance.now() - started;
    if (!result) files.read(`${name}/index.md`);
    return { result, stamps: files.stamps };
  };

  const refresh = (name: string, now: number): void => {
    const entry = held.get(name) ?? { current: undefined, provisional: isFirstScan, pending: undefined };
    held.set(name, entry);
    if (entry.current && !entry.provisional && isUnchanged(root, entry.current.stamps)) {
      entry.pending = undefined;
      return;
    }
    if (spentMs > MAX_SCAN_MS) {
      entry.current ??= { result: unread(name), stamps: new Map() };
      entry.provisional = true;
      return;
    }
    const next = read(name);
    const settled = hasSettled(entry, next.stamps, now);
    if (settled || (isFirstScan && !entry.current) || entry.current?.stamps.size === 0) {
      entry.current = keepEqual(entry.current, next);
      entry.provisional = !settled;
    }
  };

  /** Adds stray directories beside the workflows, which they never hide, once nobody is still writing them. */
  const addStrays = (into: Map<string, ParseResult>, others: readonly string[], now: number): void => {
    const used = new Set([...held.values()].flatMap(({ current }) => [...(current?.stamps.keys() ?? [])]));
    const names = others.filter((name) => !held.has(name));
    for (const [name, { problem, changedMs }] of findStrays(root, names, (path) => used.has(path))) {
      if (!isFirstScan && Math.abs(now - changedMs) < SETTLE_MS) continue;
      addProblem(into, name, problem);
    }
    const misplaced = into.size === 0 ? misplacedIndex(root) : undefined;
    if (misplaced) addProblem(into, basename(root), misplaced);
  };

  /** The same object as before where it says the same. */
  const addProblem = (into: Map<string, ParseResult>, name: string, problem: Problem): void => {
    const result: ParseResult = { ok: false, problems: [problem] };
    const before = results.get(name);
    into.set(name, before && JSON.stringify(before) === JSON.stringify(result) ? before : result);
  };

  return {
    scan(now) {
      spentMs = 0;
      const { workflows, others } = directoriesIn(root);
      const names = new Set([...workflows, ...held.keys()]);
      // Small ones first: one that takes long must not hide them.
      const inOrder = [...names].map((name) => ({ name, size: sizeOf(root, name) })).sort((a, b) => a.size - b.size);
      for (const { name } of inOrder) refresh(name, now);
      const next = collect(held);
      addStrays(next, others, now);
      isFirstScan = false;
      if (!isSameMap(results, next)) results = next;
      return results;
    },
  };
}

/**
 * Whether a change has settled: by the files' times if the clock allows it, else by watching, since a time in the
 * future must not hold an edit back for ever.
 */
function hasSettled(entry: Held, stamps: ReadonlyMap<string, Stamp>, now: number): boolean {
  const newest = [...stamps.values()].reduce((latest, { mtimeMs }) => Math.max(latest, mtimeMs), 0);
  const fingerprint = JSON.stringify([...stamps].map(([path, { identity }]) => [path, identity]));
  if (entry.pending?.fingerprint !== fingerprint) entry.pending = { fingerprint, since: now };
  const settled = now - newest >= SETTLE_MS || now - entry.pending.since >= SETTLE_MS;
  if (settled) entry.pending = undefined;
  return settled;
}

function isUnchanged(root: string, stamps: ReadonlyMap<string, Stamp>): boolean {
  for (const [path, { identity }] of stamps) if (stampOf(root, path).identity !== identity) return false;
  return true;
}

/** The old result if the new one says the same, so that nobody takes a touched file for a change. */
function keepEqual(old: Version | undefined, next: Version): Version {
  const isEqual = old?.result && next.result && JSON.stringify(old.result) === JSON.stringify(next.result);
  return isEqual ? { result: old.result, stamps: next.stamps } : next;
}

/** Forgets the names that stand for nothing any more. */
function collect(held: Map<string, Held>): Map<string, ParseResult> {
  const results = new Map<string, ParseResult>();
  for (const name of [...held.keys()].sort()) {
    const entry = held.get(name);
    if (entry?.current?.result) results.set(name, entry.current.result);
    else if (entry?.current) held.delete(name);
  }
  return results;
}

function isSameMap(left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>): boolean {
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value);
}

function unread(name: string): ParseResult {
  const problem = {
    code: "NOT_READ_YET",
    file: `${name}/index.md`,
    line: 1,
    message: `"${name}" is not read yet: the workflows before it took ${MAX_SCAN_MS / 1000} s`,
    hint: "Ask again; workflows that take so long should be shortened",
  };
  return { ok: false, problems: [problem] };
}

function sizeOf(root: string, name: string): number {
  return lstatSync(join(root, name, "index.md"), { throwIfNoEntry: false })?.size ?? 0;
}

/** Names of what has an index.md, and of what has none. */
function directoriesIn(root: string): { workflows: string[]; others: string[] } {
  try {
    const names = readdirSync(root).filter(isVisible);
    const isWorkflow = (name: string) => hasIndex(root, name);
    return { workflows: names.filter(isWorkflow), others: names.filter((name) => !isWorkflow(name)).sort() };
  } catch {
    return { workflows: [], others: [] };
  }
}

function isVisible(name: string): boolean {
  return !name.startsWith(".") && name !== "node_modules";
}

/**
 * Whether the directory has an index, even one that cannot be read or leads nowhere: that is a broken workflow, not a
 * missing one.
 */
function hasIndex(root: string, name: string): boolean {
  try {
    return lstatSync(join(root, name, "index.md"), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOTDIR");
  }
}
