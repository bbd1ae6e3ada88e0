/**
 * The protocol without sessions (2026-07-28) on our own tables: every request says all that is needed to answer it. Knows no
 * transport: each hands over what it has read, with a way to reach the client until the answer is there.
 */
import type { ServerNotification } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { JsonObject } from "../json.ts";
import { oneLine } from "../words.ts";
import { Call, createCalls } from "./calls.ts";
import { showsForms } from "./elicit/exchange.ts";
import { noDialogError } from "./elicit/round-trips.ts";
import { type Envelope, REVISION, SERVER_INFO } from "./envelope.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import {
  errorMessage,
  field,
  given,
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

/** What a call brings that is sent again with the answers which its first one asked for. */
const Returned = z.object({ inputResponses: given(JsonObject), requestState: given(z.string()) });

export function createSessionless(parts: ServerParts): Sessionless {
  const { engine, version, elicit } = parts;
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

  function callTool(params: unknown, envelope: Envelope, peer: Peer): Promise<object> {
    const send = async (notification: ServerNotification) => peer.send(notification);
    const { client, logLevel, progressToken } = envelope;
    const asked = readParams(Call, params);
    const exchange = exchangeOf(asked, params, envelope);
    return call(asked, { client, logLevel, progressToken, signal: peer.signal, send, exchange });
  }

  /** How the client asks a person. Without a way, an answer of theirs is refused: the call must not be taken for a new one. */
  function exchangeOf(asked: z.infer<typeof Call>, params: unknown, { client, capabilities }: Envelope) {
    if (!elicit && field(params, "requestState") === undefined) return undefined;
    const { inputResponses, requestState } = readParams(Returned, params);
    if (elicit && showsForms(capabilities))
      return elicit.roundTrips.exchange({ ...asked, client, inputResponses, requestState });
    if (requestState === undefined) return undefined;
    const { message, hint } = noDialogError();
    throw new ProtocolError(INVALID_PARAMS, `${message} ${hint}`);
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
      return { jsonrpc: "2.0", id, result: { resultType: "complete", ...result, _meta } };
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
