/** MCP over Streamable HTTP: one session, each call a POST whose answer comes as JSON or as one event of a stream. */
import { answerOf, type Client, Gone, INITIALIZE, type Response as Rpc, requestText } from "./client.ts";

const HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": INITIALIZE.protocolVersion,
};

export interface Session {
  client: Client;
  /** Ends it, as a client does that will not come again. */
  close(): Promise<void>;
}

/** A client with a session of its own at the endpoint, such as `http://127.0.0.1:3000/mcp`. */
export async function connectHttp(url: string): Promise<Client> {
  return (await openSession(url)).client;
}

export async function openSession(url: string): Promise<Session> {
  let lastId = 0;
  const first = await post(url, HEADERS, requestText("initialize", INITIALIZE, ++lastId));
  const session = first.headers.get("mcp-session-id");
  const headers = session === null ? HEADERS : { ...HEADERS, "mcp-session-id": session };
  await first.text();
  await (await post(url, headers, requestText("notifications/initialized", {}))).text();
  const client: Client = {
    async call(name, args = {}) {
      const response = await post(url, headers, requestText("tools/call", { name, arguments: args }, ++lastId));
      return answerOf(messageIn(await bodyOf(response), response.status));
    },
  };
  return { client, close: async () => void (await (await fetch(url, { method: "DELETE", headers })).text()) };
}

async function post(url: string, headers: Record<string, string>, body: string): Promise<Response> {
  try {
    return await fetch(url, { method: "POST", headers, body });
  } catch (error) {
    throw new Gone(String(error));
  }
}

async function bodyOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw new Gone(String(error));
  }
}

/** The response in a body, which is JSON, or events of which one holds it. A stream that was cut off has none. */
function messageIn(body: string, status: number): Rpc {
  if (body.startsWith("{")) return JSON.parse(body);
  const data = body.split("\n").findLast((line) => line.startsWith("data: {"));
  if (data) return JSON.parse(data.slice("data: ".length));
  if (status >= 400) throw new Error(`HTTP ${status}: ${body}`);
  throw new Gone("the stream ended before its answer");
}
