/** `run: bun test`: a program of the definition that must exit with 0. */
import { z } from "zod";
import { splitCommand } from "../command-words.ts";
import { nameOf, type Written, type WrittenList } from "../written.ts";
import { readTimeout, Timeout } from "./forms.ts";
import type { CheckKind, Fault } from "./kind.ts";

/** `text` as the author wrote it, `words` as they are started, without a shell. */
const schema = z.object({
  kind: z.literal("run"),
  text: z.string(),
  words: z.array(z.string()).min(1),
  timeout: Timeout,
});

export const run: CheckKind<typeof schema> = {
  kind: "run",
  schema,
  example: "run: bun test",
  options: ["timeout", "shell"],
  read(main, options) {
    const timeout = readTimeout(options.get("timeout"));
    if (typeof timeout !== "number") return timeout;
    const shell = readShell(options.get("shell"));
    if (typeof shell !== "boolean") return shell;
    const program = readProgram(main, shell);
    return "why" in program ? program : { kind: "run", ...program, timeout };
  },

  subject: ({ text }) => text,
  identity: ({ words }) => JSON.stringify(words),

  startsProgram: true,
  mayTakeLong: true,

  look: ({ words, timeout }, _at, tools) => tools.run({ words, timeout }),
};

const RUN_HINT = 'Write the program and its arguments, like "run: bun test" or "run: [bun, test]"';

interface Program {
  text: string;
  words: string[];
}

function readProgram(main: Written, shell: boolean): Program | Fault {
  if (main.kind === "map") return refuse("must be text or a list of words; it is a mapping");
  if (main.kind === "list") return readList(main, shell);
  const text = main.text.trim();
  if (text === "" || main.value === null) return refuse("names no program");
  if (text.includes("\0")) return refuse("holds a NUL character");
  if (shell) return { text, words: ["/bin/sh", "-c", text] };
  const split = /[\r\n]/.test(text) ? { fault: "it has more than one line" } : splitCommand(text);
  if (!("fault" in split)) return { text, words: split.words };
  return refuse(
    `cannot be started without a shell: ${split.fault}`,
    'Set "shell: true" beside it, or write a list of words, like [bun, test]',
  );
}

function readList({ items }: WrittenList, shell: boolean): Program | Fault {
  if (shell) return refuse('is a list, and "shell: true" needs text', 'Write it as text, or remove "shell"');
  const words = items.flatMap((word) => (word.kind === "scalar" ? [word.text] : []));
  if (words.length < items.length) return refuse("must hold words alone");
  if (!words[0]?.trim()) return refuse("names no program");
  if (words.some((word) => word.includes("\0"))) return refuse("holds a NUL character");
  return { text: words.map(quoteWord).join(" "), words };
}

function readShell(written: Written | undefined): boolean | Fault {
  if (!written) return false;
  if (written.kind === "scalar" && typeof written.value === "boolean") return written.value;
  return { key: "shell", why: `must be true or false; it is ${nameOf(written)}`, hint: "Write: shell: true" };
}

function refuse(why: string, hint = RUN_HINT): Fault {
  return { key: "run", why, hint };
}

function quoteWord(word: string): string {
  return /^[^\s"']+$/.test(word) ? word : JSON.stringify(word);
}
