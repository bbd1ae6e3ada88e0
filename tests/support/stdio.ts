/** The executable as a bare process: for what a client library would hide, such as broken pipes and exit codes. */
import { afterAll, afterEach } from "bun:test";
import { type ChildProcessWithoutNullStreams, type StdioOptions, spawn } from "node:child_process";
import { EXECUTABLE } from "./executable.ts";

export interface Exit {
  code: number | null;
  signal: string | null;
}

export interface Message {
  id?: number | string | null;
  // biome-ignore lint/suspicious/noExplicitAny: checked field by field in each test
  result?: any;
  error?: unknown;
}

export interface Bare {
  child: ChildProcessWithoutNullStreams;
  exited: Promise<Exit>;
  /** What came out so far. */
  stdout(): string;
  stderr(): string;
  /** Every whole line of stdout, parsed; fails on one that is not JSON. */
  messages(): Message[];
  write(message: object): void;
  /** Sends a request and waits for its answer. */
  ask(method: string, params?: object): Promise<Message>;
  /** A tool call that is not waited for; returns its id. */
  send(tool: string, args?: object): number;
  shakeHands(): Promise<void>;
}

export interface BareOptions {
  cwd: string;
  args?: string[];
  /** The whole environment but PATH. */
  env?: Record<string, string>;
  /** Where stdout or stderr go instead of here: the write end of a pipe. */
  stdout?: number;
  stderr?: number;
  /** For all tests of a file; killed after the last, not after the test. */
  forAll?: boolean;
}

const running: ChildProcessWithoutNullStreams[] = [];
const shared: ChildProcessWithoutNullStreams[] = [];

afterEach(() => killAll(running));
afterAll(() => killAll(shared));

function killAll(children: ChildProcessWithoutNullStreams[]): void {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
}

/** Starts the executable with nothing but what is given. */
export function startBare({ cwd, args = [], env = {}, stdout, stderr, forAll }: BareOptions): Bare {
  const stdio: StdioOptions = ["pipe", stdout ?? "pipe", stderr ?? "pipe"];
  const options = { cwd, env: { PATH: process.env["PATH"], ...env }, stdio };
  // A stream that goes elsewhere is null; then nobody reads it here.
  const child = spawn(EXECUTABLE, args, options) as ChildProcessWithoutNullStreams;
  (forAll ? shared : running).push(child);
  let out = "";
  let err = "";
  let lastId = 0;
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  child.stdin.on("error", () => {}); // the process may end before it has read all
  const exited = new Promise<Exit>((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  const messages = () =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line): Message => JSON.parse(line));
  const write = (message: object) => void child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const ask = async (method: string, params: object = {}) => {
    const id = ++lastId;
    write({ id, method, params });
    return waitFor(() => messages().find((message) => message.id === id), `an answer to ${method}`);
  };
  const send = (tool: string, args: object = {}) => {
    write({ id: ++lastId, method: "tools/call", params: { name: tool, arguments: args } });
    return lastId;
  };
  const shakeHands = async () => {
    const clientInfo = { name: "bare", version: "1.0" };
    await ask("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
    write({ method: "notifications/initialized" });
  };
  return { child, exited, stdout: () => out, stderr: () => err, messages, write, ask, send, shakeHands };
}

/** Runs the executable to its end. */
export async function runBare(options: BareOptions): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const bare = startBare(options);
  bare.child.stdin.end();
  const { code } = await bare.exited;
  return { code, stdout: bare.stdout(), stderr: bare.stderr() };
}

/** Waits until the value is there; fails after five seconds, or as many milliseconds as are given. */
export async function waitFor<T>(look: () => T | undefined | false, what: string, most = 5_000): Promise<T> {
  for (const until = Date.now() + most; Date.now() < until; await Bun.sleep(5)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}
