/** The adapter to the MCP SDK: one server for each client, whatever the transport, on our own tables. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { type JSONRPCRequest, LoggingLevelSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import type { Engine } from "../engine/engine.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { oneLine } from "../words.ts";
import { Call, createCalls, type Extra } from "./calls.ts";
import type { Changes } from "./changes.ts";
import { errorAnswer } from "./error-answer.ts";
import { ICON } from "./icon.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import { given, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, ProtocolError, readParams } from "./message.ts";
import { createNotices } from "./notices.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { completeTemplate, instanceIdIn, listResources, readResource, TEMPLATES } from "./resources.ts";
import { TOOLS } from "./tools.ts";

export interface ServerParts {
  engine: Engine;
  changes: Changes;
  version: string;
  log: Log;
  newId: () => string;
}

export interface McpServer {
  /** To be connected to a transport. */
  server: Server;
  /** Resolves when no call is in flight. */
  idle(): Promise<void>;
}

/** The protocol's code for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002;

/** A client that otherwise shows its model the names of tools alone loads these whole. */
const ALWAYS_LOAD = { "anthropic/alwaysLoad": true };

const CAPABILITIES = {
  tools: {},
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};

const TOOLS_LIST = {
  tools: TOOLS.map(({ name, title, description, input, output, annotations, alwaysLoad }) => ({
    name,
    title,
    description,
    inputSchema: input,
    outputSchema: output,
    annotations,
    ...(alwaysLoad ? { _meta: ALWAYS_LOAD } : {}),
  })),
};

/** What is answered; the SDK does the first two. */
const METHODS = [
  "initialize",
  "ping",
  "tools/list",
  "tools/call",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "resources/subscribe",
  "resources/unsubscribe",
  "completion/complete",
  "logging/setLevel",
] as const;
type Method = (typeof METHODS)[number];

type Answering = (params: unknown, extra: Extra) => object | Promise<object>;

const PromptChoice = z.object({ name: z.string(), arguments: given(z.record(z.string(), given(z.string()))) });
const Page = z.object({ cursor: given(z.string()) });
const Uri = z.object({ uri: z.string() });
const Completion = z.object({
  ref: z.object({ type: z.string(), uri: given(z.string()) }),
  argument: z.object({ name: z.string(), value: z.string() }),
});
const Level = z.object({ level: LoggingLevelSchema });

/** Whether the server has an answer to the method. */
export function isMethod(method: string): method is Method {
  return METHODS.some((each) => each === method);
}

export function createMcpServer(parts: ServerParts): McpServer {
  const { engine, version, log } = parts;
  const server = new Server(
    { name: "workflow-orchestrator", title: "Workflow Orchestrator", version, icons: [ICON] },
    { capabilities: CAPABILITIES, instructions: INSTRUCTIONS },
  );
  const notices = createNotices(server);
  const { call, idle } = createCalls(server, { ...parts, notices });
  const watch = watchFor(server, parts);

  const table: Record<Exclude<Method, "initialize" | "ping">, Answering> = {
    "tools/list": () => TOOLS_LIST,
    "tools/call": taking(Call, call),
    "prompts/list": async () => {
      watch.catalog();
      return { prompts: listPrompts(await engine.catalog()) };
    },
    "prompts/get": taking(PromptChoice, async ({ name, arguments: sent = {} }) => {
      const texts = Object.entries(sent).filter((pair): pair is [string, string] => pair[1] !== undefined);
      const { description, text } = await asProtocolError(INVALID_PARAMS, async () =>
        getPrompt(await engine.catalog(), name, Object.fromEntries(texts)),
      );
      return { description, messages: [{ role: "user", content: { type: "text", text } }] };
    }),
    "resources/list": taking(Page, ({ cursor }) => {
      watch.catalog();
      return asProtocolError(INVALID_PARAMS, () => listResources(engine, cursor));
    }),
    "resources/templates/list": () => ({ resourceTemplates: TEMPLATES }),
    "resources/read": taking(Uri, async ({ uri }) => {
      const read = await asProtocolError(RESOURCE_NOT_FOUND, () => readResource(engine, uri));
      return { contents: [{ uri, ...read }] };
    }),
    "resources/subscribe": taking(Uri, async ({ uri }) => {
      await asProtocolError(RESOURCE_NOT_FOUND, () => readResource(engine, uri));
      watch.resource(uri);
      return {};
    }),
    "resources/unsubscribe": taking(Uri, ({ uri }) => {
      watch.forget(uri);
      return {};
    }),
    "completion/complete": taking(Completion, async ({ ref, argument }) => {
      const nothing = { values: [], total: 0, hasMore: false };
      if (ref.type !== "ref/resource") return { completion: nothing };
      return { completion: await completeTemplate(engine, ref.uri ?? "", argument.value) };
    }),
    "logging/setLevel": taking(Level, ({ level }) => {
      notices.setLevel(level);
      return {};
    }),
  };
  const answers = new Map(Object.entries(table));
  // Not by `setRequestHandler`: that parses with the SDK's schemas, and sends their dumps as errors.
  server.removeRequestHandler("logging/setLevel");
  server.fallbackRequestHandler = async ({ method, params }: JSONRPCRequest, extra) => {
    const answer = answers.get(method);
    if (!answer) throw new ProtocolError(METHOD_NOT_FOUND, `There is no method "${oneLine(method, 200)}".`);
    try {
      return await answer(params, extra);
    } catch (error) {
      throw error instanceof ProtocolError ? error : withoutInternals(error, parts);
    }
  };
  server.onclose = () => watch.end();
  server.onerror = ({ message }) => log.debug({ message }, "the SDK reports a fault");
  return { server, idle };
}

/** A handler behind its schema. */
function taking<S extends z.ZodObject>(
  schema: S,
  handler: (params: z.infer<S>, extra: Extra) => object | Promise<object>,
): Answering {
  return (params, extra) => handler(readParams(schema, params), extra);
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

/** What nobody foresaw, in the words that a tool has for it. */
function withoutInternals(error: unknown, parts: ServerParts): Error {
  const { message, hint } = errorAnswer(error, parts).structured;
  return new ProtocolError(INTERNAL_ERROR, `${message} ${hint}`);
}

/** What an AppError says, as an error of the protocol. */
async function asProtocolError<T>(code: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AppError) throw new ProtocolError(code, `${error.message} ${error.hint}`);
    throw error;
  }
}
