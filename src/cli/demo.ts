/** `orchestrator demo`: a workflow driven for real, in a scratch project, with this very program as the server. */
import { self } from "../app.ts";
import { terminalSettings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { Command } from "./command.ts";

export const demo: Command = {
  name: "demo",
  summary: "Watch a workflow being driven for real, killed in the middle and resumed",
  arguments: "",
  options: { keep: { type: "boolean", help: "Keep the scratch project for a look around" } },
  run: async ({ values }, { printRaw, stop }) => {
    refuseOn(process.platform);
    const [command = "", ...args] = self();
    const { runDemo } = await import("../demo/demo.ts"); // it brings an MCP client, which no server needs to wait for
    return runDemo({
      server: { command, args },
      print: printRaw,
      stop,
      keep: values["keep"] === true,
      ...terminalSettings(),
    });
  },
};

/** Throws INVALID_INPUT where the server runs no programs: the demo is about what it sees when it runs the tests. */
export function refuseOn(platform: NodeJS.Platform): void {
  if (platform !== "win32") return;
  throw new AppError(
    "INVALID_INPUT",
    "The demo lets the server run tests, and programs are run on POSIX systems only.",
    {
      hint: "Run it in WSL, or start with `orchestrator init`: without programs the agent runs the tests itself.",
    },
  );
}
