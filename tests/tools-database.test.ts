/** If the database refuses or another writer is first, the error says so, and nothing is changed. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { advance, expectError, expectRefused, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: { routes: ["otherwise → One"] } }),
  ...workflowFiles("CHOICE", { One: {}, Two: {} }),
});

async function refusedBy(db: string): Promise<Told> {
  const on = await connect({ workflows, db });
  const before = readFileSync(db);
  const told = expectError(await on.call("start_workflow", { workflow_name: "W" }), "PERSISTENCE_ERROR");
  expect(expectError(await on.call("list_instances"), "PERSISTENCE_ERROR").text).toContain(db);
  expect(readFileSync(db).equals(before)).toBe(true);
  expect((await on.call("list_workflows")).isError).toBe(false);
  return told;
}

test("a file that is no database is PERSISTENCE_ERROR, is named, and is left as it was", async () => {
  const db = join(scratchDir(), "notes.txt");
  writeFileSync(db, "my notes, not a database\n".repeat(100));
  const told = await refusedBy(db);
  expect(told.text).toContain(db);
  expect(told.data.hint).toContain("--db");
});

test("another program's database is PERSISTENCE_ERROR and is not written to", async () => {
  const db = join(scratchDir(), "photos.sqlite");
  const theirs = new Database(db);
  theirs.run("CREATE TABLE photos (name TEXT)");
  theirs.close();
  expect((await refusedBy(db)).data.message).toContain("another program");
});

test("a database of a newer version is PERSISTENCE_ERROR and says which versions", async () => {
  const on = await connect({ workflows });
  await startRun(on, "W");
  await on.close();
  const file = new Database(on.db);
  file.run("PRAGMA wal_checkpoint(TRUNCATE)");
  file.run("PRAGMA user_version = 99");
  file.close();
  const told = await refusedBy(on.db);
  expect(told.data.message).toContain("99");
  expect(told.data.hint).toContain("newer");
});

test("a database that cannot be made is PERSISTENCE_ERROR, retryable, and the server goes on once it can", async () => {
  const db = join(scratchDir(), "state", "runs.sqlite");
  const on = await connect({ workflows, db });
  writeFileSync(dirname(db), "a file in the way");
  const told = expectError(await on.call("start_workflow", { workflow_name: "W" }), "PERSISTENCE_ERROR");
  expect(told.data.retryable).toBe(true);
  expect(told.text).toContain(db);
  rmSync(dirname(db));
  expect((await startRun(on, "W")).told.data.status).toBe("RUNNING");
});

test("directories and the file are made at the first call that needs them, for this user alone", async () => {
  const db = join(scratchDir(), "deep", "er", "state.sqlite");
  const on = await connect({ workflows, db });
  await on.call("list_workflows");
  expect(statSync(join(db, "../.."), { throwIfNoEntry: false })).toBeUndefined();
  await startRun(on, "W");
  for (const suffix of ["", "-wal", "-shm"]) expect(statSync(`${db}${suffix}`).mode & 0o777).toBe(0o600);
  expect(statSync(join(db, "..")).mode & 0o777).toBe(0o700);
});

/** Holds the write lock while `call` is under way, then changes the row as another writer would. */
async function overtaken(on: Connection, id: string, call: () => Promise<Told>): Promise<Told> {
  const rival = new Database(on.db);
  try {
    for (let hold = 100; hold <= 3_200; hold *= 2) {
      rival.run("BEGIN IMMEDIATE");
      const answer = call();
      await Bun.sleep(hold); // until the server has read the row; there is no event to wait for
      rival.run("UPDATE instances SET version = version + 1 WHERE instance_id = ?", [id]);
      rival.run("COMMIT");
      const told = await answer;
      if (told.isError) return told;
    }
    throw new Error("the server never read before the rival wrote");
  } finally {
    rival.close();
  }
}

test("if another writer moves the run in between, a note is CONFLICT, retryable, and counts when sent again", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE");
  const note = () => advance(on, run, { status: "in_progress", details: "half" });
  const told = expectError(await overtaken(on, run.id, note), "CONFLICT");
  expect(told.data).toMatchObject({ retryable: true });
  expect(told.text).toContain("changed nothing");
  const noted = (await statusOf(on, run.id)).history_total;
  expect((await note()).isError).toBe(false);
  expect((await statusOf(on, run.id)).history_total).toBe(noted + 1);
});

