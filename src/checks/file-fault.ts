/** Whether a file exists in the project and is not empty. It is never opened: opening a pipe or a device would block. */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";

/** Why not, in one line; null where it does. Links may lead anywhere inside the project, not out of it. */
export async function fileFault(path: string, project: string): Promise<string | null> {
  const found = await regularFile(path, project);
  if ("fault" in found) return found.fault;
  return found.size === 0 ? `${path} is empty` : null;
}

/** Where the file really is; or why there is none that may be read, in one line. */
export async function regularFile(
  path: string,
  project: string,
): Promise<{ real: string; size: number } | { fault: string }> {
  try {
    const root = await realpath(project);
    const named = resolve(root, path);
    if (!isWithin(named, root)) return { fault: `${path} leads out of the project` };
    const real = await realpath(named);
    if (!isWithin(real, root)) return { fault: `${path} leads out of the project by a symbolic link` };
    const found = await stat(real);
    if (found.isDirectory()) return { fault: `${path} is a directory` };
    if (!found.isFile()) return { fault: `${path} is no regular file` };
    await access(real, constants.R_OK);
    return { real, size: found.size };
  } catch (error) {
    return { fault: faultOfError(error, { path, project }) };
  }
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function faultOfError(error: unknown, { path, project }: { path: string; project: string }): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOENT" || code === "ENOTDIR") return `${path} is missing in ${project}`;
  if (code === "ELOOP") return `${path} is a loop of symbolic links`;
  return `${path} is not readable`;
}
