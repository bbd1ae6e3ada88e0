/** Messages without a session among those that one client sends line by line; all others are the SDK's. */
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { readEnvelope } from "./envelope.ts";
import { errorMessage, field, namedRevision, type RequestMessage } from "./message.ts";
import { createOpenRequests } from "./open-requests.ts";
import type { Sessionless } from "./sessionless.ts";

/** Returns what takes such messages, and says whether it took one. */
export function createSessionlessLines(
  sessionless: Sessionless,
  write: (message: object) => unknown,
): (message: JSONRPCMessage) => boolean {
  const open = createOpenRequests();
  /** Whether a request named its revision, and whether one asked for a session: without one, all have to name it. */
  const seen = { named: false, session: false };

  function take(message: JSONRPCMessage): boolean {
    if (!("method" in message)) return false;
    const { method, params } = message;
    if (!("id" in message)) return method === "notifications/cancelled" && open.cancel(field(params, "requestId"));
    const names = namedRevision(message) !== undefined;
    seen.named ||= names;
    seen.session ||= method === "initialize" && !names;
    const taken = names || (seen.named && !seen.session);
    if (taken) void answer(message);
    return taken;
  }

  async function answer(request: RequestMessage): Promise<void> {
    const { id } = request;
    const read = readEnvelope(request);
    if ("refused" in read) return void write(errorMessage({ id, ...read.refused }));
    const { signal, end } = open.begin(id);
    const send = (notification: object) => void write({ jsonrpc: "2.0", ...notification });
    const answer = await sessionless.answer(request, read.envelope, { signal, send });
    end();
    if (answer) write(answer);
  }

  return take;
}
