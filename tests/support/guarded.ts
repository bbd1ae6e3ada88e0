/** One HTTP server for a whole test file: attacks must leave it alive, so it is not started again between them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { EXECUTABLE } from "./executable.ts";
import { INITIALIZE, postInit } from "./http.ts";
import { waitFor } from "./stdio.ts";
import { scratchDir } from "./workspace.ts";

export interface Guarded {
  base: string;
  port: number;
  /** The id of a new session. */
  session(): Promise<string>;
  stop(): Promise<void>;
}

export async function startGuarded(env: Record<string, string> = {}): Promise<Guarded> {
  const args = ["serve", "--http", "--port", "0", "--db", join(scratchDir(), "state.sqlite")];
  const child = spawn(EXECUTABLE, args, { cwd: scratchDir(), env: { PATH: process.env["PATH"], ...env } });
  let err = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  const url = new URL(await waitFor(() => /Serving MCP at (\S+)/.exec(err)?.[1], "the line with the URL"));
  return {
    base: url.origin,
    port: Number(url.port),
    async session() {
      const response = await fetch(url, postInit(INITIALIZE));
      await response.text();
      return response.headers.get("mcp-session-id") ?? "";
    },
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
