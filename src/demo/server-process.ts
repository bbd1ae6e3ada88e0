/** The demo's side of MCP: starts a server as any client would, calls its tools, and can kill it without warning. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { z } from "zod";
import { JsonObject } from "../json.ts";

/** How the server is started; `args` come before `serve`. */
export interface ServerCommand {
  command: string;
  args: string[];
}

/** What the server saw: a step that it did, or a check of a report. */
const Seen = z.object({
  outcome: z.string(),
  exit_code: z.number().optional(),
  milliseconds: z.number().optional(),
  output_end: z.string().optional(),
});
export type Seen = z.infer<typeof Seen>;

/** As much of a step answer as the demo looks at. */
export const StepAnswer = z.object({
  status: z.string(),
  workflow_name: z.string(),
  instance_id: z.string(),
  decision: z.object({ decided_by: z.string(), reasoning: z.string() }).optional(),
  next_step: z
    .object({ step_name: z.string(), step_id: z.string(), visit: z.number() })
    .partial({ step_id: true, visit: true })
    .nullable()
    .optional(),
  decision_required: z.unknown().optional(),
  checked: z.array(Seen.extend({ check: z.string() })).default([]),
  server_did: z.array(Seen.extend({ step_name: z.string(), visit: z.number() })).default([]),
  recap: z.unknown().optional(),
});
export type StepAnswer = z.infer<typeof StepAnswer>;

const Status = z.object({ context: JsonObject });

export interface Server {
  pid: number;
  /** Calls a tool that answers with a step; throws what the tool says if that is an error. */
  call(tool: string, args: Record<string, unknown>): Promise<StepAnswer>;
  /** The run's context, whole. */
  context(instance_id: string): Promise<JsonObject>;
  /** SIGKILL, and waits until the process is gone. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

interface Launch extends ServerCommand {
  project: string;
  db: string;
  /** What the person who starts the server calls `test`. */
  test: string;
}

/** Starts a server and shakes hands with it. */
export async function startServer(launch: Launch): Promise<Server> {
  const trust = ["--allow-checks", "--command", `test=${launch.test}`];
  const flags = ["--db", launch.db, "--project", launch.project, ...trust];
  const args = [...launch.args, "serve", ...flags];
  const transport = new StdioClientTransport({ command: launch.command, args, cwd: launch.project, stderr: "pipe" });
  const log = keepTail(transport);
  const client = new Client({ name: "orchestrator-demo", version: "1" });
  const gone = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  try {
    await client.connect(transport);
  } catch (error) {
    await client.close();
    throw new Error(`The server did not start: ${messageOf(error)}\n${log()}`.trimEnd(), { cause: error });
  }
  const { pid } = transport;
  if (pid === null) throw new Error("The server ended right after it started.");

  return {
    pid,
    async call(tool, toolArguments) {
      return parseAnswer(tool, await client.callTool({ name: tool, arguments: toolArguments }));
    },
    async context(instance_id) {
      const asked = { instance_id, history_limit: 0 };
      const { structuredContent } = await client.callTool({ name: "get_workflow_status", arguments: asked });
      return Status.parse(structuredContent).context;
    },
    async kill() {
      process.kill(pid, "SIGKILL");
      await gone;
    },
    close: () => client.close(),
  };
}

function parseAnswer(tool: string, result: Awaited<ReturnType<Client["callTool"]>>): StepAnswer {
  if (result.isError === true) throw new Error(`${tool} was refused: ${textOf(result.content)}`);
  const parsed = StepAnswer.safeParse(result.structuredContent);
  if (parsed.success) return parsed.data;
  throw new Error(`${tool} answered something that is no step: ${z.prettifyError(parsed.error)}`);
}

function textOf(content: unknown): string {
  const blocks = z.array(z.object({ text: z.string() })).safeParse(content);
  return blocks.success ? blocks.data.map((block) => block.text).join("\n") : "no text";
}

/** The last lines that the server wrote to its log, for when it does not start. */
function keepTail(transport: StdioClientTransport): () => string {
  let tail = "";
  transport.stderr?.on("data", (chunk: unknown) => {
    tail = (tail + String(chunk)).slice(-2_000);
  });
  return () => tail.trim();
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
