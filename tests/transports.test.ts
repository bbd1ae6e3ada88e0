/** The same scripted conversation by every way in: the same answers, apart from ids and times. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { z } from "zod";
import { connect } from "./support/client.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { META, requestOf, SESSIONLESS } from "./support/sessionless.ts";
import { type Message, startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const project = scratchDir();
const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("RELEASE", {
    Build: {
      routes: ["`report.status == 'failure'` → Build", "otherwise → Test"],
      instructions: "Build {{ context.target }}.",
    },
    Test: { guidance: "Passed: Ship. Failed: Build." },
    Ship: { routes: ["otherwise → FINISH"] },
  }),
  "BROKEN/index.md": "# BROKEN\n",
  ...workflowFiles("STRICT", {
    Count: { extras: ["produces: { count: { type: integer } }", "next: Prove"] },
    Prove: { extras: ["checks: [{ file: proof.txt }]", "next: Turn"] },
    Turn: { extras: ["max_visits: 1", "next: Turn"] },
  }),
  ...workflowFiles("JUDGED", { One: { guidance: "Go to Two." }, Two: {} }),
});

/** Each must occur in the answers, so that the script is known to compare it. */
const MUST_OCCUR = [
  "run_",
  "4-ship",
  "replayed",
  "decision_required",
  "recap",
  "COMPLETED",
  "history_total",
  "INVALID_INPUT",
  "DEFINITION_NOT_FOUND",
  "DEFINITION_INVALID",
  "INSTANCE_NOT_FOUND",
  "STALE_REPORT",
  "STEP_NOT_ALLOWED",
  "INSTANCE_FINAL",
  "-32601",
  "-32602",
];

/** The errors that the second script is there to compare. The two others hang on chance: CONFLICT and INTERNAL_ERROR. */
const MUST_FAIL = ["INCOMPLETE_REPORT", "CHECK_FAILED", "INSTANCE_SUSPENDED", "AI_SERVICE_ERROR", "PERSISTENCE_ERROR"];

type Ask = (method: string, params?: object) => Promise<unknown>;

/** Every call of the script, and what came back. `id` is the run's id, known after the first start. */
async function converse(ask: Ask): Promise<unknown[]> {
  const answers: unknown[] = [];
  const tool = async (name: string, args: object = {}) => {
    const answer = await ask("tools/call", { name, arguments: args });
    answers.push([name, args, answer]);
    return answer;
  };
  answers.push(await ask("tools/list"));
  await tool("list_workflows");
  const started = await tool("start_workflow", {
    workflow_name: "RELEASE",
    context: { target: "it" },
    request_id: "r",
  });
  const [id] = JSON.stringify(started).match(/run_[a-z0-9]+/) ?? [];
  const report = (step_id: string, more: object = {}) => ({
    instance_id: id,
    report: { step_id, status: "success", ...more },
  });
  await tool("start_workflow", { workflow_name: "RELEASE", context: { target: "it" }, request_id: "r" });
  await tool("start_workflow", { workflow_name: "RELEASE", request_id: "r" });
  await tool("start_workflow", { workflow_name: "RELEAS" });
  await tool("start_workflow", { workflow_name: "BROKEN" });
  await tool("advance_workflow", report("1-build", { status: "in_progress", message: "half way" }));
  await tool("advance_workflow", report("1-build", { status: "failure", error: "no compiler" }));
  await tool("advance_workflow", report("1-build", { status: "failure" }));
  await tool("advance_workflow", report("1-build"));
  await tool("advance_workflow", {
    ...report("2-build", { status: "done" }),
    context_updates: { built: true, deep: { a: [1] } },
  });
  await tool("advance_workflow", report("3-test"));
  await tool("advance_workflow", report("3-test", { next_step: "Nowhere" }));
  await tool("advance_workflow", report("3-test", { message: "<what you saw>" }));
  await tool("advance_workflow", { instance_id: id, report: "not an object" });
  await tool("advance_workflow", { instance_id: id });
  await tool("advance_workflow", { ...report("3-test"), context_updates: { big: "x".repeat(70_000) } });
  await tool("advance_workflow", { ...report("3-test"), context_updates: JSON.parse('{"a":{"__proto__":{"b":1}}}') });
  await tool("advance_workflow", { ...report("3-test"), context_updates: { deep: nested(64) } });
  await tool("advance_workflow", { instance_id: "run_none", report: { step_id: "1-build", status: "success" } });
  await tool("resume_workflow");
  await tool("resume_workflow", { instance_id: id, assumed_current_step_name: "Build" });
  await tool("advance_workflow", report("3-test", { next_step: "Ship" }));
  await tool(
    "advance_workflow",
    report("4-ship", { result: { url: "https://example.test" }, details: "shipped ✓ ü 漢" }),
  );
  await tool("advance_workflow", report("4-ship"));
  await tool("advance_workflow", report("5-more"));
  await tool("get_workflow_status", { instance_id: id });
  await tool("get_workflow_status", { instance_id: id, history_limit: 2, keys: ["target"] });
  await tool("get_workflow_status", { instance_id: id, history_limit: 5_000 });
  await tool("list_instances");
  await tool("list_instances", { status: "NO_SUCH" });
  await tool("resume_workflow", { instance_id: id });
  await tool("no_such_tool");
  answers.push(await ask("no/such/method"), await ask("tools/call", { arguments: {} }));
  return answers;
}

