/** The workflows that come with the executable. */
import { readWorkflows } from "./embedded.macro.ts" with { type: "macro" };

/** Their files' texts by path, like `WORK/index.md`; fixed when the executable was built. */
export const EMBEDDED_WORKFLOWS: Readonly<Record<string, string>> = readWorkflows();
