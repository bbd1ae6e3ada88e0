/** Who may ask: by the names in `Host` and `Origin`, and by the token. And the headers that every answer carries. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname as machineName } from "node:os";
import type { MiddlewareHandler } from "hono";
import { refusal } from "./refusal.ts";

const LOOPBACK_NAMES = new Set(["localhost", "127.0.0.1", "::1"]);
const ANY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** Nothing here is a page, and nothing may be kept. */
const HEADERS = {
  "Cache-Control": "no-store, no-transform",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Whether only programs of this machine can reach the host: an address of the loopback, or `localhost`. */
export function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.has(host) || (isIP(host) === 4 && host.startsWith("127."));
}

/** Puts the security headers on an answer, whoever gave it. */
export function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  return response;
}

/**
 * Refuses what came under a foreign name. A page of another site that a name server leads here (DNS rebinding) says that
 * site's name in `Host`; a page that calls here from another site says it in `Origin`.
 */
export function guardNames(boundHost: string): MiddlewareHandler {
  return async ({ req }, next) => {
    const host = hostnameIn(req.header("host"));
    if (host === null || !isOurs(host, boundHost)) return refusal(403, "This host name is not served here.");
    const origin = req.header("origin");
    if (origin !== undefined && !isOwnOrigin(origin, { host, boundHost })) {
      return refusal(403, "This origin is not allowed.");
    }
    return next();
  };
}

/** Bound to every address, it answers to any address and to the machine's name; no foreign page has one of those. */
function isOurs(host: string, boundHost: string): boolean {
  if (isLoopback(host) || host === boundHost.toLowerCase()) return true;
  return ANY_ADDRESS.has(boundHost) && (isIP(host) !== 0 || host === machineName().toLowerCase());
}

function isOwnOrigin(origin: string, { host, boundHost }: { host: string; boundHost: string }): boolean {
  const found = /^https?:\/\/(.+)$/i.exec(origin);
  const from = hostnameIn(found?.[1]);
  return from !== null && (isLoopback(from) || from === boundHost.toLowerCase() || from === host);
}

/** The name in `name:port`, in small letters and without the brackets of IPv6; null where it is anything else. */
function hostnameIn(authority: string | undefined): string | null {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(authority ?? "");
  return (found?.[1] ?? found?.[2])?.toLowerCase() ?? null;
}

/** Refuses who does not hold the token; digests are compared, so that neither length nor time tells anything of it. */
export function guardToken(token: string): MiddlewareHandler {
  const expected = digest(token);
  return async ({ req }, next) => {
    const given = /^Bearer +(\S+)$/i.exec(req.header("authorization") ?? "")?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    return refusal(401, "A bearer token is required.", { "WWW-Authenticate": "Bearer" });
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
