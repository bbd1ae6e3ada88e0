/** `unchanged: tests/**`: files in the project that git must say did not change since the visit was first handed out. */
import { z } from "zod";
import type { Files } from "../project.ts";
import { readGlob } from "./forms.ts";
import type { CheckKind } from "./kind.ts";
import { type Finding, failed, keyOf, type Looking, namesOf, type Tools } from "./looking.ts";

const schema = z.object({ kind: z.literal("unchanged"), glob: z.string() });

export const unchanged: CheckKind<typeof schema> = {
  kind: "unchanged",
  schema,
  example: "unchanged: tests/**",
  options: [],
  read(main) {
    const glob = readGlob("unchanged", main);
    return typeof glob === "string" ? { kind: "unchanged", glob } : glob;
  },

  subject: ({ glob }) => glob,
  identity: ({ glob }) => glob,

  startsProgram: false,
  mayTakeLong: true,
  noted: ({ glob }) => ({ files: { glob }, withNames: true }),

  look: ({ glob }, at, tools) => lookUnchanged({ glob }, at, tools),
};

/** Fails with the names of those that changed, as far as they can be told. */
export async function lookUnchanged(files: Files, at: Looking, tools: Tools): Promise<Finding> {
  const { project, baseline, signal } = at;
  const before = baseline?.[keyOf(files)] ?? null;
  if (before === null) return failed(UNTOLD);
  const now = await tools.state(files);
  if (signal.aborted) return failed("stopped");
  if (now === null) return failed('git cannot tell what changed; see that "git status" works in the project');
  if (now.digest === before) return { outcome: "passed" };
  const names = await now.changed();
  const what = `in ${project}, git shows changes since the step was handed out`;
  return failed(names && names.length > 0 ? `${what}: ${namesOf(names)}` : what);
}

const UNTOLD = "git could not tell how the files were when the step was handed out: is the project a git repository?";
