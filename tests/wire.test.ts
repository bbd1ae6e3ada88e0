/** Messages as they arrive over stdio: what cannot be read is answered in plain words, and the next one is read. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { JSONRPCMessageSchema } from "@modelcontextprotocol/sdk/types.js";
import fc from "fast-check";
import { jsonText } from "../src/json.ts";
import { createLineReader } from "../src/mcp/line-reader.ts";
import { readMessage } from "../src/mcp/message.ts";
import { connectHttp, messagesIn, postInit, serveHttp } from "./support/http.ts";
import { type Bare, type Message, runBare, startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const MIB = 1024 * 1024;
const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: {} }));

function serve(): Bare & { db: string } {
  const db = join(scratchDir(), "state.sqlite");
  return { ...startBare({ cwd: scratchDir(), args: ["--db", db, "--workflows", workflows] }), db };
}

/** The answers to the line, before that to a ping that follows it. */
async function answersTo(bare: Bare, line: string): Promise<Message[]> {
  const before = bare.messages().length;
  bare.child.stdin.write(`${line}\n`);
  await bare.ask("ping");
  return bare.messages().slice(before, -1);
}

const UNREADABLE: [what: string, line: string, answers: { code: number; id: unknown }[]][] = [
  ["no JSON", "this is no JSON", [{ code: -32700, id: null }]],
  ["half a message", '{"jsonrpc":"2.0","id":1,', [{ code: -32700, id: null }]],
  ["a log line of a wrapper", "[info] started", [{ code: -32700, id: null }]],
  ["a value that is no message", "42", [{ code: -32600, id: null }]],
  ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', [{ code: -32600, id: null }]],
  ["another version", '{"jsonrpc":"1.0","id":"a","method":"ping"}', [{ code: -32600, id: "a" }]],
  ["no method", '{"jsonrpc":"2.0","id":"a"}', [{ code: -32600, id: "a" }]],
  ["an id that is null", '{"jsonrpc":"2.0","id":null,"method":"ping"}', [{ code: -32600, id: null }]],
  ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"ping"}', [{ code: -32600, id: null }]],
  ["params that are a list", '{"jsonrpc":"2.0","id":"a","method":"ping","params":[]}', [{ code: -32602, id: "a" }]],
  [
    "a progress token that is a list",
    '{"jsonrpc":"2.0","id":"a","method":"ping","params":{"_meta":{"progressToken":[]}}}',
    [{ code: -32602, id: "a" }],
  ],
  ["an initialize without params", '{"jsonrpc":"2.0","id":"a","method":"initialize"}', [{ code: -32602, id: "a" }]],
  ["a method that there is not", '{"jsonrpc":"2.0","id":"a","method":"server/discover"}', [{ code: -32601, id: "a" }]],
  ["a notification that is broken", '{"jsonrpc":"2.0","method":"notifications/cancelled","params":1}', []],
  ["an answer that is broken", '{"jsonrpc":"2.0","id":1,"result":null}', []],
  ["an answer to nothing", '{"jsonrpc":"2.0","id":1,"result":{}}', []],
  ["an empty line", " \r", []],
];

test.each(UNREADABLE)(
  "a line with %s is answered as JSON-RPC has it, and the next one is read",
  async (_what, line, answers) => {
    const bare = serve();
    const answered = await answersTo(bare, line);
    expect(answered).toMatchObject(answers.map(({ code, id }) => ({ id, error: { code } })));
    for (const answer of answered) expectPlain(answer.error);
    const [first] = answers;
    if (first && first.code !== -32601) expect(bare.stderr()).toContain(`"code":${first.code}`);
  },
);

/** One short sentence: no dump of a schema. */
function expectPlain(error: unknown): void {
  const { message } = error as { message: string };
  expect(message.length).toBeLessThan(500);
  expect(message).not.toMatch(/[{[]\s*"|invalid_type|\n|zod/i);
}

test("what differs in form alone is taken: a byte-order mark, carriage returns, nulls, unknown fields", async () => {
  const bare = serve();
  const lines = [
    '\uFEFF{"jsonrpc":"2.0","id":"a","method":"ping"}',
    ' {"jsonrpc":"2.0","id":"b","method":"ping","params":null} \r',
    '{"jsonrpc":"2.0","id":"c","method":"ping","params":{"_meta":null},"trace":1}',
    '{"jsonrpc":"2.0","id":"d","method":"prompts/list","params":{"cursor":null}}',
  ];
  bare.child.stdin.write(lines.join("\n")); // the last without a line end
  bare.child.stdin.end();
  await bare.exited;
  expect(bare.messages().map(({ id, error }) => [id, error])).toEqual(
    ["a", "b", "c", "d"].map((id) => [id, undefined]),
  );
});

const LONG = "x".repeat(10 * MIB);
const TOO_LONG: [what: string, line: string, id: unknown][] = [
  ["its id before the params", `{"jsonrpc":"2.0","id":"big","method":"x","params":{"a":"${LONG}"}}`, "big"],
  ["its id last", `{"method":"x","params":{"a":"${LONG}","id":1},"jsonrpc":"2.0","id":77}`, 77],
  ["an id that is another's", `{"method":"x","jsonrpc":"2.0","params":{"a":"${LONG}","b":{"id":5}}}`, null],
  ["no end of its own", LONG.repeat(3), null],
];

test.each(TOO_LONG)(
  "a line over 10 MiB with %s is refused, logged, and the next one is read",
  async (_what, line, id) => {
    const bare = serve();
    await bare.shakeHands();
    const [answer, ...more] = await answersTo(bare, line);
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ id, error: { code: -32600, message: expect.stringContaining("file's path") } });
    expect(bare.stderr()).toContain("not understood");
    const started = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "W" } });
    expect(started.result.structuredContent.status).toBe("RUNNING");
    bare.child.stdin.end();
    expect(await bare.exited).toEqual({ code: 0, signal: null });
  },
  20_000,
);