test("a report that loses to another writer is CONFLICT while its visit is undecided, and nothing of it is kept", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE");
  let attempt = 0;
  const said = () => advance(on, run, { details: `attempt ${++attempt}`, updates: { attempt } });
  expectError(await overtaken(on, run.id, said), "CONFLICT");
  expect((await statusOf(on, run.id)).context["attempt"] ?? 0).toBe(attempt - 1);
  expect((await advance(on, run, { next_step: "Two", updates: { attempt } })).data.current_context).toEqual({
    attempt,
  });
});

test("two processes that end one visit at the same moment: one decides, the others get its decision or STALE_REPORT", async () => {
  const on = await connect({ workflows });
  const other = await connect({ workflows, db: on.db, project: on.project });
  const { id } = await startRun(on, "W");
  for (let visit = 1; visit <= 20; visit++) {
    const stepId = `${visit}-${visit % 2 ? "one" : "two"}`;
    const said = [
      advance(on, { id, stepId }, { details: "a" }),
      advance(other, { id, stepId }, { details: "b" }),
      advance(on, { id, stepId }, { status: "failure", error: "c" }),
      advance(other, { id, stepId }, { status: "failure", error: "d" }),
    ];
    const told = await Promise.all(said);
    const outcomes = told.map(({ isError, data }) => (isError ? data.error_code : data.replayed ? "replayed" : "won"));
    expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === "STALE_REPORT")).toHaveLength(2);
    expect(outcomes.filter((outcome) => outcome === "replayed")).toHaveLength(1);
  }
  const { history, visit } = await statusOf(on, id);
  expect({ visit, entries: history.length }).toEqual({ visit: 21, entries: 20 });
});

test("a run that a later version suspended or failed is answered as such, and takes no report", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "W");
  const file = new Database(on.db);
  const since = new Date().toISOString();
  const turn = { of: "person", kind: "approval", since, message: "Deploy needs a person's approval" };
  file.run("UPDATE instances SET status = 'SUSPENDED', turn = ?", [JSON.stringify(turn)]);
  const told = await expectRefused(on, run.id, () => advance(on, run), "INSTANCE_SUSPENDED");
  expect(told.text).toContain("Deploy needs a person's approval");
  const resumed = await on.call("resume_workflow", { instance_id: run.id });
  expect(resumed.data).toMatchObject({ status: "SUSPENDED", next_step: null, waiting_for: { kind: "approval" } });
  expect(resumed.text).toContain("SUSPENDED · Deploy needs a person's approval");
  expect(resumed.text).toContain("do not poll");
  for (const status of ["FAILED", "CANCELLED"]) {
    file.run("UPDATE instances SET status = ?, turn = NULL", [status]);
    await expectRefused(on, run.id, () => advance(on, run), "INSTANCE_FINAL");
    const ended = await on.call("resume_workflow", { instance_id: run.id });
    expect(ended.data).toMatchObject({ status, next_step: null });
    expect(ended.text).toContain(`${status} · W · `);
  }
  file.close();
});

test("a row that another program damaged is PERSISTENCE_ERROR; other runs go on", async () => {
  const on = await connect({ workflows });
  const [damaged, whole] = [await startRun(on, "W"), await startRun(on, "W")];
  const file = new Database(on.db);
  file.run("UPDATE instances SET context = '{\"half\":' WHERE instance_id = ?", [damaged.id]);
  file.close();
  expectError(await advance(on, damaged), "PERSISTENCE_ERROR");
  expectError(await on.call("get_workflow_status", { instance_id: damaged.id }), "PERSISTENCE_ERROR");
  expect((await advance(on, whole)).isError).toBe(false);
});

test("the 10,000th visit is the last of a run: it can be finished, and nothing else may follow", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "CHOICE");
  const file = new Database(on.db);
  file.run("UPDATE instances SET visit = 10000 WHERE instance_id = ?", [run.id]);
  file.close();
  const last = { id: run.id, stepId: "10000-one" };
  const told = await expectRefused(on, run.id, () => advance(on, last, { next_step: "Two" }), "INVALID_INPUT");
  expect(told.text).toContain("10000 visits");
  expect((await advance(on, last, { next_step: "FINISH", details: "enough" })).data.status).toBe("COMPLETED");
});