/** Calls that fail for reasons that lie in the workflow, at the model or with the database. */
async function fail(ask: Ask, { db }: Place): Promise<unknown[]> {
  const answers: unknown[] = [];
  const tool = async (name: string, args: object) => {
    const answer = await ask("tools/call", { name, arguments: args });
    answers.push([name, args, answer]);
    return /run_[a-z0-9]+/.exec(JSON.stringify(answer))?.[0];
  };
  const instance_id = await tool("start_workflow", { workflow_name: "STRICT" });
  const report = (step_id: string, status = "success") => ({ instance_id, report: { step_id, status } });
  await tool("advance_workflow", report("1-count"));
  await tool("advance_workflow", { ...report("1-count"), context_updates: { count: "many" } });
  await tool("advance_workflow", { ...report("1-count"), context_updates: { count: "3" } });
  await tool("advance_workflow", report("2-prove"));
  await tool("advance_workflow", report("2-prove", "failure"));
  await tool("advance_workflow", report("3-turn"));
  await tool("advance_workflow", report("4-turn"));
  const judged = await tool("start_workflow", { workflow_name: "JUDGED" });
  await tool("advance_workflow", { instance_id: judged, report: { step_id: "1-one", status: "success" } });
  rmSync(db);
  await tool("get_workflow_status", { instance_id });
  await tool("start_workflow", { workflow_name: "STRICT" });
  return answers;
}

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { a: nested(levels - 1) };
}

/** Sends requests as they are, takes any result, and gives back errors of the protocol like answers. */
function asker(client: Client): Ask {
  return (method, params) =>
    client.request({ method, ...(params ? { params: { ...params } } : {}) }, z.looseObject({})).then(
      (result) => ({ result }),
      (error: Refused) => ({ error: [error.code, error.message.replace(/^MCP error -\d+: /, "")] }),
    );
}

/** The same without a session; what only that revision says of every result is left out. */
function bareAsker(request: (method: string, params: Record<string, unknown>) => Promise<Message>): Ask {
  return async (method, params = {}) => {
    const { result, error } = (await request(method, { ...params })) as Message & { error?: Refused };
    if (error) return { error: [error.code, error.message] };
    const { _meta, resultType, ttlMs, cacheScope, ...rest } = result;
    return { result: rest };
  };
}

const NAMED = { ...META, "io.modelcontextprotocol/clientInfo": { name: "test-client", version: "1.0" } };

interface Refused {
  code: number;
  message: string;
}

/** Ids, times and durations may differ. */
function comparable(answers: unknown[]): unknown {
  const text = JSON.stringify(answers)
    .replaceAll(/run_[a-z0-9]{6,}/g, "run_ID")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "TIME")
    .replaceAll(/\b\d+ (ms|s|seconds?)\b/g, "SPAN")
    .replaceAll(/\/[^ "]*state\.sqlite/g, "FILE");
  return JSON.parse(text);
}

/** Checks are looked at; the model that is to be asked is not there. */
const TROUBLE = {
  WORKFLOW_ALLOW_CHECKS: "1",
  AI_SERVICE_ENDPOINT: "http://127.0.0.1:1",
  AI_MODEL: "none",
  AI_ON_FAILURE: "error",
};

interface Place {
  db: string;
  env: Record<string, string>;
}

const newPlace = (env: Record<string, string> = {}): Place => ({ db: join(scratchDir(), "state.sqlite"), env });

function overStdio(place: Place): Promise<Ask> {
  return connect({ workflows, project, ...place }).then(({ client }) => asker(client));
}

const OTHER_WAYS: Record<string, (place: Place) => Promise<Ask>> = {
  HTTP: async (place) => {
    const { url } = await serveHttp({ workflows, args: ["--project", project], ...place });
    return asker((await connectHttp(url)).client);
  },
  "HTTP without a session": async (place) => {
    const { url } = await serveHttp({ workflows, args: ["--project", project], ...place });
    return bareAsker(
      async (method, params) =>
        (await (await fetch(url, requestOf(method, params, { meta: NAMED }))).json()) as Message,
    );
  },
  "stdio without a session": async ({ db, env }) => {
    const args = ["--db", db, "--project", project, "--workflows", workflows];
    const bare = startBare({ cwd: scratchDir(), args, env });
    return bareAsker((method, params) => bare.ask(method, { ...params, _meta: NAMED }));
  },
};

test.each(Object.entries(OTHER_WAYS))(
  "the same conversation over stdio and over %s gives the same answers",
  async (_way, open) => {
    const over = await converse(await overStdio(newPlace()));
    const said = JSON.stringify(over);
    for (const word of MUST_OCCUR) expect(said).toContain(word);
    expect(comparable(await converse(await open(newPlace())))).toEqual(comparable(over));
  },
);

test.each(Object.entries(OTHER_WAYS))("what fails is said over %s as over stdio", async (_way, open) => {
  const [place, other] = [newPlace(TROUBLE), newPlace(TROUBLE)];
  const over = await fail(await overStdio(place), place);
  const said = JSON.stringify(over);
  for (const word of MUST_FAIL) expect(said).toContain(word);
  expect(comparable(await fail(await open(other), other))).toEqual(comparable(over));
});

test("what a client is told of the server is the same", async () => {
  const stdio = await connect();
  const http = await connectHttp((await serveHttp()).url);
  for (const ask of ["getServerCapabilities", "getServerVersion", "getInstructions"] as const) {
    const told = stdio.client[ask]();
    expect(http.client[ask]()).toEqual(told);
    for (const open of Object.values(SESSIONLESS)) expect<unknown>((await open({})).client[ask]()).toEqual(told);
  }
});
