/** What a client without a session is told by itself: it asks once, and that request stays open until either side ends it. */
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import { AppError } from "../errors.ts";
import type { Changes } from "./changes.ts";
import { SUBSCRIPTION_ID } from "./envelope.ts";
import { given, INTERNAL_ERROR, ProtocolError, readParams } from "./message.ts";
import { instanceIdIn, readResource } from "./resources.ts";

/** Most subscriptions at once, of all clients together. */
const MAX_OPEN = 1_000;
/** Most resources of one; each is looked at again and again. */
const MAX_RESOURCES = 100;

const Wanted = z.object({
  notifications: z.object({
    promptsListChanged: given(z.boolean()),
    resourcesListChanged: given(z.boolean()),
    resourceSubscriptions: given(z.array(z.string()).max(MAX_RESOURCES)),
  }),
});

interface Listener {
  id: string | number;
  params: unknown;
  signal: AbortSignal;
  send(notification: { method: string; params: object }): unknown;
}

export function createSubscriptions({ engine, changes }: { engine: Engine; changes: Changes }) {
  const open = new Set<() => void>();

  async function listen({ id, params, signal, send }: Listener): Promise<object> {
    if (open.size >= MAX_OPEN) throw new ProtocolError(INTERNAL_ERROR, `There are ${MAX_OPEN} subscriptions already.`);
    const over = Promise.withResolvers<void>();
    open.add(over.resolve);
    if (signal.aborted) over.resolve();
    signal.addEventListener("abort", () => over.resolve(), { once: true });
    const _meta = { [SUBSCRIPTION_ID]: id };
    const tell = (name: string, about: object = {}) =>
      void send({ method: `notifications/${name}`, params: { ...about, _meta } });
    let forget = () => {};
    try {
      const notifications = await granted(readParams(Wanted, params).notifications);
      tell("subscriptions/acknowledged", { notifications });
      forget = watch(notifications, tell);
      await over.promise;
      return { _meta };
    } finally {
      forget();
      open.delete(over.resolve);
    }
  }

  /** What of the wish can be kept: tools never change, and a resource must be there. */
  async function granted(wanted: z.infer<typeof Wanted>["notifications"]): Promise<Granted> {
    const { promptsListChanged, resourcesListChanged, resourceSubscriptions = [] } = wanted;
    const found: string[] = [];
    for (const uri of new Set(resourceSubscriptions)) if (await isThere(uri)) found.push(uri);
    return {
      ...(promptsListChanged ? { promptsListChanged } : {}),
      ...(resourcesListChanged ? { resourcesListChanged } : {}),
      ...(found.length > 0 ? { resourceSubscriptions: found } : {}),
    };
  }

  async function isThere(uri: string): Promise<boolean> {
    try {
      await readResource(engine, uri);
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  /** Returns what ends it. */
  function watch(granted: Granted, tell: (name: string, about?: object) => void): () => void {
    const { promptsListChanged, resourcesListChanged, resourceSubscriptions = [] } = granted;
    const updated = (uri: string) => tell("resources/updated", { uri });
    const workflows = resourceSubscriptions.filter((uri) => instanceIdIn(uri) === null);
    const ends = resourceSubscriptions.flatMap((uri) => {
      const id = instanceIdIn(uri);
      return id === null ? [] : [changes.onInstance(id, () => updated(uri))];
    });
    if (promptsListChanged || resourcesListChanged || workflows.length > 0) {
      const changed = () => {
        if (promptsListChanged) tell("prompts/list_changed");
        if (resourcesListChanged) tell("resources/list_changed");
        for (const uri of workflows) updated(uri);
      };
      ends.push(changes.onCatalog(changed));
    }
    return () => {
      for (const end of ends) end();
    };
  }

  return {
    /** Tells of what is wanted until it is over; resolves to the answer that then goes out. */
    listen,
    /** Ends them all. */
    end(): void {
      for (const over of open) over();
    },
  };
}

interface Granted {
  promptsListChanged?: boolean;
  resourcesListChanged?: boolean;
  resourceSubscriptions?: string[];
}
