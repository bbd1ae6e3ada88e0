/** The four ways in, as the fuzz takes them: what is sent as it stands, and the messages that came back for it. */
import { join } from "node:path";

export type Era = "with sessions" | "without sessions";
export type Way = { transport: "stdio" | "http"; era: Era };

export const WAYS: Way[] = (["stdio", "http"] as const).flatMap((transport) =>
  (["with sessions", "without sessions"] as const).map((era) => ({ transport, era })),
);

const REVISION = "2026-07-28";

/** What each request of the newer era says of itself; nothing in the older one. */
export function metaOf({ era }: Way): object | undefined {
  if (era === "with sessions") return undefined;
  const prefix = "io.modelcontextprotocol";
  return { [`${prefix}/protocolVersion`]: REVISION, [`${prefix}/clientCapabilities`]: {} };
}

export interface Received {
  id?: unknown;
  method?: unknown;
  result?: unknown;
  error?: unknown;
}

export interface Line {
  pid: number;
  /** Resolves to what was answered to this very text, if the way tells (HTTP); over stdio answers come by `received`. */
  send(text: string): Promise<Received[] | null>;
  /** Everything that came over stdio so far. */
  received: Received[];
  stderr(): string;
  end(): Promise<void>;
}

/** Starts the executable in the directory and makes it ready to be sent to. */
export async function openLine(executable: string, way: Way, directory: string): Promise<Line> {
  const http = way.transport === "http" ? ["--http", "--port", "0"] : [];
  const command = [executable, "serve", "--db", join(directory, "state.sqlite"), "--project", directory, ...http];
  const env = { PATH: process.env["PATH"] ?? "", HOME: directory, LOG_LEVEL: "error" };
  const child = Bun.spawn(command, { cwd: directory, env, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const errors: string[] = [];
  const received: Received[] = [];
  const listening = Promise.withResolvers<string>();
  const out = collect(child.stdout, (line) => {
    if (way.transport === "stdio") received.push(JSON.parse(line));
  });
  const err = collect(child.stderr, (line) => errors.push(line));
  void child.exited.then(() => listening.reject(new Error(`the server ended: ${errors.join("\n")}`)));
  listening.promise.catch(() => {});
  const shared = {
    pid: child.pid,
    received,
    stderr: () => errors.join("\n"),
    end: async () => {
      child.kill("SIGTERM");
      await Promise.all([child.exited, out, err]);
    },
  };
  if (way.transport === "stdio") {
    const send = async (text: string) => {
      child.stdin.write(`${text}\n`);
      await child.stdin.flush();
      return null;
    };
    if (way.era === "with sessions") await send(INITIALIZE);
    return { ...shared, send };
  }
  const url = await addressIn(errors, child.exited);
  const post = poster(`${url}/mcp`, way.era === "with sessions" ? {} : { "MCP-Protocol-Version": REVISION });
  if (way.era === "without sessions")
    return { ...shared, send: async (text) => (await post(text, namesIn(text))).messages };
  const { session } = await post(INITIALIZE, {});
  return { ...shared, send: async (text) => (await post(text, { "Mcp-Session-Id": session ?? "" })).messages };
}

const INITIALIZE = JSON.stringify({
  jsonrpc: "2.0",
  id: "initialize",
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } },
});

function poster(url: string, always: Record<string, string>) {
  return async (body: string, headers: Record<string, string>) => {
    const accept = "application/json, text/event-stream";
    const all = { "Content-Type": "application/json", Accept: accept, ...always, ...headers };
    const response = await fetch(url, { method: "POST", headers: all, body, signal: AbortSignal.timeout(20_000) });
    const text = await response.text();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    const lines = isStream ? [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data) : text ? [text] : [];
    const messages = lines.map((line): Received => JSON.parse(line));
    return { messages, session: response.headers.get("mcp-session-id") };
  };
}

/** The newer era repeats two words of the message in headers. */
function namesIn(text: string): Record<string, string> {
  try {
    const { method, params } = JSON.parse(text);
    const name = params?.name ?? params?.uri;
    return { ...headerOf("Mcp-Method", method), ...headerOf("Mcp-Name", name) };
  } catch {
    return {};
  }
}

function headerOf(name: string, value: unknown): Record<string, string> {
  return typeof value === "string" && /^[\x21-\x7e]{1,200}$/.test(value) ? { [name]: value } : {};
}

async function addressIn(errors: string[], exited: Promise<unknown>): Promise<string> {
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  for (const until = Date.now() + 10_000; Date.now() < until && !gone; await Bun.sleep(10)) {
    const found = /http:\/\/[\w.[\]:-]+:\d+/.exec(errors.join("\n"))?.[0];
    if (found) return found;
  }
  throw new Error(`the server did not say where it listens: ${errors.join("\n")}`);
}

async function collect(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") take(line);
  }
}
