/** The kinds of checks, in the order in which messages list them. */
import { changed } from "./changed.ts";
import { command } from "./command.ts";
import { edits } from "./edits.ts";
import { file } from "./file.ts";
import { run } from "./run.ts";
import { unchanged } from "./unchanged.ts";

export const KINDS = [run, command, file, changed, unchanged, edits] as const;
