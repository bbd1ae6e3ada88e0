import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Call, type ClientKind, type Launch, type McpEndpoint, type Place, SERVER_NAME } from "../client-kind.ts";
import type { Given, Turn } from "../model/api.ts";
import { openaiResponses, TOOL_SEARCH } from "../model/openai-responses.ts";

const TOKEN_VARIABLE = "ORCHESTRATOR_TOKEN";
const NAMESPACE = `mcp__${SERVER_NAME}`;

export const codex: ClientKind = {
  name: "Codex",
  package: "@openai/codex",
  bin: "codex",
  api: openaiResponses,
  prepare: (place) => prepare(place, []),
  byInit: {
    words: ["--client", "codex"],
    launch: ({ program, modelUrl, prompt }) => ({
      command: [
        program,
        "exec",
        "--skip-git-repo-check",
        "--sandbox",
        "workspace-write",
        ...overrides(modelUrl),
        prompt,
      ],
      env: { LOOPBACK_KEY: "dummy" },
    }),
  },
  byHooks: {
    words: ["--client", "codex"],
    launch: ({ program, modelUrl, prompt }) => ({
      // a person trusts the hooks once, in its window
      command: [
        program,
        "exec",
        "--skip-git-repo-check",
        "--dangerously-bypass-hook-trust",
        ...overrides(modelUrl),
        prompt,
      ],
      env: { LOOPBACK_KEY: "dummy" },
    }),
    write(file) {
      const patch = `*** Begin Patch\n*** Add File: ${file}\n+a\n*** End Patch\n`;
      const input = `text(await tools.apply_patch(${JSON.stringify(patch)}))`;
      return { kind: "call", name: "exec", namespace: "functions", args: {}, input };
    },
  },
  turn: callInCode,
};

/** The same with a model that calls tools one by one. */
export const codexWithoutCode: ClientKind = {
  package: codex.package,
  bin: codex.bin,
  api: codex.api,
  name: "Codex, gpt-5.5",
  prepare: (place) => prepare(place, ["--model", "gpt-5.5"]),
  turn: callDeferred,
};

function prepare({ program, home, modelUrl, server, prompt }: Place, more: string[]): Launch {
  mkdirSync(join(home, ".codex"));
  writeFileSync(join(home, ".codex/config.toml"), configOf(modelUrl, server));
  return {
    command: [program, "exec", "--skip-git-repo-check", "--sandbox", "workspace-write", ...more, prompt],
    env: { LOOPBACK_KEY: "dummy", ...(server.transport === "http" && { [TOKEN_VARIABLE]: server.token }) },
  };
}

/** Its newer models call tools from JavaScript, by names that a list of its own tells. */
function callInCode({ tool, args }: Call, { tools, results }: Given): Turn | null {
  if (!tools.includes("functions/exec")) return null;
  const code = (input: string) => ({ kind: "call", name: "exec", namespace: "functions", args: {}, input }) as const;
  return results.length === 0
    ? { ...code(`text(ALL_TOOLS.filter(({ name }) => name.includes("${SERVER_NAME}")))`), isSearch: true }
    : code(`text(await tools.${NAMESPACE}__${tool}(${JSON.stringify(args)}))`);
}

/** Others search for a tool, and call it in the server's namespace. */
function callDeferred({ tool, args }: Call, { tools }: Given): Turn | null {
  if (tools.includes(`${NAMESPACE}/${tool}`)) return { kind: "call", name: tool, namespace: NAMESPACE, args };
  if (!tools.includes(TOOL_SEARCH)) return null;
  return { kind: "call", name: TOOL_SEARCH, args: { query: `${SERVER_NAME} ${tool}`, limit: 20 }, isSearch: true };
}

/** The model and nothing else, by flags. */
function overrides(modelUrl: string): string[] {
  const provider = `{name="loopback", base_url="${modelUrl}/v1", wire_api="responses", env_key="LOOPBACK_KEY"}`;
  const settings = [
    'model_provider="loopback"',
    `model_providers.loopback=${provider}`,
    "check_for_update_on_startup=false",
    "features.apps=false",
    "features.plugins=false",
    "features.remote_plugin=false",
    "analytics.enabled=false",
  ];
  return settings.flatMap((setting) => ["-c", setting]);
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
    : `url = ${JSON.stringify(server.url)}\nbearer_token_env_var = "${TOKEN_VARIABLE}"`;
}
