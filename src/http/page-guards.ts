/** Who asks for a page: by the name of its cookie, and by what a browser says of where a request comes from. */
import { apiRefusal } from "./api-refusal.ts";
import type { Guard } from "./guards.ts";

/** How browsers say that a page of this very server asks; a program says nothing. */
const OWN_SITES = [null, "same-origin"];

/** Browsers keep the cookies of all ports of a host together: the name tells servers apart. */
export function cookieName({ headers }: Request): string {
  return `orchestrator_${/:(\d+)$/.exec(headers.get("host") ?? "")?.[1] ?? "80"}`;
}

/** The values under our cookie's name: a server at another port of this host can put others beside it, and before it. */
export function cookiesOf(request: Request): string[] {
  const start = `${cookieName(request)}=`;
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(start)).map((pair) => pair.slice(start.length));
}

/** No script may read it, and no other site sends it along. It ends with the browser, or when its session does. */
export function setCookie(name: string, value: string): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Strict`;
}

/** What is read under /api is read by the page, by a program, or by somebody who typed the address. */
export const guardReading: Guard = ({ headers }) =>
  [...OWN_SITES, "none"].includes(headers.get("sec-fetch-site"))
    ? null
    : apiRefusal(403, "Another page asks for this.");

/** What changes something has a header that no form can send, and that no page of another origin may. */
export const guardAction: Guard = (request) => {
  if (request.headers.get("x-orchestrator") !== "1") return apiRefusal(403, "The header X-Orchestrator: 1 is missing.");
  return isOwn(request) ? null : apiRefusal(403, "Another page sent this.");
};

/** Whether a page of this very server, or no page at all, sent it: by the host and port under which it was asked. */
export function isOwn({ headers }: Request): boolean {
  const origin = headers.get("origin")?.toLowerCase();
  const host = headers.get("host")?.toLowerCase() ?? "";
  // Behind a proxy the page may have TLS; no other page has this host and port.
  const isOurs = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  return isOurs && OWN_SITES.includes(headers.get("sec-fetch-site"));
}

/** Whether somebody followed a link on a page of another site, or what they followed led here. */
export function isLink({ headers }: Request): boolean {
  return headers.get("sec-fetch-site") === "cross-site" && headers.get("sec-fetch-mode") === "navigate";
}
