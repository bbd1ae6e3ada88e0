/** The page's side of the server: who is let in and how, and what may be sent to /api. What is shown is another's work. */
import type { Door, Page, Visitor } from "../page.ts";
import { apiRefusal } from "./api-refusal.ts";
import { type BodyLimits, readForm, readJson } from "./body.ts";
import type { Entry } from "./entry.ts";
import { bearerOf } from "./guards.ts";
import { cookieName, cookiesOf, guardAction, guardReading, isLink, isOwn, setCookie } from "./page-guards.ts";
import { isOtherUsers, type Peer } from "./peer.ts";

/** The name of all who send the server's token and have no session. */
const BY_TOKEN = "token";

/** Most bytes of a body; a decision takes far fewer. */
const MAX_BODY_BYTES = 256 * 1024;

/** Where a person may be sent once they are let in: to a page of ours. */
const OWN_PATH = /^\/(?:(?:runs|workflows)(?:[/?][\w./?=&%+-]*)?|\?[\w.=&%+-]*)?$/;

const READ = ["GET", "HEAD"];

/** The paths that are the page's, as routes. */
export const PAGE_PATHS = ["/", "/entry", "/assets/*", "/api/*", "/runs/*", "/workflows/*"];

interface PageParts {
  page: Page;
  entry: Entry;
  /** Whether it is the server's token; null: it has none. */
  isToken: ((given: string) => boolean) | null;
  limits: Pick<BodyLimits, "deadlineMs">;
}

/** What the request itself does not say. */
interface Arrival {
  /** Its path as the router reads it, which is one of the page's. */
  path: string;
  peer(): Peer | null;
}

export type PageEndpoint = (request: Request, arrival: Arrival) => Promise<Response>;

export function createPageEndpoint({ page, entry, isToken, limits }: PageParts): PageEndpoint {
  const bodyLimits = { ...limits, maxBytes: MAX_BODY_BYTES };

  function visitorOf(request: Request): Visitor | null {
    for (const cookie of cookiesOf(request)) {
      const known = entry.session(cookie);
      if (known) return known;
    }
    const bearer = bearerOf(request);
    return isToken && bearer !== undefined && isToken(bearer) ? { session: BY_TOKEN, by: "token" } : null;
  }

  function letIn(request: Request, by: Visitor["by"], to: string): Response {
    return seeOther(to, { "Set-Cookie": setCookie(cookieName(request), entry.begin(by)) });
  }

  /** The link's secret is spent; who has a session already keeps it, and the link. */
  function follow(request: Request, secret: string, peer: Arrival["peer"]): Response | Promise<Response> {
    if (visitorOf(request)) return seeOther("/");
    return entry.spend(secret, () => isOtherUsers(peer())) ? letIn(request, "link", "/") : door("spent", "/");
  }

  /** The token, typed into the page's form. */
  async function enter(request: Request): Promise<Response> {
    if (!isOwn(request)) return apiRefusal(403, "Another page sent this.");
    const form = await readForm(request, bodyLimits, apiRefusal);
    if (form instanceof Response) return form;
    const to = ownPath(form.get("to") ?? "/");
    return isToken?.(form.get("token") ?? "") ? letIn(request, "token", to) : door("wrong", to);
  }

  function door(why: Door["why"], to: string): Promise<Response> {
    return page.door({ why, asksToken: isToken !== null, to });
  }

  /** A link on another site brings no strict cookie along; the same request, sent again by this page, does. */
  async function knock(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const to = ownPath(pathname + search);
    const response = await door("unknown", to);
    if (isLink(request)) response.headers.set("Refresh", `0; url=${to}`);
    return response;
  }

  async function api(request: Request, visitor: Visitor | null): Promise<Response> {
    const headers = isToken ? { "WWW-Authenticate": "Bearer" } : {};
    if (!visitor) return apiRefusal(401, "The page's session or the server's token is required.", { headers });
    if (request.method !== "POST") return guardReading(request) ?? page.fetch(request, visitor);
    const refused = guardAction(request);
    if (refused) return refused;
    const body = await readJson(request, bodyLimits, apiRefusal);
    return body instanceof Response ? body : page.fetch(request, { ...visitor, body: body.value });
  }

  return async (request, { path, peer }) => {
    const isApi = path === "/api" || path.startsWith("/api/");
    const allowed = path === "/entry" ? ["POST"] : isApi ? [...READ, "POST"] : READ;
    if (!allowed.includes(request.method)) {
      return apiRefusal(405, "Method not allowed.", { headers: { Allow: allowed.join(", ") } });
    }
    if (path === "/entry") return enter(request);
    if (path.startsWith("/assets")) return (await page.asset(path)) ?? apiRefusal(404, "There is nothing here.");
    const secret = path === "/" && request.method === "GET" ? new URL(request.url).searchParams.get("entry") : null;
    if (secret !== null) return follow(request, secret, peer);
    const visitor = visitorOf(request);
    if (isApi) return api(request, visitor);
    return visitor ? page.fetch(request, visitor) : knock(request);
  };
}

function ownPath(path: string): string {
  return OWN_PATH.test(path) ? path : "/";
}

function seeOther(to: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { ...headers, Location: to } });
}
