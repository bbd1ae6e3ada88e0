/** Calls of tools in a session as bytes: one JSON body, an event stream if something is said before; cancelling; ids. */
import { describe, expect, test } from "bun:test";
import { hangs } from "./support/endpoint.ts";
import { INITIALIZE, messagesIn, postInit, serveHttp } from "./support/http.ts";
import { endpointThat, judged, modelEnv } from "./support/model-run.ts";
import { slowModel } from "./support/slow-model.ts";
import { type Message, startBare, waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("JUDGED", { One: {}, Two: {} }));

type Id = string | number;

/** What a client may choose. */
const IDS: Id[] = ["a", "", "1", 1, 0, -7, Number.MAX_SAFE_INTEGER, "é\u2028"];

interface Session {
  post(message: object, init?: RequestInit): Promise<Response>;
  call(name: string, args?: object, more?: { id?: Id; _meta?: object }, init?: RequestInit): Promise<Response>;
  /** The run of JUDGED that it has started. */
  start(): Promise<string>;
}

async function sessionAt(url: string, more: Record<string, string> = {}): Promise<Session> {
  const begun = await fetch(url, postInit(INITIALIZE));
  await begun.text();
  const headers = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "", ...more };
  const post: Session["post"] = (message, init = {}) =>
    fetch(url, { ...postInit({ jsonrpc: "2.0", ...message }, headers), ...init });
  const call: Session["call"] = (name, args = {}, { id = 1, _meta } = {}, init = {}) =>
    post({ id, method: "tools/call", params: { name, arguments: args, ...(_meta ? { _meta } : {}) } }, init);
  const start = async () => {
    const [told] = await messagesIn(await call("start_workflow", { workflow_name: "JUDGED" }, { id: "start" }));
    return told?.result.structuredContent.instance_id;
  };
  return { post, call, start };
}

const reportOf = (instance_id: string) => ({ instance_id, report: { step_id: "1-one", status: "success" } });

