/**
 * Tells when definitions changed, and when a watched run did, also by another process. Looks only while somebody listens,
 * so that a server which nobody asked anything does nothing.
 */
import type { Engine } from "../engine/engine.ts";

/** Edits are to be seen within a second. */
const LOOK_MS = 700;

export interface Changes {
  /** Calls back after each change of the definitions; resolves to what ends that. */
  onCatalog(listener: () => void): () => void;
  /** Calls back after each change of the run. */
  onInstance(instanceId: string, listener: () => void): () => void;
}

export function createChanges(engine: Engine): Changes {
  const catalogListeners = new Set<() => void>();
  const instances = new Map<string, { seen: string | null; listeners: Set<() => void> }>();
  let catalog: unknown = null;
  let timer: Timer | undefined;

  async function look(): Promise<void> {
    if (catalogListeners.size > 0) {
      const now = await engine.catalog();
      if (catalog !== null && now !== catalog) for (const tell of catalogListeners) tell();
      catalog = now;
    }
    for (const [instance_id, watched] of instances) {
      const now = await stateOf(instance_id);
      if (watched.seen !== null && now !== watched.seen) for (const tell of watched.listeners) tell();
      watched.seen = now;
    }
  }

  /** Which state the run is in; empty where it cannot be read. */
  async function stateOf(instance_id: string): Promise<string> {
    try {
      const { instance } = await engine.status({ instance_id, history_limit: 0 });
      return String(instance.version);
    } catch {
      return "";
    }
  }

  /** A look that fails is made again at the next turn; no call waits for it. */
  function lookQuietly(): void {
    look().catch(() => {});
  }

  function keepLooking(): void {
    const wanted = catalogListeners.size > 0 || instances.size > 0;
    if (wanted && timer === undefined) {
      lookQuietly();
      timer = setInterval(lookQuietly, LOOK_MS);
      timer.unref();
    }
    if (wanted) return;
    clearInterval(timer);
    timer = undefined;
    catalog = null;
  }

  return {
    onCatalog(listener) {
      catalogListeners.add(listener);
      keepLooking();
      return () => {
        catalogListeners.delete(listener);
        keepLooking();
      };
    },
    onInstance(instanceId, listener) {
      const watched = instances.get(instanceId) ?? { seen: null, listeners: new Set() };
      instances.set(instanceId, watched);
      watched.listeners.add(listener);
      if (watched.seen === null) void stateOf(instanceId).then((state) => (watched.seen ??= state));
      keepLooking();
      return () => {
        watched.listeners.delete(listener);
        if (watched.listeners.size === 0) instances.delete(instanceId);
        keepLooking();
      };
    },
  };
}
