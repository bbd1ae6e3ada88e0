/**
 * The protocol without sessions (2026-07-28) on our own tables: every request says all that is needed to answer it. Knows no
 * transport: each hands over what it has read, with a way to reach the client until the answer is there.
 */
import type { ServerNotification } from "@modelcontextprotocol/sdk/types.js";
import { oneLine } from "../words.ts";
import { Call, createCalls } from "./calls.ts";
import { type Envelope, REVISION, SERVER_INFO } from "./envelope.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import {
  errorMessage,
  field,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  ProtocolError,
  type RequestMessage,
  readParams,
} from "./message.ts";
import {
  asProtocolError,
  CAPABILITIES,
  isReading,
  READING,
  type ReadingMethod,
  SERVER,
  withoutInternals,
} from "./methods.ts";
import type { ServerParts } from "./server.ts";
import { createSubscriptions } from "./subscriptions.ts";

/** How a client is reached while its request is open. */
export interface Peer {
  /** Aborted when the client does not want the answer any more. */
  signal: AbortSignal;
  send(notification: { method: string; params?: object | undefined }): void;
}

export type Answer =
  | { jsonrpc: "2.0"; id: string | number; result: object }
  | (ReturnType<typeof errorMessage> & { result?: never });

export interface Sessionless {
  /** The answer, or null if it is not wanted any more. Never rejects. */
  answer(request: RequestMessage, envelope: Envelope, peer: Peer): Promise<Answer | null>;
  /** Ends subscriptions; resolves when no request is open. */
  end(): Promise<void>;
}

/** Tools and what is said of the server stay as they are while the process lives; all else may change with the next call. */
const FIXED = { ttlMs: 5 * 60_000, cacheScope: "public" };
const CHANGING = { ttlMs: 0, cacheScope: "private" };
const CACHE: Partial<Record<ReadingMethod, object>> = {
  "tools/list": FIXED,
  "resources/templates/list": FIXED,
  "prompts/list": CHANGING,
  "resources/list": CHANGING,
  "resources/read": CHANGING,
};

export function createSessionless(parts: ServerParts): Sessionless {
  const { engine, version } = parts;
  const { call } = createCalls(parts);
  const subscriptions = createSubscriptions(parts);
  const open = new Set<Promise<unknown>>();
  const serverInfo = { name: SERVER.name, version };

  function resultOf({ id, method, params }: RequestMessage, envelope: Envelope, peer: Peer): object | Promise<object> {
    if (method === "server/discover") return discover();
    if (method === "tools/call") return callTool(params, envelope, peer);
    if (method === "subscriptions/listen") return subscriptions.listen({ id, params, ...peer });
    if (isReading(method)) return read(method, params);
    throw new ProtocolError(METHOD_NOT_FOUND, `There is no method "${oneLine(method, 200)}".`);
  }

  function discover(): object {
    const _meta = { [SERVER_INFO]: { ...SERVER, version } };
    return { supportedVersions: [REVISION], capabilities: CAPABILITIES, instructions: INSTRUCTIONS, ...FIXED, _meta };
  }

  function callTool(params: unknown, { client, logLevel, progressToken }: Envelope, peer: Peer): Promise<object> {
    const send = async (notification: ServerNotification) => peer.send(notification);
    return call(readParams(Call, params), { client, logLevel, progressToken, signal: peer.signal, send });
  }

  async function read(method: ReadingMethod, params: unknown): Promise<object> {
    const data = method === "resources/read" ? { uri: field(params, "uri") } : undefined;
    return {
      ...(await asProtocolError(INVALID_PARAMS, () => READING[method](engine, params), data)),
      ...CACHE[method],
    };
  }

  async function answer(request: RequestMessage, envelope: Envelope, peer: Peer): Promise<Answer | null> {
    const { id } = request;
    try {
      const result = await resultOf(request, envelope, peer);
      if (peer.signal.aborted) return null;
      const _meta = { [SERVER_INFO]: serverInfo, ...("_meta" in result ? (result._meta as object) : {}) };
      return { jsonrpc: "2.0", id, result: { ...result, resultType: "complete", _meta } };
    } catch (error) {
      const { code, message, data } = withoutInternals(error, parts);
      return peer.signal.aborted ? null : errorMessage({ id, code, fault: message, data });
    }
  }

  return {
    answer(request, envelope, peer) {
      const answering = answer(request, envelope, peer).finally(() => open.delete(answering));
      open.add(answering);
      return answering;
    },
    async end() {
      subscriptions.end();
      await Promise.allSettled(open);
    },
  };
}
