/** `orchestrator doctor`: what it finds wrong, what it says to do about it, and its exit code. */
import { describe, expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Behaviour,
  chooses,
  fails,
  failsBriefly,
  page,
  says,
  startEndpoint,
  takesOnly,
} from "./support/endpoint.ts";
import { closing, endpointThat, judged, modelEnv } from "./support/model-run.ts";
import { runBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const doctor = (env: Record<string, string> = {}, ...args: string[]) => {
  const cwd = scratchDir();
  return runBare({ cwd, args: ["doctor", ...args], env: { HOME: cwd, XDG_DATA_HOME: "", ...env } });
};

/** Definitions that are read sooner than the built-in ones, if it is not about them. */
const FEW = ["--workflows", judged()];

/** The line about one thing, and the advice below it. */
function about(stdout: string, what: string): { line: string; todo: string } {
  const lines = stdout.split("\n");
  const at = lines.findIndex((line) => line.includes(` ${what}: `));
  const next = lines[at + 1] ?? "";
  return { line: lines[at] ?? "", todo: next.startsWith("  →") ? next : "" };
}

describe("when all is well", () => {
  test("without a model: exit code 0, and it says who decides", async () => {
    const { code, stdout, stderr } = await doctor();
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/^✓ /gm)).toHaveLength(6);
    expect(stdout).not.toMatch(/✗|→/);
    expect(about(stdout, "person").line).toContain("no PIN is set");
    expect(about(stdout, "model").line).toContain("agent decides");
  });

  test("with a model: a real decision, with model, form, time and tokens", async () => {
    const endpoint = endpointThat(takesOnly(["json_object"], chooses("Deploy")));
    const { code, stdout } = await doctor(modelEnv(endpoint), "--workflows", judged());
    expect(code).toBe(0);
    expect(about(stdout, "definitions").line).toContain("1 workflow");
    expect(about(stdout, "model").line).toMatch(/^✓.*fake-model.*json_object.* ms.*1200.*34/);
    expect(about(stdout, "settings").line).toContain(endpoint.url);
    expect(stdout).not.toContain("sk-test-key");
    expect(endpoint.chats()).toHaveLength(2);
  });

  test("--json prints the findings as data and nothing else", async () => {
    const { code, stdout } = await doctor(modelEnv(endpointThat(chooses("Deploy"))), "--json");
    expect(code).toBe(0);
    const findings: { what: string; ok: boolean }[] = JSON.parse(stdout);
    expect(findings.map(({ what, ok }) => [what, ok])).toEqual([
      ["settings", true],
      ["definitions", true],
      ["checks", true],
      ["database", true],
      ["person", true],
      ["model", true],
    ]);
  });
});

const BAD: [what: string, behaviour: Behaviour, found: RegExp][] = [
  ["a wrong key", fails(401, {}, "Incorrect API key: sk-test-key"), /401 Incorrect API key/],
  ["a wrong path", fails(404), /404/],
  ["an unknown model", fails(404, {}, "The model `fake-model` does not exist"), /`fake-model` does not exist/],
  ["an overloaded endpoint", failsBriefly(503), /503/],
  ["a web page", page, /cannot|could not/],
  ["prose", says("Deploy, I would say."), /JSON/],
  ["a model that judges badly", chooses("Repair"), /"Repair".*"Deploy"/],
];

