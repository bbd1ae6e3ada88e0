import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientKind, type McpEndpoint, SERVER_NAME } from "../client-kind.ts";
import { gemini } from "../model/gemini.ts";

export const geminiCli: ClientKind = {
  name: "Gemini CLI",
  package: "@google/gemini-cli",
  bin: "gemini",
  api: gemini,
  prepare({ program, home, modelUrl, server, prompt }) {
    const settings = {
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      privacy: { usageStatisticsEnabled: false },
      security: { auth: { selectedType: "gemini-api-key" } },
      mcpServers: { [SERVER_NAME]: entryOf(server) },
    };
    mkdirSync(join(home, ".gemini"));
    writeFileSync(join(home, ".gemini/settings.json"), JSON.stringify(settings));
    return {
      command: [program, "--skip-trust", "--approval-mode", "yolo", "-m", "gemini-2.5-flash", "-p", prompt],
      env: { GOOGLE_GEMINI_BASE_URL: modelUrl, GEMINI_API_KEY: "dummy", GEMINI_TELEMETRY_ENABLED: "false" },
    };
  },
};

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { command: server.command, args: server.args }
    : { type: "http", url: server.url, headers: { Authorization: `Bearer ${server.token}` } };
}
