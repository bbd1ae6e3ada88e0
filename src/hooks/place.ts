/** Where a path leads, links followed, also if what it names is not there yet. Looks at the file system, and changes nothing. */
import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, relative, resolve, sep } from "node:path";

/** Most links that lead on to what is not there. */
const MOST_LINKS = 40;

/** The directory and those that it lies in, links resolved; just itself if it is not there. */
export function withParents(directory: string): string[] {
  const all = [realPlace(directory)];
  for (let at = dirname(all[0] ?? ""); at !== all.at(-1); at = dirname(at)) all.push(at);
  return all;
}

/** The path below the project with slashes, of the file that a write to `path` would change; null if it lies outside. */
export function inProject(path: string, { project, cwd }: { project: string; cwd: string }): string | null {
  const below = relative(project, realPlace(resolve(cwd, path)));
  if (below === "" || below === ".." || below.startsWith(`..${sep}`) || resolve(below) === below) return null;
  return below.split(sep).join("/");
}

export function realPlace(path: string, links = 0): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    if (parent === path) return path;
    const place = resolve(realPlace(parent, links), basename(path));
    const target = links < MOST_LINKS ? linkAt(place) : null;
    return target === null ? place : realPlace(resolve(dirname(place), target), links + 1);
  }
}

function linkAt(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}
