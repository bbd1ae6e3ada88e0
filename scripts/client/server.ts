/** A server as a process of its own, driven over either transport. */
import { readFileSync } from "node:fs";
import type { Client } from "./client.ts";
import { connectHttp } from "./http.ts";
import { connectStdio } from "./stdio.ts";

export type Transport = "stdio" | "http";

export interface ServerOptions {
  /** The executable and its arguments; over HTTP, `--http --port 0` is added. */
  command: string[];
  transport: Transport;
  cwd: string;
  /** Added to this process's environment. */
  env?: Record<string, string>;
}

export interface Server {
  pid: number;
  /** Over HTTP where it listens, without a path; over stdio null. */
  url: string | null;
  /** Over HTTP a session of its own, over stdio the one connection. */
  client(): Promise<Client>;
  /** Resident memory, in MB. */
  residentMb(): number;
  /** Processor time that it has taken so far, in milliseconds. */
  cpuMs(): number;
  /** Sends the signal; resolves when the process is gone and its last answers are given. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  stderr(): string;
}

const LISTENS = /http:\/\/[\w.[\]:-]+:\d+/;
const START_MS = 10_000;

/** Whether this executable serves HTTP already. */
export function servesHttp(executable: string): boolean {
  return Bun.spawnSync([executable, "serve", "--help"]).stdout.toString().includes("--http");
}

/** Starts it and shakes hands. */
export async function startServer({ command, transport, cwd, env = {} }: ServerOptions): Promise<Server> {
  const more = transport === "http" ? ["--http", "--port", "0"] : [];
  const child = Bun.spawn([...command, ...more], {
    cwd,
    env: { ...process.env, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  let errors = "";
  const errorsRead = collect(child.stderr, (text) => {
    errors += text;
  });
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    child.kill(signal);
    await Promise.all([child.exited, errorsRead, ended]);
  };
  let ended: Promise<unknown> = Promise.resolve();
  let client: () => Promise<Client>;
  let url: string | null = null;
  if (transport === "stdio") {
    const connection = await connectStdio(child).catch((error) => {
      throw new Error(`${command[0]} did not shake hands: ${error}\n${errors}`);
    });
    ended = connection.ended;
    client = async () => connection;
  } else {
    ended = collect(child.stdout, () => {});
    const address = await addressIn(() => errors, child.exited);
    client = () => connectHttp(`${address}/mcp`);
    url = address;
  }
  const { pid } = child;
  return { pid, url, client, end, residentMb: () => residentMb(pid), cpuMs: () => cpuMs(pid), stderr: () => errors };
}

/** The address that the server logs when it listens. */
async function addressIn(text: () => string, exited: Promise<number>): Promise<string> {
  let code: number | null = null;
  void exited.then((each) => {
    code = each;
  });
  for (const until = Date.now() + START_MS; Date.now() < until && code === null; await Bun.sleep(5)) {
    const found = LISTENS.exec(text());
    if (found) return found[0];
  }
  throw new Error(`the server did not say where it listens (exit code ${code}):\n${text()}`);
}

async function collect(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
}

/** Resident memory of a process of this machine, in MiB; Linux only. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** How many clock ticks a second has in /proc. */
const TICKS = 100;

/** Processor time of a process of this machine, all its threads together, in milliseconds; Linux only. */
function cpuMs(pid: number): number {
  // The name in brackets may hold spaces; user and system time are the 12th and 13th field behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS;
}
