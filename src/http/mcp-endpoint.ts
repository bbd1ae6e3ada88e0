/** MCP over Streamable HTTP at one route: finds or creates the session and hands the request to the SDK's transport. */
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import type { McpServer } from "../mcp/server.ts";
import { type BodyLimits, type JsonBody, readJson } from "./body.ts";
import { watchStream } from "./event-stream.ts";
import { refusal } from "./refusal.ts";
import type { Session, Sessions } from "./sessions.ts";

/** How often an open stream says that it lives, in milliseconds; less than any timeout on the way. */
const KEEP_ALIVE_MS = 5_000;

interface EndpointParts {
  sessions: Sessions;
  mcpServer: () => McpServer;
  limits: BodyLimits;
}

export type Endpoint = (request: Request) => Promise<Response>;

export function createMcpEndpoint({ sessions, mcpServer, limits }: EndpointParts): Endpoint {
  async function post(request: Request): Promise<Response> {
    const body = await readJson(request, limits);
    if (body instanceof Response) return body;
    const id = request.headers.get("mcp-session-id");
    if (id === null && isInitializeRequest(body)) return begin(request, body);
    const session = sessionOf(id);
    return session instanceof Response ? session : ask(session, { request, body });
  }

  /** A session comes to be only where the transport took the request. */
  async function begin(request: Request, body: JsonBody): Promise<Response> {
    const mcp = mcpServer();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      keepAliveMs: KEEP_ALIVE_MS,
      onsessioninitialized: (id) => void sessions.add({ id, transport, mcp }),
      onsessionclosed: (id) => sessions.remove(id),
    });
    await mcp.server.connect(transport);
    const response = await transport.handleRequest(request, { parsedBody: body });
    if (transport.sessionId === undefined) await mcp.server.close();
    return response;
  }

  function sessionOf(id: string | null): Session | Response {
    if (id === null) return refusal(400, "Mcp-Session-Id is missing. Send initialize first.");
    return sessions.find(id) ?? refusal(404, "There is no such session, or it is over. Send initialize again.");
  }

  return async (request) => {
    if (request.method === "POST") return post(request);
    const session = sessionOf(request.headers.get("mcp-session-id"));
    return session instanceof Response ? session : pass(session, request);
  };
}

/** Two requests with one id cannot be told apart by the transport: one of them would never be answered. */
async function ask(session: Session, { request, body }: { request: Request; body: JsonBody }): Promise<Response> {
  const id = "method" in body ? body["id"] : undefined;
  if (typeof id !== "string" && typeof id !== "number") return pass(session, request, body);
  if (session.asking.has(id)) return refusal(400, "A request with this id is still being answered.");
  session.asking.add(id);
  return pass(session, request, body, () => session.asking.delete(id));
}

/** Hands the request to the session's transport; the session is in use until the answer has left. */
async function pass(session: Session, request: Request, body?: JsonBody, answered?: () => void): Promise<Response> {
  session.open += 1;
  const ended = () => {
    session.open -= 1;
    answered?.();
  };
  try {
    return watchStream(await session.transport.handleRequest(request, { parsedBody: body }), ended);
  } catch (error) {
    ended();
    throw error;
  }
}
