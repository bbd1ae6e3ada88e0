/** The way past the SDK on a transport that it is connected to: messages that somebody else takes do not reach it. */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { jsonText } from "../json.ts";
import { asCall, type SessionCalls } from "./session-calls.ts";

/** Takes a message, or says that it is not its own. */
type Taker = (message: JSONRPCMessage) => boolean;

/** Messages that are taken do not reach the SDK. */
export function bypass(transport: Transport, ...takers: Taker[]): void {
  const toSdk = transport.onmessage;
  transport.onmessage = (message) => {
    if (!takers.some((take) => take(message))) toSdk?.(message);
  };
}

/** Takes calls of tools, and what is said of them; writes messages as JSON. */
export function callTaker(calls: SessionCalls, write: (text: string) => unknown): Taker {
  return (message) => {
    const call = asCall(message);
    if (!call) return calls.take(message);
    const send = (notification: object) => write(jsonText({ jsonrpc: "2.0", ...notification }));
    void calls.answer(call, send).then((text) => {
      // After what the SDK answers in this turn: an `initialize` that came before, above all.
      if (text !== null) process.nextTick(write, text);
    });
    return true;
  };
}
