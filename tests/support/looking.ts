/** An agent at work, and a person who looks on: a server, a client of it, and a window at its page. */
import type { Page } from "playwright-core";
import { type Connection, type ConnectOptions, connect } from "./client.ts";
import { connectHttp, type HttpClient, type HttpOptions, type HttpServer, serveHttp } from "./http.ts";
import { type Bare, startBare } from "./stdio.ts";
import { type Look, linkOf, openWindow } from "./windows.ts";
import { scratchDir } from "./workspace.ts";

export interface Looking {
  page: Page;
  /** Opens a path of the page in the window. */
  go(path: string): Promise<void>;
  /** A second window of the same person. */
  beside(path: string): Promise<Page>;
}

interface Setting extends Pick<HttpOptions, "workflows" | "db"> {
  project?: string;
  look?: Look;
}

/** `serve --http`: the agent and the page have one process. */
export async function lookOn(setting: Setting = {}): Promise<Looking & { server: HttpServer; agent: HttpClient }> {
  const { project = scratchDir(), look, ...options } = setting;
  const server = await serveHttp({ ...options, args: ["--project", project] });
  const agent = await connectHttp(server.url);
  return { server, agent, ...(await lookAt(await linkOf(server), look)) };
}

/** A server over stdio, and `orchestrator dashboard` as another process on its database. */
export async function lookFromBeside(
  options: ConnectOptions & { look?: Look } = {},
): Promise<Looking & { agent: Connection; dashboard: Bare }> {
  const { look, ...rest } = options;
  const agent = await connect(rest);
  const args = ["dashboard", "--no-open", "--db", agent.db, ...(rest.workflows ? ["--workflows", rest.workflows] : [])];
  const dashboard = startBare({ cwd: agent.project, args });
  return { agent, dashboard, ...(await lookAt(await linkOf({ bare: dashboard }), look)) };
}

export async function lookAt(link: string, look?: Look): Promise<Looking> {
  const page = await openWindow(link, look);
  const at = (path: string) => new URL(path, link).href;
  return {
    page,
    go: async (path) => void (await page.goto(at(path))),
    async beside(path) {
      const another = await page.context().newPage();
      await another.goto(at(path));
      return another;
    },
  };
}
