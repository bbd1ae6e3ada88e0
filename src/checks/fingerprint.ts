/** How the files of a project stand, as git tells it: a digest, and which of them differ from what was noted before. */
import { createHash } from "node:crypto";
import { type FilesState, keyOf, type Looking, type Noted } from "../check-kinds/looking.ts";
import type { ChangeProbe, Files } from "../project.ts";
import type { KeptFiles } from "./kept-files.ts";
import { endMarked, MARK } from "./marked-processes.ts";

interface Parts {
  environment: Record<string, string>;
  changes: ChangeProbe;
  files: KeptFiles;
}

/** By path, one byte a character. */
export type Ids = ReadonlyMap<string, string>;

/** Null if git cannot tell. */
export async function stateOf(files: Files, at: Looking, parts: Parts): Promise<FilesState | null> {
  const ids = await contents(files, at, parts);
  if (ids === null) return null;
  return {
    digest: digest(ids),
    paths: () => [...ids.keys()].map(readable).sort(),
    async changed() {
      const text = await parts.files.readNote(at, keyOf(files));
      return text === null ? null : differing(fromNote(text), ids).map(readable).sort();
    },
  };
}

/** Notes how they stand; null if git cannot tell. */
export async function noteState(
  { files, withNames }: Noted,
  at: Omit<Looking, "baseline" | "signal">,
  parts: Parts,
): Promise<string | null> {
  const ids = await contents(files, at, parts);
  if (ids === null) return null;
  if (withNames) await parts.files.note(at, keyOf(files), toNote(ids));
  return digest(ids);
}

/** A project's settings can let git start programs (filters): none is left when this is told. */
async function contents(
  files: Files,
  { project, attempt, signal }: Pick<Looking, "project" | "attempt"> & Partial<Looking>,
  { environment, changes }: Parts,
): Promise<Ids | null> {
  const marked = { ...environment, [MARK]: attempt };
  const found = await changes.contents(project, files, { environment: marked, ...(signal ? { signal } : {}) });
  await endMarked(attempt);
  return found;
}

export function digest(ids: Ids): string {
  const hash = createHash("sha256");
  for (const path of [...ids.keys()].sort()) hash.update(`${path}\0${ids.get(path)}\0`, "latin1");
  return hash.digest("hex");
}

export function differing(before: Ids, now: Ids): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((path) => before.get(path) !== now.get(path));
}

export function toNote(ids: Ids): Buffer {
  return Buffer.from([...ids].map(([path, id]) => `${path}\0${id}\0`).join(""), "latin1");
}

export function fromNote(note: Buffer): Ids {
  const parts = note.toString("latin1").split("\0");
  const ids = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) ids.set(parts[at] ?? "", parts[at + 1] ?? "");
  return ids;
}

export function readable(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}
