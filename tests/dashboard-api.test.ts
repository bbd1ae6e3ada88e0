/** /api of the page: what it answers, what a person does by it, and what nobody else can make it do. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import * as answers from "../src/dashboard/answers.ts";
import { advance, type Run, startRun } from "./support/calls.ts";
import { connectHttp } from "./support/http.ts";
import {
  type Answered,
  cookieIn,
  enter,
  OWN,
  type PageServer,
  startPage,
  type Visitor,
  visitor,
} from "./support/page-server.ts";
import { person } from "./support/person.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const project = scratchDir();
const workflows = scratchDir();
const db = join(scratchDir(), "state.sqlite");
const TOKEN = "agents-know-it";
const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };
const NOTES = join(project, "notes.md");
const GATE = ["approval:", '  ask: "Deploy {{ context.version }}?"', "  show: [context.version, notes.md]"];
writeFiles(workflows, {
  ...workflowFiles("RELEASE", {
    Build: { extras: ["next: [Deploy]", "produces: {version: string}"] },
    Deploy: { extras: GATE, routes: ["otherwise → Rework"] },
    Rework: { extras: ["max_visits: 1"], routes: ["`report.status == 'success'` → FINISH", "otherwise → Rework"] },
  }),
  "BROKEN/index.md": "# BROKEN\n\n## Steps\n",
});

let server: PageServer;
let page: Visitor;

beforeAll(async () => {
  const args = ["serve", "--http", "--port", "0", "--db", db, "--project", project, "--workflows", workflows];
  server = await startPage(args, { LOG_LEVEL: "error", HTTP_AUTH_TOKEN: TOKEN });
  page = await enter(server);
});
afterAll(() => server.stop());

/** A run at its first step. */
async function begun(): Promise<{ run: Run; call: Awaited<ReturnType<typeof connectHttp>> }> {
  const call = await connectHttp(`${server.base}/mcp`, AUTHORIZED);
  return { run: await startRun(call, "RELEASE"), call };
}

/** A run that waits for a yes to "Deploy". */
async function atGate() {
  writeFileSync(NOTES, "What is new.");
  const { run, call } = await begun();
  await advance(call, run, { updates: { version: "1.2.0" } });
  return { ...run, call };
}

