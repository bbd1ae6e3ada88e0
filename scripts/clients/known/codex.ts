import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Call, type ClientKind, type McpEndpoint, SERVER_NAME } from "../client-kind.ts";
import type { Given, Turn } from "../model/api.ts";
import { openaiResponses } from "../model/openai-responses.ts";

export const codex: ClientKind = {
  name: "Codex",
  package: "@openai/codex",
  bin: "codex",
  api: openaiResponses,
  prepare({ program, home, modelUrl, server, prompt }) {
    mkdirSync(join(home, ".codex"));
    writeFileSync(join(home, ".codex/config.toml"), configOf(modelUrl, server));
    return {
      command: [program, "exec", "--skip-git-repo-check", "--sandbox", "workspace-write", prompt],
      env: { LOOPBACK_KEY: "dummy" },
    };
  },
  turn: callInCode,
};

/** Its newer models call tools from JavaScript, by names that a list of its own tells. */
function callInCode({ tool, args }: Call, { tools, results }: Given): Turn | null {
  if (!tools.includes("functions/exec")) return null;
  const input =
    results.length === 0
      ? `text(ALL_TOOLS.filter(({ name }) => name.includes("${SERVER_NAME}")))`
      : `text(await tools.mcp__${SERVER_NAME}__${tool}(${JSON.stringify(args)}))`;
  return { kind: "call", name: "exec", namespace: "functions", args: {}, input };
}

function configOf(modelUrl: string, server: McpEndpoint): string {
  return `
model_provider = "loopback"
check_for_update_on_startup = false

[features]
apps = false
plugins = false
remote_plugin = false

[analytics]
enabled = false

[model_providers.loopback]
name = "loopback"
base_url = "${modelUrl}/v1"
wire_api = "responses"
env_key = "LOOPBACK_KEY"

[mcp_servers.${SERVER_NAME}]
${entryOf(server)}
`;
}

function entryOf(server: McpEndpoint): string {
  return server.transport === "stdio"
    ? `command = ${JSON.stringify(server.command)}\nargs = ${JSON.stringify(server.args)}`
    : `url = ${JSON.stringify(server.url)}`;
}
