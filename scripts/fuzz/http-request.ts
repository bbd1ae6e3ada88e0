/** The HTTP around an odd message: headers that say what the body says or not, bodies framed in every way, or wrongly. */
import type { Random } from "../torture/random.ts";
import { below, chance, pick } from "./chance.ts";
import { member } from "./expected.ts";
import type { Odd } from "./message.ts";
import { type Era, OLDER_REVISIONS, REVISION } from "./valid.ts";

export interface OddRequest {
  pieces: Buffer[];
  /**
   * `message`: what the body says is answered. `refused`: the server may say no before it reads the body. `broken`: it is no
   * HTTP, or no message, and the connection may just end. `left`: the client does not wait.
   */
  kind: "message" | "refused" | "broken" | "left";
}

type Header = [name: string, value: string];

/** Longer bodies are refused unread. */
const MAX_BODY = 1024 * 1024;
/** What is left out of a header rather than break it in the socket's eyes. */
const MAX_VALUE = 2_000;

export function oddRequest(
  { message, bytes, random }: Odd,
  { era, session }: { era: Era; session: string },
): OddRequest {
  const plain = era === "session" ? ofSession(session, random) : ofMessage(message);
  const change = chance(random, 0.2) ? pick(random, CHANGES) : null;
  const { headers, refused = false } = change ? change(plain, random) : { headers: plain };
  const line = chance(random, 0.02) ? pick(random, FIRST_LINES) : POST;
  const unread = refused || line !== POST || bytes.length > MAX_BODY;
  const framed = (line.startsWith("POST") ? framing(random) : noMessage)(bytes, random);
  const head = [line, ...[...COMMON, ...headers, ...framed.headers].map(([name, value]) => `${name}: ${value}`)];
  const text = Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1");
  return {
    pieces: joined(text, framed.pieces, random),
    kind: framed.kind === "message" && unread ? "refused" : framed.kind,
  };
}

const COMMON: Header[] = [["Host", "127.0.0.1"]];
const JSON_TYPE: Header = ["Content-Type", "application/json"];
const ACCEPT: Header = ["Accept", "application/json, text/event-stream"];

function ofSession(session: string, random: Random): Header[] {
  const version: Header[] = chance(random, 0.2) ? [] : [["Mcp-Protocol-Version", pick(random, OLDER_REVISIONS)]];
  return [JSON_TYPE, ACCEPT, ["Mcp-Session-Id", session], ...version];
}

function ofMessage(message: unknown): Header[] {
  const [method, params] = [member(message, "method"), member(message, "params")];
  const name = member(params, "name") ?? member(params, "uri");
  return [
    JSON_TYPE,
    ACCEPT,
    ["Mcp-Protocol-Version", REVISION],
    ...(typeof method === "string" ? [["Mcp-Method", inHeader(method)] satisfies Header] : []),
    ...(typeof name === "string" ? [["Mcp-Name", inHeader(name)] satisfies Header] : []),
  ];
}

function inHeader(value: string): string {
  const plain = /^[\x21-\x7e]*$/.test(value) ? value : `=?base64?${Buffer.from(value).toString("base64")}?=`;
  return plain.slice(0, MAX_VALUE);
}

type Change = (headers: Header[], random: Random) => { headers: Header[]; refused?: boolean };

/** Replaces the header, or adds it; null leaves it out. */
function put(headers: Header[], name: string, value: string | null): Header[] {
  const others = headers.filter(([each]) => each.toLowerCase() !== name.toLowerCase());
  return value === null ? others : [...others, [name, value]];
}

const VALUES: Record<string, (string | null)[]> = {
  "Mcp-Session-Id": [null, "", "none", "__proto__", "é", "a, b", "x".repeat(MAX_VALUE)],
  "Mcp-Protocol-Version": [null, "", "2024-11-05", "1999-01-01", REVISION, "2027-01-01", "x", "2025-11-25, 2025-11-25"],
  "Mcp-Method": [null, "", "tools/call", "TOOLS/CALL", "=?base64?dG9vbHMvY2FsbA==?=", "é"],
  "Mcp-Name": [null, "", "list_workflows", "=?base64?bGlzdF93b3JrZmxvd3M=?=", "=?base64?*?=", " list_workflows "],
  Accept: [null, "*/*", "application/json", "text/event-stream;q=0", "text/html", "", "text/event-stream"],
  "Last-Event-ID": ["7", "", "x_y"],
  "Content-Type": ["application/json; charset=utf-8", "APPLICATION/JSON"],
  Expect: ["100-continue"],
};
const REFUSED: Record<string, (string | null)[]> = {
  "Content-Type": [null, "", "text/plain", "application/jsonp", "multipart/form-data", "application/json, text/plain"],
  Origin: ["https://evil.example", "null", "file://"],
  "Content-Encoding": ["gzip"],
  "X-Long": ["x".repeat(30_000)],
  "X-\u0001": ["x"],
};