async function fits<T extends z.ZodType>(schema: T, path: string): Promise<z.output<T>> {
  const { status, json } = await page.api(path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return schema.parse(json);
}

async function seenOf(id: string) {
  const { visit, approval_id, hash, shown } = (await page.api(`/runs/${id}/bound`)).json;
  return { visit, approval_id, hash, shown };
}

const act = (id: string, action: string, body: unknown) => page.post(`/runs/${id}/${action}`, body);
const lastEntry = async (id: string) => (await page.api(`/runs/${id}/history?limit=1`)).json.entries[0];

test("every answer is as its schema says", async () => {
  const { id } = await atGate();
  const { runs } = await fits(answers.RunsAnswer, "/runs?status=SUSPENDED&limit=200");
  expect(runs.map(({ instance_id }) => instance_id)).toContain(id);
  expect((await fits(answers.RunsAnswer, `/runs?text=${id}`)).runs).toHaveLength(1);
  const first = await fits(answers.RunsAnswer, "/runs?limit=1&live=1&project=");
  expect(first.runs).toHaveLength(1);
  const about = await fits(answers.RunAnswer, `/runs/${id}`);
  expect([about.run.step_name, about.waiting_for?.kind, about.workflow.name]).toEqual([
    "Deploy",
    "approval",
    "RELEASE",
  ]);
  expect((await fits(answers.HistoryAnswer, `/runs/${id}/history`)).total).toBe(about.run.last_seq);
  expect((await fits(answers.HistoryAnswer, `/runs/${id}/history?before=1`)).entries).toEqual([]);
  const { shown } = await fits(answers.BoundAnswer, `/runs/${id}/bound`);
  expect(shown.map(({ what }) => what)).toEqual(["context.version", "notes.md"]);
  const { waiting } = await fits(answers.WaitingAnswer, "/approvals");
  expect(waiting.map(({ instance_id }) => instance_id)).toContain(id);
  const all = await fits(answers.WorkflowsAnswer, "/workflows");
  expect([all.workflows.map(({ name }) => name), all.invalid.map(({ name }) => name)]).toEqual([
    ["RELEASE"],
    ["BROKEN"],
  ]);
  expect((await fits(answers.WorkflowAnswer, "/workflows/RELEASE")).workflow?.steps).toHaveLength(3);
  expect((await fits(answers.WorkflowAnswer, "/workflows/BROKEN")).problems.length).toBeGreaterThan(0);
  expect((await fits(answers.StatisticsAnswer, "/workflows/RELEASE/statistics")).runs).toBeGreaterThan(0);
});

test("reports that were refused are told with their codes, reasons and times, and shown where the run stands", async () => {
  const { run, call } = await begun();
  const version = (await page.api(`/runs/${run.id}`)).json.run.version;
  for (const step_id of [run.stepId, "9-<b>\u202e"]) {
    const said = { instance_id: run.id, report: { status: "success", step_id }, context_updates: {} };
    expect((await call.call("advance_workflow", said)).isError).toBe(true);
  }
  const told = async () => (await fits(answers.RunAnswer, `/runs/${run.id}`)).refused;
  for (let tries = 0; tries < 100 && (await told()).length < 2; tries++) await Bun.sleep(20);
  const [one, two] = await told();
  expect(one).toMatchObject({ visit: 1, step_name: "Build", code: "INCOMPLETE_REPORT" });
  expect(one?.reason).toContain("version");
  expect(two).toMatchObject({ code: "INVALID_INPUT", reason: expect.stringContaining("<b>\\u202e") });
  expect((await page.api(`/runs/${run.id}`)).json.run.version).toBe(version);
  const text = await (await page.get(`/runs/${run.id}`)).text();
  expect(text).toContain("Prevented: 2 reports");
  expect(text).toContain("Refused 2 times at this visit; the last one");
  expect(text).toContain("INCOMPLETE_REPORT");
  expect(text).toContain("&lt;b&gt;\\u202e");
});

test("a workflow whose files this server does not see is shown as its newest run has it", async () => {
  const elsewhere = scratchDir();
  writeFiles(elsewhere, workflowFiles("ELSEWHERE", { Mend: { instructions: "Mend the till." } }));
  const { engine } = person({ db, project, workflows: [elsewhere] });
  const { instance } = await engine.start({ workflow_name: "ELSEWHERE", context: {} }, { actor: "cli" });
  const shown = await (await page.get("/workflows/ELSEWHERE")).text();
  const said = ["It is not where this server looks", instance.instance_id, "Mend the till."];
  expect(said.filter((words) => !shown.includes(words))).toEqual([]);
});

test("a yes counts for what was shown, comes from the page, and hands the step out", async () => {
  const { id, call } = await atGate();
  const told = await act(id, "approve", await seenOf(id));
  expect(answers.DoneAnswer.parse(told.json)).toMatchObject({ instance_id: id, step_name: "Deploy", visit: 2 });
  expect(await lastEntry(id)).toMatchObject({ actor: "page", ruling: { kind: "approved" } });
  expect((await call.call("resume_workflow", { instance_id: id })).text).toContain("Do Deploy.");
});

test("what changed since it was shown makes a yes void: it is told, and what is there now can be approved", async () => {
  const { id } = await atGate();
  const seen = await seenOf(id);
  writeFileSync(NOTES, "Something else.");
  const told = await act(id, "approve", seen);
  expect([told.status, told.json.error.code]).toEqual([409, "CONFLICT"]);
  expect(told.json.error.message).toContain("notes.md changed");
  expect(told.json.error.bound.shown[1].text).toBe("Something else.");
  expect((await page.api(`/runs/${id}`)).json.waiting_for.approved_at).toBeUndefined();
  expect((await act(id, "approve", await seenOf(id))).status).toBe(200);
});

test("a no counts whatever changed, with its comment", async () => {
  const { id } = await atGate();
  const seen = await seenOf(id);
  writeFileSync(NOTES, "Something else.");
  expect((await act(id, "deny", { ...seen, comment: "Not on a Friday." })).status).toBe(200);
  expect(await lastEntry(id)).toMatchObject({ actor: "page", ruling: { kind: "denied", comment: "Not on a Friday." } });
  expect((await page.api(`/runs/${id}`)).json.run.turn.kind).toBe("denied");
  const { version, definition } = (await page.api(`/runs/${id}`)).json.run;
  expect((await act(id, "release", { seen: { version: version - 1, definition } })).json.error.code).toBe("CONFLICT");
  expect((await act(id, "release", { seen: { version, definition } })).json.waiting_for.kind).toBe("approval");
});

test("rewind, fork, waive and cancel do what they say, and a repetition does no more", async () => {
  const { id } = await atGate();
  expect((await act(id, "rewind", { to_visit: 1, reason: "again" })).json).toMatchObject({
    step_name: "Build",
    visit: 3,
  });
  expect(await lastEntry(id)).toMatchObject({ actor: "page", kind: "rewind" });
  const { visit, definition } = (await page.api(`/runs/${id}`)).json.run;
  const waiver = { what: "produces version", reason: "it is known", seen: { visit, definition } };
  expect((await act(id, "waive", { ...waiver, seen: { visit: 1, definition } })).json.error.code).toBe("CONFLICT");
  expect((await act(id, "waive", waiver)).status).toBe(200);
  expect((await page.api(`/runs/${id}`)).json.run.waived).toEqual([
    { what: "produces version", reason: "it is known" },
  ]);
  const forks = [1, 2].map(() => act(id, "fork", { at_visit: 1, request_id: "once" }));
  const [one, two] = await Promise.all(forks);
  expect(one?.json.instance_id).not.toBe(id);
  expect(two?.json.instance_id).toBe(one?.json.instance_id);
  expect((await page.api(`/runs/${id}`)).json.forks).toHaveLength(1);
  for (let each = 0; each < 2; each++)
    expect((await act(id, "cancel", { reason: "enough" })).json.status).toBe("CANCELLED");
  expect(await lastEntry(id)).toMatchObject({ actor: "page", decision: { decided_by: "person", reasoning: "enough" } });
  expect((await act(id, "rewind", { to_visit: 1 })).status).toBe(409);
});

type Sent = Response | Answered;
type Row = [attack: string, send: () => Promise<Sent>, status: number];

/** A run that no row may change. */
let victim = "";
const cancel = (headers: Record<string, string>, body: unknown = {}) =>
  page.post(`/runs/${victim}/cancel`, body, headers);
const without = (name: string) => {
  const headers: Record<string, string> = { cookie: page.cookie, ...OWN };
  delete headers[name];
  return fetch(`${server.base}/api/runs/${victim}/cancel`, { method: "POST", headers, body: "{}" });
};
const read = (headers: Record<string, string>) => page.api("/runs", headers);
const said = (body: unknown) => page.post(`/runs/${victim}/cancel`, body);
const FORM = { "content-type": "application/x-www-form-urlencoded" };

const FORGED: Row[] = [
  [
    "a form of another page",
    () => cancel({ ...FORM, "x-orchestrator": "", origin: "http://127.0.0.1:1" }, "reason=x"),
    403,
  ],
  ["a form's content type", () => cancel(FORM, "reason=x"), 415],
  ["text/plain, which needs no preflight", () => cancel({ "content-type": "text/plain" }), 415],
  ["the header is missing", () => without("x-orchestrator"), 403],
  ["the header says something else", () => cancel({ "x-orchestrator": "0" }), 403],
  ["a foreign Origin", () => cancel({ origin: "https://evil.example" }), 403],
  ["an Origin of another port of this machine", () => cancel({ origin: `http://127.0.0.1:${server.port + 1}` }), 403],
  ["an Origin of another name of this machine", () => cancel({ origin: `http://localhost:${server.port}` }), 403],
  ["an Origin without the port", () => cancel({ origin: "http://127.0.0.1" }), 403],
  ["Origin null", () => cancel({ origin: "null" }), 403],
  ["a fetch of another site", () => cancel({ "sec-fetch-site": "cross-site" }), 403],
  ["a fetch of another port of this machine", () => cancel({ "sec-fetch-site": "same-site" }), 403],
  ["an action that was typed as an address", () => cancel({ "sec-fetch-site": "none" }), 403],
  ["another site reads", () => read({ "sec-fetch-site": "cross-site" }), 403],
  ["another port of this machine reads", () => read({ "sec-fetch-site": "same-site" }), 403],
  ["another port of this machine listens", () => page.api("/events?list=1", { "sec-fetch-site": "same-site" }), 403],
];

const BODIES: Row[] = [
  ["a huge body", () => said({ reason: "x".repeat(300_000) }), 413],
  ["no JSON", () => said("{oops"), 400],
  ["an empty body", () => said(""), 400],
  ["a JSON value that is no object", () => said("[]"), 400],
  ["null", () => said("null"), 400],
  ["100,000 nested arrays", () => said(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), 400],
  ["__proto__", () => said('{"__proto__":{"reason":"x"}}'), 400],
  ["a field that there is not", () => said({ by_person: true }), 400],
  ["a reason that is too long", () => said({ reason: "x".repeat(1_001) }), 400],
  ["half a character", () => said('{"reason":"\\ud800"}'), 400],
  ["NUL", () => said('{"reason":"\\u0000"}'), 400],
  ["a visit that is no number", () => page.post(`/runs/${victim}/rewind`, { to_visit: "1" }), 400],
  ["a visit that was not yet", () => page.post(`/runs/${victim}/rewind`, { to_visit: 99 }), 400],
  ["a yes without what was shown", () => page.post(`/runs/${victim}/approve`, {}), 400],
  ["a yes to a guessed hash", () => page.post(`/runs/${victim}/approve`, GUESSED), 400],
  ["a reason without words", () => page.post(`/runs/${victim}/waive`, EMPTY), 400],
];
const GUESSED = { visit: 1, approval_id: "a", hash: "0".repeat(64), shown: [] };
const EMPTY = { what: "produces version", reason: "", seen: { visit: 1, definition: "x" } };

const PLACES: Row[] = [
  ...[
    "x",
    "..%2f..%2fetc%2fpasswd",
    "%00",
    "%ff",
    "%e2%80%ae",
    "__proto__",
    "constructor",
    "x".repeat(5_000),
    "-",
    "1 OR 1=1",
  ].flatMap((id): Row[] => [
    [`no id: ${id.slice(0, 30)}`, () => page.api(`/runs/${id}`), 404],
    [`an action on no id: ${id.slice(0, 30)}`, () => page.post(`/runs/${id}/cancel`, {}), 404],
  ]),
  ["an action that there is not", () => page.post(`/runs/${victim}/delete`, {}), 404],
  ["an action by a name that objects have", () => page.post(`/runs/${victim}/constructor`, {}), 404],
  ["an action by GET", () => page.api(`/runs/${victim}/cancel`), 404],
  ["a path out of /api", () => page.api("/..%2f..%2fetc%2fpasswd"), 404],
  ["an encoded slash in a name", () => page.api("/workflows/..%2f..%2fetc"), 404],
  ["a workflow that there is not", () => page.api("/workflows/NONE/statistics"), 404],
  ["output of an entry that there is not", () => page.api(`/runs/${victim}/output?seq=99&check=0`), 404],
  ["output by a path", () => page.api(`/runs/${victim}/output?seq=..%2f1&check=0`), 400],
  ["a limit beyond all", () => page.api("/runs?limit=100000"), 400],
  ["a status that there is not", () => page.api("/runs?status=__proto__"), 400],
  ["a cursor that no page gave", () => page.api("/runs?cursor=eA"), 400],
  ["a text of 300 characters", () => page.api(`/runs?text=${"x".repeat(300)}`), 400],
  ["DELETE of a run", () => fetch(`${server.base}/api/runs/${victim}`, { method: "DELETE", headers: OWN }), 405],
];

test.each([...FORGED, ...BODIES, ...PLACES])("attack: %s", async (_attack, send, status) => {
  victim ||= (await begun()).run.id;
  const answer = await send();
  const json = answer instanceof Response ? await answer.json() : answer.json;
  expect({ status: answer.status, json }).toMatchObject({ status });
  expect(answers.ErrorAnswer.safeParse(json).success || json.jsonrpc === "2.0").toBe(true);
  expect(JSON.stringify(json)).not.toMatch(/\bat .*:\d+:\d+|\/(home|root|tmp|src)\/|node_modules|hono|zod|sqlite/i);
  expect((await page.api(`/runs/${victim}`)).json.run).toMatchObject({ status: "RUNNING", version: 1, waived: [] });
});

test("the server's page shows the runs of all projects of its database, by whoever serves it", async () => {
  const { run } = await begun();
  const other = await startPage(["dashboard", "--no-open", "--db", db, "--project", scratchDir()]);
  const there = await enter(other);
  expect((await there.api(`/runs/${run.id}`)).json.run.project).toBe(project);
  expect((await there.api(`/runs?project=${encodeURIComponent("/nowhere")}`)).json.runs).toEqual([]);
  expect((await there.post(`/runs/${run.id}/cancel`, {})).json.status).toBe("CANCELLED");
  expect((await page.api(`/runs/${run.id}`)).json.run.status).toBe("CANCELLED");
  await other.stop();
});

test("attack: an agent that knows the server's token decides nothing that is a person's, by whichever way it comes in", async () => {
  const form = { method: "POST", body: new URLSearchParams({ token: TOKEN }), redirect: "manual" } as const;
  const byForm = visitor(server.base, cookieIn(await fetch(`${server.base}/entry`, form)));
  const bare = visitor(server.base, "");
  const byToken: Visitor = { ...bare, post: (path, body) => bare.post(path, body, AUTHORIZED) };
  for (const agent of [byForm, byToken]) {
    const { id } = await atGate();
    const seen = await seenOf(id);
    const { version, definition } = (await page.api(`/runs/${id}`)).json.run;
    const persons: [action: string, body: object][] = [
      ["approve", seen],
      ["deny", seen],
      ["release", { seen: { version, definition } }],
      ["waive", { what: "x", reason: "x", seen: { visit: 2, definition } }],
    ];
    for (const [action, body] of persons) {
      const told = await agent.post(`/runs/${id}/${action}`, body);
      expect([action, told.status, told.json.error.code]).toEqual([action, 403, "PIN_NEEDED"]);
    }
    for (const [action, body] of [
      ["rewind", { to_visit: 1 }],
      ["fork", { at_visit: 1 }],
    ] as const) {
      const told = await agent.post(`/runs/${id}/${action}`, body);
      expect([action, told.status, told.json.error.code]).toEqual([action, 409, "INSTANCE_SUSPENDED"]);
    }
    expect((await agent.post(`/runs/${id}/cancel`, {})).json.status).toBe("CANCELLED"); // as by the tool
    expect((await lastEntry(id)).decision.decided_by).toBe("agent");
  }
});

test("with a PIN every action asks for it; guessed over /api, it is taken no more, and no guess goes to a run that is not there", async () => {
  const { id } = await atGate();
  const { pin } = person({ db, project, workflows: [workflows] });
  await pin.change(null, "493817");
  const body = { ...(await seenOf(id)) };
  for (const action of ["cancel", "rewind", "fork", "approve", "deny", "waive", "release"]) {
    const bodies: Record<string, unknown> = {
      rewind: { to_visit: 1 },
      approve: body,
      deny: body,
      waive: { what: "produces version", reason: "x", seen: { visit: 1, definition: "x" } },
      release: { seen: { version: 1, definition: "x" } },
    };
    const told = await act(id, action, bodies[action] ?? {});
    expect([action, told.status, told.json.error.code]).toEqual([action, 403, "PIN_MISSING"]);
  }
  expect((await act("run_23456789abcd", "cancel", { pin: "000000" })).status).toBe(404);
  const byToken = await visitor(server.base, "").post(`/runs/${id}/approve`, { ...body, pin: "493817" }, AUTHORIZED);
  expect(byToken.status).toBe(200);
  const lefts: unknown[] = [];
  for (let each = 0; each < 5; each++) {
    const { status, json } = await act(id, "cancel", { pin: `00000${each}` });
    lefts.push([status, json.error.code, json.error.left]);
  }
  expect(lefts).toEqual([...[4, 3, 2, 1].map((left) => [403, "PIN_WRONG", left]), [403, "PIN_PAUSED", undefined]]);
  const told = await act(id, "cancel", { pin: "493817" });
  expect([told.status, told.json.error.code]).toEqual([403, "PIN_PAUSED"]);
  expect(Date.parse(told.json.error.until)).toBeGreaterThan(Date.now());
  expect((await page.api(`/runs/${id}`)).json.run.status).toBe("RUNNING");
});

test("an agent's call does not wait for all pages that were asked for at once", async () => {
  const { run, call } = await begun();
  let shown = 0;
  const pages = Array.from({ length: 60 }, async () => {
    const { status } = await page.get(`/runs/${run.id}`);
    shown += 1;
    return status;
  });
  await waitFor(() => shown > 0, "the first page");
  await call.call("get_workflow_status", { instance_id: run.id });
  expect(shown).toBeLessThan(pages.length);
  expect(new Set(await Promise.all(pages))).toEqual(new Set([200]));
});

test("a context of very many keys is on the page in part, and whole when it is opened", async () => {
  const { run, call } = await begun();
  const updates = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`key ${at}`, at]));
  await advance(call, run, { updates: { version: "1", ...updates } });
  const text = await (await page.get(`/runs/${run.id}`)).text();
  expect(text).toContain("All 3001 keys");
  expect(text.length).toBeLessThan(60_000);
  const all = await page.get(`/runs/${run.id}/context`);
  expect([all.status, (await all.text()).match(/key \d+/g)?.length]).toEqual([200, 3_000]);
});