describe("over HTTP", () => {
  test("a call before which nothing is said is answered by one JSON body, whatever the answer", async () => {
    const session = await sessionAt((await serveHttp({ workflows })).url);
    const answers = [
      await session.call("list_workflows"),
      await session.call("advance_workflow", { instance_id: "none" }),
      await session.call("no_such_tool"),
      await session.post({ id: 1, method: "tools/call", params: {} }),
      await session.call("list_workflows", {}, { _meta: { progressToken: 7 } }),
    ];
    for (const each of answers) {
      expect([each.status, each.headers.get("content-type")]).toEqual([200, "application/json"]);
      expect(each.headers.get("mcp-session-id")).not.toBeNull();
      expect(each.headers.get("cache-control")).toBe("no-store, no-transform");
    }
    const told = (await Promise.all(answers.map(messagesIn))).map(([message]) => message);
    const refused = { jsonrpc: "2.0", id: 1, error: { code: -32602 } };
    const result = expect.not.objectContaining({ isError: true });
    expect(told).toMatchObject([{ result }, { result: { isError: true } }, refused, refused, { result }] as Message[]);
  });

  test("progress is said at once, in an event stream that ends with the answer", async () => {
    const model = slowModel();
    const session = await sessionAt((await serveHttp({ workflows, env: model.env })).url);
    const report = reportOf(await session.start());
    const response = await session.call("advance_workflow", report, { id: "p", _meta: { progressToken: "t" } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("mcp-session-id")).not.toBeNull();
    model.go();
    const said = { method: "notifications/progress", params: { progressToken: "t", progress: 1 } };
    expect(await messagesIn(response)).toMatchObject([said, { id: "p", result: {} }] as Message[]);
  });

  test("log messages of a call come before its answer, from the level that the session has set", async () => {
    const { url } = await serveHttp({ workflows });
    const [loud, still] = [await sessionAt(url), await sessionAt(url)];
    await (await loud.post({ id: 1, method: "logging/setLevel", params: { level: "warning" } })).text();
    const wrong = { instance_id: "none", report: { step_id: "1-one", status: "success" } };
    const said = { method: "notifications/message", params: { data: { error_code: "INSTANCE_NOT_FOUND" } } };
    const answer = { id: 1, result: { isError: true } };
    expect(await messagesIn(await loud.call("advance_workflow", wrong))).toMatchObject([said, answer] as Message[]);
    expect(await messagesIn(await still.call("advance_workflow", wrong))).toMatchObject([answer]);
  });

  test("a call that takes five seconds has an event stream from then on", async () => {
    const model = slowModel();
    const session = await sessionAt((await serveHttp({ workflows, env: model.env })).url);
    const report = reportOf(await session.start());
    const began = performance.now();
    const response = await session.call("advance_workflow", report);
    expect(performance.now() - began).toBeGreaterThan(4_900);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    model.go();
    expect(await messagesIn(response)).toMatchObject([{ id: 1, result: {} }]);
  }, 20_000);

  test.each(IDS)("a call that is cancelled ends without an answer, and its id %j may be used again", async (id) => {
    const endpoint = endpointThat(hangs);
    const session = await sessionAt((await serveHttp({ workflows, env: modelEnv(endpoint) })).url);
    const report = reportOf(await session.start());
    const called = session.call("advance_workflow", report, { id });
    await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
    const taken = await session.post({ method: "notifications/cancelled", params: { requestId: id } });
    expect([taken.status, await taken.text()]).toEqual([202, ""]);
    const response = await called;
    expect([response.status, await messagesIn(response)]).toEqual([200, []]);
    await waitFor(() => endpoint.chats()[0]?.hungUp === true, "the end of the request at the endpoint");
    expect(await messagesIn(await session.call("list_workflows", {}, { id }))).toMatchObject([{ id, result: {} }]);
  });

  test.each([
    ["a second initialize", INITIALIZE, {}],
    ["a revision that there is not", { id: 1, method: "prompts/list" }, { "mcp-protocol-version": "1999-01-01" }],
  ])("%s in a session is refused with the id of its request", async (_what, message, headers) => {
    const session = await sessionAt((await serveHttp({ workflows })).url, headers);
    const response = await session.post(message);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32600 } });
  });

  test("a client that hangs up has not cancelled its call, and may use its id again", async () => {
    const model = slowModel();
    const { url } = await serveHttp({ workflows, env: model.env });
    const session = await sessionAt(url);
    const id = await session.start();
    const hangUp = new AbortController();
    const about = { _meta: { progressToken: 1 } };
    const called = await session.call("advance_workflow", reportOf(id), about, { signal: hangUp.signal });
    await model.called();
    hangUp.abort();
    await expect(called.text()).rejects.toThrow();
    const again = async () => (await messagesIn(await session.call("list_workflows")))[0]?.result;
    for (const until = Date.now() + 5_000; Date.now() < until && !(await again()); ) await Bun.sleep(5);
    expect(await again()).toBeDefined();
    model.go();
    const visit = async () =>
      (await messagesIn(await session.call("get_workflow_status", { instance_id: id })))[0]?.result.structuredContent;
    for (const until = Date.now() + 5_000; Date.now() < until && (await visit()).visit === 1; ) await Bun.sleep(5);
    expect((await visit()).current_step_name).toBe("Two");
  });

  test("two calls of one id cannot be in flight in one session, and can be in two", async () => {
    const model = slowModel();
    const { url } = await serveHttp({ workflows, env: model.env });
    const [one, two] = [await sessionAt(url), await sessionAt(url)];
    const called = one.call("advance_workflow", reportOf(await one.start()));
    await model.called();
    expect((await one.call("list_workflows")).status).toBe(400);
    expect((await two.call("list_workflows")).status).toBe(200);
    model.go();
    expect(await messagesIn(await called)).toMatchObject([{ id: 1, result: {} }]);
  });

  test("the end of a session cancels its calls", async () => {
    const endpoint = endpointThat(hangs);
    const session = await sessionAt((await serveHttp({ workflows, env: modelEnv(endpoint) })).url);
    const called = session.call("advance_workflow", reportOf(await session.start()));
    await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
    expect((await session.post({}, { method: "DELETE", body: null })).status).toBe(200);
    expect(await messagesIn(await called)).toEqual([]);
    await waitFor(() => endpoint.chats()[0]?.hungUp === true, "the end of the request at the endpoint");
  });

  test("a call that names a revision which is not served is refused as all requests are", async () => {
    const { url } = await serveHttp({ workflows });
    const session = await sessionAt(url, { "mcp-protocol-version": "2020-01-01" });
    const refused = { status: 400 };
    expect(await session.call("list_workflows")).toMatchObject(refused);
    expect(await session.post({ id: 1, method: "tools/list" })).toMatchObject(refused);
  });
});

