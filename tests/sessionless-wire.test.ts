/** Requests without a session as bytes: every one that has an id is answered once, in the shapes of its revision. */
import { beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { startRun, statusOf } from "./support/calls.ts";
import { hangs } from "./support/endpoint.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { endpointThat, judged, modelEnv } from "./support/model-run.ts";
import { META, pinned, REVISION, requestOf } from "./support/sessionless.ts";
import { type Bare, type Message, startBare, waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: {} }));

/** For requests that change nothing: nobody's session, so one server and one pipe do. */
let url: string;
let lines: Bare;
beforeAll(async () => {
  url = (await serveHttp({ workflows, forAll: true })).url;
  lines = serve({ forAll: true });
  await discover(lines); // so that a request which names no revision is a mistake
});

const PREFIX = "io.modelcontextprotocol";
const LIST = { name: "list_workflows" };

function without(key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(META).filter(([name]) => name !== `${PREFIX}/${key}`));
}

type Fault = [what: string, code: number, method: string, params: Record<string, unknown>, meta: unknown];

/** What is wrong with the request itself: over HTTP 400. */
const FAULTS: Fault[] = [
  ["has no revision", -32602, "tools/list", {}, without("protocolVersion")],
  ["has no capabilities of the client", -32602, "tools/list", {}, without("clientCapabilities")],
  ["has capabilities that are a text", -32602, "tools/list", {}, { ...META, [`${PREFIX}/clientCapabilities`]: "all" }],
  ["names a client without a version", -32602, "tools/list", {}, { ...META, [`${PREFIX}/clientInfo`]: { name: "x" } }],
  ["wants a log level that there is not", -32602, "tools/list", {}, { ...META, [`${PREFIX}/logLevel`]: "loud" }],
];

const ABSENT = ["no/such", "initialize", "ping", "logging/setLevel", "resources/subscribe", "constructor"];

/** What is wrong with what the request asks for: over HTTP 200. */
const REFUSED: Fault[] = [
  ["names no tool", -32602, "tools/call", {}, META],
  ["names a tool that there is not", -32602, "tools/call", { name: "toString" }, META],
  ["reads no resource", -32602, "resources/read", {}, META],
  ["reads a resource that there is not", -32602, "resources/read", { uri: "file:///etc/passwd" }, META],
  ["gets a prompt that there is not", -32602, "prompts/get", { name: "NONE" }, META],
  ["lists from a cursor that there is not", -32602, "resources/list", { cursor: "nonsense" }, META],
  ["does not say what to listen to", -32602, "subscriptions/listen", {}, META],
  [
    "listens to too much",
    -32602,
    "subscriptions/listen",
    { notifications: { resourceSubscriptions: many(101) } },
    META,
  ],
];

function many(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `instance://${n}`);
}

const absent: Fault[] = ABSENT.map((method) => [`asks for the method ${method}`, -32601, method, {}, META]);
const over = (faults: Fault[], status: number) => faults.map((fault) => [...fault, status] as const);

test.each([...over(FAULTS, 400), ...over(absent, 404), ...over(REFUSED, 200)])(
  "a request that %s is answered with %i",
  async (_what, code, method, params, meta, status) => {
    const response = await fetch(url, requestOf(method, params, { id: "a", meta }));
    expect(response.status).toBe(status);
    const answer = (await response.json()) as Message;
    expect(answer).toMatchObject({ jsonrpc: "2.0", id: "a", error: { code } });
    expect(await lines.ask(method, { ...params, _meta: meta })).toMatchObject({ error: answer.error });
  },
);

test("a revision that is not served is refused with those that are", async () => {
  for (const requested of ["2027-01-01", "2025-11-25", "v999"]) {
    const meta = { ...META, [`${PREFIX}/protocolVersion`]: requested };
    const response = await fetch(
      url,
      requestOf("tools/list", {}, { meta, headers: { "mcp-protocol-version": requested } }),
    );
    expect(response.status).toBe(400);
    const error = { code: -32022, data: { supported: [REVISION], requested } };
    expect(await response.json()).toMatchObject({ id: 1, error });
    expect(await serve().ask("tools/list", { _meta: meta })).toMatchObject({ error });
  }
});

const MISMATCHES: [what: string, headers: Record<string, string>, taken: boolean][] = [
  ["without a revision", { "mcp-protocol-version": "" }, false],
  ["with another revision", { "mcp-protocol-version": "2025-11-25" }, false],
  ["without a method", { "mcp-method": "" }, false],
  ["with another method", { "mcp-method": "tools/list" }, false],
  ["with the method in capitals", { "mcp-method": "TOOLS/CALL" }, false],
  ["without a name", { "mcp-name": "" }, false],
  ["with another name", { "mcp-name": "start_workflow" }, false],
  ["with a name that is no base64", { "mcp-name": "=?base64?bGlzdF93b3JrZmxvd3M*?=" }, false],
  ["with the name in base64", { "mcp-name": `=?base64?${btoa("list_workflows")}?=` }, true],
  ["with blanks around the name", { "mcp-name": " list_workflows " }, true],
  ["with the id of a session", { "mcp-session-id": "none" }, true],
  ["with an event to go on from", { "last-event-id": "7" }, true],
];

test.each(MISMATCHES)("a call over HTTP %s", async (_what, headers, taken) => {
  const init = requestOf("tools/call", LIST, { headers });
  const kept = Object.entries(init.headers as Record<string, string>).filter(([, value]) => value !== "");
  const response = await fetch(url, { ...init, headers: Object.fromEntries(kept) });
  expect(response.headers.get("mcp-session-id")).toBeNull();
  expect(response.status).toBe(taken ? 200 : 400);
  const answer = taken ? { result: { resultType: "complete" } } : { error: { code: -32020 } };
  expect(await response.json()).toMatchObject({ id: 1, ...answer });
});

