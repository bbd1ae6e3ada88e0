/** The page as the executable serves it: one server for a whole test file, and a visitor who was let in by its link. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { EXECUTABLE } from "./executable.ts";
import { waitFor } from "./stdio.ts";
import { scratchDir } from "./workspace.ts";

/** What the page's own requests carry. */
export const OWN = { "x-orchestrator": "1", "content-type": "application/json" };

export interface PageServer {
  base: string;
  port: number;
  /** The link that it printed; it lets in once. */
  link: string;
  stdout(): string;
  stderr(): string;
  stop(): Promise<void>;
}

/** An answer of /api. */
export interface Answered {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: checked field by field in each test
  json: any;
  response: Response;
}

export interface Visitor {
  cookie: string;
  /** A GET of any path, redirects not followed. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  api(path: string, headers?: Record<string, string>): Promise<Answered>;
  /** A POST as the page's script sends it; a string is sent as it is. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answered>;
}

/** Starts a command that serves the page: `dashboard --no-open …` or `serve --http --port 0 …`. */
export async function startPage(args: string[], env: Record<string, string> = {}): Promise<PageServer> {
  const child = spawn(EXECUTABLE, args, { cwd: scratchDir(), env: { PATH: process.env["PATH"], ...env } });
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said.out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said.err += chunk;
  });
  const link = await waitFor(() => /http:\/\/\S+\/\?entry=\S+/.exec(said.out + said.err)?.[0], "the page's link");
  const { origin, port } = new URL(link);
  return {
    base: origin,
    port: Number(port),
    link,
    stdout: () => said.out,
    stderr: () => said.err,
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/** Opens the server's link, and keeps the cookie. */
export async function enter({ base, link }: PageServer): Promise<Visitor> {
  return visitor(base, cookieIn(await fetch(link, { redirect: "manual" })));
}

export function cookieIn(response: Response): string {
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

export function visitor(base: string, cookie: string): Visitor {
  const get = (path: string, headers = {}) =>
    fetch(base + path, { headers: { cookie, ...headers }, redirect: "manual" });
  const answered = async (response: Response) => {
    const text = await response.text();
    return { status: response.status, json: JSON.parse(text), response };
  };
  return {
    cookie,
    get,
    api: async (path, headers) => answered(await get(`/api${path}`, headers)),
    post: async (path, body, headers = {}) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return answered(
        await fetch(`${base}/api${path}`, { method: "POST", headers: { cookie, ...OWN, ...headers }, body: text }),
      );
    },
  };
}
