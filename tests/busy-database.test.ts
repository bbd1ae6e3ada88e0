/** A database that another process holds: calls wait, nothing else does, and the end of the process is not held up. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { createSqliteUpkeep } from "../src/sqlite/file-upkeep.ts";
import { watchFiles } from "../src/sqlite/files.ts";
import initial from "../src/sqlite/migrations/0001_initial.sql" with { type: "text" };
import { openDatabase } from "../src/sqlite/open.ts";
import { createSqliteStore } from "../src/sqlite/store.ts";
import { advance, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { startBare } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: { routes: ["otherwise → One"] } }),
);

/** How long a call is watched while it waits, in milliseconds. */
const WATCHED_MS = 300;

/** Takes what the statements take, as another process; returns the way to let go. */
function hold(db: string, ...statements: string[]): () => void {
  const rival = new Database(db);
  for (const sql of statements) rival.run(sql);
  return () => rival.close();
}

/** A database with one run, closed. */
async function closedDatabase(...statements: string[]): Promise<string> {
  const on = await connect({ workflows });
  await startRun(on, "W");
  await on.close();
  execute(on.db, statements);
  return on.db;
}

function execute(db: string, statements: string[]): void {
  const file = new Database(db);
  for (const sql of statements) file.run(sql);
  file.close();
}

/** A database as the first version made it. */
async function oldDatabase(): Promise<string> {
  const db = join(scratchDir(), "state.sqlite");
  const ours = `PRAGMA application_id = ${0x57664f72}`;
  execute(db, ["PRAGMA journal_mode = WAL", initial, ours, "PRAGMA user_version = 1"]);
  return db;
}

const WRITE_LOCK = ["BEGIN IMMEDIATE"];
const WHOLE_FILE = ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"];

const OPENINGS: Record<string, { make: () => Promise<string>; held: string[] }> = {
  "a new file that another process makes": { make: async () => join(scratchDir(), "state.sqlite"), held: WHOLE_FILE },
  "a file that is not in WAL mode yet": {
    make: () => closedDatabase("PRAGMA journal_mode = DELETE"),
    held: ["BEGIN EXCLUSIVE"],
  },
  "a file that another process keeps for itself": { make: closedDatabase, held: WHOLE_FILE },
  "a file that is to be migrated": { make: oldDatabase, held: WRITE_LOCK },
};

for (const [what, { make, held }] of Object.entries(OPENINGS)) {
  test(`the first calls wait for ${what}, and ping is answered`, async () => {
    const db = await make();
    const letGo = hold(db, ...held);
    const on = await connect({ workflows, db });
    let answered = 0;
    const calls = ["list_instances", "list_instances", "resume_workflow"].map((tool) =>
      on.call(tool, { all_projects: true }).finally(() => answered++),
    );
    for (const until = Date.now() + WATCHED_MS; Date.now() < until; ) {
      const sent = performance.now();
      await on.client.ping();
      expect(performance.now() - sent).toBeLessThan(1_000);
    }
    expect(answered).toBe(0);
    letGo();
    for (const told of await Promise.all(calls))
      expect(told.data.error_code ?? "answered").not.toContain("PERSISTENCE");
    await startRun(on, "W");
  });
}

test("while the write lock is held, /health, ping and reads are answered, calls that write wait, and are answered then", async () => {
  const server = await serveHttp({ workflows });
  const { call, client } = await connectHttp(server.url);
  const runs = await Promise.all([1, 2, 3].map(() => startRun({ call }, "W")));
  const letGo = hold(server.db, ...WRITE_LOCK);
  let answered = 0;
  const calls = runs.map((run) => advance({ call }, run).finally(() => answered++));
  for (const until = Date.now() + WATCHED_MS; Date.now() < until; ) {
    const sent = performance.now();
    await Promise.all([client.ping(), fetch(new URL("/health", server.url)), statusOf({ call }, runs[0]?.id ?? "")]);
    expect(performance.now() - sent).toBeLessThan(1_000);
  }
  expect(answered).toBe(0);
  letGo();
  for (const told of await Promise.all(calls)) expect(told.data.next_step).toMatchObject({ step_id: "2-two" });
});

