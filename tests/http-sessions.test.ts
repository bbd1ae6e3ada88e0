/** Sessions: made by initialize alone, expired, capped, ended; and nothing of a run is in one. */
import { afterAll, expect, test } from "bun:test";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { createApp, VERSION } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { createHttpApp, type HttpApp, type HttpParts } from "../src/http/app.ts";
import { MAX_SESSIONS, SESSION_IDLE_MS } from "../src/http/sessions.ts";
import { createLog } from "../src/log.ts";
import { connectHttp, INITIALIZE, postInit, serveHttp } from "./support/http.ts";
import { slowModel } from "./support/slow-model.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const settings = { host: "127.0.0.1", port: 0, token: null, tokenFile: null, allowHosts: [] };
const PING = { jsonrpc: "2.0", id: 2, method: "ping" };

/** The app without a socket, on an engine of its own. */
function appWith(limits: HttpParts["limits"] = {}): HttpApp {
  const { mcpServer, sessionless } = createApp(readConfig({ db: join(scratchDir(), "state.sqlite") }, {}));
  return createHttpApp({
    settings,
    mcp: { mcpServer, sessionless },
    version: VERSION,
    log: createLog("error"),
    limits,
  });
}

function send(app: HttpApp, init: RequestInit, session?: string): Promise<Response> {
  const request = new Request("http://localhost/mcp", init);
  request.headers.set("host", "localhost");
  if (session) request.headers.set("mcp-session-id", session);
  return app.fetch(request);
}

async function begin(app: HttpApp): Promise<string> {
  const response = await send(app, postInit(INITIALIZE));
  await response.text();
  return response.headers.get("mcp-session-id") ?? "";
}

async function statusOfPing(app: HttpApp, session: string): Promise<number> {
  const response = await send(app, postInit(PING), session);
  await response.text();
  return response.status;
}

const PROBES: [what: string, init: RequestInit][] = [
  ["a ping", postInit(PING)],
  ["a list of tools", postInit({ jsonrpc: "2.0", id: 1, method: "tools/list" })],
  ["a notification", postInit({ jsonrpc: "2.0", method: "notifications/initialized" })],
  ["a GET", { headers: { accept: "text/event-stream" } }],
  ["a DELETE", { method: "DELETE" }],
  ["an initialize without params", postInit({ jsonrpc: "2.0", id: 1, method: "initialize" })],
  ["an initialize with broken params", postInit({ ...INITIALIZE, params: { protocolVersion: 1 } })],
  ["an initialize that takes no stream", postInit(INITIALIZE, { accept: "application/json" })],
];

test.each(PROBES)("%s creates no session", async (_what, init) => {
  const app = appWith();
  const response = await send(app, init);
  expect([400, 406]).toContain(response.status);
  expect(response.headers.get("mcp-session-id")).toBeNull();
  expect(app.sessions.all()).toEqual([]);
});

test("a session that is idle for half an hour is over; one that is used goes on", async () => {
  let time = 0;
  const app = appWith({ now: () => time });
  const [idle, used] = [await begin(app), await begin(app)];
  time = SESSION_IDLE_MS - 1;
  expect(await statusOfPing(app, used)).toBe(200);
  time = SESSION_IDLE_MS;
  expect(await statusOfPing(app, idle)).toBe(404);
  expect(await statusOfPing(app, used)).toBe(200);
  time = 3 * SESSION_IDLE_MS;
  app.sessions.expire();
  expect(app.sessions.all()).toEqual([]);
});

test("a session with an open event stream does not expire until the stream is gone", async () => {
  let time = 0;
  const app = appWith({ now: () => time });
  const id = await begin(app);
  const stream = await send(app, { headers: { accept: "text/event-stream" } }, id);
  const reader = stream.body?.getReader();
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(": open\n\n");
  time = 10 * SESSION_IDLE_MS;
  app.sessions.expire();
  expect(app.sessions.all()).toHaveLength(1);
  await reader?.cancel();
  app.sessions.expire();
  expect(app.sessions.all()).toEqual([]);
});

test("beyond the cap the idlest session goes, never one with an open stream", async () => {
  const app = appWith({ max: 3 });
  const [streaming, idle, used] = [await begin(app), await begin(app), await begin(app)];
  const stream = await send(app, { headers: { accept: "text/event-stream" } }, streaming);
  expect(await statusOfPing(app, idle)).toBe(200);
  expect(await statusOfPing(app, used)).toBe(200);
  const added = await begin(app);
  expect(app.sessions.all()).toHaveLength(3);
  expect(await statusOfPing(app, idle)).toBe(404);
  for (const id of [streaming, used, added]) expect(await statusOfPing(app, id)).toBe(200);
  await stream.body?.cancel();
});

