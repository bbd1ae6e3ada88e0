/**
 * MCP messages as lines, one JSON-RPC message each. Unlike the SDK's own transport it answers a line that it cannot read,
 * and goes on with the next one.
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { RequestId } from "@modelcontextprotocol/sdk/types.js";
import { jsonText } from "../json.ts";
import type { Log } from "../log.ts";
import { createLineReader, type LongLine } from "./line-reader.ts";
import { errorMessage, INVALID_REQUEST, PARSE_ERROR, type Read, readMessage, type Unreadable } from "./message.ts";

/** Longest line, in bytes. */
const MAX_LINE_BYTES = 10 * 1024 * 1024;

interface LineTransportParts {
  input: NodeJS.ReadStream;
  output: NodeJS.WriteStream;
  log: Log;
}

/** What it sends may be any message; the SDK knows those of sessions alone. */
export interface LineTransport extends Transport {
  send(message: object): Promise<void>;
  /** The same for a message as JSON. */
  sendText(text: string): Promise<void>;
}

export function createLineTransport({ input, output, log }: LineTransportParts): LineTransport {
  const reader = createLineReader({ maxBytes: MAX_LINE_BYTES, line: receive, tooLong: refuseLong });
  /** What is said at once, such as the answers to calls that one commit made durable, leaves with one write. */
  let waiting: { lines: string; left: PromiseWithResolvers<void> } | null = null;
  const transport: LineTransport = {
    async start() {
      input.on("data", reader.read);
      input.once("end", reader.end);
    },
    send: (message) => write(jsonText(message)),
    sendText: write,
    async close() {
      input.off("data", reader.read);
      input.pause();
      transport.onclose?.();
    },
  };

  function receive(line: string): void {
    const text = line.replace(/^\uFEFF/, "").trim();
    if (text === "") return;
    const read = readLine(text);
    if ("unreadable" in read) refuse(read.unreadable);
    else transport.onmessage?.(read.message);
  }

  function refuseLong({ bytes, head, tail }: LongLine): void {
    const fault = `The line is ${bytes} bytes, the limit is ${MAX_LINE_BYTES}; nothing changed. Write long text to a file and send the file's path.`;
    refuse({ code: INVALID_REQUEST, fault, id: requestIdIn(head, tail), wantsAnswer: true });
  }

  function refuse(unreadable: Unreadable): void {
    const { code, fault, wantsAnswer } = unreadable;
    log.warn({ code, fault }, "a line on stdin was not understood");
    if (wantsAnswer) void write(jsonText(errorMessage(unreadable)));
  }

  /** Resolves when the message has left this process, or the output is broken. */
  function write(text: string): Promise<void> {
    if (waiting === null) {
      waiting = { lines: "", left: Promise.withResolvers() };
      process.nextTick(flush);
    }
    waiting.lines += `${text}\n`;
    return waiting.left.promise;
  }

  function flush(): void {
    if (waiting) output.write(waiting.lines, waiting.left.resolve as () => void); // of its error the output tells by itself
    waiting = null;
  }

  return transport;
}

function readLine(text: string): Read {
  try {
    return readMessage(JSON.parse(text));
  } catch {
    return { unreadable: { code: PARSE_ERROR, fault: "The line is not JSON.", id: null, wantsAnswer: true } };
  }
}

/** The id of a request of which only both ends are known: clients write it before the params, or last. Null: not found. */
function requestIdIn(head: string, tail: string): RequestId | null {
  if (!/"method"\s*:/.test(head)) return null;
  const found = /^\s*\{(?:\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*,)*\s*"id"\s*:\s*(\d{1,15}|"[^"\\]*")\s*,/.exec(
    head,
  );
  const [, id] = found ?? /[,{]\s*"id"\s*:\s*(\d{1,15}|"[^"\\]*")\s*\}\s*$/.exec(tail) ?? [];
  return id === undefined ? null : JSON.parse(id);
}