describe("over stdio", () => {
  test("a cancellation reaches no request that comes after it, and one that has an id is itself a request", async () => {
    const bare = startBare({ cwd: scratchDir(), args: ["--workflows", workflows] });
    await bare.shakeHands();
    const before = bare.messages().length;
    const lines = [
      { method: "notifications/cancelled", params: { requestId: "later" } },
      { id: "later", method: "prompts/list" },
      { id: "call", method: "tools/call", params: { name: "list_workflows" } },
      { id: "odd", method: "notifications/cancelled", params: { requestId: "call" } },
    ];
    // In one write: all are read before the first is answered.
    bare.child.stdin.write(lines.map((line) => `${JSON.stringify({ jsonrpc: "2.0", ...line })}\n`).join(""));
    await waitFor(() => bare.messages().length === before + lines.length - 1, "three answers");
    const answers = new Map(
      bare
        .messages()
        .slice(before)
        .map((each) => [each.id, each]),
    );
    expect(answers.get("later")).toHaveProperty("result.prompts");
    expect(answers.get("call")).toHaveProperty("result.structuredContent");
    expect(answers.get("odd")).toMatchObject({ error: { code: -32601 } });
  });

  test("ids of every kind come back as they are, each once", async () => {
    const bare = startBare({ cwd: scratchDir(), args: ["--workflows", workflows] });
    await bare.shakeHands();
    for (const id of IDS) bare.write({ id, method: "tools/call", params: { name: "list_workflows" } });
    const told = () => bare.messages().filter(({ result }) => result?.structuredContent);
    await waitFor(() => told().length >= IDS.length, "all answers");
    await bare.ask("ping");
    const answered = told();
    expect(answered.map(({ id }) => id)).toEqual(IDS);
  });

  test.each(IDS)("a call that is cancelled is not answered: id %j", async (id) => {
    const endpoint = endpointThat(hangs);
    const bare = startBare({
      cwd: scratchDir(),
      args: ["--workflows", judged(), "--db", `${scratchDir()}/state.sqlite`],
      env: modelEnv(endpoint),
    });
    await bare.shakeHands();
    const started = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "JUDGED" } });
    const { instance_id } = started.result.structuredContent;
    const args = { instance_id, report: { step_id: "1-build", status: "success" } };
    bare.write({ id, method: "tools/call", params: { name: "advance_workflow", arguments: args } });
    await waitFor(() => endpoint.chats().length === 1, "a request at the endpoint");
    const before = bare.messages().length;
    bare.write({ method: "notifications/cancelled", params: { requestId: id } });
    await waitFor(() => endpoint.chats()[0]?.hungUp === true, "the end of the request at the endpoint");
    bare.child.stdin.end();
    expect(await bare.exited).toEqual({ code: 0, signal: null });
    expect(bare.messages()).toHaveLength(before);
  });
});
