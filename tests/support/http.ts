/** The compiled executable serving HTTP: clients of the SDK on it, bare requests, and bare sockets for what fetch hides. */
import { afterEach } from "bun:test";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { callTool, type Told } from "./client.ts";
import { type Dialogs, newClient } from "./dialogs.ts";
import { type Bare, type Exit, type Message, startBare, waitFor } from "./stdio.ts";
import { scratchDir } from "./workspace.ts";

export interface HttpServer {
  /** Where MCP is. */
  url: string;
  port: number;
  bare: Bare;
  db: string;
  /** Sends a signal; resolves to how the process ended, if it did so within two seconds. */
  end(signal: NodeJS.Signals): Promise<Exit | "still running">;
}

export interface HttpOptions {
  workflows?: string;
  db?: string;
  args?: string[];
  env?: Record<string, string>;
  /** For all tests of a file; killed after the last. */
  forAll?: boolean;
}

/** Starts a server on a free port; it is killed after the test. */
export async function serveHttp({
  workflows,
  db,
  args = [],
  env = {},
  forAll = false,
}: HttpOptions = {}): Promise<HttpServer> {
  const file = db ?? join(scratchDir(), "state.sqlite");
  const flags = ["--db", file, ...(workflows ? ["--workflows", workflows] : []), "--port", "0", ...args];
  const bare = startBare({ cwd: scratchDir(), args: ["serve", "--http", ...flags], env, forAll });
  const url = await waitFor(() => /Serving MCP at (\S+)/.exec(bare.stderr())?.[1], "the line with the URL");
  const end = (signal: NodeJS.Signals) => {
    bare.child.kill(signal);
    return Promise.race([bare.exited, Bun.sleep(2_000).then(() => "still running" as const)]);
  };
  return { url, port: Number(new URL(url).port), bare, db: file, end };
}

export interface HttpClient {
  client: Client;
  transport: StreamableHTTPClientTransport;
  call(tool: string, args?: Record<string, unknown>): Promise<Told>;
}

const open: Client[] = [];

afterEach(async () => {
  await Promise.allSettled(open.splice(0).map((client) => client.close()));
});

/** A client of the SDK, its hands shaken; it lists the tools, so that it validates every answer. */
export async function connectHttp(
  url: string,
  headers: Record<string, string> = {},
  dialogs?: Dialogs,
): Promise<HttpClient> {
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  const client = newClient(dialogs);
  // The SDK's class declares `sessionId` in a way that exactOptionalPropertyTypes does not take for its own interface.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  await client.listTools();
  open.push(client);
  return { client, transport, call: (tool, args = {}) => callTool(client, tool, args) };
}

export const MCP_HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
};

const PARAMS = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } };
export const INITIALIZE = { jsonrpc: "2.0", id: 1, method: "initialize", params: PARAMS };

/** A POST of one message; a string goes as it is. */
export function postInit(message: unknown, headers: Record<string, string> = {}): RequestInit {
  const body = typeof message === "string" ? message : JSON.stringify(message);
  return { method: "POST", headers: { ...MCP_HEADERS, ...headers }, body };
}

/** The messages of an answer: one in a JSON body, or the events of a stream. */
export async function messagesIn(response: Response): Promise<Message[]> {
  const text = await response.text();
  if (response.headers.get("content-type") === "application/json") return [JSON.parse(text)];
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]): Message => JSON.parse(data));
}

/** Writes bytes to the server as they are; resolves to what came back when the server closed, or after `wait` ms. */
export function rawExchange(port: number, text: string, wait = 2_000): Promise<{ answer: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    let answer = "";
    const settle = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ answer, closed });
    };
    const timer = setTimeout(() => settle(false), wait);
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("close", () => settle(true));
    socket.on("error", () => {}); // "close" follows
    socket.write(text, "latin1");
  });
}
