/** `edits: none`, `edits: [src/**]`: where the step may change files; git must say that nothing else changed. */
import { z } from "zod";
import type { Files } from "../project.ts";
import { nameOf } from "../written.ts";
import { readGlob } from "./forms.ts";
import type { CheckKind, Fault } from "./kind.ts";
import { keyOf } from "./looking.ts";
import { lookUnchanged } from "./unchanged.ts";

/** Most globs of one step. */
const MAX_GLOBS = 20;
const NONE = "none";

/** No globs: nothing may be changed. */
const schema = z.object({ kind: z.literal("edits"), globs: z.array(z.string()) });
type Edits = z.infer<typeof schema>;

export const edits: CheckKind<typeof schema> = {
  kind: "edits",
  schema,
  example: "edits: none",
  options: [],
  read(main) {
    if (main.kind === "scalar" && isNone(main.text)) return { kind: "edits", globs: [] };
    const items = main.kind === "list" ? main.items : [main];
    if (items.length === 0 || items.length > MAX_GLOBS) {
      return refuse(
        items.length === 0 ? "is an empty list" : `has ${items.length} globs, and ${MAX_GLOBS} are the most`,
      );
    }
    const odd = items.find((item) => item.kind === "scalar" && typeof item.value !== "string" && item.value !== null);
    if (odd) return refuse(`must name files; here it is ${nameOf(odd)}`);
    const globs = items.map((item) => readGlob("edits", item));
    const wrong = globs.find((glob) => typeof glob !== "string");
    if (wrong) return { ...wrong, hint: HINT };
    if (globs.some((glob) => typeof glob === "string" && isNone(glob))) return refuse(`has "${NONE}" among globs`);
    return { kind: "edits", globs: globs.filter((glob) => typeof glob === "string") };
  },

  subject: ({ globs }) => globs.join(" ") || NONE,
  identity: ({ globs }) => JSON.stringify(globs),

  startsProgram: false,
  mayTakeLong: true,
  noted: (check) => ({ files: elsewhere(check), withNames: true }),
  rule: (check) => `${allowed(check)}.`,

  /** Without git nobody can keep to it visibly: unlike a check that an author asked for, it does not stop the run then. */
  async look(check, at, tools) {
    const files = elsewhere(check);
    if (at.baseline?.[keyOf(files)] === null)
      return { outcome: "unchecked", reason: "git cannot tell what changes here" };
    const found = await lookUnchanged(files, at, tools);
    return found.outcome === "failed" ? { ...found, reason: `${allowed(check)}: ${found.reason}` } : found;
  },
};

const HINT = 'Write "edits: none", or globs of what the step may change, like "edits: [src/**, docs/plan.md]"';

/** In any case of letters: other languages write "None", and no file is meant. */
function isNone(text: string): boolean {
  return text.trim().toLowerCase() === NONE;
}

function allowed({ globs }: Edits): string {
  return globs.length > 0 ? `Change files only in ${globs.join(" | ")}` : "Change no files in this step";
}

function elsewhere({ globs }: Edits): Files {
  return { glob: "**", except: globs };
}

function refuse(why: string): Fault {
  return { key: "edits", why, hint: HINT };
}
