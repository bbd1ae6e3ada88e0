import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Call,
  type ClientKind,
  callDirectly,
  type McpEndpoint,
  SERVER_NAME,
  WRITING_TOOLS,
} from "../client-kind.ts";
import { anthropicMessages } from "../model/anthropic-messages.ts";
import type { Given, Turn } from "../model/api.ts";

const FINDER = "ToolSearch";

export const claudeCode: ClientKind = {
  name: "Claude Code",
  package: "@anthropic-ai/claude-code",
  bin: "claude",
  api: anthropicMessages,
  prepare({ program, project, modelUrl, server, prompt }) {
    const file = join(project, ".mcp.json");
    writeFileSync(file, JSON.stringify({ mcpServers: { [SERVER_NAME]: entryOf(server) } }));
    return {
      command: [
        program,
        "-p",
        prompt,
        "--mcp-config",
        file,
        "--strict-mcp-config",
        "--allowedTools",
        `mcp__${SERVER_NAME}`,
      ],
      env: envOf(modelUrl),
    };
  },
  byInit: {
    words: ["--client", "claude", "--scope", "user"],
    launch: ({ program, modelUrl, prompt }) => ({
      command: [
        program,
        "-p",
        prompt,
        "--allowedTools",
        WRITING_TOOLS.map((tool) => `mcp__${SERVER_NAME}__${tool}`).join(","),
      ],
      env: envOf(modelUrl),
    }),
  },
  byHooks: {
    words: ["--client", "claude", "--scope", "user"],
    launch: ({ program, modelUrl, prompt }) => ({
      command: [program, "-p", prompt, "--permission-mode", "acceptEdits", "--allowedTools", `mcp__${SERVER_NAME}`],
      env: envOf(modelUrl),
    }),
    compact: { words: ["--continue"], prompt: "/compact" },
    write: (file_path) => ({ kind: "call", name: "Write", args: { file_path, content: "a\n" } }),
  },
  turn: (call, given) => callDirectly(call, given) ?? findTool(call, given),
};

function envOf(modelUrl: string): Record<string, string> {
  return {
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: "dummy",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    // With another base URL it is off unless asked for; users have it on.
    ENABLE_TOOL_SEARCH: "true",
  };
}

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { command: server.command, args: server.args }
    : { type: "http", url: server.url, headers: { Authorization: `Bearer ${server.token}` } };
}

/** Deferred tools are named to the model, and offered once it has searched for them. */
function findTool({ tool }: Call, { tools }: Given): Turn | null {
  if (!tools.includes(FINDER)) return null;
  return { kind: "call", name: FINDER, args: { query: `select:mcp__${SERVER_NAME}__${tool}` }, isSearch: true };
}
