/** Serves the HTTP app on a socket until it is told to end; never exits itself. */
import { isIP } from "node:net";
import { createHttpApp, type HttpApp, type HttpParts } from "./app.ts";
import { isLoopback, withHeaders } from "./guards.ts";
import type { Peer } from "./peer.ts";
import { refusal } from "./refusal.ts";
import type { HttpSettings } from "./settings.ts";
import { tokenIn } from "./token-file.ts";

/** A connection on which nothing moves for this long is closed, in seconds; open streams move every five. */
const IDLE_SECONDS = 30;

/** How long the end waits for calls in flight, in milliseconds; the whole process has two seconds to go. */
const GRACE_MS = 1_200;

/** How long the last answers have to leave, in milliseconds. */
const FLUSH_MS = 300;

/** How often sessions are looked at for expiry, in milliseconds. */
const EXPIRY_MS = 60_000;

/** A server that listens, or one line that says why it cannot. */
export type Listening = Served | { refused: string };

interface Served {
  /** Scheme, host and port. */
  origin: string;
  /** The same as a browser of this machine finds it. */
  page: string;
  /** A link that lets a person in, once; `ownUser`: nobody but this user of the machine. */
  invite(about: { ownUser: boolean }): string;
  ended: Promise<void>;
}

/**
 * Listens until `stop` is aborted; `ended` resolves when the last answer has left and the port is free. Throws
 * INVALID_INPUT for a token file that cannot be used.
 */
export function serveHttp(parts: HttpParts, stop: AbortSignal): Listening {
  const { token, tokenFile } = parts.settings;
  const settings = { ...parts.settings, token: tokenFile === null ? token : tokenIn(tokenFile) };
  const app = createHttpApp({ ...parts, settings });
  const server = listen(app, settings);
  if (typeof server === "string") return { refused: server };
  const expiry = setInterval(app.sessions.expire, EXPIRY_MS);
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener("abort", () => resolve(), { once: true });
  });
  const ended = stopped.then(() => {
    clearInterval(expiry);
    return end(app, server, parts);
  });
  const { origin } = server.url;
  const page = `http://${nearHost(settings.host)}:${server.port}`;
  return { origin, page, invite: (about) => page + app.invite(about), ended };
}

/** Every address of this machine is also the loopback, which is the one that a browser here takes. */
function nearHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return isIP(host) === 6 ? `[${host}]` : host;
}

function listen(app: HttpApp, { host, port, token }: HttpSettings): Bun.Server<undefined> | string {
  if (token === null && !isLoopback(host)) {
    return `HTTP_HOST is "${host}", which others can reach: set HTTP_AUTH_TOKEN or give --token-file, or listen on 127.0.0.1, ::1 or localhost.`;
  }
  try {
    return Bun.serve({
      hostname: host,
      port,
      development: false,
      reusePort: false, // said outright: without it a second server was seen to share the port instead of failing
      idleTimeout: IDLE_SECONDS,
      // The app refuses larger ones itself, in its own words, before it reads them.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => app.fetch(request, () => peerOf(request, server)),
      error: () => withHeaders(refusal(400, "The request cannot be understood.")),
    });
  } catch (error) {
    return whyNot(codeOf(error), `${host}:${port}`);
  }
}

/** Null if it is not of this machine, or gone. */
function peerOf(request: Request, server: Bun.Server<undefined>): Peer | null {
  const from = server.requestIP(request);
  const isNear = from !== null && isLoopback(from.address.replace(/^::ffff:/, ""));
  return isNear && server.port !== undefined ? { port: from.port, ours: server.port } : null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function whyNot(code: string, where: string): string {
  switch (code) {
    case "EADDRINUSE":
      return `Cannot listen on ${where}: the port is taken. Choose another with --port, or 0 for any free one.`;
    case "EACCES":
    case "EPERM":
      return `Cannot listen on ${where}: no permission. Choose a port from 1024 up with --port.`;
    case "EADDRNOTAVAIL":
      return `Cannot listen on ${where}: this machine has no such address. Choose another with --host.`;
    default:
      return `Cannot listen on ${where}: ${code}.`;
  }
}

/** Calls in flight are answered first; a stream that only waits for news is closed then. */
async function end(app: HttpApp, server: Bun.Server<undefined>, { mcp, page }: HttpParts): Promise<void> {
  app.refuseAll();
  page?.end();
  const sessions = app.sessions.all();
  await Promise.race([Promise.all([answered(sessions), mcp?.sessionless.end()]), Bun.sleep(GRACE_MS)]);
  await Promise.allSettled(sessions.map(({ mcp }) => mcp.server.close()));
  await Promise.race([server.stop(), Bun.sleep(FLUSH_MS)]);
  await server.stop(true);
}

async function answered(sessions: ReturnType<HttpApp["sessions"]["all"]>): Promise<void> {
  await Promise.all(sessions.map(({ mcp }) => mcp.calls.idle()));
  while (sessions.some(({ asking }) => asking.size > 0)) await Bun.sleep(5);
}
