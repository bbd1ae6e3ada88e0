/** The directories for runs' own files, each beside what the server keeps of that run, so that they go together. */
import { join } from "node:path";
import type { FilesPlace, RunFiles } from "../run-files.ts";
import { faultOf, isDirectory, privateDirectory } from "./own-directory.ts";
import { putWhole } from "./private-files.ts";

/** `directory`: of all kept files; it may be another one at each call. */
export function createRunFiles(directory: () => string): RunFiles {
  /** From the outermost in; the last is the run's. */
  function pathsOf(rootId: string): [kept: string, run: string, files: string] {
    const kept = directory();
    const run = join(kept, rootId);
    return [kept, run, join(run, "files")];
  }

  async function open(rootId: string): Promise<FilesPlace> {
    const paths = pathsOf(rootId);
    for (const path of paths) {
      const fault = await privateDirectory(path).then(() => null, faultOf);
      if (fault !== null) return { fault };
    }
    return { path: paths[2] };
  }

  return {
    offered: true,
    open,
    async keep(rootId, name, value) {
      const place = await open(rootId);
      if ("fault" in place) return null;
      const path = join(place.path, name);
      const bytes = Buffer.from(JSON.stringify(value, null, 2));
      return putWhole(path, bytes).then(
        () => path,
        () => null,
      );
    },
    async find(rootId) {
      const paths = pathsOf(rootId);
      for (const path of paths) if (!(await isDirectory(path))) return null;
      return paths[2];
    },
  };
}
