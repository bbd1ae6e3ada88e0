/** `file: notes.md`: a file in the project that must exist and not be empty. */
import { z } from "zod";
import { oneLine } from "../words.ts";
import { PATH_HINT, readPath } from "./forms.ts";
import type { CheckKind } from "./kind.ts";
import { failed } from "./looking.ts";

const schema = z.object({ kind: z.literal("file"), path: z.string() });

export const file: CheckKind<typeof schema> = {
  kind: "file",
  schema,
  example: "file: notes.md",
  options: [],
  read(main) {
    const path = readPath("file", main);
    if (typeof path !== "string") return path;
    if (/^(\.\/*)+$/.test(path)) return { key: "file", why: "is the project itself", hint: PATH_HINT };
    if (path.includes("*")) return { key: "file", why: `is "${oneLine(path, 80)}", which holds "*"`, hint: FILE_HINT };
    return { kind: "file", path };
  },

  subject: ({ path }) => path,
  identity: ({ path }) => path,

  startsProgram: false,
  mayTakeLong: false,

  async look({ path }, _at, tools) {
    const fault = await tools.fileFault(path);
    return fault === null ? { outcome: "passed" } : failed(fault);
  },
};

const FILE_HINT = 'Name one file, like "docs/plan.md"; globs are for "changed"';
