/** What stands at the database's path, or is done to its files while servers use them: noticed, said, and nothing is lost. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { createLazyStore } from "../src/sqlite/lazy-store.ts";
import { advance, expectError, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { make, movedTo } from "./support/store-cases.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(
  workflows,
  workflowFiles("W", { One: { routes: ["otherwise → Two"] }, Two: { routes: ["otherwise → One"] } }),
);

const stepIdAt = (visit: number) => `${visit}-${visit % 2 ? "one" : "two"}`;

/** Things that are no files, and how each comes to stand there. */
const NO_FILES: Record<string, (path: string) => void> = {
  "a directory": (path) => mkdirSync(path),
  "a pipe": (path) => Bun.spawnSync(["mkfifo", path]),
  "a device": (path) => symlinkSync("/dev/null", path),
};

for (const [what, make] of Object.entries(NO_FILES)) {
  test(`--db on ${what} is refused in words, by a call and by doctor`, async () => {
    const db = join(scratchDir(), "state");
    const on = await connect({ workflows, db });
    make(db);
    const told = expectError(await on.call("start_workflow", { workflow_name: "W" }), "PERSISTENCE_ERROR");
    expect(told.data.message).toMatch(/is a (directory|pipe, socket or device), not a file; nothing was changed/);
    expect(told.data.hint).toContain("--db");
    const { stdout, exitCode } = Bun.spawnSync([EXECUTABLE, "doctor", "--db", db], { cwd: scratchDir() });
    expect({ exitCode, out: `${stdout}` }).toMatchObject({ exitCode: 1, out: expect.stringContaining("not a file") });
    rmSync(db, { recursive: true });
    await startRun(on, "W");
  });
}

test("an existing database that others may read is made private, its log and index too", async () => {
  const on = await connect({ workflows });
  await startRun(on, "W");
  await on.kill(); // log and index stay
  const suffixes = ["", "-wal", "-shm"];
  for (const suffix of suffixes) chmodSync(`${on.db}${suffix}`, 0o644);
  const again = await connect({ workflows, db: on.db, project: on.project });
  await again.call("list_instances");
  for (const suffix of suffixes) expect(statSync(`${on.db}${suffix}`).mode & 0o777).toBe(0o600);
});

test("a server whose file a newer version has changed meanwhile says what to do, and changes nothing", async () => {
  const on = await connect({ workflows });
  const run = await startRun(on, "W");
  const newer = new Database(on.db);
  newer.run("ALTER TABLE instances RENAME COLUMN turn TO turn_of_later");
  newer.close();
  const told = expectError(await advance(on, run), "PERSISTENCE_ERROR");
  expect(told.text).toContain("nothing was changed");
  expect(told.data).toMatchObject({ retryable: false, hint: expect.stringContaining("restart this server") });
});

test("a database behind a link is served to several, and a removed log is noticed there too", async () => {
  const { one, two, id } = await twoServers();
  const link = join(scratchDir(), "link.sqlite");
  symlinkSync(one.db, link);
  const linked = await connect({ workflows, db: link, project: one.project });
  await advance(linked, { id, stepId: stepIdAt(6) });
  for (const suffix of ["-wal", "-shm"]) rmSync(`${one.db}${suffix}`);
  const waiting = advance(linked, { id, stepId: stepIdAt(7) });
  await linked.client.ping();
  await Promise.all([one.close(), two.close()]);
  expect((await waiting).data.next_step).toMatchObject({ visit: 8 });
  expect(await statusOf(linked, id)).toMatchObject({ visit: 8, history_total: 7 });
});

test("another program's database keeps its mode", async () => {
  const db = join(scratchDir(), "photos.sqlite");
  const theirs = new Database(db);
  theirs.run("CREATE TABLE photos (name TEXT)");
  theirs.close();
  chmodSync(db, 0o644);
  const on = await connect({ workflows, db });
  expectError(await on.call("list_instances"), "PERSISTENCE_ERROR");
  expect(statSync(db).mode & 0o777).toBe(0o644);
});

/** Two servers that have made five visits of one run, in turns. */
async function twoServers(): Promise<{ one: Connection; two: Connection; id: string }> {
  const one = await connect({ workflows });
  const two = await connect({ workflows, db: one.db, project: one.project });
  const { id } = await startRun(one, "W");
  for (let visit = 1; visit <= 5; visit++) await advance(visit % 2 ? one : two, { id, stepId: stepIdAt(visit) });
  return { one, two, id };
}

