/** The workflows that a workflow uses: their places, and the private ones inside its own directory, read with it. */
import { posix } from "node:path";
import { MAX_BRANCH_DEPTH } from "../workflow.ts";
import type { ParseResult, Place, PlacedName, Use } from "./parse-result.ts";
import { nearest, type Origin } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { withSource } from "./sources.ts";
import type { PlacedExtras } from "./step-extras.ts";

/** What the step of that name says of its branches; undefined if it has none. */
export function placedUse(
  step: string,
  { branching, keys }: Pick<PlacedExtras, "branching" | "keys">,
  { files }: Reading,
): Use | undefined {
  const at = keys.get("uses")?.at;
  if (!branching || !at) return undefined;
  const placed = (where: Origin): Place => withSource([where], files)[0] ?? where;
  const { uses, withAt, parallelAt } = branching;
  return {
    step,
    at: placed(at),
    names: uses.map((each) => ({ ...each, at: placed(each.at) })),
    withAt: Object.fromEntries([...withAt].map(([key, each]) => [key, placed(each)])),
    ...(parallelAt ? { parallelAt: placed(parallelAt) } : {}),
  };
}

/** Most private workflows of one of the list: symbolic links may make a directory that has no end. */
export const MAX_PRIVATES = 50;

/** Reads those among the names that were not read yet; one that is not there becomes a problem of whoever names it. */
export function readPrivates(
  names: readonly PlacedName[],
  reading: Reading,
  read: (name: string) => ParseResult,
): void {
  const { privates, files, problems } = reading;
  for (const { name, written, isPrivate, at } of names) {
    if (!isPrivate || privates.has(name) || problems.isFull) continue;
    const index = files.read(`${name}/index.md`);
    if (!index.ok && index.reason === "missing")
      problems.add("USES_UNKNOWN", at, {
        message: `There is no workflow "${written}": there is no file "${name}/index.md"`,
        hint: missingHint(name, at.file, reading),
      });
    else if (reading.level === MAX_BRANCH_DEPTH)
      problems.add("USES_TOO_DEEP", at, {
        message: `"${name}" is used more than ${MAX_BRANCH_DEPTH} levels below "${name.split("/", 1)[0]}"`,
        hint: "Let a workflow further up use it",
      });
    else if (privates.size >= MAX_PRIVATES)
      problems.add("USES_TOO_MANY", at, {
        message: `"${name.split("/", 1)[0]}" has more than ${MAX_PRIVATES} private workflows`,
        hint: "Let workflows of the list do the work of some",
      });
    else privates.set(name, read(name));
  }
}

function missingHint(name: string, from: string, { directory, files }: Reading): string {
  const all = files
    .list(directory)
    .filter((path) => posix.basename(path) === "index.md" && path !== `${directory}/index.md`);
  const written = all.map((path) => {
    const relative = posix.relative(posix.dirname(from), posix.dirname(path));
    return relative.startsWith("../") ? relative : `./${relative}`;
  });
  const relative = posix.relative(posix.dirname(from), name);
  const sameName = written.find((path) => posix.basename(path) === posix.basename(name));
  const near = sameName ?? nearest(relative.startsWith("../") ? relative : `./${relative}`, written);
  return near ? `Did you mean "${near}"?` : `Create "${name}/index.md"; the path is relative to "${from}"`;
}
