/** Who subscribed to a run hears soon of what another process did with it, whatever speaks with their server. */
import { expect, test } from "bun:test";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { advance, type Caller, startRun } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { connectInProcess } from "./support/in-process.ts";
import { SHIP } from "./support/serving.ts";
import { SESSIONLESS } from "./support/sessionless.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

/** A second, and what a busy machine takes beside it. */
const SOON_MS = 1_500;

const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("ASKED", { Work: { extras: ["next: Deploy"] }, Deploy: { extras: ["approval: true"], ...SHIP } }),
);

interface Watcher extends Caller {
  db: string;
  watch(uri: string, heard: (uri: string) => void): Promise<unknown>;
}

async function overSessions(project: string, http: boolean): Promise<Watcher> {
  if (!http) {
    const on = await connect({ workflows, project });
    return { ...on, watch: (uri, heard) => subscribe(on, uri, heard) };
  }
  const { url, db } = await serveHttp({ workflows, args: ["--project", project] });
  const on = await connectHttp(url);
  return { ...on, db, watch: (uri, heard) => subscribe(on, uri, heard) };
}

function subscribe({ client }: Pick<Connection, "client">, uri: string, heard: (uri: string) => void) {
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => heard(params.uri));
  return client.subscribeResource({ uri });
}

async function withoutSession(project: string, kind: keyof typeof SESSIONLESS): Promise<Watcher> {
  const on = await SESSIONLESS[kind]({ workflows, project });
  const watch: Watcher["watch"] = (uri, heard) => {
    on.client.setNotificationHandler("notifications/resources/updated", ({ params }) => heard(params.uri));
    return on.client.listen({ resourceSubscriptions: [uri] });
  };
  return { ...on, watch };
}

test.each<[string, (project: string) => Promise<Watcher>]>([
  ["a session over stdio", (project) => overSessions(project, false)],
  ["a session over HTTP", (project) => overSessions(project, true)],
  ["no session over stdio", (project) => withoutSession(project, "stdio")],
  ["no session over HTTP", (project) => withoutSession(project, "HTTP")],
])("with %s a subscriber hears of another server's write, and of a yes that came to none", async (_kind, open) => {
  const project = scratchDir();
  const on = await open(project);
  const run = await startRun(on, "ASKED");
  const uri = `instance://${run.id}`;
  const heard: string[] = [];
  await on.watch(uri, (each) => void heard.push(each));
  const told = (count: number) => waitFor(() => heard.length >= count, `update ${count}`, SOON_MS);

  const beside = await connect({ workflows, project, db: on.db });
  await advance(beside, run);
  await told(1);
  const { engine } = (await connectInProcess({ workflows: [workflows], project, db: on.db })).app;
  const bound = await engine.bound(run.id);
  await engine.decide({ ...bound, yes: true }, { actor: "cli" });
  await told(2);
  await beside.call("cancel_workflow", { instance_id: run.id });
  await told(3);
  expect(heard).toEqual([uri, uri, uri]);
});
