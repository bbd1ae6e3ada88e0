import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientKind, type McpEndpoint, SERVER_NAME } from "../client-kind.ts";
import { openaiChat } from "../model/openai-chat.ts";

export const opencode: ClientKind = {
  name: "opencode",
  package: "opencode-ai",
  bin: "opencode",
  api: openaiChat,
  prepare({ program, project, modelUrl, server, prompt }) {
    const provider = {
      npm: "@ai-sdk/openai-compatible",
      options: { baseURL: `${modelUrl}/v1`, apiKey: "dummy" },
      models: { scripted: { name: "scripted", tool_call: true } },
    };
    const config = {
      $schema: "https://opencode.ai/config.json",
      autoupdate: false,
      share: "disabled",
      provider: { loopback: provider },
      model: "loopback/scripted",
      mcp: { [SERVER_NAME]: entryOf(server) },
    };
    writeFileSync(join(project, "opencode.json"), JSON.stringify(config));
    return {
      command: [program, "run", "--model", "loopback/scripted", prompt],
      env: { OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_SHARE: "1" },
    };
  },
};

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { type: "local", command: [server.command, ...server.args], enabled: true }
    : { type: "remote", url: server.url, headers: { Authorization: `Bearer ${server.token}` }, enabled: true };
}
