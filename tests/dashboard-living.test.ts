/** The page in a real browser while it changes, by keyboard alone, and without its server. */
import { afterAll, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Page } from "playwright-core";
import { report } from "./support/branches.ts";
import { startRun } from "./support/calls.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { lookAt, lookOn } from "./support/looking.ts";
import { expectFault, linkOf } from "./support/windows.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("ROUND", { Build: { routes: ["otherwise → Build"] } }));

const wires: Server[] = [];

afterAll(() => {
  for (const wire of wires) wire.close();
});

/** Presses the key until what is meant has the focus. */
async function tabTo(page: Page, name: RegExp, most = 40): Promise<void> {
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press("Tab");
    const focused = String(await page.evaluate("document.activeElement?.textContent ?? ''"));
    if (name.test(focused)) return;
  }
  throw new Error(`${name} does not get the focus`);
}

test("by keyboard alone a run is found, opened and cancelled, and a dialog is left by Escape", async () => {
  const { agent, page } = await lookOn({ workflows });
  const { id } = await startRun(agent, "ROUND");
  await page.getByRole("link", { name: "ROUND" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // past the navigation
  await tabTo(page, /^ROUND$/);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/runs/${id}`);
  await tabTo(page, /^Cancel…$/);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Cancel the run" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Cancel…");
  await page.keyboard.press("Enter");
  await page.keyboard.type("not needed");
  await tabTo(page, /^Cancel the run$/);
  await page.keyboard.press("Enter");
  await page.getByText("cancelled", { exact: true }).waitFor();
});

test("an update leaves what is open, typed, focused and scrolled to as it is, and shifts nothing", async () => {
  const { agent, page, go } = await lookOn({ workflows });
  const run = await startRun(agent, "ROUND", { context: { plan: "one line\n".repeat(30) } });
  let { told } = run;
  for (let visit = 1; visit <= 6; visit++) told = await report(agent, told, { details: `report ${visit}.` });
  await go(`/runs/${run.id}`);
  await page.locator("#entry-3").getByText("Details").click();
  await page.getByText("Step id").waitFor();
  await page.evaluate(`
    window.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
    }).observe({ type: "layout-shift" });
  `);
  await page.getByRole("button", { name: "Cancel…" }).click();
  const reason = page.getByRole("dialog").getByLabel("Reason");
  await reason.fill("half a sent");
  await report(agent, told, { details: "report 7." });
  await page.getByText("report 7.").waitFor({ state: "attached" });
  expect(await reason.inputValue()).toBe("half a sent");
  expect(await page.evaluate("document.activeElement.name")).toBe("reason");
  await page.keyboard.press("Escape");
  expect(await page.getByText("Step id").isVisible()).toBe(true);
  // The new entry itself moves the older ones down; nothing else may move.
  expect(Number(await page.evaluate("window.shifted"))).toBeLessThan(0.1);
});

test("of many windows of one browser each follows, and none keeps the others from the server", async () => {
  const { agent, page, beside } = await lookOn({ workflows });
  const { id, told } = await startRun(agent, "ROUND");
  const windows = [page];
  for (let more = 0; more < 8; more++) windows.push(await beside(more % 2 === 0 ? "/" : `/runs/${id}`));
  await report(agent, told, { details: "seen by all." });
  await Promise.all(
    windows.map((window) =>
      window
        .getByText(/seen by all|visit 2/)
        .first()
        .waitFor(),
    ),
  );
});

test("an update moves nothing of what is looked at further down", async () => {
  const { agent, page, go } = await lookOn({ workflows, look: { height: 400 } });
  const run = await startRun(agent, "ROUND");
  let { told } = run;
  for (let visit = 1; visit <= 12; visit++) told = await report(agent, told, { details: `report ${visit}.` });
  await go(`/runs/${run.id}`);
  await page.evaluate(`document.getElementById("entry-5").scrollIntoView({ block: "center" })`);
  const place = () => page.locator("#entry-5").evaluate((entry) => entry.getBoundingClientRect().y);
  const before = await place();
  await report(agent, told, { details: "report 13." });
  await page.getByText("report 13.").waitFor({ state: "attached" });
  expect(Math.abs((await place()) - before)).toBeLessThan(1); // a scrollbar moves by whole pixels
});

test("a window tells that its connection is lost, and goes on when it is back; a server that began anew lets nobody in without its link", async () => {
  const db = `${scratchDir()}/state.sqlite`;
  const server = await serveHttp({ workflows, db });
  const wire = await layWire(server.port);
  const link = new URL(await linkOf(server));
  link.port = String(wire.port);
  const { page } = await lookAt(link.href);
  await page.getByRole("heading", { name: "No run yet" }).waitFor();
  wire.cut();
  await page.getByText("Connection lost. Trying again…").waitFor();
  const agent = await connectHttp(server.url);
  await startRun(agent, "ROUND");
  wire.mend(server.port);
  await page.getByRole("link", { name: "ROUND" }).waitFor();
  await page.getByText("Connection lost").waitFor({ state: "detached" });
  wire.cut();
  await server.end("SIGTERM");
  const another = await serveHttp({ workflows, db });
  expectFault(/status of 401/);
  wire.mend(another.port);
  await page.getByText("This window is not signed in any more.").waitFor();
});

/** A way to a server that can be cut, and mended so that it leads to another one. */
async function layWire(port: number) {
  const ends = new Set<Socket>();
  let to: number | null = port;
  const wire = createServer((near) => {
    if (to === null) {
      near.destroy();
      return;
    }
    const far = connect(to, "127.0.0.1");
    for (const end of [near, far]) ends.add(end.on("error", () => {}));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => wire.listen(0, "127.0.0.1", resolve));
  wires.push(wire);
  const address = wire.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    cut() {
      to = null;
      for (const end of ends) end.destroy();
    },
    mend(port: number) {
      to = port;
    },
  };
}
