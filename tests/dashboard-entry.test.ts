/** Who is let in to the page: links that work once, cookies, the server's token; and what a stranger gets, which is nothing. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createEntry } from "../src/http/entry.ts";
import { createLazyPage } from "../src/http/lazy-page.ts";
import { isOtherUsers, ownerIn } from "../src/http/peer.ts";
import { rawExchange } from "./support/http.ts";
import { cookieIn, enter, OWN, type PageServer, startPage, type Visitor, visitor } from "./support/page-server.ts";
import { runBare, waitFor } from "./support/stdio.ts";
import { scratchDir, writeFiles } from "./support/workspace.ts";

const TOKEN = "s3cret-token";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
let server: PageServer;
let page: Visitor;

beforeAll(async () => {
  const db = join(scratchDir(), "state.sqlite");
  server = await startPage(["serve", "--http", "--port", "0", "--db", db], { HTTP_AUTH_TOKEN: TOKEN });
  page = await enter(server);
});
afterAll(() => server.stop());

const bare = (path: string, init: RequestInit = {}) => fetch(server.base + path, { redirect: "manual", ...init });
const typed = (token: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  bare("/entry", {
    method: "POST",
    headers: { ...FORM, ...headers },
    body: String(new URLSearchParams({ token, ...more })),
  });

test("the link lets in once, by a cookie that no script and no other site gets; a second time it says what to do", async () => {
  const own = await startPage(["dashboard", "--no-open", "--db", join(scratchDir(), "state.sqlite")]);
  expect(own.stdout()).toBe(`${own.link}\n`);
  const first = await fetch(own.link, { redirect: "manual" });
  expect([first.status, first.headers.get("location")]).toEqual([303, "/"]);
  expect(first.headers.get("set-cookie")).toMatch(
    new RegExp(`^orchestrator_${own.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
  );
  const second = await fetch(own.link, { redirect: "manual" });
  expect([second.status, second.headers.get("set-cookie")]).toEqual([401, null]);
  const words = await second.text();
  expect(words).toContain("orchestrator dashboard");
  expect(words).not.toContain("<form");
  const mine = visitor(own.base, cookieIn(first));
  expect((await mine.get("/")).status).toBe(200);
  const again = await mine.get(new URL(own.link).search.replace(/^/, "/"));
  expect([again.status, again.headers.get("set-cookie")]).toEqual([303, null]);
  expect((await fetch(`${own.base}/mcp`, { headers: { cookie: mine.cookie } })).status).toBe(404);
  await own.stop();
});

test("a server at another port of the host shuts nobody out by a cookie of the same name before ours", async () => {
  const name = page.cookie.split("=")[0];
  for (const cookie of [`${name}=${GUESS}; ${page.cookie}`, `${name}=; ${page.cookie}; ${name}=${GUESS}`]) {
    expect((await withCookie(cookie)).status).toBe(200);
  }
});

test("the page's code is loaded once, when somebody first asks for it, and a server that ends loads none", async () => {
  const done: string[] = [];
  const load = async () => {
    done.push("load");
    const answer = async () => new Response("");
    return { asset: answer, door: answer, fetch: answer, end: () => void done.push("end") };
  };
  createLazyPage(load).end();
  const lazy = createLazyPage(load);
  expect(done).toEqual([]);
  await Promise.all([lazy.asset("/assets/x"), lazy.door({ why: "unknown", asksToken: false, to: "/" })]);
  expect(done).toEqual(["load"]);
  lazy.end();
  await Bun.sleep(0);
  expect(done).toEqual(["load", "end"]);
});

test("a HEAD of the link does not spend it", async () => {
  const own = await startPage(["dashboard", "--no-open", "--db", join(scratchDir(), "state.sqlite")]);
  expect((await fetch(own.link, { method: "HEAD" })).status).toBe(401);
  expect((await fetch(own.link, { redirect: "manual" })).status).toBe(303);
  await own.stop();
});

type Row = [attack: string, send: () => Promise<Response>, status: number];

const GUESS = "A".repeat(43);
const withCookie = (cookie: string) => bare("/api/runs", { headers: { cookie } });

const STRANGERS: Row[] = [
  ["no cookie at the page", () => bare("/"), 401],
  ["no cookie at a run", () => bare("/runs/run_23456789abcd"), 401],
  ["no cookie at /api", () => bare("/api/runs"), 401],
  ["no cookie at an event stream", () => bare("/api/events?list=1"), 401],
  ["no cookie, an action", () => bare("/api/runs/run_x/cancel", { method: "POST", headers: OWN, body: "{}" }), 401],
  ["no cookie, an encoded path to /api", () => bare("/%61pi/runs"), 401],
  ["no cookie, a path that resolves to /api", () => bare("/assets/../api/runs"), 401],
  ["no cookie, an encoded path out of the assets", () => bare("/assets/..%2f..%2fapi/runs"), 404],
  ["a guessed link", () => bare(`/?entry=${GUESS}`), 401],
  ["an empty link", () => bare("/?entry="), 401],
  ["a link at another path", () => bare(`/runs?entry=${GUESS}`), 401],
  ["a guessed cookie", () => withCookie(`orchestrator_${server.port}=${GUESS}`), 401],
  ["an empty cookie", () => withCookie(`orchestrator_${server.port}=`), 401],
  ["the link's secret as a cookie", () => withCookie(`orchestrator_${server.port}=${server.link.split("=")[1]}`), 401],
  ["the cookie under another server's name", () => withCookie(page.cookie.replace(/_\d+=/, "_1=")), 401],
  ["the token as a cookie", () => withCookie(`orchestrator_${server.port}=${TOKEN}`), 401],
  ["the token in the URL", () => bare(`/?entry=${TOKEN}&token=${TOKEN}`), 401],
  ["a wrong token", () => bare("/api/runs", { headers: { authorization: "Bearer wrong" } }), 401],
  ["a wrong token in the form", () => typed("wrong"), 401],
  ["the token from another page's form", () => typed(TOKEN, {}, { origin: "http://127.0.0.1:1" }), 403],
  ["the token from a form of another site", () => typed(TOKEN, {}, { "sec-fetch-site": "cross-site" }), 403],
  [
    "the token as JSON",
    () => bare("/entry", { method: "POST", headers: OWN, body: JSON.stringify({ token: TOKEN }) }),
    415,
  ],
  ["a huge form", () => typed("x".repeat(300_000)), 413],
  ["GET of the form's address", () => bare("/entry"), 405],
  ["DNS rebinding at the page", () => bare("/", { headers: { host: "evil.example", cookie: page.cookie } }), 403],
  ["PUT at the page", () => bare("/", { method: "PUT", headers: { cookie: page.cookie } }), 405],
  ["OPTIONS at /api (a preflight)", () => bare("/api/runs/x/cancel", { method: "OPTIONS" }), 405],
];

test.each(STRANGERS)("attack: %s", async (_attack, send, status) => {
  const response = await send();
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  expect(response.headers.get("set-cookie")).toBeNull();
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(response.headers.get("cache-control")).toContain("no-store");
  expect(text).not.toMatch(/\/(home|root|tmp|src)\/|node_modules/);
  expect((await page.api("/runs")).status).toBe(200);
});

test("a cookie of another server lets nobody in, even at the same port", async () => {
  const db = join(scratchDir(), "state.sqlite");
  const first = await startPage(["dashboard", "--no-open", "--db", db]);
  const { cookie } = await enter(first);
  await first.stop();
  const second = await startPage(["dashboard", "--no-open", "--db", db, "--port", String(first.port)]);
  expect((await visitor(second.base, cookie).api("/runs")).status).toBe(401);
  expect((await visitor(server.base, cookie).api("/runs")).status).toBe(401);
  await second.stop();
});

test("the token, typed, lets in and leads to the page that was asked for, and to no other site", async () => {
  const asked = await bare("/runs/run_23456789abcd?x=1");
  expect(await asked.text()).toMatch(
    /<form [^>]*method="post" action="\/entry">.*value="\/runs\/run_23456789abcd\?x=1"/s,
  );
  const ways: [to: string, led: string][] = [
    ["/runs/run_23456789abcd?x=1", "/runs/run_23456789abcd?x=1"],
    ["/workflows/WORK", "/workflows/WORK"],
    ["/?status=RUNNING", "/?status=RUNNING"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["https://evil.example", "/"],
    ["/runs//evil.example/../..", "/runs//evil.example/../.."],
    ["/api/runs", "/"],
    ["/runs\r\nSet-Cookie: x=1", "/"],
  ];
  for (const [to, led] of ways) {
    const response = await typed(TOKEN, { to });
    expect([to, response.status, response.headers.get("location")]).toEqual([to, 303, led]);
    expect((await visitor(server.base, cookieIn(response)).api("/runs")).status).toBe(200);
  }
});

test("a link on another site brings no cookie along: the page asks for itself once more", async () => {
  const followed = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  const response = await bare("/runs/run_23456789abcd", { headers: followed });
  expect([response.status, response.headers.get("refresh")]).toEqual([401, "0; url=/runs/run_23456789abcd"]);
  const again = await bare("/runs/run_23456789abcd", { headers: { ...followed, "sec-fetch-site": "same-origin" } });
  expect([again.status, again.headers.get("refresh")]).toEqual([401, null]);
});

test("a flood of sessions ends the oldest of them, and no more than twenty stand", async () => {
  const first = visitor(server.base, cookieIn(await typed(TOKEN)));
  const others: Visitor[] = [];
  for (let each = 0; each < 25; each++) others.push(visitor(server.base, cookieIn(await typed(TOKEN))));
  const stand = await Promise.all([first, ...others].map(async (each) => (await each.api("/runs")).status));
  expect(stand.filter((status) => status === 200)).toHaveLength(20);
  expect(stand.slice(0, 6)).toEqual(Array(6).fill(401));
  page = others.at(-1) ?? page;
});

test("a session ends twelve hours after its last use", () => {
  let now = 0;
  const entry = createEntry({ max: 2, idleMs: 1_000, now: () => now });
  const secret = entry.begin("token");
  const visitor = entry.session(secret);
  expect(visitor?.by).toBe("token");
  expect(visitor?.session).not.toContain(secret);
  now += 999;
  expect(entry.session(secret)).toEqual(visitor);
  now += 1_000;
  expect(entry.session(secret)).toBeNull();
});

test("a link that a browser is started with lets nobody in but this user, and is not spent by another", () => {
  const entry = createEntry({ max: 2, idleMs: 1_000, now: () => 0 });
  const [opened, printed] = [entry.invite(true), entry.invite(false)];
  expect(entry.spend(printed, () => true)).toBe(true);
  expect(entry.spend(opened, () => true)).toBe(false);
  expect(entry.spend(opened, () => false)).toBe(true);
  expect(entry.spend(opened, () => false)).toBe(false);
});

test("whose a connection is stands in the system's table", async () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:0BB8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 20 4 30 10 -1",
    "   1: 0100007F:D431 0100007F:0BB8 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1",
  ].join("\n");
  expect(ownerIn(table, { port: 0xd431, ours: 0x0bb8 })).toBe(1001);
  expect(ownerIn(table, { port: 0xd432, ours: 0x0bb8 })).toBeNull();
  expect(ownerIn("", { port: 1, ours: 2 })).toBeNull();
  if (process.platform !== "linux") return;
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const own = { port: socket.localPort ?? 0, ours: server.port };
  expect(ownerIn(readFileSync("/proc/net/tcp", "utf8"), own)).toBe(process.getuid?.() ?? -1);
  expect(isOtherUsers(own)).toBe(false);
  socket.destroy();
});

test("pages, their style and their script say how they may be used; what is named by its digest may be kept", async () => {
  const response = await page.get("/");
  const html = await response.text();
  expect(response.headers.get("content-type")).toStartWith("text/html");
  expect(response.headers.get("cache-control")).toContain("no-store");
  expect(response.headers.get("content-security-policy")).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  const paths = [...html.matchAll(/"(\/assets\/[0-9a-f]{16}\/page\.(?:css|js))"/g)].map(([, path = ""]) => path);
  expect(paths).toHaveLength(2);
  for (const path of paths) {
    const asset = await bare(path);
    expect([asset.status, asset.headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect(asset.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await bare(path.replace(/[0-9a-f]{16}/, "0".repeat(16)))).status).toBe(404);
  }
  expect(html).not.toMatch(/<script(?![^>]* src=)|<style| style="| on\w+="/);
});

const PATHS = [
  "/assets/",
  "/assets",
  "/assets/../page",
  "/assets/%2e%2e/%2e%2e/etc/passwd",
  "/assets/%00",
  "/assets/%",
  "/assets//etc/passwd",
];

test.each(PATHS)("attack: traversal under the assets: %s", async (path) => {
  const { answer } = await rawExchange(
    server.port,
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 40[014] /);
  expect(answer).not.toContain("root:");
});

test("dashboard opens the browser by a program with fixed words, says if it cannot, and opens none without a screen", async () => {
  const bin = scratchDir();
  writeFiles(bin, {
    "xdg-open": '#!/bin/sh\nprintf "%s|" "$#" "$@" > "$0.said"\n',
    "bad/xdg-open": "#!/bin/sh\nexit 3\n",
  });
  for (const name of ["xdg-open", "bad/xdg-open"]) chmodSync(join(bin, name), 0o755);
  const args = ["dashboard", "--db", join(scratchDir(), "state.sqlite")];
  const opened = await startPage(args, { PATH: bin, DISPLAY: ":9" });
  const said = join(bin, "xdg-open.said");
  await waitFor(() => existsSync(said) && readFileSync(said, "utf8").endsWith("|"), "what the browser is told");
  expect(readFileSync(said, "utf8")).toBe(`1|${opened.link}|`);
  const bad = await startPage(args, { PATH: join(bin, "bad"), DISPLAY: ":9" });
  await waitFor(() => bad.stderr().includes("exit code 3"), "why none was opened");
  const none = await startPage(args, { PATH: scratchDir(), WAYLAND_DISPLAY: "w" });
  await waitFor(() => none.stderr().includes("ENOENT"), "that there is no program");
  const dark = await startPage(args, { PATH: bin });
  await waitFor(() => dark.stderr().includes("no screen"), "that there is no screen");
  await Promise.all([opened, bad, none, dark].map((each) => each.stop()));
});

test("dashboard says in one line why it cannot listen", async () => {
  const args = ["dashboard", "--no-open", "--db", join(scratchDir(), "state.sqlite"), "--port", String(server.port)];
  const { code, stderr } = await runBare({ cwd: scratchDir(), args });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `Cannot listen on 127.0.0.1:${server.port}: the port is taken. Choose another with --port, or 0 for any free one.\n`,
  });
});
