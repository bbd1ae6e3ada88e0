/** The HTTP side as a Hono app: guards, MCP at /mcp, /health. Knows no socket; http/serve.ts listens. */
import { Hono, type MiddlewareHandler } from "hono";
import type { Log } from "../log.ts";
import type { McpServer } from "../mcp/server.ts";
import type { Sessionless } from "../mcp/sessionless.ts";
import { BODY_DEADLINE_MS, type BodyLimits, MAX_BODY_BYTES } from "./body.ts";
import { type Guard, guardNames, guardToken, withHeaders } from "./guards.ts";
import { createMcpEndpoint } from "./mcp-endpoint.ts";
import { refusal } from "./refusal.ts";
import { createSessions, MAX_SESSIONS, SESSION_IDLE_MS, type SessionLimits, type Sessions } from "./sessions.ts";
import type { HttpSettings } from "./settings.ts";

export interface HttpParts {
  settings: HttpSettings;
  /** A server for one client. */
  mcpServer: () => McpServer;
  /** For all clients that come without a session. */
  sessionless: Sessionless;
  version: string;
  log: Log;
  /** Tests shorten what takes long. */
  limits?: Partial<BodyLimits & SessionLimits>;
}

export interface HttpApp {
  fetch(request: Request): Promise<Response>;
  sessions: Sessions;
  /** From now on every request is refused with 503. */
  refuseAll(): void;
}

export function createHttpApp({ settings, mcpServer, sessionless, version, log, limits = {} }: HttpParts): HttpApp {
  const sessions = createSessions({ max: MAX_SESSIONS, idleMs: SESSION_IDLE_MS, now: Date.now, ...limits });
  const bodyLimits = { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS, ...limits };
  const endpoint = createMcpEndpoint({ sessions, mcpServer, sessionless, limits: bodyLimits });
  let ending = false;
  const guardEnd: Guard = () =>
    ending ? refusal(503, "The server is ending. Connect again.", { headers: { Connection: "close" } }) : null;
  const guardName = guardNames(settings, log);
  const guardClient: Guard = settings.token === null ? () => null : guardToken(settings.token);

  const app = new Hono({ strict: false });
  app.use(behind(guardEnd), behind(guardName));
  app.on(["GET", "HEAD"], "/health", () => Response.json({ status: "ok", version }));
  app.all("/health", () => refusal(405, "Method not allowed.", { headers: { Allow: "GET, HEAD" } }));
  app.use(behind(guardClient));
  app.all("/mcp", ({ req }) =>
    METHODS.includes(req.method)
      ? endpoint(req.raw)
      : refusal(405, "Method not allowed.", { headers: { Allow: METHODS.join(", ") } }),
  );
  app.notFound(() => refusal(404, "There is nothing here. MCP is at /mcp."));
  app.onError(failed);

  /** What clients send nearly always, past the router: the same guards, the same end. */
  async function post(request: Request): Promise<Response> {
    try {
      return guardEnd(request) ?? guardName(request) ?? guardClient(request) ?? (await endpoint(request));
    } catch (error) {
      return failed(error);
    }
  }

  function failed(error: unknown): Response {
    log.error({ cause: error instanceof Error ? (error.stack ?? error.message) : String(error) }, "a request failed");
    return refusal(500, "A defect of the server stopped this request; its log has the cause.");
  }

  return {
    fetch: async (request) => withHeaders(await (isPost(request) ? post(request) : app.fetch(request))),
    sessions,
    refuseAll: () => {
      ending = true;
    },
  };
}

function behind(guard: Guard): MiddlewareHandler {
  return async ({ req }, next) => guard(req.raw) ?? next();
}

/** Whether it is a message for MCP, at the address in its plain form; the router knows the others. */
function isPost({ method, url }: Request): boolean {
  return method === "POST" && url.slice(url.indexOf("/", "https://".length)) === "/mcp";
}

const METHODS = ["GET", "POST", "DELETE"];
