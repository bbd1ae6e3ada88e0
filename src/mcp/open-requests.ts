/** The requests of one client that wait for their answer. */

interface Open {
  id: unknown;
  controller: AbortController;
}

export interface OpenRequests {
  /** The request is open from now on, until what it returns is ended. Two may have one id. */
  begin(id: string | number): { signal: AbortSignal; end(): void };
  /** Aborts those of that id; says whether there was one. */
  cancel(id: unknown): boolean;
  /** Aborts all. */
  cancelAll(): void;
}

export function createOpenRequests(): OpenRequests {
  const open = new Set<Open>();

  function abort(meant: Open[]): void {
    for (const { controller } of meant) controller.abort();
  }

  return {
    begin(id) {
      const asked = { id, controller: new AbortController() };
      open.add(asked);
      return { signal: asked.controller.signal, end: () => void open.delete(asked) };
    },
    cancel(id) {
      const meant = [...open].filter((each) => each.id === id);
      abort(meant);
      return meant.length > 0;
    },
    cancelAll: () => abort([...open]),
  };
}
