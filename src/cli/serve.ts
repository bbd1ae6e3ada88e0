/** `orchestrator serve`: MCP over stdio until the client goes, or over HTTP for any number of clients. */
import type { App } from "../app.ts";
import { serveStdio } from "../mcp/stdio.ts";
import { CHECKS, type Command, DEFINITIONS, type Options, STATE, type Terminal, withServer } from "./command.ts";

const HTTP = {
  http: { type: "boolean", help: "Serve Streamable HTTP at /mcp instead of stdio" },
  host: { type: "string", value: "HOST", help: "Address to listen on (else 127.0.0.1)" },
  port: { type: "string", value: "PORT", help: "Port to listen on, 0 for any free one (else 3000)" },
  "allow-host": { type: "string", multiple: true, value: "NAME", help: "Another name it is asked under; repeatable" },
  "token-file": { type: "string", value: "FILE", help: "Ask for the token in the file, made if missing" },
} satisfies Options;

const PEOPLE = {
  notify: { type: "string", value: "COMMAND", help: "Run this program when a run begins to wait for a person" },
  elicit: {
    type: "boolean",
    help: "Let a person approve in their client's own dialog: the client is trusted to ask them",
  },
} satisfies Options;

export const serve: Command = {
  name: "serve",
  summary: "Serve MCP over stdio, or with --http over Streamable HTTP",
  arguments: "",
  options: { ...DEFINITIONS, ...STATE, ...CHECKS, ...PEOPLE, ...HTTP },
  run: async (words, terminal) => {
    const http = words.values["http"] === true;
    const stray = Object.keys(HTTP).find((name) => words.values[name] !== undefined);
    if (!http && stray) {
      terminal.complain(`--${stray} goes with --http.\nSee: orchestrator serve --help`);
      return 2;
    }
    return withServer(words, terminal.stop, (app) => (http ? overHttp(app, terminal) : overStdio(app, terminal)));
  },
};

async function overStdio(app: App, { stop }: Terminal): Promise<number> {
  app.engine.keepSweeping();
  await serveStdio(app, { stop, ending: app.endWaits, log: app.log });
  return 0;
}

async function overHttp(app: App, { stop, complain }: Terminal): Promise<number> {
  const listening = await app.serveHttp(stop);
  if ("refused" in listening) {
    complain(listening.refused);
    return 1;
  }
  complain(`Serving MCP at ${listening.origin}/mcp`);
  complain(`The page, by a link that works once: ${listening.invite({ ownUser: false })}`);
  app.engine.keepSweeping();
  await listening.ended;
  return 0;
}