test.each(["SIGTERM", "end of input"])(
  "%s ends the wait: the calls are refused, and the process is gone",
  async (end) => {
    const project = scratchDir();
    const on = await connect({ workflows, project });
    const run = await startRun(on, "W");
    await on.close();
    const letGo = hold(on.db, ...WRITE_LOCK);
    const bare = startBare({ cwd: project, args: ["--db", on.db, "--workflows", workflows] });
    await bare.shakeHands();
    const report = { step_id: run.stepId, status: "success" };
    const ids = [1, 2, 3].map(() => bare.send("advance_workflow", { instance_id: run.id, report }));
    await bare.ask("ping");
    const told = performance.now();
    if (end === "SIGTERM") bare.child.kill("SIGTERM");
    else bare.child.stdin.end();
    expect(await bare.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - told).toBeLessThan(2_000);
    for (const id of ids) {
      const { structuredContent } = bare.messages().find((message) => message.id === id)?.result ?? {};
      expect(structuredContent).toMatchObject({ error_code: "PERSISTENCE_ERROR", retryable: true });
    }
    letGo();
  },
);

const COMMANDS = [
  ["prune", "--older-than", "30d"],
  ["doctor", "--workflows", workflows],
];

for (const [command = "", ...args] of COMMANDS) {
  test(`${command} waits for the write lock; SIGTERM ends the wait`, async () => {
    const db = await closedDatabase(
      "UPDATE instances SET status = 'FAILED', completed_at = '2020-01-01T00:00:00.000Z'",
    );
    const letGo = hold(db, ...WRITE_LOCK);
    const start = () => Bun.spawn([EXECUTABLE, command, ...args, "--db", db], { cwd: scratchDir(), stderr: "pipe" });
    const [stopped, patient] = [start(), start()];
    await Bun.sleep(WATCHED_MS);
    expect([stopped.exitCode, patient.exitCode]).toEqual([null, null]);
    const told = performance.now();
    stopped.kill("SIGTERM");
    expect(await stopped.exited).toBe(1);
    expect(performance.now() - told).toBeLessThan(2_000);
    letGo();
    expect(await patient.exited).toBe(0);
  });
}

test("backup does not wait for a writer, and is whole", async () => {
  const db = await closedDatabase();
  const letGo = hold(db, ...WRITE_LOCK, "UPDATE instances SET visit = 7");
  const copy = join(scratchDir(), "copy.sqlite");
  await createSqliteUpkeep(db, createBusyWait(0)).backup(copy);
  letGo();
  const file = new Database(copy);
  expect(file.query("SELECT visit FROM instances").get()).toEqual({ visit: 1 });
  file.close();
});

test("a group that waited too long fails as one and leaves nothing; the next write is taken", async () => {
  const path = await closedDatabase();
  const busy = createBusyWait(50);
  const db = await openDatabase(path, busy);
  const store = createSqliteStore(db, { path, busy, files: watchFiles(path) });
  const [one] = await store.list({ project: null, limit: 1 });
  const instance = await store.load(one?.instance_id ?? "");
  if (!instance) throw new Error("not found");
  const change = { instance: { ...instance, context: { changed: true } }, entries: [] };
  const letGo = hold(path, ...WRITE_LOCK);
  const began = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => store.commit(change)));
  expect(performance.now() - began).toBeWithin(50, 1_000);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ reason: { code: "PERSISTENCE_ERROR", retryable: true } });
  }
  letGo();
  expect((await store.load(instance.instance_id))?.context).toEqual({});
  expect(await store.commit(change)).toBe(true);
  await store.close();
});

test("a read that finds the database held waits, and is answered", async () => {
  const path = await closedDatabase("PRAGMA journal_mode = DELETE"); // in this mode alone a lock can stop readers
  const busy = createBusyWait();
  const store = createSqliteStore(new Database(path, { strict: true }), { path, busy, files: watchFiles(path) });
  const letGo = hold(path, "BEGIN EXCLUSIVE");
  const reads = Array.from({ length: 20 }, () => store.list({ project: null, limit: 1 }));
  await Bun.sleep(50);
  letGo();
  for (const found of await Promise.all(reads)) expect(found).toHaveLength(1);
  await store.close();
});

test("an open file of which log or index was removed is refused to who opens it, with what to do", async () => {
  const on = await connect({ workflows });
  await startRun(on, "W");
  rmSync(`${on.db}-shm`);
  await expect(openDatabase(on.db, createBusyWait(0))).rejects.toMatchObject({
    code: "PERSISTENCE_ERROR",
    hint: expect.stringContaining("restart all servers"),
  });
});
