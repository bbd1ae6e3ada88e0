/** Streams that nobody reads, requests that never end: the process answers on, and ends when it is told to. */
import { afterEach, expect, test } from "bun:test";
import { connect as connectSocket, type Socket } from "node:net";
import { join } from "node:path";
import { startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { connectHttp, type HttpServer, postInit, serveHttp } from "./support/http.ts";
import { type Bare, type BareOptions, type Exit, startBare, waitFor } from "./support/stdio.ts";
import { unreadPipe } from "./support/unread-pipe.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: {} }));

const CLEAN: Exit = { code: 0, signal: null };
const PING = { jsonrpc: "2.0", id: 1, method: "ping" };

function serve(options: Partial<BareOptions> = {}): Bare {
  return startBare({ cwd: scratchDir(), args: ["--db", join(scratchDir(), "state.sqlite")], ...options });
}

/** How the process ended, if it did so within two seconds. */
function endOf({ exited }: Bare): Promise<Exit | "still running"> {
  return Promise.race([exited, Bun.sleep(2_000).then(() => "still running" as const)]);
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(milliseconds);
  return result;
}

const ENDINGS: [how: string, end: (bare: Bare) => void][] = [
  ["SIGTERM", ({ child }) => void child.kill("SIGTERM")],
  ["end of input", ({ child }) => void child.stdin.end()],
];

/** More log than fits into the pipe and what waits before it. */
const MANY_LINES = 20_000;

test.each(ENDINGS)(
  "stderr that nobody reads: a ping is answered within a second, and %s ends it",
  async (_how, end) => {
    const bare = serve({ stderr: unreadPipe().writeEnd });
    await bare.shakeHands();
    bare.child.stdin.write("no JSON\n".repeat(MANY_LINES));
    await waitFor(() => bare.stdout().split("\n").length > MANY_LINES, "an answer to each line");
    await within(1_000, bare.ask("ping"));
    end(bare);
    expect(await endOf(bare)).toEqual(CLEAN);
  },
  20_000,
);

test("what did not fit into the log is counted, and the count is logged once it flows again", async () => {
  const pipe = unreadPipe();
  const bare = serve({ stderr: pipe.writeEnd });
  await bare.shakeHands();
  bare.child.stdin.write("no JSON\n".repeat(MANY_LINES));
  await waitFor(() => bare.stdout().split("\n").length > MANY_LINES, "an answer to each line");
  let log = "";
  const dropped = await waitFor(() => {
    log += pipe.read();
    return /"dropped":(\d+)/.exec(log)?.[1];
  }, "the count");
  bare.child.stdin.end("no JSON\n");
  await bare.exited;
  log += pipe.read();
  const lines = log.trim().split("\n");
  for (const line of lines) JSON.parse(line);
  expect(lines.filter((line) => line.includes("not understood")).length + Number(dropped)).toBe(MANY_LINES + 1);
}, 20_000);

test("stderr that is closed ends nothing", async () => {
  const bare = serve();
  await bare.shakeHands();
  bare.child.stderr.destroy();
  bare.child.stdin.write("no JSON\n".repeat(10));
  await bare.ask("ping");
  bare.child.stdin.end();
  expect(await endOf(bare)).toEqual(CLEAN);
});

test.each(ENDINGS)("stdout that nobody reads: %s ends it within two seconds", async (_how, end) => {
  const pipe = unreadPipe();
  const bare = serve({ stdout: pipe.writeEnd });
  const requests = Array.from({ length: 5_000 }, (_, id) => `${JSON.stringify({ ...PING, id })}\n`);
  bare.child.stdin.write(requests.join(""));
  await waitFor(() => pipe.read() || undefined, "the first answer");
  end(bare);
  expect(await endOf(bare)).toEqual(CLEAN);
});

test("half a line on stdin that stays open: SIGTERM ends it within two seconds", async () => {
  const bare = serve();
  await bare.shakeHands();
  bare.child.stdin.write('{"jsonrpc":"2.0","id":7,"method":"pi');
  bare.child.kill("SIGTERM");
  expect(await endOf(bare)).toEqual(CLEAN);
});

test("a command whose output nobody reads is ended by SIGTERM within two seconds", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W", { context: { text: "x".repeat(250_000) } });
  const pipe = unreadPipe();
  const bare = startBare({ cwd: "/", args: ["show", id, "--json", "--db", on.db], stdout: pipe.writeEnd });
  const first = await waitFor(() => pipe.read() || undefined, "the first output");
  expect(first).toStartWith("{");
  bare.child.kill("SIGTERM");
  expect(await endOf(bare)).not.toBe("still running");
});

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A connection that writes, and reads nothing of what comes back. */
async function deaf(port: number, text: string): Promise<void> {
  const socket = connectSocket(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {}).pause();
  await new Promise<void>((resolve) => socket.write(text, () => resolve()));
}

