/** What reading one workflow yields, before it is put together with those that it uses. */
import type { LoadedWorkflow, Problem } from "../workflow.ts";
import type { Origin } from "./problems.ts";

/** A place with the line that stands there. */
export interface Place extends Origin {
  source?: string;
}

/** A workflow that a step uses. */
export interface PlacedName {
  /** Its name among those of the list, or the directory of a private one. */
  name: string;
  /** As its author wrote it. */
  written: string;
  isPrivate: boolean;
  at: Origin;
}

/** What a step says of its branches, with its places. */
export interface Use {
  /** The step's name. */
  step: string;
  /** Where `uses` stands. */
  at: Place;
  names: readonly (PlacedName & { at: Place })[];
  /** By key of `with`. */
  withAt: Readonly<Record<string, Place>>;
  /** Where `max_parallel` stands. */
  parallelAt?: Place;
}

/**
 * A workflow that is right by itself, or all that is wrong with it. The hash does not cover those that it uses, nor does the
 * definition hold them yet. Plain data: two that say the same are the same as JSON.
 */
export type ParseResult =
  | (Omit<LoadedWorkflow, "trusted"> & {
      ok: true;
      /** The steps that other runs do. */
      uses?: readonly Use[];
      /** By name: the private workflows that it uses, or that one of these does. */
      privates?: Readonly<Record<string, ParseResult>>;
    })
  | { ok: false; problems: Problem[] };
