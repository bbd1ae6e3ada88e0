/** What a stranger may try, one row each; docs/http.md has the same table. Every answer is plain and hardened. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Guarded, startGuarded } from "./support/guarded.ts";
import { INITIALIZE, MCP_HEADERS, postInit, rawExchange } from "./support/http.ts";

const MIB = 1024 * 1024;
let open: Guarded;
let locked: Guarded;

beforeAll(async () => {
  open = await startGuarded();
  locked = await startGuarded({ HTTP_AUTH_TOKEN: "s3cret" });
});
afterAll(() => Promise.all([open.stop(), locked.stop()]));

type Row = [attack: string, send: () => Promise<Response>, status: number, header?: [name: string, value: string]];

const to = (server: () => Guarded, path: string, init: RequestInit = {}) => fetch(server().base + path, init);
const get = (path: string, headers: Record<string, string> = {}) => to(() => open, path, { headers });
const post = (message: unknown, headers: Record<string, string> = {}) =>
  to(() => open, "/mcp", postInit(message, headers));
const toLocked = (path: string, authorization?: string) =>
  to(() => locked, path, postInit(INITIALIZE, authorization === undefined ? {} : { authorization }));
const inSession = async (message: unknown) => post(message, { "mcp-session-id": await open.session() });

const NAMES: Row[] = [
  ["a foreign Host (DNS rebinding)", () => get("/mcp", { host: "evil.example" }), 403],
  ["a foreign Host at /health", () => get("/health", { host: "evil.example" }), 403],
  ["a foreign Host at an unknown route", () => get("/x", { host: "evil.example" }), 403],
  ["a Host that only begins like ours", () => get("/health", { host: "localhost.evil.example" }), 403],
  ["a Host that only ends like ours", () => get("/health", { host: "evil-localhost" }), 403],
  ["a Host with a user part", () => get("/health", { host: "localhost:1@evil.example" }), 403],
  ["a Host with another address of the network", () => get("/health", { host: "192.168.0.7:3000" }), 403],
  ["a foreign Origin (a page of another site)", () => post(INITIALIZE, { origin: "https://evil.example" }), 403],
  ["a foreign Origin at /health", () => get("/health", { origin: "https://evil.example" }), 403],
  ["Origin null (a sandboxed frame, a file)", () => post(INITIALIZE, { origin: "null" }), 403],
  ["an Origin that is no web page", () => post(INITIALIZE, { origin: "chrome-extension://localhost" }), 403],
  ["an Origin that only begins like ours", () => post(INITIALIZE, { origin: "http://localhost.evil.example" }), 403],
];

const TOKENS: Row[] = [
  ["no token", () => toLocked("/mcp"), 401, ["www-authenticate", "Bearer"]],
  ["a wrong token", () => toLocked("/mcp", "Bearer wrong"), 401, ["www-authenticate", "Bearer"]],
  ["the beginning of the token", () => toLocked("/mcp", "Bearer s3cre"), 401, ["www-authenticate", "Bearer"]],
  ["more than the token", () => toLocked("/mcp", "Bearer s3crets"), 401, ["www-authenticate", "Bearer"]],
  ["an empty token", () => toLocked("/mcp", "Bearer "), 401, ["www-authenticate", "Bearer"]],
  ["the token as a password", () => toLocked("/mcp", `Basic ${btoa("s3cret")}`), 401, ["www-authenticate", "Bearer"]],
  ["the token in the URL", () => toLocked("/mcp?token=s3cret&access_token=s3cret"), 401],
  ["no token at an unknown route", () => toLocked("/x"), 401],
  ["a path that resolves to /mcp, no token", () => toLocked("/x/../mcp"), 401],
  ["a path that only looks like /health, no token", () => toLocked("/health/../mcp"), 401],
  ["an encoded path, no token", () => toLocked("/%6dcp"), 401],
];

const BODIES: Row[] = [
  ["a body over the limit", () => post(`"${"x".repeat(MIB)}"`), 413],
  ["a body that says it is 50 MiB", () => post("x".repeat(50 * MIB)), 413],
  ["a chunked body over the limit, without a length", () => chunked(2 * MIB), 413],
  ["no JSON", () => post("{oops"), 400],
  ["an empty body", () => post(""), 400],
  ["a JSON value that is no message", () => post("42"), 400],
  ["a batch", () => post([INITIALIZE, INITIALIZE]), 400],
  ["100,000 nested arrays", () => post(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), 400],
  ["an object 100,000 levels deep in arguments", () => inSession(deepCall(100_000)), 400],
  ["an object 80 levels deep in arguments", () => inSession(deepCall(80)), 400],
  ["__proto__ in the message", () => post('{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{"polluted":1}}'), 400],
  [
    "__proto__ in params",
    () => inSession('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"x":1}}}'),
    400,
  ],
  ["no message of JSON-RPC", () => inSession({ hello: "world" }), 400],
  ["a form's content type (needs no preflight)", () => post(INITIALIZE, { "content-type": "text/plain" }), 415],
  ["a content type that only begins like JSON", () => post(INITIALIZE, { "content-type": "application/jsonp" }), 415],
  ["a client that takes no event stream", () => post(INITIALIZE, { accept: "application/json" }), 406],
  ["a client that refuses event streams", () => post(INITIALIZE, { accept: "*/*;q=0, application/json" }), 406],
  ["a stream for a client that takes none", () => get("/mcp", { accept: "application/json" }), 406],
  ["initialize with broken params", () => post({ ...INITIALIZE, params: { capabilities: [] } }), 400],
];

