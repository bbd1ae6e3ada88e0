/** MCP over stdio. Ends on end of input, on a broken pipe or when told to, after the call in flight; never exits itself. */
import type { Log } from "../log.ts";
import { bypass, callTaker } from "./bypass.ts";
import { createLineTransport } from "./line-transport.ts";
import type { McpServer } from "./server.ts";
import type { Sessionless } from "./sessionless.ts";
import { createSessionlessLines } from "./sessionless-lines.ts";

/** How long the end waits for calls in flight, in milliseconds; the whole process has two seconds to go. */
const GRACE_MS = 1_500;

/**
 * Serves until stdin ends, stdout breaks, or `stop` is aborted; resolves when the last answer is written. `ending` is called
 * when no more is read, to end what would keep the calls in flight.
 */
export async function serveStdio(
  { mcpServer, sessionless }: { mcpServer(): McpServer; sessionless: Sessionless },
  { stop, ending, log }: { stop: AbortSignal; ending: () => void; log: Log },
): Promise<void> {
  const { stdin, stdout } = process;
  const { server, calls } = mcpServer();
  const ended = new Promise<void>((resolve) => {
    const end = () => resolve();
    stdin.once("end", end);
    stdin.once("close", end);
    stdin.once("error", end);
    stdout.on("error", end); // EPIPE: the client is gone
    stop.addEventListener("abort", end, { once: true });
  });
  const transport = createLineTransport({ input: stdin, output: stdout, log });
  await server.connect(transport);
  bypass(transport, createSessionlessLines(sessionless, transport.send), callTaker(calls, transport.sendText));
  await ended;
  ending();
  await Promise.race([
    settle(() => Promise.all([calls.idle(), sessionless.end()])).then(() => flush(stdout)),
    Bun.sleep(GRACE_MS),
  ]);
  await server.close();
}

/** Resolves when what was read is answered: a message is handled, and an answer written, a turn after it is there. */
async function settle(idle: () => Promise<unknown>): Promise<void> {
  await nextTurn();
  await idle();
  await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Ends the stream; resolves when all that was written has left this process, or the stream is broken. */
function flush(stdout: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stdout.destroyed || stdout.writableEnded) return resolve();
    stdout.once("error", () => resolve());
    stdout.end(() => resolve()); // an empty write is called back at once, whatever waits before it
  });
}
