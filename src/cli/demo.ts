/** `orchestrator demo`: a workflow driven for real, in a scratch project, with this very program as the server. */
import { terminalSettings } from "../config.ts";
import type { Command } from "./command.ts";

export const demo: Command = {
  name: "demo",
  summary: "Watch a workflow being driven for real, killed in the middle and resumed",
  arguments: "",
  options: { keep: { type: "boolean", help: "Keep the scratch project for a look around" } },
  run: async ({ values }, { printRaw, stop }) => {
    const { runDemo } = await import("../demo/demo.ts"); // it brings an MCP client, which no server needs to wait for
    return runDemo({
      server: thisProgram(),
      print: printRaw,
      stop,
      keep: values["keep"] === true,
      ...terminalSettings(),
    });
  },
};

/** How to start this program again: the executable itself, or Bun with the entry file when run from source. */
function thisProgram(): { command: string; args: string[] } {
  const compiled = Bun.main.startsWith("/$bunfs/") || Bun.main.includes("~BUN");
  return { command: process.execPath, args: compiled ? [] : [Bun.main] };
}
