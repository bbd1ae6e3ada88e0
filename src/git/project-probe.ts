/** What is told of a project's git, without running anything that the project brings. */
import type { ProjectProbe } from "../project.ts";
import { createHeadReader } from "./head.ts";
import { modifiedIn } from "./modified.ts";

/** `environment` is the whole of what git is started with. */
export function createGitProjectProbe({ environment }: { environment: Record<string, string> }): ProjectProbe {
  return { head: createHeadReader(), modified: (directory) => modifiedIn(directory, environment) };
}
