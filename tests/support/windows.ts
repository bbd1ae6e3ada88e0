/** Windows of one browser on what the executable serves. Whatever goes wrong in one of them fails the test. */
import { afterAll, afterEach, expect } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import type { HttpServer } from "./http.ts";
import { waitFor } from "./stdio.ts";

/** What a test waits for. */
const PATIENCE_MS = 10_000;

let browser: Promise<Browser> | undefined;
const open: BrowserContext[] = [];
const faults: string[] = [];
const expected: RegExp[] = [];
/** Servers end with their test, before the windows do. */
const SERVER_GONE = /net::ERR_(?:INCOMPLETE_CHUNKED_ENCODING|CONNECTION_[A-Z]+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED)/;

afterEach(async () => {
  await Promise.all(open.splice(0).map((context) => context.close()));
  const found = faults.splice(0);
  const known = [SERVER_GONE, ...expected.splice(0)];
  expect(found.filter((fault) => !known.some((each) => each.test(fault)))).toEqual([]);
});

afterAll(async () => {
  await (await browser)?.close();
});

export interface Look {
  theme?: "light" | "dark";
  width?: number;
  height?: number;
}

/** A person who came by the link, with a browser of their own; `page.context().newPage()` is a second window of theirs. */
export async function openWindow(
  url: string,
  { theme = "light", width = 1280, height = 800 }: Look = {},
): Promise<Page> {
  browser ??= launchBrowser();
  const context = await (await browser).newContext({
    colorScheme: theme,
    viewport: { width, height },
    // A colour that is on its way to another one has no contrast to look at.
    reducedMotion: "reduce",
  });
  open.push(context);
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("page", (page) => note(page));
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** Opens all that is folded, and waits for what is fetched then. */
export async function openAll(page: Page): Promise<void> {
  await page.evaluate('for (const each of document.querySelectorAll("main details")) each.open = true');
  const missing = page.locator("details[data-src]:not(:has([data-loaded])), [data-loaded][aria-busy]");
  await missing.first().waitFor({ state: "detached" });
}

/** What a window of this test will complain of. */
export function expectFault(pattern: RegExp): void {
  expected.push(pattern);
}

/** The link that lets a person in, as the server printed it. */
export function linkOf({ bare }: Pick<HttpServer, "bare">): Promise<string> {
  return waitFor(() => /http:\S+\?entry=\S+/.exec(bare.stderr() + bare.stdout())?.[0], "the link to the page");
}

/** Errors and warnings (a policy that was violated is one), dialogs, and requests to anywhere else. */
function note(page: Page): void {
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`thrown: ${error}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(?:http:\/\/127\.0\.0\.1:\d+\/|data:)/.test(request.url())) faults.push(`asked for ${request.url()}`);
  });
}
