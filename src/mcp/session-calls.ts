/**
 * Calls of tools in a session, and their list, answered past the SDK: that one reads a message three times and answers it by way of several
 * tables, and a call is what clients send nearly always. All other requests of a session are the SDK's.
 */
import type {
  Implementation,
  JSONRPCMessage,
  LoggingLevel,
  ServerNotification,
} from "@modelcontextprotocol/sdk/types.js";
import { jsonText } from "../json.ts";
import { Call, type CallParts, createCalls } from "./calls.ts";
import { createClientRequests } from "./elicit/client-requests.ts";
import { showsForms } from "./elicit/exchange.ts";
import { errorMessage, field, type RequestMessage, readParams } from "./message.ts";
import { TOOLS_LIST_TEXT, withoutInternals } from "./methods.ts";
import { createOpenRequests } from "./open-requests.ts";

export interface SessionCalls {
  /**
   * The message that answers the request, as JSON; null if it is not wanted any more. `send` reaches the client until then.
   * Never rejects.
   */
  answer(request: RequestMessage, send: (message: object) => unknown): Promise<string | null>;
  /**
   * Takes what a client says of calls: it cancels one, or answers what it was asked on the way of one. Says whether the message
   * was such a one. The SDK is not to see it: that one cancels a turn later, upon a newer request of that id too, and what it
   * answers takes no time.
   */
  take(message: JSONRPCMessage): boolean;
  /** The client does not wait for the answer to that call any more, which goes on. */
  left(id: string | number): void;
  /** Cancels all. */
  end(): void;
  /** Resolves when none is in flight. */
  idle(): Promise<void>;
}

/** What a session knows of its client. */
interface Known {
  client(): Implementation | undefined;
  logLevel(): LoggingLevel | null;
  capabilities(): object | undefined;
}

/** The message as the call of a tool, or as the request for their list; null if it is another one, or wants no answer. */
export function asCall(message: JSONRPCMessage): RequestMessage | null {
  if (!("method" in message && "id" in message)) return null;
  return message.method === "tools/call" || message.method === "tools/list" ? message : null;
}

export function createSessionCalls(parts: CallParts, known: Known): SessionCalls {
  const { call, idle } = createCalls(parts);
  const open = createOpenRequests();
  const asked = parts.elicit && createClientRequests();

  return {
    async answer({ id, method, params }, tell) {
      if (method === "tools/list") return `{"jsonrpc":"2.0","id":${jsonText(id)},"result":${TOOLS_LIST_TEXT}}`;
      const { signal, end } = open.begin(id);
      const send = async (notification: ServerNotification) => void (signal.aborted || tell(notification));
      try {
        const result = await call(readParams(Call, params), {
          client: known.client(),
          logLevel: known.logLevel(),
          // Whatever was read is one, or there is none.
          progressToken: field(field(params, "_meta"), "progressToken") as string | number | undefined,
          signal,
          send,
          exchange: asked && showsForms(known.capabilities()) ? asked.exchange({ id, signal, tell }) : undefined,
        });
        return signal.aborted ? null : jsonText({ jsonrpc: "2.0", id, result });
      } catch (error) {
        const { code, message, data } = withoutInternals(error, parts);
        return signal.aborted ? null : jsonText(errorMessage({ id, code, fault: message, data }));
      } finally {
        end();
      }
    },
    take(message) {
      if (!("method" in message)) return asked?.take(message) ?? false;
      if ("id" in message || message.method !== "notifications/cancelled") return false;
      open.cancel(field(message.params, "requestId"));
      return true;
    },
    left: (id) => asked?.left(id),
    end() {
      asked?.end();
      open.cancelAll();
    },
    idle,
  };
}
