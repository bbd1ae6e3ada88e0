/** The model's endpoint on loopback: every API under one address, and a script in the model's place. */
import type { Api, Given, Turn } from "./api.ts";

export interface Endpoint {
  /** `http://127.0.0.1:PORT`, without a path. */
  url: string;
  /** Requests that were not for the model, as `METHOD /path`. */
  strays: string[];
  close(): Promise<void>;
}

/** What plays the model: the next turn for what it was given, or null for a request that is not the agent's own. */
export type Script = (given: Given) => Turn | null;

/** Clients ask for titles and summaries too; they get this. */
const ASIDE: Turn = { kind: "say", text: "ok" };

/** `keep` gets the body of each request for a turn. */
export function serveModel(api: Api, script: Script, keep: (body: string) => void): Endpoint {
  const strays: string[] = [];
  let turns = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      const body = await request.text();
      if (request.method !== "POST" || !api.serves(path)) {
        strays.push(`${request.method} ${path}`);
        return Response.json({ error: { type: "not_found_error", message: "not served" } }, { status: 404 });
      }
      keep(body);
      turns += 1;
      return api.reply(script(api.read(body)) ?? ASIDE, { id: String(turns).padStart(6, "0"), path, body });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, strays, close: () => server.stop(true) };
}
