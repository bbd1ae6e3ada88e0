import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClientKind,
  type Launch,
  type McpEndpoint,
  type Place,
  SERVER_NAME,
  WRITING_TOOLS,
} from "../client-kind.ts";
import { gemini } from "../model/gemini.ts";

export const geminiCli: ClientKind = {
  name: "Gemini CLI",
  package: "@google/gemini-cli",
  bin: "gemini",
  api: gemini,
  prepare(place) {
    const { home, server } = place;
    mkdirSync(join(home, ".gemini"));
    const settings = { ...SETTINGS, mcpServers: { [SERVER_NAME]: entryOf(server) } };
    writeFileSync(join(home, ".gemini/settings.json"), JSON.stringify(settings));
    return launch(place, ["--approval-mode", "yolo"]);
  },
  byInit: {
    words: ["--client", "gemini"],
    launch(place) {
      const file = join(place.home, ".gemini/settings.json");
      const settings = JSON.parse(readFileSync(file, "utf8"));
      writeFileSync(file, JSON.stringify({ ...settings, ...SETTINGS })); // as its own sign-in would
      return launch(place, ["--allowed-tools", WRITING_TOOLS.map((tool) => `mcp_${SERVER_NAME}_${tool}`).join(",")]);
    },
  },
  byHooks: {
    words: ["--client", "gemini"],
    launch(place) {
      const file = join(place.home, ".gemini/settings.json");
      const settings = JSON.parse(readFileSync(file, "utf8"));
      writeFileSync(file, JSON.stringify({ ...settings, ...SETTINGS }));
      return launch(place, ["--approval-mode", "yolo"]);
    },
    write: (file_path) => ({ kind: "call", name: "write_file", args: { file_path, content: "a\n" } }),
  },
};

const SETTINGS = {
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  privacy: { usageStatisticsEnabled: false },
  security: { auth: { selectedType: "gemini-api-key" } },
};

function launch({ program, modelUrl, prompt }: Omit<Place, "server">, leave: string[]): Launch {
  return {
    command: [program, "--skip-trust", ...leave, "-m", "gemini-2.5-flash", "-p", prompt],
    env: { GOOGLE_GEMINI_BASE_URL: modelUrl, GEMINI_API_KEY: "dummy", GEMINI_TELEMETRY_ENABLED: "false" },
  };
}

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { command: server.command, args: server.args }
    : { type: "http", url: server.url, headers: { Authorization: `Bearer ${server.token}` } };
}
