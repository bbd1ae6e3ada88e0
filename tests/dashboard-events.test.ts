/** Streams of events: a page hears of what any process changed, and costs nothing while nobody listens. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createEvents, type Events } from "../src/dashboard/events.ts";
import { createMoments } from "../src/dashboard/moments.ts";
import type { Engine } from "../src/engine/engine.ts";
import { createLog, type Log } from "../src/log.ts";
import { advance, startRun } from "./support/calls.ts";
import { connectInProcess, type InProcess } from "./support/in-process.ts";
import { cookieIn, enter, type PageServer, startPage, type Visitor, visitor } from "./support/page-server.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const db = join(scratchDir(), "state.sqlite");
const ONE = { Do: { routes: ["`report.status == 'success'` → FINISH", "otherwise → Do"] } };
writeFiles(workflows, workflowFiles("ONE", ONE));

let server: PageServer;
let page: Visitor;

beforeAll(async () => {
  server = await startPage(["serve", "--http", "--port", "0", "--db", db], { HTTP_AUTH_TOKEN: "token" });
  page = await enter(server);
});
afterAll(() => server.stop());

const other = () => connectInProcess({ workflows: [workflows], db });

interface Heard {
  response: Response;
  /** All that came so far. */
  text(): string;
  leave(): Promise<void>;
}

async function hear(response: Response): Promise<Heard> {
  let text = "";
  const reader = response.body?.getReader();
  const reading = (async () => {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return;
      text += new TextDecoder().decode(value);
    }
  })();
  reading.catch(() => {}); // it was left
  return { response, text: () => text, leave: async () => void (await reader?.cancel()) };
}

const listen = async (query: string, visitor = page) => hear(await visitor.get(`/api/events?${query}`));
const events = (heard: Heard) =>
  [...heard.text().matchAll(/^event: changed\ndata: (.*)\n$/gm)].map(([, data = ""]) => JSON.parse(data).run);

test("what another process writes is told to those that follow the list or that run, and to no others", async () => {
  const on = await other();
  const [run, quiet] = [await startRun(on, "ONE"), await startRun(on, "ONE")];
  const [list, mine, its] = [await listen("list=1"), await listen(`run=${run.id}`), await listen(`run=${quiet.id}`)];
  expect(list.response.headers.get("content-type")).toStartWith("text/event-stream");
  await waitFor(() => its.text().includes(": open"), "the stream's first bytes");
  const began = performance.now();
  await advance(on, run, { status: "failure" });
  await waitFor(() => events(mine).length > 0 && events(list).length > 0, "the events", 1_000);
  expect(performance.now() - began).toBeLessThan(1_000);
  expect([events(list)[0], events(mine)[0]]).toEqual([null, run.id]);
  await advance(on, quiet);
  await waitFor(() => events(its).length > 0, "its own event", 1_500);
  expect([events(mine).length, events(its).length]).toEqual([1, 1]);
  await Promise.all([list, mine, its].map((each) => each.leave()));
});

test("a stream of no run is refused", async () => {
  for (const query of ["run=run_23456789abcd", "run=..%2f..", "run=%00"]) {
    expect((await page.api(`/events?${query}`)).status).toBe(query === "run=%00" ? 400 : 404);
  }
});

test("HEAD opens no stream", async () => {
  const headers = { cookie: page.cookie };
  const answer = await fetch(`${server.base}/api/events?list=1`, { method: "HEAD", headers });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
});

test("attack: event streams by the hundred: a session has twenty, all have a hundred, and one that is left makes room", async () => {
  const visitors = [page];
  for (let each = 0; each < 5; each++) visitors.push(await enterByToken());
  const heard: Heard[] = [];
  for (const visitor of visitors.slice(0, 5)) {
    for (let each = 0; each < 20; each++) heard.push(await listen("list=1", visitor));
    const more = await visitor.api("/events?list=1");
    expect([more.status, more.response.headers.get("retry-after")]).toEqual([heard.length < 100 ? 429 : 503, "30"]);
  }
  const last = visitors.at(-1) ?? page;
  expect((await last.api("/events?list=1")).status).toBe(503);
  expect((await page.api("/runs")).status).toBe(200);
  await heard[0]?.leave();
  let again = await last.get("/api/events?list=1");
  for (let tries = 0; again.status !== 200 && tries < 100; tries++) again = await last.get("/api/events?list=1");
  expect(again.status).toBe(200);
  await Promise.all([...heard, await hear(again)].map((each) => each.leave()));
}, 20_000);

