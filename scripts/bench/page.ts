/** What the page costs: its first load, an update that another process wrote, an idle server, and an agent's advance while ten pages look on. */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "../../tests/support/browser.ts";
import type { Answer, Client } from "../client/client.ts";
import { createRoom, type Room, stepIdAt, WORKFLOW } from "../client/room.ts";
import type { Server } from "../client/server.ts";
import { fillWithEnded } from "./many-runs.ts";
import type { Measure, Result } from "./measure.ts";
import { lengthen } from "./overview.ts";
import { median } from "./statistics.ts";

const RUNS = 100_000;
const MOST_BYTES = 120_000;
const ROUNDS = 9;
const IDLE_MS = 10_000;
/** Of advances with and without pages. */
const PAIRS = 10;
const ADVANCES = 1_500;

export const page: Measure = {
  name: "page",
  async run({ product, quick, instances }) {
    const count = Math.min(instances, quick ? RUNS / 20 : RUNS);
    const room = createRoom();
    await fillWithEnded(room, product, { count, ended: Math.floor(count / 2), entries: 10 });
    const long = lengthen(room);
    const server = await room.serve(product, { transport: "http" });
    const browser = await launchBrowser();
    try {
      const idle = await idleCpu(server, quick);
      const visitor = await visit(browser, server);
      const results = [
        ...(await loads(visitor, { "/": `the list of ${count} runs`, [`/runs/${long}`]: "a run of 10,000 visits" })),
        await scrolls(visitor, long),
        await updates(visitor, { room, product }),
        ...(await idleWithPage(visitor, { server, idle, quick })),
        await lookedAt(visitor, { server, quick }),
      ];
      return { results };
    } finally {
      await browser.close();
      await server.end("SIGKILL");
      room.dispose();
    }
  },
};

interface Visitor {
  context: BrowserContext;
  url: string;
}

async function visit(browser: Browser, server: Server): Promise<Visitor> {
  const context = await browser.newContext();
  const link = /http:\S+\?entry=\S+/.exec(server.stderr())?.[0] ?? "";
  await (await context.newPage()).goto(link);
  return { context, url: new URL(link).origin };
}

async function opened({ context, url }: Visitor, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url + path);
  return page;
}

/** With nothing in the browser's cache, each page in turn. */
async function loads({ context, url }: Visitor, pages: Record<string, string>): Promise<Result[]> {
  const times = new Map<string, number[]>();
  const bytes = new Map<string, number>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const path of Object.keys(pages)) {
      const page = await context.newPage();
      await (await context.newCDPSession(page)).send("Network.setCacheDisabled", { cacheDisabled: true });
      const bodies: Promise<Buffer>[] = [];
      page.on("response", (response) => {
        const isLoad = !response.url().includes("/api/") && response.request().resourceType() !== "fetch";
        if (isLoad && response.url().startsWith("http")) bodies.push(response.body());
      });
      await page.goto(url + path, { waitUntil: "load" });
      const painted = await firstPaint(page);
      if (round > 0) times.set(path, [...(times.get(path) ?? []), painted]);
      bytes.set(
        path,
        (await Promise.all(bodies)).reduce((sum, { length }) => sum + length, 0),
      );
      await page.close();
    }
  }
  return Object.entries(pages).flatMap(([path, name]) => {
    const all = times.get(path) ?? [];
    return [
      {
        name: `first load of ${name}`,
        value: (bytes.get(path) ?? 0) / 1_000,
        unit: "kB",
        target: { most: MOST_BYTES / 1_000 },
        behind: "markup, style and script, not compressed",
      },
      {
        name: `first content of ${name}`,
        value: median(all),
        unit: "ms",
        target: { most: 1_000 },
        behind: `${all.length} loads without a cache, at most ${Math.round(Math.max(...all))} ms`,
      },
    ];
  });
}

/** Milliseconds from the beginning of the navigation. */
async function firstPaint(page: Page): Promise<number> {
  for (;;) {
    const found = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime");
    if (typeof found === "number") return found;
  }
}

/** To the end of the page again and again: older entries come by themselves. */
async function scrolls(visitor: Visitor, long: string): Promise<Result> {
  const page = await opened(visitor, `/runs/${long}`);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await page.locator(".entry").count();
    const began = performance.now();
    await page.evaluate("scrollTo(0, document.body.scrollHeight)");
    await page.locator(".entry").nth(before).waitFor({ state: "attached" });
    times.push(performance.now() - began);
  }
  const shown = await page.locator(".entry").count();
  await page.close();
  return {
    name: "50 older entries by scrolling",
    value: median(times),
    unit: "ms",
    target: { most: 1_000 },
    behind: `${times.length} times, ${shown} entries then`,
  };
}