const ROUTES: Row[] = [
  ["an unknown route", () => get("/admin"), 404],
  ["a path out of the root", () => get("/..%2f..%2fetc/passwd"), 404],
  ["PUT at /mcp", () => to(() => open, "/mcp", { method: "PUT" }), 405, ["allow", "GET, POST, DELETE"]],
  ["OPTIONS at /mcp (a preflight)", () => preflight(), 405, ["allow", "GET, POST, DELETE"]],
  ["HEAD at /mcp", () => to(() => open, "/mcp", { method: "HEAD" }), 405, ["allow", "GET, POST, DELETE"]],
  ["POST at /health", () => to(() => open, "/health", { method: "POST" }), 405, ["allow", "GET, HEAD"]],
  ["a call without a session", () => post({ jsonrpc: "2.0", id: 1, method: "tools/list" }), 400],
  ["a stream without a session", () => get("/mcp", { accept: "text/event-stream" }), 400],
  ["DELETE without a session", () => to(() => open, "/mcp", { method: "DELETE" }), 400],
  ["a guessed session", () => post({ jsonrpc: "2.0", id: 1, method: "ping" }, { "mcp-session-id": "1" }), 404],
  ["initialize with a guessed session", () => post(INITIALIZE, { "mcp-session-id": "__proto__" }), 404],
  ["initialize twice in a session", () => inSession(INITIALIZE), 400],
  ["a protocol version that there is not", async () => unknownVersion(), 400],
  ["a method that there is not, without a session", () => post({ jsonrpc: "2.0", id: 1, method: "x" }), 404],
];

test.each([...NAMES, ...TOKENS, ...BODIES, ...ROUTES].map((row) => [row[0], row] as const))(
  "attack: %s",
  async (_attack, row) => {
    const [, send, status, header] = row;
    const response = await send();
    const text = await response.text();
    expect({ status: response.status, text }).toMatchObject({ status });
    if (header) expect(response.headers.get(header[0])).toBe(header[1]);
    expectHardened(response, text);
    if (response.status !== 405 || text !== "") expect(JSON.parse(text).error.message).toBeString();
    expect((await get("/health")).status).toBe(200);
  },
);

/** No answer may be cached or framed, tells of the server or leaks anything. */
function expectHardened(response: Response, text: string): void {
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("cache-control")).toContain("no-store");
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
  expect(response.headers.get("server") ?? response.headers.get("x-powered-by")).toBeNull();
  expect(text).not.toMatch(/\bat .*:\d+:\d+|\/(home|root|tmp|src)\/|node_modules|hono|zod|bun\b|sqlite|modelcontext/i);
}

test("the same headers stand on answers that succeed, JSON and event stream", async () => {
  for (const response of [await get("/health"), await post(INITIALIZE)]) {
    expect(response.status).toBe(200);
    expectHardened(response, "");
    await response.body?.cancel();
  }
});

const WELCOME: [what: string, send: () => Promise<Response>][] = [
  ["localhost", () => get("/health", { host: "localhost" })],
  ["LOCALHOST with a port", () => get("/health", { host: "LOCALHOST:9" })],
  ["the address", () => get("/health", { host: "127.0.0.1:3000" })],
  ["IPv6", () => get("/health", { host: "[::1]:3000" })],
  ["a page of this machine", () => post(INITIALIZE, { origin: "http://localhost:6274" })],
  ["HEAD at /health", () => to(() => open, "/health", { method: "HEAD" })],
  ...[undefined, "*/*", "text/*", "text/event-stream", "Text/Event-Stream;q=0.9, application/json"].map(
    (accept): [string, () => Promise<Response>] => [`Accept: ${accept}`, () => initializeAccepting(accept)],
  ),
  ["a slash after the route", () => to(() => open, "/mcp/", postInit(INITIALIZE))],
  ["a content type with a charset", () => post(INITIALIZE, { "content-type": "application/json; charset=utf-8" })],
  ["/health without the token", () => to(() => locked, "/health")],
  ["the token", () => toLocked("/mcp", "Bearer s3cret")],
  ["the token, its scheme in small letters", () => toLocked("/mcp", "bearer s3cret")],
];

