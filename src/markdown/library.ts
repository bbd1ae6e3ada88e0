/** The workflows that can be started: embedded ones and those of a directory, parsed when first asked for and kept up to date. */
import { realpathSync } from "node:fs";
import { join, sep } from "node:path";
import type { Log } from "../log.ts";
import type { Catalog, LoadedWorkflow, Problem, WorkflowSource } from "../workflow.ts";
import { memoryFiles } from "./files.ts";
import type { Judges } from "./judges.ts";
import { linkWorkflows } from "./linked-workflows.ts";
import type { ParseResult } from "./parse-result.ts";
import { parseWorkflow } from "./parse-workflow.ts";
import { watchDirectory } from "./watched-directory.ts";

/** Where definitions lie. */
export type Place =
  /** Built in, by path, like `NAME/index.md`. */
  | { texts: Readonly<Record<string, string>> }
  /**
   * An absolute path, which may be missing, come later and go again. Without `within`, a person named the directory.
   * With it, the directory was found there: it may not lead out of it, symbolic links resolved, and is not trusted.
   */
  | { directory: string; within?: string };

export interface LibraryOptions {
  /** A later place wins by name. */
  places: readonly Place[];
  judges: Judges;
  log?: Log;
  /** Milliseconds since 1970, by the clock that also stamps the files. */
  now?: () => number;
}

/** Longest time for which a catalogue is handed out without another look at the files. */
export const RESCAN_MS = 250;

/**
 * Reads nothing before the first call of `catalog()`. The catalogue is the same object while nothing changed, shows an
 * edit within half a second of its last write, and never throws for what stands in a directory.
 */
export function createLibrary({ places, judges, log, now = Date.now }: LibraryOptions): WorkflowSource {
  const layers = places.map((place) => layerOf(place, judges));
  const named = places.map((place) => ("texts" in place ? "the built-in workflows" : place.directory));
  let read: readonly ReadonlyMap<string, ParseResult>[] | undefined;
  let catalog: Catalog = { workflows: new Map(), invalid: new Map(), places: named };
  let scannedAt = Number.NEGATIVE_INFINITY;

  const refresh = (): void => {
    const scanned = layers.map(({ scan }) => scan(now()));
    if (scanned.every((each, at) => each === read?.[at])) return;
    read = scanned;
    catalog = {
      ...merge(scanned.map((results, at) => ({ results, trusted: layers[at]?.trusted === true }))),
      places: named,
    };
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

/** One place as it is looked at again and again; the same map while nothing changed. */
interface Layer {
  trusted: boolean;
  scan(now: number): ReadonlyMap<string, ParseResult>;
}

function layerOf(place: Place, judges: Judges): Layer {
  if ("texts" in place) {
    let parsed: ReadonlyMap<string, ParseResult> | undefined;
    return { trusted: true, scan: () => (parsed ??= parseEmbedded(place.texts, judges)) };
  }
  const { directory, within } = place;
  const watched = watchDirectory(directory, judges);
  return { trusted: within === undefined, scan: (now) => (leadsOut(directory, within) ? NOTHING : watched.scan(now)) };
}

const NOTHING: ReadonlyMap<string, ParseResult> = new Map();

/** Whether the directory is there, but leads out of `within` by a symbolic link. */
function leadsOut(directory: string, within: string | undefined): boolean {
  if (within === undefined) return false;
  try {
    return !realpathSync(directory).startsWith(join(realpathSync(within), sep));
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

/**
 * A workflow hides those of its name in earlier places even if it is broken: it is the one that its author means. The same
 * holds for whoever uses it.
 */
function merge(layers: { results: ReadonlyMap<string, ParseResult>; trusted: boolean }[]): Omit<Catalog, "places"> {
  const workflows = new Map<string, LoadedWorkflow>();
  const invalid = new Map<string, Problem[]>();
  const all = new Map(
    layers.flatMap(({ results, trusted }) =>
      [...results].map(([name, result]) => [name, { result, trusted }] as const),
    ),
  );
  const sorted = new Map([...all].sort(([left], [right]) => (left < right ? -1 : 1)));
  for (const [name, linked] of linkWorkflows(sorted)) {
    if (!linked.ok) invalid.set(name, linked.problems);
    else workflows.set(name, linked.loaded);
  }
  return { workflows, invalid };
}
