/** HTTP over a bare socket: what is sent is bytes, so that it can be wrong in any place. One request at a time. */
import { connect, type Socket } from "node:net";

export interface Reply {
  /** 0: the connection was closed without one. */
  status: number;
  headers: Map<string, string>;
  body: string;
  /** False: the body was left, or the connection closed, before its end. */
  whole: boolean;
}

export interface Connection {
  /** Null: nothing whole came within `ms`. `enough` says that no more of a body is wanted; the connection is closed then. */
  exchange(pieces: Buffer[], options: { ms: number; enough?: (body: string) => boolean }): Promise<Reply | null>;
  close(): void;
}

export function openConnection(port: number): Connection {
  let socket: Socket | null = null;

  function connected(): Socket {
    if (socket && !socket.destroyed && socket.writable) return socket;
    socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.on("error", () => {}); // "close" follows
    return socket;
  }

  function close(): void {
    socket?.destroy();
    socket = null;
  }

  return {
    exchange(pieces, { ms, enough = () => false }) {
      const live = connected();
      return new Promise((resolve) => {
        let bytes: Buffer = Buffer.alloc(0);
        const settle = (reply: Reply | null, keeps: boolean) => {
          clearTimeout(timer);
          live.removeAllListeners("data").removeAllListeners("close");
          if (!keeps) close();
          resolve(reply);
        };
        const look = (closed: boolean) => {
          const reply = readReply(bytes, closed);
          if (reply?.whole) settle(reply, reply.headers.get("connection") !== "close" && !closed);
          else if (closed || (reply && enough(reply.body))) settle(reply ?? NONE, false);
        };
        const timer = setTimeout(() => settle(null, false), ms);
        live.on("data", (chunk: Buffer) => {
          bytes = Buffer.concat([bytes, chunk]);
          look(false);
        });
        live.on("close", () => look(true));
        void writeAll(live, pieces);
      });
    },
    close,
  };
}

const NONE: Reply = { status: 0, headers: new Map(), body: "", whole: true };

async function writeAll(socket: Socket, pieces: Buffer[]): Promise<void> {
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await new Promise(setImmediate); // so that each arrives alone
    if (socket.destroyed) return;
    socket.write(piece);
  }
}

/** The reply as far as it is there; null while its head is not. */
function readReply(bytes: Buffer, closed: boolean): Reply | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(first.split(" ")[1]);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return readReply(rest, closed);
  const headers = new Map(lines.map((line) => [nameIn(line), line.slice(line.indexOf(":") + 1).trim()]));
  if (headers.get("transfer-encoding") === "chunked") return { status, headers, ...unchunked(rest) };
  const length = headers.get("content-length");
  const whole = length === undefined ? closed : rest.length >= Number(length);
  return { status, headers, body: rest.toString(), whole };
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

function unchunked(bytes: Buffer): Pick<Reply, "body" | "whole"> {
  const parts: Buffer[] = [];
  const body = () => Buffer.concat(parts).toString();
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return { body: body(), whole: false };
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (size === 0) return { body: body(), whole: bytes.length >= lineEnd + 4 };
    at = lineEnd + 2 + size + 2;
    if (bytes.length < at) return { body: body(), whole: false };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
  }
}
