import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientKind, type Launch, type McpEndpoint, type Place, SERVER_NAME } from "../client-kind.ts";
import { openaiChat } from "../model/openai-chat.ts";

const PROVIDER = "openai-compatible";

export const cline: ClientKind = {
  name: "Cline CLI",
  package: "cline",
  bin: "cline",
  api: openaiChat,
  prepare(place) {
    const { home, server } = place;
    const settings = settingsIn(home);
    mkdirSync(settings, { recursive: true });
    const config = { mcpServers: { [SERVER_NAME]: entryOf(server) } };
    writeFileSync(join(settings, "cline_mcp_settings.json"), JSON.stringify(config));
    return launch(place);
  },
  byInit: { words: ["--client", "cline"], launch },
};

const settingsIn = (home: string) => join(home, ".cline/data/settings");

function launch({ program, home, modelUrl, prompt }: Omit<Place, "server">): Launch {
  const write = (file: string, what: object) => writeFileSync(join(settingsIn(home), file), JSON.stringify(what));
  const provider = { provider: PROVIDER, apiKey: "dummy", model: "scripted", baseUrl: `${modelUrl}/v1` };
  write("global-settings.json", { telemetryOptOut: true, autoUpdateEnabled: false });
  write("providers.json", {
    version: 1,
    lastUsedProvider: PROVIDER,
    modes: {},
    providers: { [PROVIDER]: { settings: provider, updatedAt: new Date().toISOString(), tokenSource: "manual" } },
  });
  return {
    command: [program, prompt],
    // The other backend is a daemon, which would outlive the run.
    env: { CLINE_SESSION_BACKEND_MODE: "local", CLINE_NO_AUTO_UPDATE: "1" },
  };
}

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { transport: { type: "stdio", command: server.command, args: server.args } }
    : { transport: { type: "streamableHttp", url: server.url, headers: { Authorization: `Bearer ${server.token}` } } };
}