function postText(body: string, session: string, length = Buffer.byteLength(body)): string {
  const headers = `Host: localhost\r\nContent-Type: application/json\r\nMcp-Session-Id: ${session}\r\nContent-Length: ${length}`;
  return `POST /mcp HTTP/1.1\r\n${headers}\r\n\r\n${body}`;
}

const SITUATIONS: [what: string, make: (port: number, session: string) => Promise<void>][] = [
  [
    "answers that nobody reads",
    async (port, session) => {
      for (let connection = 0; connection < 8; connection++) {
        const lists = Array.from({ length: 200 }, (_, index) => ({
          ...PING,
          id: `${connection}.${index}`,
          method: "tools/list",
        }));
        await deaf(port, lists.map((each) => postText(JSON.stringify(each), session)).join(""));
      }
    },
  ],
  [
    "event streams that nobody reads",
    (port, session) =>
      deaf(
        port,
        `GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session}\r\n\r\n`,
      ),
  ],
  [
    "half requests",
    async (port, session) => {
      for (let count = 0; count < 50; count++) {
        await deaf(port, "POST /mcp HTTP/1.1\r\nHost: loc");
        await deaf(port, postText('{"jsonrpc":"2.0",', session, 1_000));
      }
    },
  ],
];

test.each(SITUATIONS)(
  "over HTTP, %s: another client is answered within a second, and SIGTERM ends it within two",
  async (_what, make) => {
    const { url, port, end } = await serveHttp();
    const { transport } = await connectHttp(url);
    await make(port, transport.sessionId ?? "");
    await expectAnswers({ url, port });
    expect(await end("SIGTERM")).toEqual(CLEAN);
  },
);

test("over HTTP, stderr that nobody reads: another client is answered within a second, and SIGTERM ends it", async () => {
  const pipe = unreadPipe();
  const bare = serve({ args: ["serve", "--http", "--port", "0"], env: { LOG_LEVEL: "debug" }, stderr: pipe.writeEnd });
  const said = await waitFor(() => /http:\S+/.exec(pipe.read())?.[0], "the line with the URL");
  const port = Number(new URL(said).port);
  const { call } = await connectHttp(said);
  for (let round = 0; round < 20; round++) {
    await Promise.all(Array.from({ length: 50 }, () => call("list_workflows")));
  }
  await expectAnswers({ url: said, port });
  bare.child.kill("SIGTERM");
  expect(await endOf(bare)).toEqual(CLEAN);
}, 20_000);

async function expectAnswers({ url, port }: Pick<HttpServer, "url" | "port">): Promise<void> {
  const health = await within(1_000, fetch(`http://127.0.0.1:${port}/health`));
  expect(health.status).toBe(200);
  const { transport } = await within(1_000, connectHttp(url));
  const headers = { "mcp-session-id": transport.sessionId ?? "" };
  const ping = await within(
    1_000,
    fetch(url, postInit(PING, headers)).then((response) => response.text()),
  );
  expect(ping).toContain('"result":{}');
}
