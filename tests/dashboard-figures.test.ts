/** What the page's first load costs in a real browser, however many runs there are. How long it takes is told by `bun run bench page`. */
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import type { Page, Response } from "playwright-core";
import { fill } from "../scripts/bench/fill.ts";
import { createRoom, type Room } from "../scripts/client/room.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { lookOn } from "./support/looking.ts";

const MOST_BYTES = 120_000;
/** More than a timeline shows at once. */
const VISITS = 60;

const rooms: Room[] = [];

afterAll(() => {
  for (const room of rooms) room.dispose();
});

/** What the browser fetched until all was there; nothing comes from its cache. */
async function load(page: Page, path: string): Promise<{ bytes: number; types: string[] }> {
  await (await page.context().newCDPSession(page)).send("Network.setCacheDisabled", { cacheDisabled: true });
  const found: Response[] = [];
  const note = (response: Response) => found.push(response);
  page.on("response", note);
  await page.goto(new URL(path, page.url()).href);
  page.off("response", note);
  const loaded = found.filter((each) => LOADED.includes(each.request().resourceType()));
  const bodies = await Promise.all(loaded.map((each) => each.body()));
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
  return { bytes, types: loaded.map((each) => each.request().resourceType()).sort() };
}

const LOADED = ["document", "script", "stylesheet"];

test.each([[10], [5_000]])("among %i runs the first load is small, and has the newest of them", async (count) => {
  const room = createRoom();
  rooms.push(room);
  const [id] = await fill(room, EXECUTABLE, { count, sample: 1, entries: VISITS });
  const [workflows, project] = [join(room.path, "workflows"), join(room.path, "project")];
  const { page } = await lookOn({ db: room.db, workflows, project });
  expect(await page.getByRole("list", { name: "Runs" }).getByRole("listitem").count()).toBe(Math.min(count, 50));
  for (const path of ["/", `/runs/${id}`, "/workflows", "/workflows/ROUND"]) {
    const { bytes, types } = await load(page, path);
    expect({ path, types }).toEqual({ path, types: LOADED });
    expect(bytes).toBeLessThan(MOST_BYTES);
    await page.getByRole("heading", { level: 1 }).waitFor();
  }
});
