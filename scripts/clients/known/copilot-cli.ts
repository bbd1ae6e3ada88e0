import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientKind, type Launch, type McpEndpoint, type Place, SERVER_NAME } from "../client-kind.ts";
import { openaiChat } from "../model/openai-chat.ts";

export const copilotCli: ClientKind = {
  name: "Copilot CLI",
  package: "@github/copilot",
  bin: "copilot",
  api: openaiChat,
  prepare(place) {
    const { home, server } = place;
    mkdirSync(join(home, ".copilot"));
    const config = { mcpServers: { [SERVER_NAME]: entryOf(server) } };
    writeFileSync(join(home, ".copilot/mcp-config.json"), JSON.stringify(config));
    return launch(place);
  },
  byInit: { words: ["--client", "copilot", "--scope", "user"], launch },
  byHooks: {
    words: ["--client", "copilot", "--scope", "project"],
    launch(place) {
      const { command, env } = launch(place);
      return { command: [...command, "--trust-folder"], env };
    },
    write: (path) => ({ kind: "call", name: "create", args: { path, file_text: "a\n" } }),
  },
};

function launch({ program, modelUrl, prompt }: Omit<Place, "server">): Launch {
  return {
    command: [program, "-p", prompt, "--allow-all-tools"],
    env: {
      COPILOT_PROVIDER_BASE_URL: `${modelUrl}/v1`,
      COPILOT_PROVIDER_API_KEY: "dummy",
      COPILOT_MODEL: "scripted",
      COPILOT_OFFLINE: "true",
      COPILOT_AUTO_UPDATE: "false",
    },
  };
}

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { type: "local", command: server.command, args: server.args, tools: ["*"] }
    : { type: "http", url: server.url, headers: { Authorization: `Bearer ${server.token}` }, tools: ["*"] };
}