/** From the answer of a server over stdio until a page of another process shows it. */
async function updates(visitor: Visitor, { room, product }: { room: Room; product: string }): Promise<Result> {
  const server = await room.serve(product, { transport: "stdio" });
  const client = await server.client();
  const id = await started(client);
  const page = await opened(visitor, `/runs/${id}`);
  const times: number[] = [];
  for (let visit = 1; visit <= ROUNDS; visit++) {
    await advance(client, id, visit);
    const answered = performance.now();
    await page.locator(`#entry-${visit}`).waitFor();
    times.push(performance.now() - answered);
  }
  await page.close();
  await server.end("SIGTERM");
  return {
    name: "an update by another process",
    value: median(times),
    unit: "ms",
    target: { most: 1_000 },
    behind: `${times.length} advances, at most ${Math.round(Math.max(...times))} ms`,
  };
}

async function idleCpu(server: Server, quick: boolean): Promise<number> {
  const before = server.cpuMs();
  await Bun.sleep(quick ? IDLE_MS / 10 : IDLE_MS);
  return server.cpuMs() - before;
}

async function idleWithPage(
  visitor: Visitor,
  { server, idle, quick }: { server: Server; idle: number; quick: boolean },
): Promise<Result[]> {
  const page = await opened(visitor, "/");
  await Bun.sleep(1_000);
  const watched = await idleCpu(server, quick);
  await page.close();
  await Bun.sleep(1_000);
  const after = await idleCpu(server, quick);
  const seconds = (quick ? IDLE_MS / 10 : IDLE_MS) / 1_000;
  const result = (name: string, value: number, most: number): Result => ({
    name,
    value: value / seconds,
    unit: "ms of CPU a second",
    target: { most },
    behind: `${Math.round(value)} ms in ${seconds} s; before any page ${Math.round(idle)} ms`,
  });
  return [
    result("an idle server, nobody looks any more", after, 5),
    result("an idle server, one page looks", watched, 20),
  ];
}

/** By the server's CPU; five pages at the list and five at the run, or none, in turns. */
async function lookedAt(visitor: Visitor, { server, quick }: { server: Server; quick: boolean }): Promise<Result> {
  const client = await server.client();
  const pairs = quick ? 2 : PAIRS;
  const ratios: number[] = [];
  let refreshes = 0;
  for (let pair = 0; pair <= pairs; pair++) {
    const alone = () => cpuOfAdvances(server, client);
    const seen = async () => {
      const id = await started(client);
      const looking = [...Array(10).keys()].map((at) => opened(visitor, at < 5 ? "/" : `/runs/${id}`));
      const pages = await Promise.all(looking);
      await Bun.sleep(500);
      for (const page of pages) page.on("request", (request) => request.resourceType() === "fetch" && refreshes++);
      const cpu = await cpuOfAdvances(server, client, id);
      await Promise.all(pages.map((page) => page.close()));
      await Bun.sleep(500);
      return cpu;
    };
    const [first, second] = pair % 2 === 0 ? [alone, seen] : [seen, alone];
    const [one, two] = [await first(), await second()];
    if (pair > 0) ratios.push(pair % 2 === 0 ? two / one : one / two);
  }
  return {
    name: "an advance while ten pages look on, to one that nobody sees",
    value: median(ratios),
    unit: "×",
    target: { most: 1.05 },
    behind: `CPU of the server, ${pairs} pairs of ${ADVANCES} advances, ${ratios.map((each) => each.toFixed(2)).join(" ")}; ${refreshes} refreshes`,
  };
}

async function cpuOfAdvances(server: Server, client: Client, given?: string): Promise<number> {
  const id = given ?? (await started(client));
  const before = server.cpuMs();
  for (let visit = 1; visit <= ADVANCES; visit++) await advance(client, id, visit);
  return server.cpuMs() - before;
}

async function started(client: Client): Promise<string> {
  return (await client.call("start_workflow", { workflow_name: WORKFLOW })).data.instance_id;
}

function advance(client: Client, instance_id: string, visit: number): Promise<Answer> {
  return client.call("advance_workflow", { instance_id, report: { step_id: stepIdAt(visit), status: "success" } });
}