function expectWhole(db: string): void {
  const file = new Database(db);
  expect(file.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  file.close();
}

for (const removed of [["-shm"], ["-wal"], ["-wal", "-shm"]]) {
  test(`${removed.join(" and ")} removed under two servers, a third starts: it waits until both have noticed, and nothing is lost`, async () => {
    const { one, two, id } = await twoServers();
    for (const suffix of removed) rmSync(`${one.db}${suffix}`);
    const three = await connect({ workflows, db: one.db, project: one.project });
    const reading = three.call("get_workflow_status", { instance_id: id });
    const first = advance(one, { id, stepId: stepIdAt(6) });
    await one.client.ping();
    const second = advance(two, { id, stepId: stepIdAt(6) });
    for (const told of await Promise.all([first, second])) expect(told.data.next_step).toMatchObject({ visit: 7 });
    expect((await reading).data.visit).toBeWithin(6, 8);
    for (const [index, on] of [three, two, one].entries()) {
      expect((await advance(on, { id, stepId: stepIdAt(7 + index) })).data.next_step).toMatchObject({
        visit: 8 + index,
      });
    }
    expect(await statusOf(three, id)).toMatchObject({ visit: 10, history_total: 9 });
    expectWhole(one.db);
  });

  test(`${removed.join(" and ")} removed under two servers that end: what they answered is there`, async () => {
    const { one, two, id } = await twoServers();
    for (const suffix of removed) rmSync(`${one.db}${suffix}`);
    const three = await connect({ workflows, db: one.db, project: one.project });
    const reading = statusOf(three, id);
    await Promise.all([one.close(), two.close()]);
    expect(await reading).toMatchObject({ visit: 6, history_total: 5 });
    expectWhole(one.db);
  });
}

test("a file that is removed after a call has read is noticed when the call writes", async () => {
  const path = join(scratchDir(), "state.sqlite");
  const busy = createBusyWait();
  const lazy = createLazyStore(path, busy);
  const store = await lazy.open();
  const instance = await make(store, "run_a");
  rmSync(`${path}-shm`);
  const change = movedTo("Two", instance);
  await expect(store.commit(change)).rejects.toMatchObject({ code: "PERSISTENCE_ERROR", retryable: true });
  const again = await lazy.open();
  expect(await again.load("run_a")).toEqual(instance);
  expect(await again.commit(change)).toBe(true);
  await lazy.close();
});

test("-shm removed and made anew by a program that wrote: all is refused until a restart, and both writers' work is kept", async () => {
  const { one, two, id } = await twoServers();
  rmSync(`${one.db}-shm`);
  const other = new Database(one.db);
  other.run(`UPDATE instances SET context = '{"theirs":1}'`);
  other.close();
  for (const on of [one, two, one]) {
    const told = expectError(await advance(on, { id, stepId: stepIdAt(6) }), "PERSISTENCE_ERROR");
    expect(told.data).toMatchObject({ retryable: false, hint: expect.stringContaining("Restart all servers") });
    expectError(await on.call("get_workflow_status", { instance_id: id }), "PERSISTENCE_ERROR");
  }
  await Promise.all([one.close(), two.close()]);
  const again = await connect({ workflows, db: one.db, project: one.project });
  expect(await statusOf(again, id)).toMatchObject({ visit: 6, history_total: 5, context: { theirs: 1 } });
  expectWhole(one.db);
});

test("a file that a newer version migrates under a running server: it writes nothing more and says to restart", async () => {
  const on = await connect({ workflows });
  const { id, stepId } = await startRun(on, "W");
  const newer = new Database(on.db);
  newer.run("PRAGMA user_version = 99");
  const calls = [
    ["advance_workflow", { instance_id: id, report: { step_id: stepId, status: "success" } }],
    ["start_workflow", { workflow_name: "W" }],
    ["cancel_workflow", { instance_id: id }],
  ] as const;
  for (const [tool, args] of calls) {
    const told = expectError(await on.call(tool, args), "PERSISTENCE_ERROR");
    expect(told.data.message).toContain("schema version 99");
    expect(told.data).toMatchObject({ retryable: false, hint: expect.stringContaining("Restart this server") });
  }
  expect(newer.query("SELECT COUNT(*) AS n, MAX(visit) AS visit FROM instances").get()).toEqual({ n: 1, visit: 1 });
  newer.close();
});
