/** MCP over Streamable HTTP at one route: finds or creates the session, answers its calls, and hands all else to the SDK's transport. */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { type JSONRPCMessage, type RequestId, SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js";
import { idOf, METHOD_NOT_FOUND, type RequestMessage, readMessage } from "../mcp/message.ts";
import { isMethod, type McpServer } from "../mcp/server.ts";
import { asCall } from "../mcp/session-calls.ts";
import type { Sessionless } from "../mcp/sessionless.ts";
import { oneLine } from "../words.ts";
import { acceptBoth, takesEventStream } from "./accept.ts";
import { answerStream, KEEP_ALIVE_MS } from "./answer-stream.ts";
import { type BodyLimits, readJson } from "./body.ts";
import { watchStream } from "./event-stream.ts";
import { refusal } from "./refusal.ts";
import { answerWithoutSession, isWithoutSession } from "./sessionless-endpoint.ts";
import type { Session, Sessions } from "./sessions.ts";

/** After which a client that found no room may try again, in seconds. */
const RETRY_SECONDS = 30;

interface EndpointParts {
  sessions: Sessions;
  mcpServer: () => McpServer;
  sessionless: Sessionless;
  limits: BodyLimits;
}

export type Endpoint = (request: Request) => Promise<Response>;

export function createMcpEndpoint({ sessions, mcpServer, sessionless, limits }: EndpointParts): Endpoint {
  async function post(request: Request): Promise<Response> {
    const body = await readJson(request, limits);
    if (body instanceof Response) return body;
    const read = readMessage(body.value);
    if ("unreadable" in read) return refusal(400, read.unreadable.fault, read.unreadable);
    const { message } = read;
    const id = idOf(message);
    if (!takesEventStream(request)) return noStream(id);
    if (isWithoutSession(request, message)) return answerWithoutSession(sessionless, request, message);
    const method = "method" in message ? message.method : undefined;
    const sessionId = request.headers.get("mcp-session-id");
    if (sessionId === null && method === "initialize") return begin(request, message);
    const session = sessionOf(sessionId, id);
    if (!(session instanceof Response)) return ask(session, { request, message });
    // Whether a method is there at all is what a client of another protocol's version asks first, without a session.
    if (id === null || method === undefined || isMethod(method)) return session;
    return refusal(404, `There is no method "${oneLine(method, 200)}".`, { code: METHOD_NOT_FOUND, id });
  }

  /** A session comes to be only if the transport takes the request. */
  async function begin(request: Request, message: JSONRPCMessage): Promise<Response> {
    const release = sessions.reserve();
    if (release === null) return full(idOf(message));
    try {
      const mcp = mcpServer();
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        keepAliveMs: KEEP_ALIVE_MS,
        onsessioninitialized: (id) => {
          release();
          sessions.add({ id, transport, mcp });
        },
        onsessionclosed: (id) => sessions.remove(id),
      });
      await mcp.server.connect(transport);
      acceptBoth(request);
      const response = await transport.handleRequest(request, { parsedBody: message });
      if (transport.sessionId === undefined) await mcp.server.close();
      return response;
    } finally {
      release();
    }
  }

  function sessionOf(sessionId: string | null, id: RequestId | null): Session | Response {
    if (sessionId === null) return refusal(400, "Mcp-Session-Id is missing. Send initialize first.", { id });
    const gone = "There is no such session, or it is over. Send initialize again, without Mcp-Session-Id.";
    return sessions.find(sessionId) ?? refusal(404, gone, { id });
  }

  return async (request) => {
    if (request.method === "POST") return post(request);
    if (request.method === "GET" && !takesEventStream(request)) return noStream(null);
    const session = sessionOf(request.headers.get("mcp-session-id"), null);
    return session instanceof Response ? session : pass(session, request);
  };
}

function noStream(id: RequestId | null): Response {
  return refusal(406, "Answers are event streams: Accept must allow text/event-stream.", { id });
}

function full(id: RequestId | null): Response {
  const headers = { "Retry-After": String(RETRY_SECONDS) };
  return refusal(503, "All sessions are in use. Try again later, or close a client.", { headers, id });
}

interface Asked {
  request: Request;
  message: JSONRPCMessage;
}

/** Two requests with one id cannot be told apart by the transport: one of them would never be answered. */
async function ask(session: Session, { request, message }: Asked): Promise<Response> {
  const id = "method" in message && "id" in message ? message.id : undefined;
  if (id === undefined) {
    const taken = session.mcp.calls.take(message);
    return taken ? new Response(null, { status: 202 }) : pass(session, request, message);
  }
  // Without the id: a client would take it for the answer to the first one.
  if (session.asking.has(id)) return refusal(400, "A request with this id is still being answered.");
  const version = request.headers.get("mcp-protocol-version");
  // The transport would refuse both too, but not with the id.
  if (version !== null && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return notServed(version, id);
  if ("method" in message && message.method === "initialize") return begun(id);
  session.asking.add(id);
  const call = asCall(message);
  if (call) return answerCall(session, call);
  return pass(session, request, message, () => session.asking.delete(id));
}

function begun(id: RequestId): Response {
  return refusal(400, "This session has begun. Send initialize without Mcp-Session-Id for another one.", { id });
}

function notServed(version: string, id: RequestId): Response {
  const served = SUPPORTED_PROTOCOL_VERSIONS.join(", ");
  return refusal(400, `Mcp-Protocol-Version "${oneLine(version, 80)}" is not served in a session; ${served} are.`, {
    id,
  });
}

/** The session is in use until the answer has left. A call goes on if its client does not wait for it. */
function answerCall(session: Session, call: RequestMessage): Promise<Response> {
  session.open += 1;
  let open = true;
  const ended = () => {
    if (!open) return;
    open = false;
    session.open -= 1;
    session.asking.delete(call.id);
  };
  const left = () => {
    session.mcp.calls.left(call.id);
    ended();
  };
  return answerStream(
    async (send) => {
      const text = await session.mcp.calls.answer(call, send);
      ended();
      return { text, status: 200 };
    },
    { headers: { "Mcp-Session-Id": session.id }, left },
  );
}

/** Hands the request to the session's transport; the session is in use until the answer has left. */
async function pass(
  session: Session,
  request: Request,
  message?: JSONRPCMessage,
  answered?: () => void,
): Promise<Response> {
  session.open += 1;
  const ended = () => {
    session.open -= 1;
    answered?.();
  };
  acceptBoth(request);
  try {
    return watchStream(await session.transport.handleRequest(request, { parsedBody: message }), ended);
  } catch (error) {
    ended();
    throw error;
  }
}
