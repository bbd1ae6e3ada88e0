/**
 * What a run changed in its project, as a person is shown it before they decide. Nothing is started that the project or
 * its settings name; of the project's repository nothing is written, and nothing believed that an agent could have put
 * there: files are read as they stand, and what they are compared with is kept in a scratch of the run's own.
 */
import { cp, realpath, rename } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import type { Exhibit, Exhibits, ShownRun } from "../approval.ts";
import { oneLine } from "../words.ts";
import { type Base, lastCommit, noteBase, notePatterns, readBase } from "./run-base.ts";
import { openScratch } from "./scratch.ts";
import { bringObjects, type Difference, differences, type Trees, writeTree } from "./scratch-tree.ts";
import { shownDiff } from "./shown-diff.ts";
import { type Place, pathsIn, patternsAbove, placeOf } from "./shown-paths.ts";
import { keepBytes, type Look, type Snapshot, snapshotOf, textEntry } from "./snapshot.ts";

const TIME_LIMIT_MS = 10_000;
/** How often files are looked at that change meanwhile. */
const MOST_LOOKS = 3;

/** The directory of what is noted of a run. */
const SCRATCH = "changes.git";
const WHAT = "changes";
const NO_GIT = "the project is no git repository: no changes can be shown";
const REFUSED = "git does not work in the project: run `git status` there, it says why";
const TOO_SLOW = `it takes longer than ${TIME_LIMIT_MS / 1000} s to look at the project's files`;
const NO_BASE = "it is not known what the run found; compared with the last commit";
const BROKEN = "what the files were before is missing from the repository: no changes can be shown";
const LOST = "what the run found is not kept any more; compared with the last commit";

interface Parts {
  /** The whole environment that git is started with. */
  environment: Record<string, string>;
  /** A directory for this user alone that goes with the run. */
  home(instanceId: string): Promise<string>;
  /** The server's own database: it and what stands beside it are no files of the project. */
  database(): string;
  timeLimitMs?: number;
}

export function createRunChanges(parts: Parts): Pick<Exhibits, "begin" | "changes" | "between"> {
  return {
    async begin(run, forkedFrom) {
      if (forkedFrom !== undefined) await takeOver(parts, run, forkedFrom).catch(() => {});
      else
        await attempt(parts, run, async (at) => {
          if (await readBase(at.scratch)) return;
          await notePatterns(at.place, at.scratch);
          await noteBase(await present(at, null), at.place, at);
        }).catch(() => {}); // `changes` says that it is not known what the run found
    },
    async changes(run) {
      try {
        return (await attempt(parts, run, look)) ?? { what: WHAT, digest: null, fault: NO_GIT };
      } catch (error) {
        const fault = error instanceof Error ? error.message : String(error);
        return { what: WHAT, digest: null, fault: oneLine(fault, 200) };
      }
    },
    async between(run, before, now) {
      const [then, since] = [treeIn(before), treeIn(now)];
      if (!then || !since) return null;
      const found = await attempt(parts, run, ({ scratch }) =>
        differences({ before: then, now: since }, scratch),
      ).catch(() => null);
      return found?.map(({ path }) => Buffer.from(path, "latin1").toString("utf8")) ?? null;
    },
  };
}

/** What is noted for another run, as it is; nothing if nothing is. It is there whole, or not at all. */
async function takeOver({ home }: Parts, { instance_id }: ShownRun, from: string): Promise<void> {
  const there = join(await home(instance_id), SCRATCH);
  const part = `${there}.part`;
  await cp(join(await home(from), SCRATCH), part, { recursive: true });
  await rename(part, there);
}

/** The present tree of a digest of `changes`. */
function treeIn(digest: string): string | undefined {
  return /^[0-9a-f]*\.\.([0-9a-f]+)$/.exec(digest)?.[1];
}

interface At extends Look {
  place: Place;
  /** Where the database is in the project, one byte a character; null if it is elsewhere. */
  database: string | null;
}

/** Null if there is no git repository. */
async function attempt<T>(parts: Parts, run: ShownRun, act: (at: At) => Promise<T>): Promise<T | null> {
  const signal = AbortSignal.timeout(parts.timeLimitMs ?? TIME_LIMIT_MS);
  const directory = await realpath(run.project);
  const environment = { ...parts.environment, GIT_NO_REPLACE_OBJECTS: "1" };
  const place = await placeOf({ directory, environment, signal }).catch(() => {
    throw new Error(signal.aborted ? TOO_SLOW : REFUSED);
  });
  if (!place) return null;
  for (let looks = 1; ; looks++) {
    try {
      const scratch = await openScratch(join(await parts.home(run.instance_id), SCRATCH), place);
      return await act({ project: directory, place, scratch, signal, database: inside(parts.database(), directory) });
    } catch (error) {
      if (signal.aborted) throw new Error(TOO_SLOW);
      if (looks === MOST_LOOKS) throw error;
    }
  }
}

function inside(path: string, directory: string): string | null {
  const found = relative(directory, path).split(sep).join("/");
  return found.startsWith("../") ? null : Buffer.from(found).toString("latin1");
}

/** The files as they stand, and with them those that `base` has even if they are ignored by now. */
async function present(at: At, base: Base | null): Promise<Snapshot> {
  const paths = await pathsIn(at.place, at.scratch);
  for (const path of base?.snapshot.keys() ?? []) paths.add(path);
  for (const path of paths) if (isOwn(path, at)) paths.delete(path);
  const snapshot = await snapshotOf(paths, base?.snapshot ?? new Map(), at);
  for (const [name, text] of await patternsAbove(at.place)) snapshot.set(name, textEntry(text, at));
  return snapshot;
}

function isOwn(path: string, { database }: At): boolean {
  if (database === null || !path.startsWith(database)) return false;
  return /^($|-[a-z]+$|\.files\/)/.test(path.slice(database.length));
}

async function look(at: At): Promise<Exhibit> {
  const base = await readBase(at.scratch);
  const snapshot = await present(at, base);
  const now = await writeTree(snapshot, at.scratch);
  const exhibit = { what: WHAT, digest: `${base?.tree ?? ""}..${now}` };
  const shown = base && (await compared({ before: base.tree, now }, snapshot, at));
  if (shown) return { ...exhibit, ...shown };
  const before = await writeTree(await lastCommit(at.place), at.scratch);
  const instead = await compared({ before, now }, snapshot, at);
  if (!instead) return { ...exhibit, fault: BROKEN };
  return { ...exhibit, fault: base ? LOST : NO_BASE, ...instead };
}

type Shown = Pick<Exhibit, "stat" | "text" | "bytes" | "changed_at">;

/** Null if what one of the files was is not there any more. */
async function compared(trees: Trees, snapshot: Snapshot, at: At): Promise<Shown | null> {
  const found = await differences(trees, at.scratch);
  if (found.length === 0) return {};
  await keepBytes(
    found.filter((each) => each.new).map(({ path }) => path),
    snapshot,
    at,
  );
  const olds = found.flatMap(({ old }) => old ?? []);
  const isThere = await bringObjects(olds, at.place.objects, at.scratch).then(
    () => true,
    () => false,
  );
  at.signal.throwIfAborted();
  return isThere ? { ...(await shownDiff(trees, at.scratch)), ...newest(found, snapshot) } : null;
}

function newest(found: Difference[], snapshot: Snapshot): Pick<Exhibit, "changed_at"> {
  let last = 0; // there may be more files than a call takes arguments
  for (const { path } of found) last = Math.max(last, snapshot.get(path)?.changed ?? 0);
  return last > 0 ? { changed_at: new Date(last).toISOString() } : {};
}
