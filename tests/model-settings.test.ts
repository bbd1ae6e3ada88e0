/** The model's settings: what turns it on, which model it is, and what stops the start. */
import { describe, expect, test } from "bun:test";
import { readConfig } from "../src/config.ts";
import { chooses, startEndpoint } from "./support/endpoint.ts";
import { closing, endpointThat, startModelRun } from "./support/model-run.ts";
import { runBare } from "./support/stdio.ts";
import { scratchDir } from "./support/workspace.ts";

const INVALID: [name: string, value: string, allowed: RegExp][] = [
  ["AI_SERVICE_ENDPOINT", "not a url", /http/],
  ["AI_SERVICE_ENDPOINT", "localhost:11434/v1", /http/],
  ["AI_SERVICE_ENDPOINT", "ftp://localhost/v1", /http/],
  ["AI_SERVICE_ENDPOINT", "http://", /http/],
  ["AI_REQUEST_TIMEOUT_MS", "soon", /whole number|millisecond/],
  ["AI_REQUEST_TIMEOUT_MS", "0", /1 to/],
  ["AI_REQUEST_TIMEOUT_MS", "-5", /1 to/],
  ["AI_REQUEST_TIMEOUT_MS", "1.5", /whole number/],
  ["AI_REQUEST_TIMEOUT_MS", "30s", /whole number/],
  ["AI_REQUEST_TIMEOUT_MS", "99999999999", /to \d+/],
  ["AI_ON_FAILURE", "ignore", /agent, error/],
  ["AI_ON_FAILURE", "Agent", /agent, error/],
];

describe("an invalid value stops the start", () => {
  test.each(INVALID)("%s = '%s': named with its value and what is allowed", async (name, value, allowed) => {
    const { code, stdout, stderr } = await runBare({ cwd: scratchDir(), args: ["serve"], env: { [name]: value } });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(name);
    expect(stderr).toContain(`"${value}"`);
    expect(stderr).toMatch(allowed);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
  });
});

describe("the settings", () => {
  const settings = (env: Record<string, string>) => readConfig({}, env).model;

  test("neither endpoint nor key: no model; an empty variable counts as unset", () => {
    expect(settings({})).toBeNull();
    expect(settings({ AI_MODEL: "some", AI_ON_FAILURE: "error" })).toBeNull();
    expect(settings({ AI_SERVICE_ENDPOINT: "", AI_SERVICE_API_KEY: "", AI_REQUEST_TIMEOUT_MS: "" })).toBeNull();
  });

  test("a key alone means OpenAI's own endpoint; an endpoint alone needs no key", () => {
    const defaults = { model: null, timeoutMs: 30_000 };
    const key = settings({ AI_SERVICE_API_KEY: "sk-1" });
    expect(key).toEqual({ ...defaults, endpoint: "https://api.openai.com/v1", apiKey: "sk-1" } as typeof key);
    const local = settings({ AI_SERVICE_ENDPOINT: "http://localhost:11434/v1/" });
    expect(local).toEqual({ ...defaults, endpoint: "http://localhost:11434/v1", apiKey: null } as typeof local);
  });
});

describe("without AI_MODEL", () => {
  const unnamed = { AI_MODEL: "" };
  const listing = (...models: string[]) => closing(startEndpoint([chooses("Test")], models));

  test("an endpoint that lists exactly one model uses it, and is asked for it once", async () => {
    const endpoint = listing("llama-3-8b");
    const run = await startModelRun(endpoint, { env: unnamed });
    expect(endpoint.asked).toEqual([]);
    expect((await run.report()).data.decision.decided_by).toBe("model");
    endpoint.behave(chooses("Deploy"));
    await run.report();
    expect((await run.last()).decision?.model?.name).toBe("llama-3-8b");
    expect(endpoint.chats().map((each) => each.body.model)).toEqual(["llama-3-8b", "llama-3-8b"]);
    expect(endpoint.asked.map((each) => each.path)).toEqual([
      "/v1/models",
      "/v1/chat/completions",
      "/v1/chat/completions",
    ]);
  });

  test.each([[["llama-3-8b", "qwen-3", "mistral"]], [[]]])(
    "one that lists %j is an error that names them",
    async (names) => {
      const endpoint = listing(...names);
      const run = await startModelRun(endpoint, { env: unnamed });
      const told = await run.report({ details: "built" });
      const note = told.data.decision_required.notes.join();
      for (const name of [...names, "AI_MODEL"]) expect(note).toContain(name);
      expect(endpoint.chats()).toEqual([]);
      expect((await run.status()).pending_report?.report).toMatchObject({ details: "built" });
    },
  );

  test("one that lists none because it has no such page is told apart", async () => {
    const answer = () => new Response("404 page not found", { status: 404 });
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
    closing({ close: () => server.stop(true) });
    const run = await startModelRun({ url: `http://127.0.0.1:${server.port}/v1` }, { env: unnamed });
    const note = (await run.report()).data.decision_required.notes.join();
    expect(note).toContain("404");
    expect(note).toContain("AI_MODEL");
  });

  test("one that lists nonsense does no harm", async () => {
    for (const listed of ["null", "{}", '{"data":[{}]}', '{"data":"x"}']) {
      const json = { headers: { "content-type": "application/json" } };
      const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(listed, json) });
      closing({ close: () => server.stop(true) });
      const run = await startModelRun({ url: `http://127.0.0.1:${server.port}/v1` }, { env: unnamed });
      const told = await run.report();
      expect(told.data.decision_required.notes.join()).toContain("AI_MODEL");
      expect(told.text).not.toMatch(/undefined|is not an object/);
    }
  });
});

test("starting asks nothing: no request before the first decision", async () => {
  const endpoint = endpointThat(chooses("Test"));
  const run = await startModelRun(endpoint);
  await run.on.call("list_workflows");
  await run.on.call("resume_workflow", {});
  await run.status();
  expect(endpoint.asked).toEqual([]);
});
