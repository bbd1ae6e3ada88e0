/**
 * What the product is held against: the same SDK, transports, SQLite settings and compiler, tools of the same names, and
 * answers of the same bytes, as JSON over HTTP; but nothing is decided, and each call is one durable commit of one UPDATE
 * and one INSERT. Writes of one turn of the event loop share a transaction. `--db FILE --answers FILE [--http --port N]`
 */
import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import type { Answer } from "../client/client.ts";
import { stepIdAt } from "../client/room.ts";

const { values } = parseArgs({
  options: {
    db: { type: "string", default: "" },
    answers: { type: "string", default: "" },
    http: { type: "boolean" },
    port: { type: "string", default: "0" },
  },
});

/** The product's own answers: a template of the same size. */
const answers: Record<string, Answer> = JSON.parse(readFileSync(values.answers, "utf8"));
const ROW_BYTES = 500;

const db = new Database(values.db, { strict: true });
for (const pragma of ["journal_mode = WAL", "synchronous = FULL", "busy_timeout = 10000"]) db.run(`PRAGMA ${pragma}`);
db.run("CREATE TABLE runs (id TEXT NOT NULL PRIMARY KEY, visit INTEGER NOT NULL, body TEXT NOT NULL) STRICT");
db.run(`CREATE TABLE entries (run TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq))
  STRICT, WITHOUT ROWID`);
const insertRun = db.query("INSERT INTO runs (id, visit, body) VALUES ($id, 1, $body)");
const updateRun = db.query("UPDATE runs SET visit = $visit, body = $body WHERE id = $id");
const insertEntry = db.query("INSERT INTO entries (run, seq, body) VALUES ($id, $seq, $body)");

interface Write {
  body(): void;
  done(): void;
  failed(error: unknown): void;
}
let queue: Write[] = [];

/** Resolves when what was written is flushed. */
function durable(body: () => void): Promise<void> {
  return new Promise((done, failed) => {
    if (queue.length === 0) setImmediate(flush);
    queue.push({ body, done, failed });
  });
}

function flush(): void {
  const batch = queue;
  queue = [];
  try {
    db.transaction(() => {
      for (const write of batch) write.body();
    }).immediate();
  } catch (error) {
    for (const write of batch) write.failed(error);
    return;
  }
  for (const write of batch) write.done();
}

// biome-ignore lint/suspicious/noExplicitAny: nothing is checked here: that is the product's work
async function call(name: string, args: any): Promise<Answer> {
  const template = answers[name];
  if (!template) throw new Error(`no tool ${name}`);
  if (name === "list_workflows") return template;
  const id = name === "start_workflow" ? `run_${crypto.randomUUID().slice(-12)}` : String(args.instance_id);
  const visit = name === "start_workflow" ? 1 : Number.parseInt(args.report.step_id, 10) + 1;
  const body = JSON.stringify(args).padEnd(ROW_BYTES);
  await durable(() => {
    if (visit === 1) insertRun.run({ id, body });
    else updateRun.run({ id, visit, body });
    insertEntry.run({ id, seq: visit, body });
  });
  const next_step = { ...template.data.next_step, step_id: stepIdAt(visit), visit };
  return { ...template, data: { ...template.data, instance_id: id, next_step } };
}

function createServer(): Server {
  const server = new Server({ name: "reference", version: "1" }, { capabilities: { tools: {} } });
  const tools = Object.keys(answers).map((name) => ({ name, inputSchema: { type: "object" as const } }));
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const { text, data } = await call(params.name, params.arguments);
    return { content: [{ type: "text" as const, text }], structuredContent: data };
  });
  return server;
}

/** The transport at its fastest: one for a session, JSON bodies, what was sent handed over parsed. */
function serveHttp(port: number): string {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const served = Bun.serve({
    hostname: "127.0.0.1",
    port,
    idleTimeout: 0,
    async fetch(request) {
      const known = sessions.get(request.headers.get("mcp-session-id") ?? "");
      const parsedBody = await request.json();
      if (known) return known.handleRequest(request, { parsedBody });
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        enableJsonResponse: true,
        onsessioninitialized: (id) => void sessions.set(id, transport),
      });
      await createServer().connect(transport);
      return transport.handleRequest(request, { parsedBody });
    },
  });
  return served.url.origin;
}

async function main(): Promise<void> {
  if (values.http) {
    process.stderr.write(`listening on ${serveHttp(Number(values.port))}\n`);
    return;
  }
  process.stdin.once("end", () => process.exit(0));
  await createServer().connect(new StdioServerTransport());
}

void main();