test.each(WELCOME)("welcome: %s", async (_what, send) => {
  const response = await send();
  await response.body?.cancel();
  expect(response.status).toBe(200);
});

const RAW: [attack: string, text: string, answer: RegExp][] = [
  ["no Host", "GET /health HTTP/1.1\r\n\r\n", /^HTTP\/1.1 400 /],
  ["HTTP/1.0 without a Host", "GET /health HTTP/1.0\r\n\r\n", /^HTTP\/1.1 40[03] /],
  ["two Hosts", "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", /^HTTP\/1.1 40[03] /],
  ["a foreign Host in the target", "GET http://evil.example/health HTTP/1.1\r\nHost: evil.example\r\n\r\n", / 403 /],
  [
    "two lengths (request smuggling)",
    "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    /^HTTP\/1.1 400 /,
  ],
  ["100 kB of headers", `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${"y".repeat(100_000)}\r\n\r\n`, / 431 /],
  ["no HTTP", "\x16\x03\x01 what is this\r\n\r\n", /^HTTP\/1.1 400 /],
];

test.each(RAW)("attack on the wire: %s", async (_attack, text, expected) => {
  const { answer } = await rawExchange(open.port, text, 1_000);
  expect(answer).toMatch(expected);
  expect(answer).not.toMatch(/Bun v|TypeError| at .*:\d+:\d+|Server:/i);
  expect((await get("/health")).status).toBe(200);
});

/** By hand, because fetch sends an Accept of its own. */
async function initializeAccepting(accept: string | undefined): Promise<Response> {
  const body = JSON.stringify(INITIALIZE);
  const lines = [
    "POST /mcp HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
    ...(accept === undefined ? [] : [`Accept: ${accept}`]),
  ];
  const { answer } = await rawExchange(open.port, `${lines.join("\r\n")}\r\n\r\n${body}`);
  expect(answer).toContain("text/event-stream");
  return new Response(answer, { status: Number(answer.split(" ")[1]) });
}

test("a refusal carries the id of the request, so that its client knows which one failed", async () => {
  const session = { "mcp-session-id": await open.session() };
  const asked = (id: string | number, more: object = {}) => ({ jsonrpc: "2.0", id, method: "tools/list", ...more });
  const refusals: [response: Promise<Response>, status: number, code: number, id: string | number][] = [
    [post(asked("first", { method: "server/discover" })), 404, -32601, "first"],
    [post(asked(7, { method: "server/discover" }), { "mcp-session-id": "stale" }), 404, -32601, 7],
    [post(asked(8)), 400, -32600, 8],
    [post(asked(9), { "mcp-session-id": "stale" }), 404, -32001, 9],
    [post(asked(10), { ...session, accept: "application/json" }), 406, -32000, 10],
    [post(asked(11, { params: 5 }), session), 400, -32602, 11],
    [post(asked(12, { jsonrpc: "1.0" }), session), 400, -32600, 12],
    [post(deepCall(80).replace('"id":1', '"id":13'), session), 400, -32600, 13],
    [post({ ...INITIALIZE, id: 14, params: {} }), 400, -32602, 14],
  ];
  for (const [response, status, code, id] of refusals) {
    const answer = await response;
    expect([answer.status, await answer.json()]).toMatchObject([status, { id, error: { code } }]);
  }
});

test("a stale session is told to send initialize without it", async () => {
  const answer = await post(INITIALIZE, { "mcp-session-id": "stale" });
  expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("without Mcp-Session-Id")]);
});

function chunked(bytes: number): Promise<Response> {
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (sent >= bytes) return controller.close();
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  return to(() => open, "/mcp", { method: "POST", headers: MCP_HEADERS, body });
}

function deepCall(levels: number): string {
  const deep = `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
  return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"start_workflow","arguments":{"context":${deep}}}}`;
}

function preflight(): Promise<Response> {
  const headers = { origin: "http://localhost:1", "access-control-request-method": "POST" };
  return to(() => open, "/mcp", { method: "OPTIONS", headers });
}

async function unknownVersion(): Promise<Response> {
  const headers = { "mcp-session-id": await open.session(), "mcp-protocol-version": "1999-01-01" };
  return post({ jsonrpc: "2.0", id: 1, method: "ping" }, headers);
}
