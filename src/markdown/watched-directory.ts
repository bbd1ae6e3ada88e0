/** The workflows of one definitions directory, read again when their files change and have settled. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { diskFiles, type Stamp, stampOf } from "./files.ts";
import type { Judges } from "./judges.ts";
import { type ParseResult, parseWorkflow } from "./parse-workflow.ts";

/** A change counts when the newest file is this old, or looked the same for this long: before, someone may still be writing. */
export const SETTLE_MS = 200;

export interface WatchedDirectory {
  /** The workflows by name, sorted, as of now. The same map while nothing changed; empty while there is no directory. */
  scan(now: number): ReadonlyMap<string, ParseResult>;
}

/** A workflow as it was read: undefined where the directory holds none of that name. */
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

/** Touches no file before the first scan. */
export function watchDirectory(root: string, judges: Judges): WatchedDirectory {
  const held = new Map<string, Held>();
  let results: ReadonlyMap<string, ParseResult> = new Map();
  let isFirstScan = true;

  const read = (name: string): Version => {
    const files = diskFiles(root);
    const result = hasIndex(root, name) ? parseWorkflow(name, files, judges) : undefined;
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
    const next = read(name);
    const settled = hasSettled(entry, next.stamps, now);
    if (settled || (isFirstScan && !entry.current)) {
      entry.current = keepEqual(entry.current, next);
      entry.provisional = !settled;
    }
  };

  return {
    scan(now) {
      const names = new Set([...workflowNames(root), ...held.keys()]);
      for (const name of [...names].sort()) refresh(name, now);
      isFirstScan = false;
      const next = collect(held);
      if (!isSameMap(results, next)) results = next;
      return results;
    },
  };
}

/** By the files' times where the clock allows it, else by watching: a time in the future must not hold an edit back for ever. */
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

/** The old result where the new one says the same, so that nobody takes a touched file for a change. */
function keepEqual(old: Version | undefined, next: Version): Version {
  const isEqual = old?.result && next.result && JSON.stringify(old.result) === JSON.stringify(next.result);
  return isEqual ? { result: old.result, stamps: next.stamps } : next;
}

/** Forgets the names that stand for nothing any more. */
function collect(held: Map<string, Held>): ReadonlyMap<string, ParseResult> {
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

function workflowNames(root: string): string[] {
  try {
    return readdirSync(root).filter((name) => isVisible(name) && hasIndex(root, name));
  } catch {
    return [];
  }
}

function isVisible(name: string): boolean {
  return !name.startsWith(".") && name !== "node_modules";
}

/** Also where the index cannot be read, or leads nowhere: that is a broken workflow, not a missing one. */
function hasIndex(root: string, name: string): boolean {
  try {
    return lstatSync(join(root, name, "index.md"), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOTDIR");
  }
}
