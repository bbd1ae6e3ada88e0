import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MARKETPLACE, PLUGIN } from "../../plugin.ts";
import {
  type Call,
  type ClientKind,
  callDirectly,
  type Launch,
  type McpEndpoint,
  type Place,
  SERVER_NAME,
  WRITING_TOOLS,
} from "../client-kind.ts";
import { anthropicMessages } from "../model/anthropic-messages.ts";
import type { Given, Turn } from "../model/api.ts";

const FINDER = "ToolSearch";
const SET_UP = ["--client", "claude", "--scope", "user"];
/** What the plugin's server is called in the names of its tools. */
const PLUGIN_SERVER = `plugin_${SERVER_NAME}_${SERVER_NAME}`;

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
  byInit: { words: SET_UP, launch: (place) => launchWriting(place, SERVER_NAME) },
  byHooks: {
    words: SET_UP,
    launch: (place) => launchEditing(place, SERVER_NAME),
    compact: { words: ["--continue"], prompt: "/compact" },
    write: (file_path) => ({ kind: "call", name: "Write", args: { file_path, content: "a\n" } }),
  },
  byPlugin: {
    commands: (program) => [
      [program, "plugin", "validate", "--strict", MARKETPLACE],
      [program, "plugin", "marketplace", "add", MARKETPLACE],
      [program, "plugin", "install", PLUGIN],
    ],
    // its slash command gives leave for what only reads, as a plugin cannot
    launch: (place) => launchWriting({ ...place, prompt: `/${SERVER_NAME}:use ${place.prompt}` }, PLUGIN_SERVER),
    launchHooks: (place) => launchEditing(place, PLUGIN_SERVER),
  },
  turn: (call, given) => callDirectly(call, given) ?? findTool(call, given),
};

/** With leave for the tools that write, and no more. */
function launchWriting({ program, modelUrl, prompt }: Omit<Place, "server">, server: string): Launch {
  const tools = WRITING_TOOLS.map((tool) => `mcp__${server}__${tool}`).join(",");
  return { command: [program, "-p", prompt, "--allowedTools", tools], env: envOf(modelUrl) };
}

/** With leave for all tools, and to edit files. */
function launchEditing({ program, modelUrl, prompt }: Omit<Place, "server">, server: string): Launch {
  const leave = ["--permission-mode", "acceptEdits", "--allowedTools", `mcp__${server}`];
  return { command: [program, "-p", prompt, ...leave], env: envOf(modelUrl) };
}

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
  const query = `select:${[SERVER_NAME, PLUGIN_SERVER].map((server) => `mcp__${server}__${tool}`).join(",")}`;
  return { kind: "call", name: FINDER, args: { query }, isSearch: true };
}
