/** Stands between a client and the server over HTTP: hands every request on and writes down what passes. */
import { note } from "./wire.ts";

export interface HttpTap {
  /** The MCP endpoint to name to the client. */
  url: string;
  close(): Promise<void>;
}

/** `target` is the server's own address, without a path. */
export function tapHttp(target: string, file: string): HttpTap {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      if (body) note(file, "client", body);
      const headers = new Headers(request.headers);
      headers.set("host", new URL(target).host);
      const { method, signal } = request;
      const answer = await fetch(`${target}${pathname}${search}`, { method, headers, signal, ...(body && { body }) });
      if (!answer.body) return answer;
      const [shown, kept] = answer.body.tee();
      void write(file, kept);
      return new Response(shown, answer);
    },
  });
  return { url: `http://127.0.0.1:${server.port}/mcp`, close: () => server.stop(true) };
}

/** Events and plain JSON, as they come. */
async function write(file: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of stream) {
      rest += decoder.decode(chunk, { stream: true });
      const lines = rest.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) writeLine(file, line);
    }
  } catch {
    // the client left
  }
  writeLine(file, rest);
}

function writeLine(file: string, line: string): void {
  const text = line.replace(/^data: ?/, "").trim();
  if (text.startsWith("{")) note(file, "server", text);
}
