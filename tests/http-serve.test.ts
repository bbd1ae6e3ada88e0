/** Serving over HTTP as a process: two clients, progress, slow clients, settings, taken ports, and how it ends. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { connectHttp, INITIALIZE, postInit, rawExchange, serveHttp } from "./support/http.ts";
import { slowModel } from "./support/slow-model.ts";
import { runBare, startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("JUDGED", { One: {}, Two: {} }));

const SIGNALS: NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGHUP"];
const CLEAN = { code: 0, signal: null };

const sockets: Socket[] = [];
afterAll(() => sockets.map((socket) => socket.destroy()));

test("two clients at once drive one run: one wins a visit, the other is told", async () => {
  const { url } = await serveHttp({ workflows });
  const [a, b] = [await connectHttp(url), await connectHttp(url)];
  const { data } = await a.call("start_workflow", { workflow_name: "JUDGED" });
  const report = { step_id: "1-one", status: "success", next_step: "Two" };
  const told = await Promise.all(
    [a, b].map(({ call }) => call("advance_workflow", { instance_id: data.instance_id, report })),
  );
  expect(told.map((each) => each.data.next_step?.step_id)).toEqual(["2-two", "2-two"]);
  expect(told.filter((each) => each.data.replayed)).toHaveLength(1);
});

test("progress arrives before the answer, while a model is asked", async () => {
  const model = slowModel();
  const { url } = await serveHttp({ workflows, env: model.env });
  const { client, call } = await connectHttp(url);
  const { data } = await call("start_workflow", { workflow_name: "JUDGED" });
  const said: string[] = [];
  const args = { instance_id: data.instance_id, report: { step_id: "1-one", status: "success" } };
  const onprogress = ({ message = "" }: { message?: string | undefined }) => {
    said.push(message);
    model.go(); // the model answers only once progress has arrived
  };
  const result = await client.callTool({ name: "advance_workflow", arguments: args }, undefined, { onprogress });
  expect(result.structuredContent).toMatchObject({ next_step: { step_id: "2-two" } });
  expect(said.length).toBeGreaterThan(0);
});

test("a client that subscribed to a run hears on its event stream that another client moved it", async () => {
  const { url } = await serveHttp({ workflows });
  const [watcher, worker] = [await connectHttp(url), await connectHttp(url)];
  const { data } = await worker.call("start_workflow", { workflow_name: "JUDGED" });
  const uri = `instance://${data.instance_id}`;
  const heard = Promise.withResolvers<string>();
  watcher.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => heard.resolve(params.uri));
  await watcher.client.subscribeResource({ uri });
  const report = { step_id: "1-one", status: "success", next_step: "Two" };
  await worker.call("advance_workflow", { instance_id: data.instance_id, report });
  expect(await heard.promise).toBe(uri);
});

test("attack: an id that is still being answered is refused, and the first request gets its answer", async () => {
  const model = slowModel();
  const { url } = await serveHttp({ workflows, env: model.env });
  const { transport, call } = await connectHttp(url);
  const { data } = await call("start_workflow", { workflow_name: "JUDGED" });
  const args = { instance_id: data.instance_id, report: { step_id: "1-one", status: "success" } };
  const message = {
    jsonrpc: "2.0",
    id: "twice",
    method: "tools/call",
    params: { name: "advance_workflow", arguments: args },
  };
  const headers = { "mcp-session-id": transport.sessionId ?? "" };
  const first = fetch(url, postInit(message, headers));
  await model.called();
  expect((await fetch(url, postInit(message, headers))).status).toBe(400);
  model.go();
  expect(await (await first).text()).toContain("2-two");
});

test.each(SIGNALS)("%s ends it with exit code 0 within two seconds, with event streams open", async (signal) => {
  const { url, end } = await serveHttp();
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectHttp(url)));
  for (const { call } of clients) await call("list_instances");
  expect(await end(signal)).toEqual(CLEAN);
});

test.each(SIGNALS)("%s lets the call in flight finish and answers it", async (signal) => {
  const model = slowModel();
  const { url, end } = await serveHttp({ workflows, env: model.env });
  const { call } = await connectHttp(url);
  const { data } = await call("start_workflow", { workflow_name: "JUDGED" });
  const report = { step_id: "1-one", status: "success" };
  const answer = call("advance_workflow", { instance_id: data.instance_id, report });
  await model.called();
  const ended = end(signal);
  await Bun.sleep(100); // an ending that does not wait would be over by now
  expect((await fetch(url, postInit(INITIALIZE)).catch(() => ({ status: 503 }))).status).toBe(503);
  model.go();
  expect((await answer).data.next_step.step_id).toBe("2-two");
  expect(await ended).toEqual(CLEAN);
});

test("the end comes within two seconds even if a call hangs and a body never comes", async () => {
  const model = slowModel();
  const { url, port, end } = await serveHttp({ workflows, env: model.env });
  const { call } = await connectHttp(url);
  const { data } = await call("start_workflow", { workflow_name: "JUDGED" });
  const report = { step_id: "1-one", status: "success" };
  call("advance_workflow", { instance_id: data.instance_id, report }).catch(() => {});
  await model.called();
  await slowClients(port, 1);
  expect(await end("SIGTERM")).toEqual(CLEAN);
  model.go();
}, 15_000);

test("200 clients whose bodies trickle do not starve a fast one, and are sent away with 408", async () => {
  const { url, port } = await serveHttp();
  const late = rawExchange(port, SLOW_REQUEST, 15_000);
  await slowClients(port, 200);
  const { call } = await connectHttp(url);
  const began = performance.now();
  for (let i = 0; i < 50; i++) expect((await call("list_workflows")).isError).toBe(false);
  expect(performance.now() - began).toBeLessThan(5_000);
  const { answer, closed } = await late;
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(closed).toBe(true);
}, 30_000);

test("a taken port: one plain line, exit code 1", async () => {
  const { port } = await serveHttp();
  const { code, stdout, stderr } = await runBare({ cwd: "/", args: ["serve", "--http", "--port", String(port)] });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe(
    `Cannot listen on 127.0.0.1:${port}: the port is taken. Choose another with --port, or 0 for any free one.\n`,
  );
});

const REFUSED: [what: string, start: { args?: string[]; env?: Record<string, string> }, said: RegExp, code: number][] =
  [
    ["HTTP_PORT=abc", { env: { HTTP_PORT: "abc" } }, /HTTP_PORT is "abc".*\n.*0 for any free port/, 1],
    ["HTTP_PORT=65536", { env: { HTTP_PORT: "65536" } }, /HTTP_PORT is "65536".*\n.*65535/, 1],
    ["HTTP_PORT=-1", { env: { HTTP_PORT: "-1" } }, /HTTP_PORT is "-1"/, 1],
    ["--port 3e3", { args: ["--port", "3e3"] }, /--port is "3e3"/, 1],
    ["--port ''", { args: ["--port="] }, /--port is ""/, 1],
    ["HTTP_HOST=a b", { env: { HTTP_HOST: "a b" } }, /HTTP_HOST is "a b".*\n.*127\.0\.0\.1/, 1],
    ["HTTP_HOST as a URL", { env: { HTTP_HOST: "http://localhost" } }, /HTTP_HOST is "http:\/\/localhost"/, 1],
    ["--host ''", { args: ["--host="] }, /--host is ""/, 1],
    ["--allow-host with a port", { args: ["--allow-host", "a:1"] }, /--allow-host is "a:1".*\n.*without a port/, 1],
    ["--allow-host *", { args: ["--allow-host", "*"] }, /--allow-host is "\*"/, 1],
    ["--token-file ''", { args: ["--token-file="] }, /--token-file is ""/, 1],
    [
      "an address of another machine",
      { env: { HTTP_HOST: "203.0.113.7", HTTP_AUTH_TOKEN: "t" } },
      /no such address/,
      1,
    ],
    ["0.0.0.0 without a token", { args: ["--host", "0.0.0.0"] }, /"0\.0\.0\.0".*HTTP_AUTH_TOKEN/, 1],
    [":: without a token", { env: { HTTP_HOST: "::" } }, /"::".*HTTP_AUTH_TOKEN/, 1],
    ["[::] with an empty token", { env: { HTTP_HOST: "[::]", HTTP_AUTH_TOKEN: "" } }, /HTTP_AUTH_TOKEN/, 1],
    ["a name that is not loopback, no token", { args: ["--host", "example.test"] }, /HTTP_AUTH_TOKEN/, 1],
  ];

test.each(REFUSED)(
  "%s stops the start and says what is allowed",
  async (_what, { args = [], env = {} }, said, exit) => {
    const { code, stdout, stderr } = await runBare({ cwd: scratchDir(), args: ["serve", "--http", ...args], env });
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" });
    expect(stderr).toMatch(said);
  },
);

test("a token that no header can carry stops the start, and is not repeated", async () => {
  const { code, stderr } = await runBare({
    cwd: "/",
    args: ["serve", "--http"],
    env: { HTTP_AUTH_TOKEN: "my secret" },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("HTTP_AUTH_TOKEN");
  expect(stderr).not.toContain("my secret");
});

test.each(["--host", "--port", "--allow-host", "--token-file"])("%s without --http is wrong usage", async (flag) => {
  const { code, stderr } = await runBare({ cwd: "/", args: ["serve", flag, "1"] });
  expect(code).toBe(2);
  expect(stderr).toContain(`${flag} goes with --http`);
});

test("a name that is allowed is answered to; the log names the way to allow another, once for each", async () => {
  const args = ["--host", "0.0.0.0", "--allow-host", "orchestrator", "--allow-host", "Flow.Example"];
  const { port, bare } = await serveHttp({ args, env: { HTTP_AUTH_TOKEN: "t0ken" } });
  const status = async (host: string, headers: Record<string, string> = {}) =>
    (await fetch(`http://127.0.0.1:${port}/health`, { headers: { host, ...headers } })).status;
  expect(await status("orchestrator:3000")).toBe(200);
  expect(await status("flow.example", { origin: "https://orchestrator" })).toBe(200);
  expect(await status("orchestrator", { origin: "http://evil.example" })).toBe(403);
  for (let count = 0; count < 3; count++) expect(await status("other:3000")).toBe(403);
  for (let count = 0; count < 50; count++) await status(`evil${count}.example`);
  const told = bare
    .stderr()
    .split("\n")
    .filter((line) => line.includes("--allow-host"));
  expect(told.filter((line) => line.includes("--allow-host other"))).toHaveLength(1);
  expect(told.length).toBeLessThan(30);
});

test("--token-file makes a token of its own, keeps it, and prints it nowhere", async () => {
  const file = join(scratchDir(), "private", "token");
  const first = await serveHttp({ args: ["--token-file", file], env: { LOG_LEVEL: "debug" } });
  const token = readFileSync(file, "utf8").trim();
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await fetch(first.url, postInit(INITIALIZE))).status).toBe(401);
  const { call } = await connectHttp(first.url, { authorization: `Bearer ${token}` });
  expect((await call("list_workflows")).isError).toBe(false);
  const second = await serveHttp({ args: ["--token-file", file, "--host", "0.0.0.0"] });
  expect(readFileSync(file, "utf8").trim()).toBe(token);
  const local = `http://127.0.0.1:${second.port}/mcp`;
  expect((await fetch(local, postInit(INITIALIZE, { authorization: `Bearer ${token}` }))).status).toBe(200);
  for (const { bare } of [first, second]) expect(bare.stdout() + bare.stderr()).not.toContain(token);
  expect(readdirSync(dirname(file))).toEqual(["token"]);
});

const BAD_TOKEN_FILES: [what: string, make: (file: string) => void, said: RegExp][] = [
  [
    "can be read by others",
    (file) => writeFileSync(file, "s3cret\n", { mode: 0o644 }),
    /can be read by others.*\n.*chmod 600/,
  ],
  ["is empty", (file) => writeFileSync(file, "", { mode: 0o600 }), /holds no token/],
  ["holds words", (file) => writeFileSync(file, "two words", { mode: 0o600 }), /holds no token/],
  ["is a directory", (file) => mkdirSync(file), /is no file/],
  ["is a link", (file) => symlinkSync("/etc/passwd", file), /is a link/],
  ["is a pipe that nobody fills", (file) => void Bun.spawnSync(["mkfifo", "-m", "600", file]), /is no file/],
];

test.each(BAD_TOKEN_FILES)("a token file that %s stops the start, and stays as it is", async (_what, make, said) => {
  const dir = scratchDir();
  make(join(dir, "token"));
  const { code, stdout, stderr } = await runBare({
    cwd: dir,
    args: ["serve", "--http", "--port", "0", "--token-file", "token"],
  });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(said);
  expect(stderr).not.toContain("s3cret");
  expect(readdirSync(dir)).toEqual(["token"]);
});

test("two servers that make a token at the same moment have the same one", async () => {
  const file = join(scratchDir(), "token");
  const servers = await Promise.all([1, 2, 3].map(() => serveHttp({ args: ["--token-file", file] })));
  const authorization = `Bearer ${readFileSync(file, "utf8").trim()}`;
  for (const { url } of servers) expect((await fetch(url, postInit(INITIALIZE, { authorization }))).status).toBe(200);
});

test("bound to every address it answers to addresses, not to foreign names, and asks for the token", async () => {
  const { port } = await serveHttp({ args: ["--host", "0.0.0.0"], env: { HTTP_AUTH_TOKEN: "t0ken" } });
  const status = async (host: string, headers: Record<string, string> = {}) =>
    (await fetch(`http://127.0.0.1:${port}/mcp`, { headers: { host, ...headers } })).status;
  expect(await status("192.168.1.5:3000")).toBe(401);
  expect(await status("evil.example")).toBe(403);
  expect(await status("192.168.1.5", { origin: "http://192.168.1.66" })).toBe(403);
  expect(await status("192.168.1.5", { authorization: "Bearer t0ken" })).toBe(400);
});

test("starting has no side effect but the port: no file before the first call", async () => {
  const [home, cwd] = [scratchDir(), scratchDir()];
  const bare = startBare({ cwd, args: ["serve", "--http", "--port", "0"], env: { HOME: home } });
  await Bun.sleep(300);
  bare.child.kill("SIGTERM");
  expect(await bare.exited).toEqual(CLEAN);
  expect({ home: readdirSync(home), cwd: readdirSync(cwd) }).toEqual({ home: [], cwd: [] });
});

const SLOW_REQUEST =
  "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";

/** Connections that began a body and never end it. */
async function slowClients(port: number, count: number): Promise<void> {
  const opening = Array.from({ length: count }, () => {
    const socket = connectSocket(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    return new Promise<void>((resolve) => socket.write(SLOW_REQUEST, () => resolve()));
  });
  await Promise.all(opening);
}
