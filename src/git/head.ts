/** Which commit HEAD names, read from git's files without starting git. */
import { join, resolve } from "node:path";
import { findGitDir, isUnchanged, readEnd, readStart, type Seen } from "./git-dir.ts";

const ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** `<old id> <new id> <who> …`, as each line of HEAD's log begins. */
const LOG_LINE = /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) /;
/** Most directories whose result is remembered; a server rarely sees more than one. */
const MAX_REMEMBERED = 100;

/**
 * Tells a commit's id; null if there is no git, no commit yet, or it cannot be told. It is asked at each report, so
 * while the files are the same it only looks at them, once in a turn of the event loop.
 */
export function createHeadReader(): (directory: string) => string | null {
  const known = new Map<string, { id: string | null; seen: Seen }>();
  const looked = new Set<string>();

  function isFresh(directory: string, seen: Seen): boolean {
    if (looked.has(directory)) return true;
    if (looked.size === 0) setImmediate(() => looked.clear());
    looked.add(directory);
    return isUnchanged(seen);
  }

  return (directory) => {
    try {
      const before = known.get(directory);
      if (before && isFresh(directory, before.seen)) return before.id;
      const seen: Seen = new Map();
      const id = headOf(directory, seen);
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(directory, { id, seen });
      return id;
    } catch {
      return null; // no permission, or a link that leads round
    }
  };
}

function headOf(directory: string, seen: Seen): string | null {
  const found = findGitDir(directory, seen);
  const head = found && readStart(join(found.own, "HEAD"), seen)?.text.trim();
  if (!head || ID.test(head)) return head || null;
  const ref = /^ref: (refs\/.+)$/.exec(head)?.[1];
  if (ref === undefined || ref.split("/").includes("..")) return null;
  return refIn(found.own, ref, seen);
}

/** The id that a ref stands for: from a file of its own, from the packed ones, else from the log of HEAD. */
function refIn(own: string, ref: string, seen: Seen): string | null {
  const shared = resolve(own, readStart(join(own, "commondir"), seen)?.text.trim() || ".");
  const loose = readStart(join(shared, ref), seen)?.text.trim();
  if (loose !== undefined) return ID.test(loose) ? loose : null;
  const packed = readStart(join(shared, "packed-refs"), seen);
  const line = packed?.text.split("\n").find((each) => each.endsWith(` ${ref}`));
  const id = line?.slice(0, line.indexOf(" "));
  if (id !== undefined || !packed || packed.whole) return id !== undefined && ID.test(id) ? id : null;
  const last = readEnd(join(own, "logs/HEAD"), seen)?.trimEnd().split("\n").pop() ?? "";
  return LOG_LINE.exec(last)?.[1] ?? null;
}