test("over HTTP a notification is taken, and an answer has nothing to answer", async () => {
  const post = (message: object) => {
    const init = requestOf("x");
    return fetch(url, { ...init, body: JSON.stringify({ jsonrpc: "2.0", ...message }) });
  };
  const taken = await post({ method: "notifications/cancelled", params: { requestId: 1 } });
  expect([taken.status, await taken.text()]).toEqual([202, ""]);
  expect((await post({ id: 1, result: {} })).status).toBe(400);
  expect((await post({ id: 1, method: "tools/list", params: 7 })).status).toBe(400);
});

test("ids of every kind come back as they are, and clients that use the same one get each their own answer", async () => {
  const ids = ["a", "", "1", 1, 0, -7, Number.MAX_SAFE_INTEGER, "é\u2028", 1, 1, 1];
  const answers = await Promise.all(ids.map((id) => fetch(url, requestOf("tools/call", LIST, { id }))));
  expect(await Promise.all(answers.map(async (each) => ((await each.json()) as Message).id))).toEqual(ids);
});

test("over stdio the first message decides: who named its revision has to, who asked for a session need not", async () => {
  const bare = serve();
  expect(await bare.ask("tools/list")).toHaveProperty("result.tools");
  await discover(bare);
  expect(await bare.ask("tools/list")).toMatchObject({ error: { code: -32602 } });
  await bare.shakeHands();
  expect(await bare.ask("ping")).toMatchObject({ result: {} });
  expect(await bare.ask("tools/call", { ...LIST, _meta: META })).toHaveProperty("result.resultType", "complete");
  expect(await bare.ask("tools/call", LIST)).not.toHaveProperty("result.resultType");
});

test("over HTTP one process serves clients with and without a session at once, on the same runs", async () => {
  const { url } = await serveHttp({ workflows });
  const [older, newer] = [await connectHttp(url), await pinned(new StreamableHTTPClientTransport(new URL(url)))];
  const { id } = await startRun(older, "W");
  const report = { step_id: "1-one", status: "in_progress", message: "half way" };
  const noted = await newer.callTool({ name: "advance_workflow", arguments: { instance_id: id, report } });
  expect(noted.structuredContent).toMatchObject({ instance_id: id, status: "RUNNING" });
  expect((await statusOf(older, id)).history).toMatchObject([{ actor: "mcp:test-client/2.0" }]);
});

test("one process ends what is open: each subscription is answered, then it exits", async () => {
  const listen = { notifications: { resourcesListChanged: true } };
  const closed = { result: { resultType: "complete", _meta: { [`${PREFIX}/subscriptionId`]: 1 } } };
  const server = await serveHttp();
  const response = await fetch(server.url, requestOf("subscriptions/listen", listen));
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const streamed = response.text();
  expect(await server.end("SIGTERM")).toEqual({ code: 0, signal: null });
  const events = [...(await streamed).matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
  expect(events).toMatchObject([{ method: "notifications/subscriptions/acknowledged" }, { id: 1, ...closed }]);

  const bare = serve();
  bare.write({ id: 1, method: "subscriptions/listen", params: { ...listen, _meta: META } });
  await waitFor(() => bare.messages().length > 0, "the acknowledgement");
  bare.child.kill("SIGTERM");
  expect(await bare.exited).toEqual({ code: 0, signal: null });
  expect(bare.messages()).toMatchObject([{ method: "notifications/subscriptions/acknowledged" }, { id: 1, ...closed }]);
});

test("a subscription that the client cancels over stdio is not answered, and its id may be used again", async () => {
  const bare = serve();
  const listen = { id: "s", method: "subscriptions/listen", params: { notifications: {}, _meta: META } };
  for (const count of [1, 2]) {
    bare.write(listen);
    await waitFor(() => bare.messages().filter((each) => "method" in each).length === count, "the acknowledgement");
    bare.write({ method: "notifications/cancelled", params: { requestId: "s" } });
  }
  await discover(bare);
  expect(bare.messages().filter((each) => "id" in each && each.id === "s")).toEqual([]);
});

test.each([
  ["before anything was said", {}],
  ["of an event stream", { progressToken: 1 }],
])("over HTTP a client that hangs up %s has cancelled its call", async (_when, more) => {
  const endpoint = endpointThat(hangs);
  const { url } = await serveHttp({ workflows: judged(), env: modelEnv(endpoint) });
  const call = (name: string, args: object, init: RequestInit = {}) =>
    fetch(url, { ...requestOf("tools/call", { name, arguments: args }, { meta: { ...META, ...more } }), ...init });
  const started = (await (await call("start_workflow", { workflow_name: "JUDGED" })).json()) as Message;
  const { instance_id } = started.result.structuredContent;
  const hangUp = new AbortController();
  const report = { step_id: "1-build", status: "success" };
  const called = call("advance_workflow", { instance_id, report }, { signal: hangUp.signal }).then((each) =>
    each.text(),
  );
  await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
  hangUp.abort();
  await expect(called).rejects.toThrow();
  await waitFor(() => endpoint.chats()[0]?.hungUp === true, "the end of the request at the endpoint");
});

function serve(more: { forAll?: boolean } = {}): Bare {
  const args = ["--db", join(scratchDir(), "state.sqlite"), "--workflows", workflows];
  return startBare({ cwd: scratchDir(), args, ...more });
}

async function discover(bare: Bare): Promise<void> {
  const { result } = await bare.ask("server/discover", { _meta: META });
  expect(result).toMatchObject({ resultType: "complete", supportedVersions: [REVISION] });
}
