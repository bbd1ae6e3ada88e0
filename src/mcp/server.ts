/** The adapter to the MCP SDK: one server for each client, whatever the transport, on our own tables. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { type JSONRPCRequest, type LoggingLevel, LoggingLevelSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import type { Log } from "../log.ts";
import { oneLine } from "../words.ts";
import type { Changes } from "./changes.ts";
import type { Elicit } from "./elicit/elicit.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import { INVALID_PARAMS, METHOD_NOT_FOUND, ProtocolError, readParams } from "./message.ts";
import {
  asProtocolError,
  CAPABILITIES,
  isReading,
  READING,
  type ReadingMethod,
  SERVER,
  Uri,
  withoutInternals,
} from "./methods.ts";
import { instanceIdIn, readResource } from "./resources.ts";
import { createSessionCalls, type SessionCalls } from "./session-calls.ts";

export interface ServerParts {
  engine: Engine;
  changes: Changes;
  version: string;
  log: Log;
  newId: () => string;
  /** Undefined: no client is asked to ask a person. */
  elicit?: Elicit | undefined;
}

export interface McpServer {
  /** To be connected to a transport. */
  server: Server;
  /** Calls of tools, which do not go by the server. */
  calls: SessionCalls;
}

/** The protocol's code for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002;

type Answering = (params: unknown) => object | Promise<object>;

const Level = z.object({ level: LoggingLevelSchema });

/** What hangs on a session; the SDK does the first two, `SessionCalls` the third, the rest is in `READING`. */
const OF_SESSIONS = [
  "initialize",
  "ping",
  "tools/call",
  "resources/subscribe",
  "resources/unsubscribe",
  "logging/setLevel",
] as const;

/** Whether the server has an answer to the method. */
export function isMethod(method: string): boolean {
  return isReading(method) || OF_SESSIONS.some((each) => each === method);
}

export function createMcpServer(parts: ServerParts): McpServer {
  const { engine, version, log } = parts;
  const server = new Server({ ...SERVER, version }, { capabilities: CAPABILITIES, instructions: INSTRUCTIONS });
  let logLevel: LoggingLevel | null = null;
  const calls = createSessionCalls(parts, {
    client: () => server.getClientVersion(),
    logLevel: () => logLevel,
    capabilities: () => server.getClientCapabilities(),
  });
  const watch = watchFor(server, parts);

  function read(method: ReadingMethod, params: unknown): Promise<object> {
    if (method === "prompts/list" || method === "resources/list") watch.catalog();
    const code = method === "resources/read" ? RESOURCE_NOT_FOUND : INVALID_PARAMS;
    return asProtocolError(code, () => READING[method](engine, params));
  }

  const table: Record<Exclude<(typeof OF_SESSIONS)[number], "initialize" | "ping" | "tools/call">, Answering> = {
    "resources/subscribe": taking(Uri, async ({ uri }) => {
      await asProtocolError(RESOURCE_NOT_FOUND, () => readResource(engine, uri));
      watch.resource(uri);
      return {};
    }),
    "resources/unsubscribe": taking(Uri, ({ uri }) => {
      watch.forget(uri);
      return {};
    }),
    "logging/setLevel": taking(Level, ({ level }) => {
      logLevel = level;
      return {};
    }),
  };
  const answers = new Map<string, Answering>(Object.entries(table));
  // Not by `setRequestHandler`: that parses with the SDK's schemas, and sends their dumps as errors.
  server.removeRequestHandler("logging/setLevel");
  server.fallbackRequestHandler = async ({ method, params }: JSONRPCRequest) => {
    try {
      if (isReading(method)) return await read(method, params);
      const answer = answers.get(method);
      if (answer) return await answer(params);
    } catch (error) {
      throw withoutInternals(error, parts);
    }
    throw new ProtocolError(METHOD_NOT_FOUND, `There is no method "${oneLine(method, 200)}".`);
  };
  server.onclose = () => {
    watch.end();
    calls.end();
  };
  server.onerror = ({ message }) => log.debug({ message }, "the SDK reports a fault");
  return { server, calls };
}

/** A handler behind its schema. */
function taking<S extends z.ZodObject>(
  schema: S,
  handler: (params: z.infer<S>) => object | Promise<object>,
): Answering {
  return (params) => handler(readParams(schema, params));
}

/** What a client is told of by itself. Nothing is watched before it asked for a list, or subscribed. */
function watchFor(server: Server, { changes }: ServerParts) {
  const ends = new Map<string, () => void>();
  const gone = () => {}; // the client has left: nobody is to be told

  function catalogChanged(): void {
    server.sendPromptListChanged().catch(gone);
    server.sendResourceListChanged().catch(gone);
    for (const uri of ends.keys()) if (uri.startsWith("workflow:")) server.sendResourceUpdated({ uri }).catch(gone);
  }

  function forget(uri: string): void {
    ends.get(uri)?.();
    ends.delete(uri);
  }

  return {
    catalog(): void {
      if (!ends.has("")) ends.set("", changes.onCatalog(catalogChanged));
    },
    resource(uri: string): void {
      forget(uri);
      const id = instanceIdIn(uri);
      if (id === null) this.catalog();
      const tell = () => void server.sendResourceUpdated({ uri }).catch(gone);
      ends.set(uri, id === null ? gone : changes.onInstance(id, tell));
    },
    forget,
    end(): void {
      for (const end of ends.values()) end();
      ends.clear();
    },
  };
}
