/** The workflows that can be started: embedded ones and those of a directory, parsed when first asked for and kept up to date. */
import { realpathSync } from "node:fs";
import { sep } from "node:path";
import type { Log } from "../log.ts";
import type { Catalog, LoadedWorkflow, Problem, WorkflowSource } from "../workflow.ts";
import { memoryFiles } from "./files.ts";
import type { Judges } from "./judges.ts";
import { type ParseResult, parseWorkflow } from "./parse-workflow.ts";
import { watchDirectory } from "./watched-directory.ts";

export interface LibraryOptions {
  /** Absolute path of the definitions directory. It may be missing, come later and go again. */
  directory: string;
  /**
   * Where the directory must lie, symbolic links resolved: it was merely found, may not lead out of the project, and is
   * not trusted. Absent: a person named the directory.
   */
  within?: string;
  /** Built-in definitions by path, like `NAME/index.md`; the directory's win by name. Null: the directory alone is the list. */
  embedded: Readonly<Record<string, string>> | null;
  judges: Judges;
  log?: Log;
  /** Milliseconds since 1970, by the clock that also stamps the files. */
  now?: () => number;
}

/** Longest time for which a catalogue is handed out without another look at the files. */
export const RESCAN_MS = 250;

/**
 * Reads nothing before the first call of `catalog()`. That one hands out the same object while nothing changed, an edit
 * within half a second of its last write, and never throws for what stands in the directory.
 */
export function createLibrary(options: LibraryOptions): WorkflowSource {
  const { directory, judges, log, now = Date.now } = options;
  const watched = watchDirectory(directory, judges);
  let embedded: ReadonlyMap<string, ParseResult> | undefined;
  let local: ReadonlyMap<string, ParseResult> | undefined;
  let catalog: Catalog = { workflows: new Map(), invalid: new Map() };
  let scannedAt = Number.NEGATIVE_INFINITY;

  const refresh = (): void => {
    embedded ??= parseEmbedded(options.embedded ?? {}, judges);
    const scanned = leadsOut(directory, options.within) ? NOTHING : watched.scan(now());
    if (scanned === local) return;
    local = scanned;
    catalog = merge(embedded, scanned, { localTrusted: options.within === undefined });
    const fields = { workflows: catalog.workflows.size, invalid: [...catalog.invalid.keys()] };
    if (fields.invalid.length > 0) log?.warn(fields, "definitions read; some are invalid");
    else log?.debug(fields, "definitions read");
  };

  return {
    async catalog() {
      const elapsed = now() - scannedAt;
      // A clock that was set back must not stop the looking.
      if (elapsed < 0 || elapsed >= RESCAN_MS) {
        scannedAt = now();
        refresh();
      }
      return catalog;
    },
  };
}

const NOTHING: ReadonlyMap<string, ParseResult> = new Map();

/** Whether the directory is there, but by a symbolic link to somewhere else. */
function leadsOut(directory: string, within: string | undefined): boolean {
  if (within === undefined) return false;
  try {
    return !realpathSync(directory).startsWith(`${realpathSync(within)}${sep}`);
  } catch {
    return false; // there is none
  }
}

function parseEmbedded(texts: Readonly<Record<string, string>>, judges: Judges): ReadonlyMap<string, ParseResult> {
  const files = memoryFiles(texts);
  const paths = Object.keys(texts).filter((path) => /^[^/]+\/index\.md$/.test(path));
  const names = paths.map((path) => path.slice(0, path.indexOf("/"))).sort();
  return new Map(names.map((name) => [name, parseWorkflow(name, files, judges)]));
}

/** A local workflow hides the embedded one of its name also when it is broken: that is the one its author means. */
function merge(
  embedded: ReadonlyMap<string, ParseResult>,
  local: ReadonlyMap<string, ParseResult>,
  { localTrusted }: { localTrusted: boolean },
): Catalog {
  const workflows = new Map<string, LoadedWorkflow>();
  const invalid = new Map<string, Problem[]>();
  const all = new Map([...embedded, ...local]);
  for (const name of [...all.keys()].sort()) {
    const result = all.get(name);
    const trusted = localTrusted || !local.has(name);
    if (result?.ok) workflows.set(name, { workflow: result.workflow, hash: result.hash, trusted });
    else if (result) invalid.set(name, result.problems);
  }
  return { workflows, invalid };
}
