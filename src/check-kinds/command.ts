/** `command: test`: a program that whoever started the server gave this name. */
import { z } from "zod";
import { nameOf } from "../written.ts";
import { readText, readTimeout, Timeout } from "./forms.ts";
import type { CheckKind } from "./kind.ts";
import { failed } from "./looking.ts";

const schema = z.object({ kind: z.literal("command"), name: z.string(), timeout: Timeout });

export const command: CheckKind<typeof schema> = {
  kind: "command",
  schema,
  example: "command: test",
  options: ["timeout"],
  read(main, options) {
    const timeout = readTimeout(options.get("timeout"));
    if (typeof timeout !== "number") return timeout;
    const name = readText("command", main);
    if (typeof name !== "string") return name;
    if (/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) return { kind: "command", name, timeout };
    return {
      key: "command",
      why: `must be a name of letters, digits, "-" and "_"; it is ${nameOf(main)}`,
      hint: 'Name a command that the server is started with, like --command test="bun test"; a program is for "run"',
    };
  },

  subject: ({ name }) => name,
  identity: ({ name }) => name,

  startsProgram: true,
  mayTakeLong: true,
  commandName: ({ name }) => name,

  async look({ name, timeout }, _at, tools) {
    const words = tools.namedCommand(name);
    return words ? tools.run({ words, timeout }) : failed(`there is no command "${name}"`);
  },
};
