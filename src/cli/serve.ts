/** `orchestrator serve`: MCP over stdio, until the client goes or the process is told to end. */
import { serveStdio } from "../mcp/stdio.ts";
import { type Command, DEFINITIONS, STATE, withApp } from "./command.ts";

export const serve: Command = {
  name: "serve",
  summary: "Serve MCP over stdio",
  arguments: "",
  options: { ...DEFINITIONS, ...STATE },
  run: (words, { stop }) =>
    withApp(words, async (app) => {
      await serveStdio(app.mcpServer(), stop);
      return 0;
    }),
};
