/**
 * `bun run screenshots`: the pictures in docs/images, light and dark, made anew from real runs: a scripted agent works over MCP,
 * a real browser looks at the page.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { launchBrowser } from "../tests/support/browser.ts";
import { startServer } from "./client/server.ts";
import { layOut, playAll } from "./screenshots/scene.ts";

const ROOT = join(import.meta.dir, "..");
const EXECUTABLE = join(ROOT, "dist/orchestrator");
const IMAGES = join(ROOT, "docs/images");
const WIDTH = 1_200;
const MOST_HEIGHT = 1_300;
/** A page that was just opened is brought up to date once, in milliseconds. */
const SETTLED_MS = 500;

/** What the pictures name in place of the scratch directory. */
const SHOWN = "/home/ada";

const room = mkdtempSync(join(tmpdir(), "screenshots-"));
const project = join(room, "shop");
const workflows = ["--workflows", "builtin", "--workflows", join(project, "workflows")];
mkdirSync(project);
mkdirSync(IMAGES, { recursive: true });
layOut(project);
const db = ["--db", join(room, "state.sqlite"), "--project", project];
const command = [EXECUTABLE, "serve", ...db, ...workflows, "--allow-checks", "--command", "test=node test.mjs"];
const server = await startServer({ command, transport: "http", cwd: project });
const browser = await launchBrowser();
try {
  const empty = await startServer({
    command: [EXECUTABLE, "serve", "--db", join(room, "empty.sqlite")],
    transport: "http",
    cwd: project,
  });
  await take("empty", await linkOf(empty.stderr), ["/"]);
  await empty.end("SIGTERM");
  const id = await playAll(await server.client(), project);
  const link = await linkOf(server.stderr);
  await take(
    "runs",
    link,
    ["/", `/runs/${id}`, `/runs/${id}/decide`, "/workflows/RELEASE"],
    ["runs", "run", "decide", "workflow"],
  );
} finally {
  await browser.close();
  await server.end("SIGTERM");
  rmSync(room, { recursive: true, force: true });
}

/** One visitor, since a link lets in once; both themes of each page. */
async function take(name: string, link: string, paths: string[], names: string[] = [name]): Promise<void> {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 700 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.goto(link);
  for (const [at, path] of paths.entries()) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(new URL(path, link).href);
      await Bun.sleep(SETTLED_MS);
      await hideRoom(page);
      const file = join(IMAGES, `${names[at]}-${colorScheme}.png`);
      const height = Math.min(MOST_HEIGHT, Number(await page.evaluate("document.documentElement.scrollHeight")));
      await page.screenshot({ path: file, clip: { x: 0, y: 0, width: WIDTH, height }, fullPage: true });
      console.log(`${file.slice(ROOT.length + 1)} ${Math.round(Bun.file(file).size / 1_000)} kB`);
    }
  }
  await context.close();
}

/** The directory is another one each time. In the browser's words: its names are not this script's. */
async function hideRoom(page: Page): Promise<void> {
  await page.evaluate(`{
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.textContent = texts.currentNode.textContent.replaceAll(${JSON.stringify(room)}, "${SHOWN}");
  }`);
}

async function linkOf(text: () => string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const found = /http:\S+\?entry=\S+/.exec(text())?.[0];
    if (found) return found;
    await Bun.sleep(20);
  }
  throw new Error(`No link to the page was printed:\n${text()}`);
}
