/** The kinds of checks, in the order in which messages list them. */
import { changed } from "./changed.ts";
import { command } from "./command.ts";
import { file } from "./file.ts";
import { run } from "./run.ts";

export const KINDS = [run, command, file, changed] as const;
