/** The SDK's newer client, held to the revision without sessions, on the compiled executable over either transport. */
import { afterEach } from "bun:test";
import { join } from "node:path";
import {
  Client,
  type ClientOptions,
  type ElicitResult,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Caller } from "./calls.ts";
import type { ConnectOptions } from "./client.ts";
import type { Asked, Dialogs } from "./dialogs.ts";
import { EXECUTABLE } from "./executable.ts";
import { MCP_HEADERS, serveHttp } from "./http.ts";
import { scratchDir } from "./workspace.ts";

export const REVISION = "2026-07-28";

/** What every request says of itself. */
export const META = {
  "io.modelcontextprotocol/protocolVersion": REVISION,
  "io.modelcontextprotocol/clientCapabilities": {},
};

export interface Sessionless extends Caller {
  client: Client;
  project: string;
  db: string;
}

type Options = Pick<ConnectOptions, "workflows" | "args" | "project" | "db" | "env" | "dialogs">;

const open: Client[] = [];

afterEach(async () => {
  await Promise.allSettled(open.splice(0).map((client) => client.close()));
});

export const SESSIONLESS: Record<"stdio" | "HTTP", (options: Options) => Promise<Sessionless>> = {
  stdio: async ({
    project = scratchDir(),
    db = join(scratchDir(), "state.sqlite"),
    workflows,
    args = [],
    env,
    dialogs,
  }) => {
    const words = [
      "serve",
      "--db",
      db,
      "--project",
      project,
      ...(workflows ? ["--workflows", workflows] : []),
      ...args,
    ];
    const server = {
      command: EXECUTABLE,
      args: words,
      cwd: project,
      stderr: "ignore" as const,
      ...(env ? { env } : {}),
    };
    const client = await pinned(new StdioClientTransport(server), {}, dialogs);
    return { client, project, db, call: caller(client) };
  },
  HTTP: async ({ project = scratchDir(), args = [], dialogs, ...options }) => {
    const { url, db } = await serveHttp({ ...options, args: ["--project", project, ...args] });
    const client = await pinned(new StreamableHTTPClientTransport(new URL(url)), {}, dialogs);
    return { client, project, db, call: caller(client) };
  },
};

/** A client that falls back to nothing else; it lists the tools, so that it validates every answer. */
export async function pinned(
  transport: Parameters<Client["connect"]>[0],
  options: ClientOptions = {},
  dialogs?: Dialogs,
): Promise<Client> {
  const versionNegotiation = { mode: { pin: REVISION } };
  const client = new Client(
    { name: "test-client", version: "2.0" },
    {
      versionNegotiation,
      ...(dialogs ? { capabilities: { elicitation: { form: {} } } } : {}),
      ...options,
    },
  );
  if (dialogs)
    client.setRequestHandler("elicitation/create", async ({ params }, { mcpReq }) => {
      // What the server sent, and what a test wants sent.
      return (await dialogs.answer(params as unknown as Asked, mcpReq.signal)) as ElicitResult;
    });
  open.push(client);
  await client.connect(transport);
  await client.listTools();
  return client;
}

function caller(client: Client): Caller["call"] {
  return async (name, args = {}) => {
    const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
    const text = content.map((block) => (block.type === "text" ? block.text : "")).join("");
    return { text, data: structuredContent, isError: isError === true };
  };
}

/** A request with all that the revision asks for; `headers` and `meta` replace parts of it. */
export function requestOf(
  method: string,
  params: Record<string, unknown> = {},
  { id = 1, headers = {}, meta = META }: { id?: unknown; headers?: Record<string, string>; meta?: unknown } = {},
): RequestInit {
  const name = params["name"] ?? params["uri"];
  const standard = {
    "mcp-protocol-version": REVISION,
    "mcp-method": method,
    ...(typeof name === "string" ? { "mcp-name": name } : {}),
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: meta } });
  return { method: "POST", headers: { ...MCP_HEADERS, ...standard, ...headers }, body };
}
