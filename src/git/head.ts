/** Which commit HEAD names, read from git's files without starting git. */
import { join, resolve } from "node:path";
import { findGitDir, readEnd, readStart } from "./git-dir.ts";

const ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** `<old id> <new id> <who> …`, as each line of HEAD's log begins. */
const LOG_LINE = /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) /;

/** The commit's id; null where there is no git, no commit yet, or it cannot be told. Two small files as a rule. */
export function headOf(directory: string): string | null {
  try {
    const found = findGitDir(directory);
    const head = found && readStart(join(found.own, "HEAD"))?.text.trim();
    if (!head || ID.test(head)) return head || null;
    const ref = /^ref: (refs\/.+)$/.exec(head)?.[1];
    if (ref === undefined || ref.split("/").includes("..")) return null;
    return refIn(found.own, ref);
  } catch {
    return null; // no permission, or a link that leads round
  }
}

/** The id that a ref stands for: from a file of its own, from the packed ones, else from the log of HEAD. */
function refIn(own: string, ref: string): string | null {
  const shared = resolve(own, readStart(join(own, "commondir"))?.text.trim() || ".");
  const loose = readStart(join(shared, ref))?.text.trim();
  if (loose !== undefined) return ID.test(loose) ? loose : null;
  const packed = readStart(join(shared, "packed-refs"));
  const line = packed?.text.split("\n").find((each) => each.endsWith(` ${ref}`));
  const id = line?.slice(0, line.indexOf(" "));
  if (id !== undefined || !packed || packed.whole) return id !== undefined && ID.test(id) ? id : null;
  const last = readEnd(join(own, "logs/HEAD"))?.trimEnd().split("\n").pop() ?? "";
  return LOG_LINE.exec(last)?.[1] ?? null;
}