test("a line over 10 MiB cuts off no call in flight, and the end of input in the midst of one is an end", async () => {
  const bare = serve();
  await bare.shakeHands();
  const id = bare.send("start_workflow", { workflow_name: "W" });
  bare.child.stdin.end(LONG + LONG);
  expect(await bare.exited).toEqual({ code: 0, signal: null });
  expect(bare.messages().find((message) => message.id === id)?.result.structuredContent.status).toBe("RUNNING");
});

const NO_PARAMS: [method: string, params: unknown, said: string][] = [
  ["tools/call", {}, "name is missing"],
  ["tools/call", { name: 5 }, "name: expected string"],
  ["tools/call", { name: "x".repeat(10_000) }, "There is no tool"],
  ["prompts/get", { arguments: null }, "name is missing"],
  ["prompts/get", { name: "W", arguments: { a: 1 } }, "arguments.a: expected string"],
  ["prompts/get", { name: "W", arguments: "a" }, "arguments: expected object"],
  ["prompts/get", { name: "NONE", arguments: null }, "NONE"],
  ["prompts/get", { name: "x".repeat(10_000) }, "There is no workflow"],
  ["resources/read", { uri: `instance://${"x".repeat(10_000)}` }, "There is no"],
  ["resources/read", {}, "uri is missing"],
  ["resources/read", { uri: 5 }, "uri: expected string"],
  ["resources/list", { cursor: 5 }, "cursor: expected string"],
  ["resources/list", { cursor: "x".repeat(10_000) }, "not one that"],
  ["resources/subscribe", { uri: null }, "uri"],
  ["resources/unsubscribe", {}, "uri is missing"],
  ["completion/complete", { ref: { type: "ref/resource" } }, "argument is missing"],
  ["completion/complete", { ref: 1, argument: { name: "a", value: "b" } }, "ref: expected object"],
  ["logging/setLevel", { level: "loud" }, "level"],
  ["logging/setLevel", undefined, "level"],
];

test("params that break a request's schema are an error in plain words, over stdio and HTTP alike", async () => {
  const bare = serve();
  await bare.shakeHands();
  const { url } = await serveHttp({ workflows });
  const { transport } = await connectHttp(url);
  const headers = { "mcp-session-id": transport.sessionId ?? "" };
  for (const [method, params, said] of NO_PARAMS) {
    const { error } = await bare.ask(method, params as object);
    expectPlain(error);
    expect(`${method}: ${(error as { message: string }).message}`).toContain(said);
    const response = await fetch(url, postInit({ jsonrpc: "2.0", id: 1, method, params }, headers));
    expect(await messagesIn(response)).toMatchObject([{ id: 1, error }] as Message[]);
  }
});

test("a database that cannot be read is said in plain words if no tool is called, without internals", async () => {
  const db = join(scratchDir(), "state.sqlite");
  writeFileSync(db, "this is no database, but long enough to be looked at as one".repeat(20));
  const bare = startBare({ cwd: scratchDir(), args: ["--db", db, "--workflows", workflows] });
  await bare.shakeHands();
  const argument = { name: "id", value: "" };
  const { error } = await bare.ask("completion/complete", {
    ref: { type: "ref/resource", uri: "instance://{id}" },
    argument,
  });
  expectPlain(error);
  expect(JSON.stringify(error)).toContain(db);
  expect(JSON.stringify(error)).not.toMatch(/SQLITE|\.ts:|\bat \w+/);
});

const ARGUMENTS: [what: string, sent: unknown, said: string][] = [
  ["null", null, "workflow_name is missing"],
  ["a list", ["W"], "arguments: expected object"],
  ["a number", 5, "arguments: expected object"],
  ["a text", "W", "arguments: expected object"],
];

test.each(ARGUMENTS)(
  "a tool's arguments that are %s get an error in the tools' own shape",
  async (_what, sent, said) => {
    const bare = serve();
    await bare.shakeHands();
    const { result } = await bare.ask("tools/call", { name: "start_workflow", arguments: sent });
    expect(result).toMatchObject({ isError: true, structuredContent: { error_code: "INVALID_INPUT" } });
    expect(result.content[0].text).toContain(said);
  },
);