test("if all sessions are in use, the newcomer is told to come back later, and each of them goes on", async () => {
  const app = appWith({ max: 2 });
  const ids = [await begin(app), await begin(app)];
  const streams = await Promise.all(ids.map((id) => send(app, { headers: { accept: "text/event-stream" } }, id)));
  const late = await send(app, postInit({ ...INITIALIZE, id: "late" }));
  expect(late.status).toBe(503);
  expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await late.json()).toMatchObject({ id: "late", error: { message: expect.stringContaining("Try again") } });
  for (const id of ids) expect(await statusOfPing(app, id)).toBe(200);
  await streams[0]?.body?.cancel();
  expect(await begin(app)).not.toBe("");
  expect(app.sessions.all()).toHaveLength(2);
});

test("many that begin at once never come to be more than the cap", async () => {
  const app = appWith({ max: 3 });
  await Promise.all(Array.from({ length: 20 }, () => begin(app)));
  expect(app.sessions.all()).toHaveLength(3);
});

test("1,000 strangers that each hold a stream open cut no call in flight", async () => {
  const model = slowModel();
  const workflows = scratchDir();
  writeFiles(workflows, workflowFiles("JUDGED", { One: {}, Two: {} }));
  const { url } = await serveHttp({ workflows, env: { ...model.env, LOG_LEVEL: "warn" } });
  const { call } = await connectHttp(url);
  const { data } = await call("start_workflow", { workflow_name: "JUDGED" });
  const report = { step_id: "1-one", status: "success" };
  const answer = call("advance_workflow", { instance_id: data.instance_id, report });
  await model.called();
  const statuses: number[] = [];
  for (let count = 0; count < MAX_SESSIONS; count++) statuses.push(await holdStream(url));
  expect(statuses.filter((status) => status === 503)).toHaveLength(1);
  model.go();
  expect((await answer).data.next_step.step_id).toBe("2-two");
}, 60_000);

const held: Socket[] = [];
afterAll(() => {
  for (const socket of held) socket.destroy();
});

/** Begins a session and opens its stream, on a socket of its own; the status of the refusal, else 200. */
async function holdStream(url: string): Promise<number> {
  const begun = await fetch(url, postInit(INITIALIZE));
  await begun.text();
  const session = begun.headers.get("mcp-session-id");
  if (session === null) return begun.status;
  const socket = connectSocket(Number(new URL(url).port), "127.0.0.1");
  held.push(socket);
  socket.on("error", () => {});
  const answered = new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
  socket.write(
    `GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session}\r\n\r\n`,
  );
  return Number((await answered).split(" ")[1]);
}

test("DELETE ends a session, its stream and nothing else", async () => {
  const app = appWith();
  const [id, other] = [await begin(app), await begin(app)];
  const stream = await send(app, { headers: { accept: "text/event-stream" } }, id);
  expect((await send(app, { method: "DELETE" }, id)).status).toBe(200);
  expect(await stream.text()).toBe(": open\n\n");
  expect(await statusOfPing(app, id)).toBe(404);
  expect(await statusOfPing(app, other)).toBe(200);
  expect(app.sessions.all()).toHaveLength(1);
});

test("a second event stream of one session is refused, and the first goes on", async () => {
  const app = appWith();
  const id = await begin(app);
  const first = await send(app, { headers: { accept: "text/event-stream" } }, id);
  expect((await send(app, { headers: { accept: "text/event-stream" } }, id)).status).toBe(409);
  expect(await statusOfPing(app, id)).toBe(200);
  await first.body?.cancel();
});

test("a body that does not arrive in time is refused with 408", async () => {
  const app = appWith({ deadlineMs: 20 });
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  const response = await send(app, { ...postInit(""), body });
  expect(response.status).toBe(408);
  expect(response.headers.get("connection")).toBe("close");
});

test("a run goes on in another session, and after the first one ended", async () => {
  const { url } = await serveHttp();
  const [first, second] = [await connectHttp(url), await connectHttp(url)];
  const started = await first.call("start_workflow", { workflow_name: "WORK" });
  await first.transport.terminateSession();
  await first.client.close();
  const status = await second.call("get_workflow_status", { instance_id: started.data.instance_id });
  expect(status.data).toMatchObject({ status: "RUNNING", visit: 1 });
});

test("200 sessions at once each get their own answers", async () => {
  const { url } = await serveHttp({ env: { LOG_LEVEL: "warn" } });
  const clients = await Promise.all(Array.from({ length: 200 }, () => connectHttp(url)));
  expect(new Set(clients.map(({ transport }) => transport.sessionId)).size).toBe(200);
  const context = (index: number) => ({ workflow_name: "WORK", context: { index } });
  const told = await Promise.all(clients.map(({ call }, index) => call("start_workflow", context(index))));
  expect(told.map(({ data }) => data.current_context.index)).toEqual(clients.map((_, index) => index));
});
