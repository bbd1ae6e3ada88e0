/** The executable as a process: how it ends, what it writes where, and that starting it changes nothing. */
import { expect, test } from "bun:test";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { slowModel } from "./support/slow-model.ts";
import { type Bare, type Exit, runBare, startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: {} }));
writeFiles(workflows, workflowFiles("JUDGED", { One: {}, Two: {} }));

const CLEAN: Exit = { code: 0, signal: null };

function serve(more: { env?: Record<string, string> } = {}): Bare & { db: string } {
  const db = join(scratchDir(), "state.sqlite");
  const args = ["serve", "--db", db, "--workflows", workflows];
  return { ...startBare({ cwd: scratchDir(), args, ...more }), db };
}

/** How the process ended, if it did so within two seconds. */
async function endOf({ exited }: Bare): Promise<Exit | "still running"> {
  return Promise.race([exited, Bun.sleep(2_000).then(() => "still running" as const)]);
}

const ENDINGS: [how: string, end: (bare: Bare) => void][] = [
  ["end of input", ({ child }) => void child.stdin.end()],
  ["SIGTERM", ({ child }) => void child.kill("SIGTERM")],
  ["SIGINT", ({ child }) => void child.kill("SIGINT")],
  ["SIGHUP", ({ child }) => void child.kill("SIGHUP")],
];

test.each(ENDINGS)("%s ends it with exit code 0 within two seconds, before the first call", async (_how, end) => {
  const bare = serve();
  await bare.shakeHands();
  end(bare);
  expect(await endOf(bare)).toEqual(CLEAN);
});

test.each(ENDINGS)("%s ends it with exit code 0 within two seconds, with its database open", async (_how, end) => {
  const bare = serve();
  await bare.shakeHands();
  await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "W" } });
  end(bare);
  expect(await endOf(bare)).toEqual(CLEAN);
  expect(readdirSync(join(bare.db, ".."))).toEqual(["state.sqlite"]);
});

test.each(ENDINGS)("%s lets the call in flight finish and answers it", async (_how, end) => {
  const model = slowModel();
  const bare = serve(model);
  const id = await askModel(bare);
  await model.called();
  end(bare);
  await Bun.sleep(100); // an ending that does not wait would be over by now
  model.go();
  expect(await endOf(bare)).toEqual(CLEAN);
  const answer = bare.messages().find((message) => message.id === id);
  expect(answer?.result?.structuredContent?.next_step?.step_id).toBe("2-two");
});

test("the end comes within two seconds even if a call hangs", async () => {
  const model = slowModel();
  const bare = serve(model);
  await askModel(bare);
  await model.called();
  bare.child.stdin.end();
  expect(await endOf(bare)).toEqual(CLEAN);
  model.go();
});

/** Reports a step that a model decides; resolves when the call is sent, to its id. */
async function askModel(bare: Bare) {
  await bare.shakeHands();
  const started = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "JUDGED" } });
  const { instance_id } = started.result.structuredContent;
  return bare.send("advance_workflow", { instance_id, report: { step_id: "1-one", status: "success" } });
}

test("everything that was sent before the end of input is answered, however fast it comes", async () => {
  for (let round = 0; round < 5; round++) {
    const bare = serve();
    const clientInfo = { name: "bare", version: "1.0" };
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    bare.write({ id: 1000, method: "initialize", params });
    bare.write({ method: "notifications/initialized" });
    const ids = Array.from({ length: 20 }, () => bare.send("start_workflow", { workflow_name: "W" }));
    bare.child.stdin.end();
    expect(await endOf(bare)).toEqual(CLEAN);
    expect(
      bare
        .messages()
        .map((message) => message.id)
        .sort(),
    ).toEqual([1000, ...ids].sort());
  }
});

test("a client that closes its end of the pipe ends it with exit code 0 at the next answer, which is kept", async () => {
  const bare = serve();
  await bare.shakeHands();
  bare.child.stdout.destroy();
  bare.send("start_workflow", { workflow_name: "W" });
  expect(await endOf(bare)).toEqual(CLEAN);
  const { stdout } = await runBare({ cwd: "/", args: ["instances", "--all", "--json", "--db", bare.db] });
  expect(JSON.parse(stdout).instances).toHaveLength(1);
});

test("nothing but JSON-RPC goes to stdout, and the log goes to stderr as JSON", async () => {
  const bare = serve({ env: { LOG_LEVEL: "debug" } });
  await bare.shakeHands();
  bare.child.stdin.write('this is no JSON\n\n{"jsonrpc":"2.0","id":"x","method":"no/such"}\n[]\n');
  await bare.ask("tools/list");
  await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "W" } });
  await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "NONE" } });
  await bare.ask("tools/call", { name: "no_such_tool", arguments: {} });
  bare.child.stdin.end();
  expect(await endOf(bare)).toEqual(CLEAN);
  for (const message of bare.messages()) expect(message).toMatchObject({ jsonrpc: "2.0" });
  const logged = bare
    .stderr()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(logged.length).toBeGreaterThan(0);
  for (const line of logged) expect(["debug", "info", "warn", "error"]).toContain(line.level);
});

test("starting has no side effects: no file and no directory before a call that needs the database", async () => {
  const [home, cwd] = [scratchDir(), scratchDir()];
  const bare = startBare({ cwd, env: { HOME: home, XDG_DATA_HOME: join(home, "data"), TMPDIR: home } });
  await bare.shakeHands();
  await bare.ask("tools/list");
  await bare.ask("tools/call", { name: "list_workflows", arguments: {} });
  expect({ home: readdirSync(home), cwd: readdirSync(cwd) }).toEqual({ home: [], cwd: [] });
  await bare.ask("tools/call", { name: "list_instances", arguments: {} });
  const db = join(home, "data", "workflow-orchestrator", "workflows.sqlite");
  expect(statSync(db).mode & 0o777).toBe(0o600);
  expect(readdirSync(cwd)).toEqual([]);
});

test("a client that probes, and goes without a word, leaves nothing behind", async () => {
  const [home, cwd] = [scratchDir(), scratchDir()];
  const { code, stdout, stderr } = await runBare({ cwd, env: { HOME: home } });
  expect({ code, stdout, stderr, home: readdirSync(home) }).toEqual({ code: 0, stdout: "", stderr: "", home: [] });
});

test("a server whose project is deleted under it still answers", async () => {
  const project = scratchDir();
  const db = join(scratchDir(), "state.sqlite");
  const bare = startBare({ cwd: project, args: ["--db", db, "--workflows", workflows] });
  await bare.shakeHands();
  const started = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "W" } });
  rmSync(project, { recursive: true });
  const resumed = await bare.ask("tools/call", { name: "resume_workflow", arguments: {} });
  expect(resumed.result.structuredContent.instance_id).toBe(started.result.structuredContent.instance_id);
});
