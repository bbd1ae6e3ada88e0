/** The compiled executable over either transport, for what must be the same over both. */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Prompt } from "@modelcontextprotocol/sdk/types.js";
import type { Caller } from "./calls.ts";
import { type ConnectOptions, connect } from "./client.ts";
import { connectHttp, serveHttp } from "./http.ts";
import { scratchDir } from "./workspace.ts";

export interface Served extends Caller {
  client: Client;
  project: string;
  db: string;
  prompts(): Promise<Prompt[]>;
  /** What the user says by calling the prompt. */
  /** A resource whole, as text. */
  read(uri: string): Promise<string>;
  prompt(name: string, args: Record<string, string>): Promise<string>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

type Options = Pick<ConnectOptions, "workflows" | "args" | "project" | "db" | "env" | "dialogs">;

export const TRANSPORTS: Record<"stdio" | "HTTP", (options: Options) => Promise<Served>> = {
  stdio: async (options) => served(await connect(options)),
  HTTP: async ({ project = scratchDir(), args = [], dialogs, ...options }) => {
    const { url, db, end } = await serveHttp({ ...options, args: ["--project", project, ...args] });
    const kill = async () => void (await end("SIGKILL"));
    return served({ ...(await connectHttp(url, {}, dialogs)), project, db, kill });
  },
};

function served({
  client,
  call,
  project,
  db,
  kill,
}: Omit<Served, "prompts" | "prompt" | "read"> & { client: Client }): Served {
  return {
    client,
    call,
    project,
    db,
    kill,
    read: async (uri) => JSON.stringify((await client.readResource({ uri })).contents),
    prompts: async () => (await client.listPrompts()).prompts,
    prompt: async (name, args) => {
      const { messages } = await client.getPrompt({ name, arguments: args });
      return messages.map(({ content }) => (content.type === "text" ? content.text : "")).join("\n");
    },
  };
}
