/** A digest of the files that a glob matches, as git tells it. */
import type { Looking } from "../check-kinds/looking.ts";
import type { ChangeProbe } from "../project.ts";
import { endMarked, MARK } from "./marked-processes.ts";

interface Git {
  environment: Record<string, string>;
  changes: ChangeProbe;
}

/** Null where git cannot tell. A project's settings can let git start programs (filters): none is left when this is told. */
export async function fingerprintOf(
  glob: string,
  { project, attempt, signal }: Pick<Looking, "project" | "attempt"> & Partial<Looking>,
  { environment, changes }: Git,
): Promise<string | null> {
  const marked = { ...environment, [MARK]: attempt };
  const found = await changes.fingerprint(project, glob, { environment: marked, ...(signal ? { signal } : {}) });
  await endMarked(attempt);
  return found;
}
