/** The adapter to the MCP SDK: one server for each client, whatever the transport, on our own tables. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { Attention } from "../decider.ts";
import type { Engine } from "../engine/engine.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Changes } from "./changes.ts";
import { errorAnswer } from "./error-answer.ts";
import { ICON } from "./icon.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import { createNotices } from "./notices.ts";
import { createProgress } from "./progress.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { completeTemplate, instanceIdIn, listResources, readResource, TEMPLATES } from "./resources.ts";
import { createRest } from "./rest.ts";
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

/** Longest name of a client in the history, in characters. */
const MAX_ACTOR = 80;
/** The protocol's code for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002;

const CAPABILITIES = {
  tools: {},
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
};

const TOOLS_LIST = {
  tools: TOOLS.map(({ name, title, description, input, output, annotations }) => ({
    name,
    title,
    description,
    inputSchema: input,
    outputSchema: output,
    annotations,
  })),
};
/** One for the process, however many clients it serves. */
const rest = createRest();

const TOOLS_BY_NAME = new Map(TOOLS.map((tool) => [tool.name, tool]));

export function createMcpServer(parts: ServerParts): McpServer {
  const { engine, version } = parts;
  const server = new Server(
    { name: "workflow-orchestrator", title: "Workflow Orchestrator", version, icons: [ICON] },
    { capabilities: CAPABILITIES, instructions: INSTRUCTIONS },
  );
  const idle = serveTools(server, parts);
  const watch = watchFor(server, parts);

  server.setRequestHandler(ListPromptsRequestSchema, async () => {
    watch.catalog();
    return { prompts: listPrompts(await engine.catalog()) };
  });
  server.setRequestHandler(GetPromptRequestSchema, async ({ params }) => {
    const { description, text } = await asProtocolError(ErrorCode.InvalidParams, async () =>
      getPrompt(await engine.catalog(), params.name, params.arguments ?? {}),
    );
    return { description, messages: [{ role: "user", content: { type: "text", text } }] };
  });
  server.setRequestHandler(ListResourcesRequestSchema, async ({ params }) => {
    watch.catalog();
    return asProtocolError(ErrorCode.InvalidParams, () => listResources(engine, params?.cursor));
  });
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: TEMPLATES }));
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => {
    const read = await asProtocolError(RESOURCE_NOT_FOUND, () => readResource(engine, uri));
    return { contents: [{ uri, ...read }] };
  });
  server.setRequestHandler(CompleteRequestSchema, async ({ params: { ref, argument } }) => {
    const nothing = { values: [], total: 0, hasMore: false };
    if (ref.type !== "ref/resource") return { completion: nothing };
    return { completion: await completeTemplate(engine, ref.uri, argument.value) };
  });
  server.setRequestHandler(SubscribeRequestSchema, async ({ params: { uri } }) => {
    await asProtocolError(RESOURCE_NOT_FOUND, () => readResource(engine, uri));
    watch.resource(uri);
    return {};
  });
  server.setRequestHandler(UnsubscribeRequestSchema, ({ params: { uri } }) => {
    watch.forget(uri);
    return {};
  });
  server.onclose = () => watch.end();
  return { server, idle };
}

/** Tools; what it returns resolves when no call is in flight. */
function serveTools(server: Server, { engine, log, newId }: ServerParts): McpServer["idle"] {
  const inFlight = new Set<Promise<unknown>>();
  const notices = createNotices(server);

  async function call(name: string, sent: unknown, attention: Attention) {
    const tool = TOOLS_BY_NAME.get(name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool "${name}"`);
    const began = performance.now();
    try {
      const { text, structured } = await tool.call(engine, sent, { actor: actorOf(server), ...attention });
      notices.answered(name, structured);
      return { content: [{ type: "text" as const, text }], structuredContent: structured };
    } catch (error) {
      const { text, structured } = errorAnswer(error, { log, newId });
      notices.refused(name, structured);
      return { content: [{ type: "text" as const, text }], structuredContent: structured, isError: true };
    } finally {
      log.debug({ tool: name, ms: Math.round(performance.now() - began) }, "tool called");
    }
  }

  server.setRequestHandler(ListToolsRequestSchema, () => TOOLS_LIST);
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal, sendNotification, _meta }) => {
    const progress = createProgress(_meta?.progressToken, sendNotification);
    const answer = call(params.name, params.arguments, { signal, tell: progress.tell });
    inFlight.add(answer);
    try {
      return await answer;
    } finally {
      progress.end();
      inFlight.delete(answer);
      rest.called();
    }
  });
  return async () => void (await Promise.allSettled(inFlight));
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

/** What an AppError says, as an error of the protocol. */
async function asProtocolError<T>(code: number, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AppError) throw new McpError(code, `${error.message} ${error.hint}`);
    throw error;
  }
}

function actorOf(server: Server): string {
  const client = server.getClientVersion();
  return (client ? `mcp:${client.name}/${client.version}` : "mcp").slice(0, MAX_ACTOR);
}
