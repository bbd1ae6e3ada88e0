/**
 * Calls of tools in a session, answered past the SDK: that one reads a message three times and answers it by way of several
 * tables, and a call is what clients send nearly always. All other requests of a session are the SDK's.
 */
import type {
  Implementation,
  JSONRPCMessage,
  LoggingLevel,
  ServerNotification,
} from "@modelcontextprotocol/sdk/types.js";
import { Call, type CallParts, createCalls } from "./calls.ts";
import { errorMessage, field, type RequestMessage, readParams } from "./message.ts";
import { withoutInternals } from "./methods.ts";
import { createOpenRequests } from "./open-requests.ts";

export interface SessionCalls {
  /**
   * The message that answers the call, or null if that is not wanted any more. `send` reaches the client until then. Never
   * rejects.
   */
  answer(request: RequestMessage, send: (notification: object) => unknown): Promise<object | null>;
  /** Cancels the call that a notification is about; says whether there is one. */
  cancelledBy(message: JSONRPCMessage): boolean;
  /** Cancels all. */
  end(): void;
  /** Resolves when none is in flight. */
  idle(): Promise<void>;
}

/** What a session knows of its client. */
interface Known {
  client(): Implementation | undefined;
  logLevel(): LoggingLevel | null;
}

/** The message as the call of a tool that wants an answer; null if it is another one. */
export function asCall(message: JSONRPCMessage): RequestMessage | null {
  return "method" in message && "id" in message && message.method === "tools/call" ? message : null;
}

export function createSessionCalls(parts: CallParts, known: Known): SessionCalls {
  const { call, idle } = createCalls(parts);
  const open = createOpenRequests();

  return {
    async answer({ id, params }, tell) {
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
        });
        return signal.aborted ? null : { jsonrpc: "2.0", id, result };
      } catch (error) {
        const { code, message, data } = withoutInternals(error, parts);
        return signal.aborted ? null : errorMessage({ id, code, fault: message, data });
      } finally {
        end();
      }
    },
    cancelledBy: (message) =>
      "method" in message &&
      message.method === "notifications/cancelled" &&
      open.cancel(field(message.params, "requestId")),
    end: open.cancelAll,
    idle,
  };
}
