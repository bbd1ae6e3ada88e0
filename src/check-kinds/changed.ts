/** `changed: src/**`: files in the project that git must say changed since the visit was first handed out. */
import { z } from "zod";
import { readGlob } from "./forms.ts";
import type { CheckKind } from "./kind.ts";
import { failed, namesOf } from "./looking.ts";

const schema = z.object({ kind: z.literal("changed"), glob: z.string() });

export const changed: CheckKind<typeof schema> = {
  kind: "changed",
  schema,
  example: "changed: src/**",
  options: [],
  read(main) {
    const glob = readGlob("changed", main);
    return typeof glob === "string" ? { kind: "changed", glob } : glob;
  },

  subject: ({ glob }) => glob,
  identity: ({ glob }) => glob,

  startsProgram: false,
  mayTakeLong: true,
  noted: ({ glob }) => ({ files: { glob }, withNames: false }),

  async look({ glob }, { project, baseline, signal }, tools) {
    const before = baseline?.[glob] ?? null;
    if (before === null)
      return failed(
        `git could not tell what ${glob} was when the step was handed out: is the project a git repository?`,
      );
    const now = await tools.state({ glob });
    if (signal.aborted) return failed("stopped");
    if (now === null) return failed(`git cannot tell what ${glob} is now; see that "git status" works in the project`);
    if (now.digest !== before) return { outcome: "passed" };
    const what = `in ${project}, git shows no change in ${glob} since the step was handed out`;
    return failed(`${what} (${matchWords(now.paths())})`);
  },
};

function matchWords(paths: string[]): string {
  if (paths.length === 0) return "no file matches";
  return `of ${paths.length} file${paths.length === 1 ? "" : "s"}: ${namesOf(paths)}`;
}
