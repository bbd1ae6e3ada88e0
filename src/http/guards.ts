/** Who may ask: by the names in `Host` and `Origin`, and by the token. And the headers that every answer carries. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname as machineName } from "node:os";
import type { Log } from "../log.ts";
import { refusal } from "./refusal.ts";
import type { HttpSettings } from "./settings.ts";

/** The response that refuses a request, or null. */
export type Guard = (request: Request) => Response | null;

type OwnNames = Pick<HttpSettings, "host" | "allowHosts">;

const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "::1"]);
const ANY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** Of what is no page; nothing may be kept. */
const HEADERS = {
  "Cache-Control": "no-store, no-transform",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** A page has its own style, script and data, and forms that lead to itself; nothing stands in it that was not fetched from here. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** With `no-referrer` browsers send a form's own page as `Origin: null`. */
const PAGE_HEADERS = {
  ...HEADERS,
  "Content-Security-Policy": PAGE_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "same-origin",
};

/** Whether only programs of this machine can reach the host: an address of the loopback, or `localhost`. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.has(host) || (isIP(host) === 4 && host.startsWith("127."));
}

/** Puts the security headers on an answer, whoever gave it. */
export function withHeaders(response: Response): Response {
  return put(response, HEADERS);
}

/** The same for an answer of the page: what is HTML has the page's policy, and what never changes may be kept. */
export function withPageHeaders(response: Response): Response {
  const kept = response.headers.get("cache-control");
  put(response, response.headers.get("content-type")?.startsWith("text/html") ? PAGE_HEADERS : HEADERS);
  if (response.ok && kept?.includes("immutable")) response.headers.set("Cache-Control", kept);
  return response;
}

function put(response: Response, headers: Record<string, string>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

/** Names that the log tells of; a page that calls under ever new ones is not to fill it. */
const MAX_TOLD = 20;

/**
 * Refuses what came under a foreign name. A page of another site that a name server leads here (DNS rebinding) says that
 * site's name in `Host`; a page that calls here from another site says it in `Origin`. The log names the way out, once
 * for each name.
 */
export function guardNames({ host: boundHost, allowHosts }: OwnNames, log: Log): Guard {
  const names = new Set([boundHost, ...allowHosts].map((name) => name.toLowerCase()));
  const told = new Set<string>();
  return ({ headers }) => {
    const host = hostnameIn(headers.get("host"));
    if (host === null || !(names.has(host) || isOurs(host, boundHost))) {
      tellOnce(host);
      return refusal(403, "This host name is not served here. The server's log says how to allow one.");
    }
    const origin = headers.get("origin");
    return origin === null || isOwn(origin, host) ? null : refusal(403, "This origin is not allowed.");
  };

  function isOwn(origin: string, host: string): boolean {
    const from = hostnameIn(/^https?:\/\/(.+)$/i.exec(origin)?.[1]);
    return from !== null && (isLoopback(from) || names.has(from) || from === host);
  }

  function tellOnce(host: string | null): void {
    if (host === null || told.has(host) || told.size >= MAX_TOLD) return;
    told.add(host);
    log.warn({ host }, `refused a request that came under the name ${host}; if it is yours: --allow-host ${host}`);
  }
}

/** Bound to every address, it answers to any address and to the machine's name; no foreign page has one of those. */
function isOurs(host: string, boundHost: string): boolean {
  if (isLoopback(host)) return true;
  return ANY_ADDRESS.has(boundHost) && (isIP(host) !== 0 || host === machineName().toLowerCase());
}

/** The name in `name:port`, in small letters and without the brackets of IPv6; null where it is anything else. */
function hostnameIn(authority: string | null | undefined): string | null {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/i.exec(authority ?? "");
  return (found?.[1] ?? found?.[2])?.toLowerCase() ?? null;
}

/** Whether a text is the token; digests are compared, so that neither length nor time tells anything of it. */
export function tokenTest(token: string): (given: string) => boolean {
  const expected = digest(token);
  return (given) => timingSafeEqual(digest(given), expected);
}

/** The token that a request holds. */
export function bearerOf({ headers }: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

/** Refuses who does not hold the token. */
export function guardToken(isToken: (given: string) => boolean): Guard {
  return (request) => {
    const given = bearerOf(request);
    if (given !== undefined && isToken(given)) return null;
    return refusal(401, "A bearer token is required.", { headers: { "WWW-Authenticate": "Bearer" } });
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
