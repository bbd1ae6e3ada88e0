/** A person at a pseudo-terminal, with the executable at its other end: what it asks is answered as soon as it stands there. */
import { afterEach } from "bun:test";
import { EXECUTABLE } from "./executable.ts";
import { waitFor } from "./stdio.ts";

export interface Sitting {
  pid: number;
  /** All that the terminal showed so far, without the codes that move the cursor and clear lines. */
  seen(): string;
  /** The same with them. */
  raw(): string;
  /** Waits until the text stands there, behind what was waited for before. */
  sees(text: string): Promise<void>;
  /** Keys, as they are: Enter is `\r`, Ctrl-C `\x03`. */
  types(keys: string): void;
  /** The window is closed. */
  leaves(): void;
  /** The exit code, once all that it wrote is read. */
  exited: Promise<number>;
}

const open: { close(): void }[] = [];

afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

interface Seat {
  cwd?: string;
  /** Another program than ours: one that starts it, such as a shell that redirects. */
  executable?: string;
  /** Beside those of the tests. */
  env?: Record<string, string>;
}

/** Somebody starts the executable in a terminal. */
export function sitDown(args: string[], { cwd, executable = EXECUTABLE, env = {} }: Seat = {}): Sitting {
  let raw = "";
  let from = 0;
  const decoder = new TextDecoder();
  const read = Promise.withResolvers<void>();
  const child = Bun.spawn([executable, ...args], {
    terminal: {
      cols: 200,
      rows: 50,
      data: (_terminal, bytes) => {
        raw += decoder.decode(bytes, { stream: true });
      },
      exit: () => read.resolve(),
    },
    env: { ...process.env, ...env },
    ...(cwd ? { cwd } : {}),
  });
  const { terminal } = child;
  if (!terminal) throw new Error("this system has no pseudo-terminals");
  const close = () => {
    if (child.exitCode === null) child.kill("SIGKILL");
    terminal.close();
  };
  open.push({ close });
  const seen = () => raw.replace(CODES, "").replaceAll("\r", "");
  return {
    pid: child.pid,
    seen,
    raw: () => raw,
    async sees(text) {
      const found = await waitFor(
        () => {
          const at = seen().indexOf(text, from);
          return at >= 0 && at + text.length;
        },
        `"${text}" in: ${seen().slice(from)}`,
      );
      from = found;
    },
    types: (keys) => void terminal.write(keys),
    leaves: () => terminal.close(),
    exited: Promise.all([child.exited, read.promise]).then(([code]) => code),
  };
}

/** Sits down, types each answer when its question stands there, and stays until the end. */
export async function decide(args: string[], answers: [question: string, keys: string][], cwd?: string) {
  const person = sitDown(args, cwd === undefined ? {} : { cwd });
  for (const [question, keys] of answers) {
    const asked = person.sees(question).then(
      () => true,
      () => false, // the process may have ended before; what it showed tells why
    );
    if (!(await Promise.race([asked, person.exited.then(() => false)]))) break;
    person.types(`${keys}\r`);
  }
  const code = await Promise.race([person.exited, Bun.sleep(10_000).then(() => null)]); // null: it asks on
  return { code, seen: person.seen() };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is sought
const CODES = /\u001b\[[0-9;?]*[A-Za-z]/g;
