/** The HTTP side as a Hono app: guards, MCP at /mcp, the page, /health. Knows no socket; http/serve.ts listens. */
import { Hono, type MiddlewareHandler } from "hono";
import type { Log } from "../log.ts";
import type { McpServer } from "../mcp/server.ts";
import type { Sessionless } from "../mcp/sessionless.ts";
import type { Page } from "../page.ts";
import { BODY_DEADLINE_MS, type BodyLimits, MAX_BODY_BYTES } from "./body.ts";
import { createEntry, MAX_PAGE_SESSIONS, PAGE_IDLE_MS } from "./entry.ts";
import { type Guard, guardNames, guardToken, tokenTest, withHeaders, withPageHeaders } from "./guards.ts";
import { createMcpEndpoint, type Endpoint } from "./mcp-endpoint.ts";
import { createPageEndpoint, PAGE_PATHS } from "./page-endpoint.ts";
import type { Peer } from "./peer.ts";
import { refusal } from "./refusal.ts";
import { createSessions, MAX_SESSIONS, SESSION_IDLE_MS, type SessionLimits, type Sessions } from "./sessions.ts";
import type { HttpSettings } from "./settings.ts";

/** MCP at /mcp. */
export interface McpParts {
  /** A server for one client. */
  mcpServer: () => McpServer;
  /** For all clients that come without a session. */
  sessionless: Sessionless;
}

export interface HttpParts {
  settings: HttpSettings;
  /** Null: only the page is served. */
  mcp: McpParts | null;
  /** Absent: only MCP is served. */
  page?: Page | undefined;
  version: string;
  log: Log;
  /** Tests shorten what takes long. */
  limits?: Partial<BodyLimits & SessionLimits>;
}

export interface HttpApp {
  /** `peer` tells the other end of the connection, if that is known. */
  fetch(request: Request, peer?: () => Peer | null): Promise<Response>;
  sessions: Sessions;
  /** A path that lets a person in to the page, once; `ownUser`: nobody but this user of the machine. */
  invite(about: { ownUser: boolean }): string;
  /** From now on every request is refused with 503. */
  refuseAll(): void;
}

type Env = { Bindings: { peer: () => Peer | null }; Variables: { isPage?: true } };

export function createHttpApp({ settings, mcp, page, version, log, limits = {} }: HttpParts): HttpApp {
  const sessions = createSessions({ max: MAX_SESSIONS, idleMs: SESSION_IDLE_MS, now: Date.now, ...limits });
  const bodyLimits = { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS, ...limits };
  const endpoint = mcp && createMcpEndpoint({ sessions, ...mcp, limits: bodyLimits });
  const entry = createEntry({ max: MAX_PAGE_SESSIONS, idleMs: PAGE_IDLE_MS, now: Date.now });
  const isToken = settings.token === null ? null : tokenTest(settings.token);
  const pageEndpoint = page && createPageEndpoint({ page, entry, isToken, limits: bodyLimits });
  let ending = false;
  const guardEnd: Guard = () =>
    ending ? refusal(503, "The server is ending. Connect again.", { headers: { Connection: "close" } }) : null;
  const guardName = guardNames(settings, log);
  const guardClient: Guard = isToken ? guardToken(isToken) : () => null;

  const app = new Hono<Env>({ strict: false });
  app.use(async (c, next) => {
    await next();
    if (c.var.isPage) withPageHeaders(c.res);
    else withHeaders(c.res);
  });
  app.use(behind(guardEnd), behind(guardName));
  app.on(["GET", "HEAD"], "/health", () => Response.json({ status: "ok", version }));
  app.all("/health", () => refusal(405, "Method not allowed.", { headers: { Allow: "GET, HEAD" } }));
  if (pageEndpoint) {
    for (const path of PAGE_PATHS) {
      app.all(path, (c) => {
        c.set("isPage", true);
        return pageEndpoint(c.req.raw, { path: c.req.path, peer: c.env.peer });
      });
    }
  }
  app.use(behind(guardClient));
  if (endpoint) {
    app.all("/mcp", ({ req }) =>
      METHODS.includes(req.method)
        ? endpoint(req.raw)
        : refusal(405, "Method not allowed.", { headers: { Allow: METHODS.join(", ") } }),
    );
  }
  app.notFound(() => refusal(404, `There is nothing here. ${mcp ? "MCP is at /mcp." : "The page is at /."}`));
  app.onError(failed);

  /** What clients send nearly always, past the router: the same guards, the same end. */
  async function post(request: Request, answer: Endpoint): Promise<Response> {
    try {
      return guardEnd(request) ?? guardName(request) ?? guardClient(request) ?? (await answer(request));
    } catch (error) {
      return failed(error);
    }
  }

  function failed(error: unknown): Response {
    log.error({ cause: error instanceof Error ? (error.stack ?? error.message) : String(error) }, "a request failed");
    return refusal(500, "A defect of the server stopped this request; its log has the cause.");
  }

  return {
    fetch: async (request, peer = () => null) =>
      endpoint && isPost(request) ? withHeaders(await post(request, endpoint)) : app.fetch(request, { peer }),
    sessions,
    invite: ({ ownUser }) => `/?entry=${entry.invite(ownUser)}`,
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
