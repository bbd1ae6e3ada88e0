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

/** Refuses who does not hold the token; digests are compared, so that neither length nor time tells anything of it. */
export function guardToken(token: string): Guard {
  const expected = digest(token);
  return ({ headers }) => {
    const given = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return null;
    return refusal(401, "A bearer token is required.", { headers: { "WWW-Authenticate": "Bearer" } });
  };
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
