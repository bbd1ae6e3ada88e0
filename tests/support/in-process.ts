/** A real MCP client on a server in this process, whose time the test sets. All else is as in the executable. */
import { afterEach } from "bun:test";
import { join } from "node:path";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { type App, type Clockwork, createApp } from "../../src/app.ts";
import { type Environment, type Flags, readConfig } from "../../src/config.ts";
import { bypass, callTaker } from "../../src/mcp/bypass.ts";
import { type Connection, callTool } from "./client.ts";
import { type Dialogs, newClient } from "./dialogs.ts";
import { scratchDir } from "./workspace.ts";

export type InProcess = Pick<Connection, "call" | "client" | "db" | "project"> & { app: App };

const open: InProcess[] = [];

afterEach(async () => {
  for (const { client, app } of open.splice(0)) {
    await client.close();
    await app.close();
  }
});

/** Each call makes a server of its own, as a process would be. */
export async function connectInProcess(
  { env = {}, ...flags }: Flags & { env?: Environment },
  clockwork: Clockwork = {},
  dialogs?: Dialogs,
): Promise<InProcess> {
  const { db = join(scratchDir(), "state.sqlite"), project = scratchDir() } = flags;
  const environment = { PATH: process.env["PATH"], LOG_LEVEL: "error", ...env };
  const app = createApp(readConfig({ ...flags, db, project }, environment, project), clockwork);
  const [mine, theirs] = InMemoryTransport.createLinkedPair();
  const client = newClient(dialogs);
  const { server, calls } = app.mcpServer();
  await server.connect(theirs);
  bypass(
    theirs,
    callTaker(calls, (text) => theirs.send(JSON.parse(text))),
  );
  await client.connect(mine);
  await client.listTools();
  const connection = { app, client, db, project, call: (tool: string, args = {}) => callTool(client, tool, args) };
  open.push(connection);
  return connection;
}
