/** The HTTP side as a Hono app: guards, MCP at /mcp, /health. Knows no socket; http/serve.ts listens. */
import { Hono } from "hono";
import type { Log } from "../log.ts";
import type { McpServer } from "../mcp/server.ts";
import type { Sessionless } from "../mcp/sessionless.ts";
import { BODY_DEADLINE_MS, type BodyLimits, MAX_BODY_BYTES } from "./body.ts";
import { guardNames, guardToken, withHeaders } from "./guards.ts";
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

  const app = new Hono({ strict: false });
  app.use(async (_context, next) =>
    ending ? refusal(503, "The server is ending. Connect again.", { headers: { Connection: "close" } }) : next(),
  );
  app.use(guardNames(settings, log));
  app.on(["GET", "HEAD"], "/health", () => Response.json({ status: "ok", version }));
  app.all("/health", () => refusal(405, "Method not allowed.", { headers: { Allow: "GET, HEAD" } }));
  if (settings.token !== null) app.use(guardToken(settings.token));
  app.all("/mcp", ({ req }) =>
    METHODS.includes(req.method)
      ? endpoint(req.raw)
      : refusal(405, "Method not allowed.", { headers: { Allow: METHODS.join(", ") } }),
  );
  app.notFound(() => refusal(404, "There is nothing here. MCP is at /mcp."));
  app.onError((error) => {
    log.error({ cause: error.stack ?? error.message }, "a request failed");
    return refusal(500, "A defect of the server stopped this request; its log has the cause.");
  });

  return {
    fetch: async (request) => withHeaders(await app.fetch(request)),
    sessions,
    refuseAll: () => {
      ending = true;
    },
  };
}

const METHODS = ["GET", "POST", "DELETE"];
