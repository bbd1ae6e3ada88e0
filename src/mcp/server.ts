/** The adapter to the MCP SDK: one server for every transport, on our own table of tools. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from "@modelcontextprotocol/sdk/types.js";
import type { Attention } from "../decider.ts";
import type { Engine } from "../engine/engine.ts";
import type { Log } from "../log.ts";
import { errorAnswer } from "./error-answer.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import { createProgress } from "./progress.ts";
import { TOOLS } from "./tools.ts";

interface ServerParts {
  engine: Engine;
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
const TOOLS_BY_NAME = new Map(TOOLS.map((tool) => [tool.name, tool]));

export function createMcpServer({ engine, version, log, newId }: ServerParts): McpServer {
  const server = new Server(
    { name: "workflow-orchestrator", title: "Workflow Orchestrator", version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  const inFlight = new Set<Promise<unknown>>();

  async function call(name: string, sent: unknown, attention: Attention) {
    const tool = TOOLS_BY_NAME.get(name);
    if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool "${name}"`);
    const began = performance.now();
    try {
      const { text, structured } = await tool.call(engine, sent, { actor: actorOf(server), ...attention });
      return { content: [{ type: "text" as const, text }], structuredContent: structured };
    } catch (error) {
      const { text, structured } = errorAnswer(error, { log, newId });
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
    }
  });

  return { server, idle: async () => void (await Promise.allSettled(inFlight)) };
}

function actorOf(server: Server): string {
  const client = server.getClientVersion();
  return (client ? `mcp:${client.name}/${client.version}` : "mcp").slice(0, MAX_ACTOR);
}