const CHANGES: Change[] = [
  ...Object.entries(VALUES).map(
    ([name, values]): Change =>
      (headers, random) => ({ headers: put(headers, name, pick(random, values)) }),
  ),
  (headers, random) => {
    const [name, values] = pick(random, Object.entries(REFUSED));
    return { headers: put(headers, name, pick(random, values)), refused: true };
  },
  (headers, random) => ({ headers: [...headers, pick(random, headers)], refused: true }),
  (headers) => ({ headers: headers.map(([name, value]): Header => [name.toUpperCase(), value]) }),
];

const POST = "POST /mcp HTTP/1.1";
const FIRST_LINES = [
  "GET /mcp HTTP/1.1",
  "HEAD /mcp HTTP/1.1",
  "PUT /mcp HTTP/1.1",
  "DELETE /mcp/none HTTP/1.0",
  "POST /mcp/ HTTP/1.1",
  "POST /mcp?a=b HTTP/1.1",
  "POST //mcp HTTP/1.1",
  "POST /none HTTP/1.1",
  "OPTIONS * HTTP/1.1",
  "BREW /mcp HTTP/1.1",
];

interface Framed extends OddRequest {
  headers: Header[];
}

type Framing = (bytes: Buffer, random: Random) => Framed;

function framing(random: Random): Framing {
  const drawn = random();
  if (drawn < 0.8) return withLength;
  if (drawn < 0.98) return chunked;
  return pick(random, [inPieces, inPieces, tooShort, hungUp, leaving, leaving, ...BROKEN]);
}

const length = (value: unknown): Header => ["Content-Length", String(value)];
const CHUNKED: Header = ["Transfer-Encoding", "chunked"];

const withLength: Framing = (bytes) => ({ headers: [length(bytes.length)], pieces: [bytes], kind: "message" });

/** With a method that takes none. */
const noMessage: Framing = (bytes) => ({ headers: [length(bytes.length)], pieces: [bytes], kind: "broken" });

/** Pieces of a few bytes, so that characters are cut. */
const inPieces: Framing = (bytes, random) => ({
  headers: [length(bytes.length)],
  pieces: cut(bytes, random).slice(0, 40),
  kind: bytes.length < 40 ? "message" : "left",
});

const chunked: Framing = (bytes, random) => ({
  headers: [CHUNKED],
  pieces: [...cut(bytes, random).map(asChunk), Buffer.from("0\r\n\r\n")],
  kind: "message",
});

/** What is behind the length is no request. */
const tooShort: Framing = (bytes) => ({
  headers: [length(Math.floor(bytes.length / 2))],
  pieces: [bytes],
  kind: "broken",
});

const hungUp: Framing = (bytes) => ({ headers: [length(bytes.length + 100)], pieces: [bytes], kind: "left" });
const leaving: Framing = (bytes) => ({ headers: [length(bytes.length)], pieces: [bytes], kind: "left" });

const BROKEN: Framing[] = ["abc", "-1", "1e3", "99999999999999999999", "5, 5", "0x10"].map(
  (value): Framing =>
    (bytes) => ({ headers: [length(value)], pieces: [bytes], kind: "left" }),
);
BROKEN.push(
  (bytes) => ({ headers: [length(bytes.length), CHUNKED], pieces: [bytes], kind: "left" }),
  (bytes) => ({ headers: [CHUNKED], pieces: [Buffer.from("zz\r\n"), bytes], kind: "left" }),
  (bytes) => ({ headers: [CHUNKED], pieces: [Buffer.from("ffffffffffffffff\r\n"), bytes], kind: "left" }),
  (bytes) => ({ headers: [], pieces: [bytes], kind: "left" }),
);

function asChunk(piece: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
}

function cut(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  const largest = pick(random, [3, 100, 5_000]);
  for (let from = 0; from < bytes.length; ) {
    const size = pieces.length > 50 ? bytes.length : 1 + below(random, largest);
    pieces.push(bytes.subarray(from, from + size));
    from += size;
  }
  return pieces;
}

/** In one write mostly, else as they are. */
function joined(head: Buffer, pieces: Buffer[], random: Random): Buffer[] {
  return chance(random, 0.8) ? [Buffer.concat([head, ...pieces])] : [head, ...pieces];
}