describe("a bad endpoint", () => {
  test.each(BAD)("%s: exit code 1, what was found, and what to do", async (_what, behaviour, found) => {
    const advice: string[] = [];
    for (const AI_ON_FAILURE of ["agent", "error"]) {
      const { code, stdout, stderr } = await doctor(modelEnv(endpointThat(behaviour), { AI_ON_FAILURE }), ...FEW);
      expect(code).toBe(1);
      expect(stdout.match(/^✓ /gm)).toHaveLength(5);
      const { line, todo } = about(stdout, "model");
      expect(line).toMatch(/^✗/);
      expect(line).toMatch(found);
      expect(line).not.toContain("report is kept");
      expect(todo).toMatch(/AI_(SERVICE_ENDPOINT|SERVICE_API_KEY|MODEL)/);
      expect(todo).not.toContain("doctor");
      expect(stdout + stderr).not.toContain("sk-test-key");
      advice.push(todo);
    }
    expect(advice[0]).toBe(advice[1] ?? "");
  });

  test("nobody there", async () => {
    const gone = startEndpoint();
    await gone.close();
    const { code, stdout } = await doctor(modelEnv(gone), ...FEW);
    expect(code).toBe(1);
    expect(about(stdout, "model").line).toMatch(/^✗.*connect/i);
    expect(about(stdout, "model").todo).toContain("AI_SERVICE_ENDPOINT");
  });

  test("several models and none chosen: their names", async () => {
    const endpoint = closing(startEndpoint([chooses("Deploy")], ["qwen-3", "llama-3"]));
    const { code, stdout } = await doctor(modelEnv(endpoint, { AI_MODEL: "" }), ...FEW);
    expect(code).toBe(1);
    expect(about(stdout, "model").line).toMatch(/qwen-3, llama-3/);
    expect(about(stdout, "model").todo).toContain("AI_MODEL");
  });
});

describe("the rest", () => {
  test("a setting that is wrong ends it there: exit code 1, and which", async () => {
    const { code, stdout } = await doctor({ AI_ON_FAILURE: "shrug" });
    expect(code).toBe(1);
    expect(about(stdout, "settings").line).toMatch(/^✗.*AI_ON_FAILURE.*"shrug"/);
    expect(about(stdout, "settings").todo).toContain("agent, error");
    expect(stdout.match(/^[✓✗] /gm)).toHaveLength(1);
  });

  test("a broken definition: which, and how to see what is wrong; the rest is looked at all the same", async () => {
    const workflows = scratchDir();
    writeFiles(workflows, { ...workflowFiles("GOOD", { A: {} }), ...workflowFiles("BROKEN", { A: {} }) });
    writeFileSync(join(workflows, "BROKEN/steps/a.md"), "# Client Instructions\n\nNo guidance.\n");
    const { code, stdout } = await doctor({}, "--workflows", workflows);
    expect(code).toBe(1);
    const { line, todo } = about(stdout, "definitions");
    expect(line).toMatch(/^✗.*BROKEN/);
    expect(line).not.toContain("GOOD");
    expect(todo).toContain("orchestrator validate BROKEN");
    expect(stdout.match(/^✓ /gm)).toHaveLength(5);
    const [, command] = /orchestrator (.+)$/.exec(todo) ?? [];
    const validated = await runBare({
      cwd: workflows,
      args: [...String(command).trim().split(" "), "--workflows", workflows],
    });
    expect(validated.stdout + validated.stderr).toContain("a.md");
  });

  test("no definitions at all", async () => {
    const { code, stdout } = await doctor({}, "--workflows", scratchDir());
    expect(code).toBe(1);
    expect(about(stdout, "definitions").line).toMatch(/^✗/);
    expect(about(stdout, "definitions").todo).toContain("--workflows");
  });

  test("a database that is no database: which file, and what to do", async () => {
    const db = join(scratchDir(), "state.sqlite");
    writeFileSync(db, "this is a letter to my aunt, and no database at all\n".repeat(100));
    const { code, stdout } = await doctor({}, "--db", db, ...FEW);
    expect(code).toBe(1);
    const { line, todo } = about(stdout, "database");
    expect(line).toMatch(/^✗/);
    expect(line + todo).toContain(db);
    expect(todo).not.toBe("");
    expect(stdout.match(/^✓ /gm)).toHaveLength(4);
  });

  test("a database that other users may open is made private", async () => {
    const db = join(scratchDir(), "state.sqlite");
    expect((await doctor({}, "--db", db, ...FEW)).code).toBe(0);
    chmodSync(db, 0o644);
    expect((await doctor({}, "--db", db, ...FEW)).code).toBe(0);
    expect(statSync(db).mode & 0o777).toBe(0o600);
  });
});
