/** Dialogs of a client with a session: requests of the server's own, sent on the way of the call that waits for them. */
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { field } from "../message.ts";
import { DIALOG_MS, type Exchange } from "./exchange.ts";
import type { Answered } from "./reply.ts";

/** The call that a dialog is shown for. */
interface ForCall {
  id: string | number;
  signal: AbortSignal;
  /** Sends a message to its client; may be used after the call was answered. */
  tell(message: object): unknown;
}

export interface ClientRequests {
  exchange(call: ForCall): Exchange;
  /** Takes the answer to one of the requests; says whether the message was one. */
  take(message: JSONRPCMessage): boolean;
  /** The client does not wait for that call any more: what it answers on its behalf does not count. */
  left(callId: string | number): void;
  /** The same for all. */
  end(): void;
}

interface Open {
  callId: string | number;
  settle(answered: Answered): void;
  withdraw(): void;
}

export function createClientRequests(): ClientRequests {
  const open = new Map<string, Open>();
  let last = 0;

  function show({ id: callId, signal, tell }: ForCall, params: object): Promise<Answered> {
    last += 1;
    const id = `dialog-${last}`;
    const { promise, resolve } = Promise.withResolvers<Answered>();
    const settle = (answered: Answered) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", withdraw);
      open.delete(id);
      resolve(answered);
    };
    const withdraw = () => {
      tell({ method: "notifications/cancelled", params: { requestId: id, reason: "the server does not wait for it" } });
      settle(null);
    };
    const timer = setTimeout(withdraw, DIALOG_MS);
    timer.unref();
    signal.addEventListener("abort", withdraw, { once: true });
    open.set(id, { callId, settle, withdraw });
    tell({ id, method: "elicitation/create", params });
    return promise;
  }

  return {
    exchange: (call) => ({ openMs: DIALOG_MS, show: ({ dialog }) => show(call, dialog), returned: () => undefined }),
    take(message) {
      if ("method" in message) return false;
      const asked = open.get(String(message.id));
      asked?.settle("result" in message ? { result: message.result } : { error: field(message, "error") });
      return asked !== undefined;
    },
    left(callId) {
      for (const each of [...open.values()]) if (each.callId === callId) each.withdraw();
    },
    end() {
      for (const each of [...open.values()]) each.settle(null);
    },
  };
}
