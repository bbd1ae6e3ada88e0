/** A real MCP client on the compiled executable over stdio. It lists the tools first, so that it validates every answer. */
import { afterAll, afterEach } from "bun:test";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { type Dialogs, newClient } from "./dialogs.ts";
import { EXECUTABLE } from "./executable.ts";
import { scratchDir } from "./workspace.ts";

/** A tool's answer, both forms. */
export interface Told {
  text: string;
  // Structured content is checked field by field in each test.
  // biome-ignore lint/suspicious/noExplicitAny: the shape differs by tool
  data: any;
  isError: boolean;
}

export interface Connection {
  client: Client;
  pid: number;
  db: string;
  project: string;
  call(tool: string, args?: Record<string, unknown>): Promise<Told>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
  /** What the server wrote to stderr so far. */
  stderr(): string;
}

export interface ConnectOptions {
  workflows?: string;
  db?: string;
  project?: string;
  args?: string[];
  env?: Record<string, string>;
  cwd?: string;
  /** A command that the executable and its arguments are handed to, such as one that sets limits. */
  wrapper?: string[];
  /** How the client answers the server's dialogs; without it, it has none. */
  dialogs?: Dialogs | undefined;
  /** For all tests of a file, which share its runs then; closed after the last. */
  forAll?: boolean;
}

const open: Connection[] = [];
const shared: Connection[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

afterAll(async () => {
  await Promise.all(shared.splice(0).map((each) => each.close()));
});

/** Starts a server of its own and shakes hands; closed after the test. */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const project = options.project ?? scratchDir();
  const db = options.db ?? join(scratchDir(), "state.sqlite");
  const workflows = options.workflows ? ["--workflows", options.workflows] : [];
  const serve = [EXECUTABLE, "serve", "--db", db, "--project", project, ...workflows, ...(options.args ?? [])];
  const [command = EXECUTABLE, ...args] = [...(options.wrapper ?? []), ...serve];
  const transport = new StdioClientTransport({
    command,
    args,
    cwd: options.cwd ?? project,
    stderr: "pipe",
    ...(options.env ? { env: options.env } : {}),
  });
  let errors = "";
  transport.stderr?.on("data", (chunk) => {
    errors += String(chunk);
  });
  const client = newClient(options.dialogs);
  await client.connect(transport);
  await client.listTools();
  const pid = transport.pid ?? 0;
  const gone = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  const connection: Connection = {
    client,
    pid,
    db,
    project,
    call: (tool, args = {}) => callTool(client, tool, args),
    kill: async () => {
      process.kill(pid, "SIGKILL");
      await gone;
    },
    close: () => client.close(),
    stderr: () => errors,
  };
  (options.forAll ? shared : open).push(connection);
  return connection;
}

/** Calls a tool and takes both forms of its answer apart. */
export async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<Told> {
  const result = await client.callTool({ name, arguments: args });
  const content = Array.isArray(result.content) ? result.content : [];
  const text = content.map((block) => (block.type === "text" ? block.text : "")).join("");
  return { text, data: result.structuredContent, isError: result.isError === true };
}
