import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientKind, type Launch, type McpEndpoint, type Place, SERVER_NAME } from "../client-kind.ts";
import { openaiChat } from "../model/openai-chat.ts";

export const opencode: ClientKind = {
  name: "opencode",
  package: "opencode-ai",
  bin: "opencode",
  api: openaiChat,
  prepare(place) {
    const config = { ...modelOf(place.modelUrl), mcp: { [SERVER_NAME]: entryOf(place.server) } };
    writeFileSync(join(place.project, "opencode.json"), JSON.stringify(config));
    return launch(place);
  },
  byInit: {
    words: ["--client", "opencode"],
    launch(place) {
      const directory = join(place.home, ".config/opencode"); // the project's file is that of init alone
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "opencode.json"), JSON.stringify(modelOf(place.modelUrl)));
      return launch(place);
    },
  },
};

function modelOf(modelUrl: string): object {
  const provider = {
    npm: "@ai-sdk/openai-compatible",
    options: { baseURL: `${modelUrl}/v1`, apiKey: "dummy" },
    models: { scripted: { name: "scripted", tool_call: true } },
  };
  return {
    $schema: "https://opencode.ai/config.json",
    autoupdate: false,
    share: "disabled",
    provider: { loopback: provider },
    model: "loopback/scripted",
  };
}

function launch({ program, prompt }: Pick<Place, "program" | "prompt">): Launch {
  return {
    command: [program, "run", "--model", "loopback/scripted", prompt],
    env: { OPENCODE_DISABLE_AUTOUPDATE: "1", OPENCODE_DISABLE_MODELS_FETCH: "1", OPENCODE_DISABLE_SHARE: "1" },
  };
}

function entryOf(server: McpEndpoint): object {
  return server.transport === "stdio"
    ? { type: "local", command: [server.command, ...server.args], enabled: true }
    : { type: "remote", url: server.url, headers: { Authorization: `Bearer ${server.token}` }, enabled: true };
}