test("arguments that are absent, null or JSON text are taken if they suffice", async () => {
  const bare = serve();
  await bare.shakeHands();
  for (const sent of [{}, { arguments: null }]) {
    const listed = await bare.ask("tools/call", { name: "list_workflows", ...sent });
    expect(listed.result.structuredContent.workflows).toHaveLength(1);
  }
  const started = await bare.ask("tools/call", { name: "start_workflow", arguments: '{"workflow_name":"W"}' });
  expect(started.result.structuredContent.status).toBe("RUNNING");
  const prompt = await bare.ask("prompts/get", { name: "W", arguments: { context: null } });
  expect(prompt.result.messages).toHaveLength(1);
});

const LINE_ENDS = "a\u0085b\u2028c\u2029d";

test("no line end stands raw in JSON that leaves: stdio, event streams, the terminal", async () => {
  const bare = serve();
  await bare.shakeHands();
  const call = { name: "start_workflow", arguments: { workflow_name: "W", context: { text: LINE_ENDS } } };
  const { result } = await bare.ask("tools/call", call);
  expect(result.structuredContent.current_context.text).toBe(LINE_ENDS);
  bare.child.stdin.end();
  await bare.exited;
  const { url } = await serveHttp({ db: bare.db, workflows });
  const { transport } = await connectHttp(url);
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: call };
  const response = await fetch(url, postInit(message, { "mcp-session-id": transport.sessionId ?? "" }));
  const streamed = await response.text();
  const { instance_id } = result.structuredContent;
  const shown = await runBare({ cwd: "/", args: ["show", instance_id, "--json", "--db", bare.db] });
  expect(JSON.parse(shown.stdout).context.text).toBe(LINE_ENDS);
  for (const text of [bare.stdout(), streamed, shown.stdout]) {
    expect(text).toContain("a\\u0085b\\u2028c\\u2029d");
    expect(text).not.toMatch(/[\u0085\u2028\u2029]/);
  }
});

test("jsonText() gives JSON of the same value, whatever its texts and keys hold", () => {
  const unit = fc.constantFrom("\u0085", "\u2028", "\u2029", "\\", '"', "u2028", "a", "\u{1F600}");
  const text = fc.array(unit).map((units) => units.join(""));
  fc.assert(
    fc.property(fc.dictionary(text, text), (value) => {
      const json = jsonText(value);
      expect(JSON.parse(json)).toEqual(value);
      expect(json).not.toMatch(/[\u0085\u2028\u2029]/);
    }),
  );
});

test("whatever readMessage() takes is a message by the SDK's own schema, and a request that it refuses keeps its id", () => {
  const id = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.constant(null), fc.object());
  const params = fc.oneof(
    fc.jsonValue(),
    fc.record({ _meta: fc.oneof(fc.jsonValue(), fc.record({ progressToken: id })) }),
  );
  const error = fc.oneof(fc.jsonValue(), fc.record({ code: fc.integer(), message: fc.string() }));
  const message = fc.record(
    {
      jsonrpc: fc.constantFrom("2.0", "1.0", 2),
      id,
      method: fc.oneof(fc.constantFrom("ping", "initialize", "tools/call"), fc.jsonValue()),
      params,
      result: fc.jsonValue(),
      error,
      more: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  let taken = 0;
  fc.assert(
    fc.property(message, (value) => {
      const read = readMessage(JSON.parse(JSON.stringify(value)));
      if ("message" in read) {
        taken += 1;
        expect(JSONRPCMessageSchema.safeParse(read.message).success).toBe(true);
        return;
      }
      const isAnswer = value.method === undefined && (value.result !== undefined || value.error !== undefined);
      if (typeof value.id === "string") expect(read.unreadable.id).toBe(isAnswer ? null : value.id);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(20);
});

test("a line reader gives the same lines however the bytes are cut, and keeps both ends of what is too long", () => {
  const line = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constant(""));
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, sizes) => {
      const clean = lines.map((each) => each.replaceAll("\n", ""));
      const bytes = Buffer.from(clean.map((each) => `${each}\n`).join(""));
      const read: string[] = [];
      const reader = createLineReader({
        maxBytes: 30,
        line: (text) => read.push(text),
        tooLong: (about) => read.push(`${about.bytes}`),
      });
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        reader.read(bytes.subarray(at, at + size));
        at += size;
      }
      const expected = clean.map((each) =>
        Buffer.byteLength(each) > 30 ? `${Buffer.byteLength(each)}` : Buffer.from(each).toString(),
      );
      expect(read).toEqual(expected);
    }),
  );
  const ends: unknown[] = [];
  const reader = createLineReader({ maxBytes: 10, line: () => {}, tooLong: (about) => ends.push(about) });
  reader.read(Buffer.from(`head${"x".repeat(5_000)}`));
  reader.read(Buffer.from("tail"));
  reader.end();
  expect(ends).toEqual([
    { bytes: 5_008, head: expect.stringMatching(/^headx+$/), tail: expect.stringMatching(/^x+tail$/) },
  ]);
});
