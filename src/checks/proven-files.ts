/** How the project's files stood when something was proved: a digest for the row, and their ids in a file beside it. */
import type { CheckResult, ProjectFiles } from "../check.ts";
import type { ChangeProbe } from "../project.ts";
import { differing, digest, fromNote, type Ids, readable, toNote } from "./fingerprint.ts";
import type { KeptFiles } from "./kept-files.ts";

const ALL = { glob: "**" };

interface Parts {
  environment: Record<string, string>;
  changes: ChangeProbe;
  files: KeptFiles;
}

export function createProjectFiles({ environment, changes, files }: Parts): ProjectFiles {
  const read = (project: string, signal?: AbortSignal): Promise<Ids | null> =>
    changes.contents(project, ALL, { environment, inert: true, ...(signal ? { signal } : {}) });

  /** Held as long as the call that they were read for. */
  const seen = new WeakMap<CheckResult, Ids>();

  return {
    async note(result, { instance_id, project, signal }) {
      const ids = await read(project, signal);
      if (ids === null) return result;
      const noted = { ...result, project_files: digest(ids) };
      seen.set(noted, ids);
      await files.keepState(instance_id, noted.project_files, () => toNote(ids));
      return noted;
    },
    async since({ instance_id, project }, digests, last) {
      const ids = (last && seen.get(last)) ?? (await read(project));
      if (ids === null) return new Map();
      const now = digest(ids);
      const stale = [...new Set(digests)].filter((before) => before !== now);
      const told = stale.map(async (before) => {
        const note = await files.readState(instance_id, before);
        const then = note && fromNote(note);
        const whole = then !== null && digest(then) === before; // one cut short names what did not change
        return [before, whole ? differing(then, ids).map(readable).sort() : null] as const;
      });
      return new Map(await Promise.all(told));
    },
  };
}
