/**
 * The definitions that runs are pinned to, each parsed once. What is compiled of one (routes, schemas, candidates) hangs on
 * its objects, so the engine hands out the same objects for the same hash, whatever the store returns.
 */
import { AppError } from "../errors.ts";
import type { Instance } from "../instance.ts";
import type { Store } from "../store.ts";
import type { LoadedWorkflow, Workflow } from "../workflow.ts";

/** A server rarely sees more. */
const MAX_KEPT = 100;

export interface Definitions {
  /** The definition that an instance is pinned to. Throws PERSISTENCE_ERROR if the store does not have it. */
  of(store: Store, instance: Pick<Instance, "instance_id" | "definition">): Promise<Workflow>;
  /** Keeps a definition whose objects are in use already. */
  keep(loaded: Pick<LoadedWorkflow, "hash" | "workflow">): void;
}

export function createDefinitions(): Definitions {
  const kept = new Map<string, Workflow>();

  function keep({ hash, workflow }: Pick<LoadedWorkflow, "hash" | "workflow">): void {
    const oldest = kept.size >= MAX_KEPT ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(hash, workflow);
  }

  return {
    keep,
    async of(store, { instance_id, definition }) {
      const known = kept.get(definition);
      if (known) return known;
      const found = await store.definition(definition);
      if (!found) throw missing(instance_id);
      keep({ hash: definition, workflow: found });
      return found;
    },
  };
}

function missing(instance_id: string): AppError {
  return new AppError("PERSISTENCE_ERROR", `The definition of instance "${instance_id}" is not in the database.`, {
    hint: "The file is damaged or was edited by another program; restore it from a backup.",
  });
}