async function enterByToken(): Promise<Visitor> {
  const body = new URLSearchParams({ token: "token" });
  const answer = await fetch(`${server.base}/entry`, { method: "POST", body, redirect: "manual" });
  return visitor(server.base, cookieIn(answer));
}

test("streams that are open do not keep the server from ending", async () => {
  const own = await startPage(["dashboard", "--no-open", "--db", db]);
  const heard = await listen("list=1", await enter(own));
  const began = performance.now();
  await own.stop();
  expect(performance.now() - began).toBeLessThan(2_000);
  await heard.leave();
});

function eventsOf(
  engine: Pick<Engine, "revision" | "status" | "refused">,
  log: Log,
  limits: Parameters<typeof createEvents>[1],
) {
  return createEvents({ engine, moments: createMoments(engine, { apartMs: 0 }), log }, limits);
}

/** An engine whose looks at the revision are counted. */
function counting({ app }: InProcess) {
  const looks = { revision: 0, status: 0 };
  const engine = {
    revision: () => {
      looks.revision++;
      return app.engine.revision();
    },
    status: (input: Parameters<typeof app.engine.status>[0]) => {
      looks.status++;
      return app.engine.status(input);
    },
    refused: app.engine.refused,
  };
  return { engine, looks };
}

async function opened(from: Events, follows: "list" | { run: string }): Promise<Heard> {
  const answer = await from.open({ follows, session: "one" });
  if (!(answer instanceof Response)) throw new Error(answer);
  return hear(answer);
}

test("nothing is looked at before somebody listens, nor once nobody does; one look serves all", async () => {
  const on = await other();
  const run = await startRun(on, "ONE");
  const { engine, looks } = counting(on);
  const from = eventsOf(engine, on.app.log, { pollMs: 5, apartMs: 0 });
  await Bun.sleep(30);
  expect(looks).toEqual({ revision: 0, status: 0 });
  const heard: Heard[] = [];
  for (let each = 0; each < 10; each++) heard.push(await opened(from, { run: run.id }));
  expect(looks.status).toBe(10);
  await waitFor(() => looks.revision > 15, "looks");
  expect(looks.status).toBe(10); // nothing was written
  await advance(on, run, { status: "failure" });
  await waitFor(() => heard.every((each) => events(each).length === 1), "events of all");
  expect(looks.status).toBe(11);
  await Promise.all(heard.map((each) => each.leave()));
  const after = looks.revision;
  await Bun.sleep(30);
  expect(looks.revision).toBeLessThanOrEqual(after + 1); // one may have begun
  from.end();
});

test("events of a topic are told apart, and the last change is told too", async () => {
  const on = await other();
  const { engine } = counting(on);
  const from = eventsOf(engine, on.app.log, { pollMs: 5, apartMs: 200 });
  const list = await opened(from, "list");
  for (let each = 0; each < 5; each++) {
    await startRun(on, "ONE");
    await Bun.sleep(10);
  }
  expect(events(list)).toHaveLength(1);
  await waitFor(() => events(list).length === 2, "the last change");
  await list.leave();
  from.end();
});

test("a stream that is not read is ended, and those that are go on", async () => {
  const on = await other();
  const { engine } = counting(on);
  const from = eventsOf(engine, on.app.log, { pollMs: 5, aliveMs: 0, most: 2 });
  await from.open({ follows: "list", session: "asleep" });
  const list = await opened(from, "list");
  expect(await from.open({ follows: "list", session: "third" })).toBe("full");
  await waitFor(() => list.text().split(": alive").length > 60, "sixty signs of life");
  expect(await from.open({ follows: "list", session: "third" })).toBeInstanceOf(Response);
  from.end();
  expect(await from.open({ follows: "list", session: "fourth" })).toBe("full");
});

test("a branch that changes is a change of its run", async () => {
  const looks = { version: 1, item: "a" };
  const engine = {
    revision: async () => JSON.stringify(looks),
    refused: async () => [],
    status: async ({ instance_id }: { instance_id: string }) =>
      instance_id === "root"
        ? { instance: { version: 1 }, below: { shown: [{ instance_id: "child", waiting_for: { kind: "branches" } }] } }
        : { instance: { version: 1 }, below: { shown: [{ instance_id: "leaf", visit: looks.version }] } },
  };
  // Of a run's status, only this is looked at.
  const from = eventsOf(engine as unknown as Engine, createLog("error"), {
    pollMs: 5,
    apartMs: 0,
  });
  const heard = await opened(from, { run: "root" });
  looks.item = "b"; // something else was written
  await Bun.sleep(30);
  expect(events(heard)).toEqual([]);
  looks.version = 2;
  await waitFor(() => events(heard).length === 1, "the branch's change");
  from.end();
});
