/** What a disk can do to a server: each fault is PERSISTENCE_ERROR with a way out, and when it is gone the server serves. */
import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { advance, expectError, startRun, statusOf } from "./support/calls.ts";
import { type Connection, connect, type Told } from "./support/client.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("ROUND", { Left: { routes: ["otherwise → Right"] }, Right: { routes: ["otherwise → Left"] } }),
});

const stepIdAt = (visit: number) => `${visit}-${visit % 2 ? "left" : "right"}`;
const big = { details: "x".repeat(60_000) };

function expectRefusal(told: Told, db: string, hint: RegExp): void {
  expectError(told, "PERSISTENCE_ERROR");
  expect(told.data.message).toContain(db);
  expect(told.data.message).toContain("nothing was changed");
  expect(told.data.hint).toMatch(hint);
  expect(told.data.retryable).toBe(true);
}

/** Advances until the disk refuses; returns the number of visits that were answered, and the refusal. */
async function fillUp(on: Connection, id: string, most = 400): Promise<{ answered: number; told: Told }> {
  for (let visit = 1; visit <= most; visit++) {
    const told = await advance(on, { id, stepId: stepIdAt(visit) }, big);
    if (told.isError) return { answered: visit - 1, told };
  }
  throw new Error(`${most} large reports were taken: the disk was not full`);
}

/** The run holds what was answered and no half of what was refused, and goes on. */
async function expectGoesOn(on: Connection, id: string, answered: number): Promise<void> {
  const before = await statusOf(on, id);
  expect(before).toMatchObject({ visit: answered + 1, history_total: answered });
  expect((await advance(on, { id, stepId: stepIdAt(answered + 1) })).isError).toBe(false);
  expect(await statusOf(on, id)).toMatchObject({ visit: answered + 2, history_total: answered + 1 });
  const file = new Database(on.db, { readonly: true });
  expect(file.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  file.close();
}

const mounts: string[] = [];
afterAll(() => {
  for (const path of mounts) {
    Bun.spawnSync(["umount", "-l", path]);
    rmSync(path, { recursive: true });
  }
});

/** A file system of that many kB of its own; null, and said so, if this user may not mount. */
function smallDisk(kilobytes: number): string | null {
  const path = mkdtempSync(join(tmpdir(), "orchestrator-disk-"));
  const size = `size=${kilobytes}k`;
  const made = Bun.which("mount") && Bun.spawnSync(["mount", "-t", "tmpfs", "-o", size, "tmpfs", path]).success;
  if (made) mounts.push(path);
  else {
    rmSync(path, { recursive: true });
    process.stderr.write("Mounting is not allowed here: full disks are shown by a limit on file sizes alone.\n");
  }
  return made ? path : null;
}

test("a full disk: the report is refused and not half-written; with space again it is taken", async () => {
  const disk = smallDisk(2_048);
  if (!disk) return;
  const ballast = join(disk, "ballast");
  writeFileSync(ballast, Buffer.alloc(700_000));
  const on = await connect({ workflows, db: join(disk, "state.sqlite") });
  const { id } = await startRun(on, "ROUND");
  const { answered, told } = await fillUp(on, id);
  expectRefusal(told, on.db, /disk is full: free some space/i);
  expectRefusal(await advance(on, { id, stepId: stepIdAt(answered + 1) }, big), on.db, /disk is full/i);
  expect(await statusOf(on, id)).toMatchObject({ visit: answered + 1, history_total: answered });
  rmSync(ballast);
  await expectGoesOn(on, id, answered);
  await on.kill();
  const again = await connect({ workflows, db: on.db, project: on.project });
  await expectGoesOn(again, id, answered + 1);
});

test("files that may grow no further: refused, not half-written, and a server without the limit goes on", async () => {
  const on = await connect({ workflows, ...limitedTo(1_000) });
  const { id } = await startRun(on, "ROUND");
  const { answered, told } = await fillUp(on, id);
  expectRefusal(told, on.db, /./);
  expect(await statusOf(on, id)).toMatchObject({ visit: answered + 1, history_total: answered });
  await on.close();
  const again = await connect({ workflows, db: on.db, project: on.project });
  await expectGoesOn(again, id, answered);
});

test("a disk that fails is named in the hint, not the path", async () => {
  const on = await connect({ workflows, ...limitedTo(1_000) });
  const { told } = await fillUp(on, (await startRun(on, "ROUND")).id);
  expect(told.data.hint).toMatch(/disk/);
});

/** A server whose files may have that many kB each. */
function limitedTo(kilobytes: number): { wrapper: string[] } {
  // bash counts in blocks of 1,024 bytes; SIGXFSZ is ignored, so that a write fails as on a full disk
  return { wrapper: ["bash", "-c", `trap "" XFSZ; ulimit -f ${kilobytes}; exec "$0" "$@"`] };
}

test("a full disk at the first call: refused, and the same call is taken once there is space", async () => {
  const disk = smallDisk(256);
  if (!disk) return;
  const ballast = join(disk, "ballast");
  writeFileSync(ballast, Buffer.alloc(200_000));
  const on = await connect({ workflows, db: join(disk, "state.sqlite") });
  expectRefusal(await on.call("start_workflow", { workflow_name: "ROUND" }), on.db, /disk is full/i);
  rmSync(ballast);
  expect((await startRun(on, "ROUND")).told.data.status).toBe("RUNNING");
});

test("a file that may only be read: refused, and the run goes on once it may be written", async () => {
  const first = await connect({ workflows, db: join(smallDisk(4_096) ?? scratchDir(), "state.sqlite") });
  const { id } = await startRun(first, "ROUND");
  await first.close();
  const writable = readOnly(first.db);
  const on = await connect({ workflows, db: first.db, project: first.project });
  expectRefusal(await advance(on, { id, stepId: "1-left" }), on.db, /writable|permission/);
  expectRefusal(await on.call("start_workflow", { workflow_name: "ROUND" }), on.db, /writable|permission/);
  writable();
  await expectGoesOn(on, id, 0);
});

/** Takes the right to write from everybody; only a read-only file system stops root. Returns the way back. */
function readOnly(db: string): () => void {
  const disk = dirname(db);
  if (!mounts.includes(disk)) {
    chmodSync(db, 0o444);
    return () => chmodSync(db, 0o600);
  }
  const remount = (how: string) => {
    const done = Bun.spawnSync(["mount", "-o", `remount,${how}`, disk]);
    if (!done.success) throw new Error(`${done.stderr}`);
  };
  remount("ro");
  return () => remount("rw");
}

/** A closed database with one run of six visits: all of it is in the one file. */
async function closedDatabase(): Promise<{ db: string; project: string; id: string }> {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "ROUND");
  for (let visit = 1; visit <= 6; visit++)
    await advance(on, { id, stepId: stepIdAt(visit) }, { details: "x".repeat(5_000) });
  await on.close();
  const file = new Database(on.db);
  file.run("PRAGMA wal_checkpoint(TRUNCATE)");
  file.close();
  return { db: on.db, project: on.project, id };
}

/** All pages but the first, which says that this is our database, are noise. Returns what the file held. */
function damage(db: string): Buffer {
  const whole = readFileSync(db);
  writeFileSync(db, Buffer.from(whole).fill(0xa5, 4_096));
  return whole;
}

test("a damaged file: refused and left as it was; a server that finds it restored goes on", async () => {
  const { db, project, id } = await closedDatabase();
  const whole = damage(db);
  const damaged = readFileSync(db);
  const on = await connect({ workflows, db, project });
  expectRefusal(await advance(on, { id, stepId: "7-left" }), db, /damaged: restore it from a backup/);
  expectRefusal(await on.call("start_workflow", { workflow_name: "ROUND" }), db, /damaged: restore it from a backup/);
  await on.close();
  expect(readFileSync(db).equals(damaged)).toBe(true);
  writeFileSync(db, whole);
  await expectGoesOn(await connect({ workflows, db, project }), id, 6);
});

test("a damaged file that is restored is used without a restart", async () => {
  const { db, project, id } = await closedDatabase();
  const whole = damage(db);
  const on = await connect({ workflows, db, project });
  expectError(await advance(on, { id, stepId: "7-left" }), "PERSISTENCE_ERROR");
  writeFileSync(`${db}.backup`, whole);
  for (const suffix of ["-wal", "-shm"]) rmSync(`${db}${suffix}`, { force: true });
  renameSync(`${db}.backup`, db);
  await expectGoesOn(on, id, 6);
});

test("a file that was cut short: refused, and a restored one is used without a restart", async () => {
  const { db, project, id } = await closedDatabase();
  const whole = readFileSync(db);
  writeFileSync(db, whole.subarray(0, 5_000));
  const on = await connect({ workflows, db, project });
  expectRefusal(await advance(on, { id, stepId: "7-left" }), db, /damaged|no SQLite database/);
  writeFileSync(db, whole);
  await expectGoesOn(on, id, 6);
});

test("a schema of a newer version: refused and named; once the file is this version's, it is used without a restart", async () => {
  const { db, project, id } = await closedDatabase();
  const known = setVersion(db, 99);
  const on = await connect({ workflows, db, project });
  const told = expectError(await advance(on, { id, stepId: "7-left" }), "PERSISTENCE_ERROR");
  expect(told.data.hint).toContain("newer orchestrator");
  setVersion(db, known);
  await expectGoesOn(on, id, 6);
});

/** Returns the version that it was. */
function setVersion(db: string, version: number): number {
  const file = new Database(db);
  const { user_version = 0 } = file.query<{ user_version: number }, []>("PRAGMA user_version").get() ?? {};
  file.run(`PRAGMA user_version = ${version}`);
  file.close();
  return user_version;
}

test("a directory that vanished before the first call is made again", async () => {
  const db = join(scratchDir(), "state", "runs.sqlite");
  mkdirSync(dirname(db));
  const on = await connect({ workflows, db });
  rmSync(dirname(db), { recursive: true });
  await startRun(on, "ROUND");
  expect(existsSync(db)).toBe(true);
});

/** A server in the middle of a run, in a directory that can be taken away. */
async function atWork(): Promise<{ on: Connection; id: string; directory: string }> {
  const directory = join(scratchDir(), "state");
  const on = await connect({ workflows, db: join(directory, "runs.sqlite") });
  const { id } = await startRun(on, "ROUND");
  await advance(on, { id, stepId: "1-left" });
  return { on, id, directory };
}

test("a directory that is moved away while the server runs: refused, and the run goes on when it is back", async () => {
  const { on, id, directory } = await atWork();
  renameSync(directory, `${directory}.away`);
  expectRefusal(await advance(on, { id, stepId: "2-right" }), on.db, /./);
  expectRefusal(await on.call("start_workflow", { workflow_name: "ROUND" }), on.db, /./);
  rmSync(directory, { recursive: true, force: true });
  renameSync(`${directory}.away`, directory);
  await expectGoesOn(on, id, 1);
});

test("a directory that is deleted while the server runs: refused, until another process has begun the file anew", async () => {
  const { on, id, directory } = await atWork();
  rmSync(directory, { recursive: true });
  expectRefusal(await advance(on, { id, stepId: "2-right" }), on.db, /restart the server/);
  mkdirSync(directory, { recursive: true });
  expectRefusal(await on.call("start_workflow", { workflow_name: "ROUND" }), on.db, /restart the server/);
  const other = await connect({ workflows, db: on.db, project: on.project });
  await startRun(other, "ROUND");
  const run = await startRun(on, "ROUND");
  expect((await statusOf(other, run.id)).status).toBe("RUNNING");
});

test("a -wal file that is deleted while the server runs takes no answered report with it", async () => {
  const { on, id } = await atWork();
  rmSync(`${on.db}-wal`);
  const told = await advance(on, { id, stepId: "2-right" });
  await on.kill();
  const again = await connect({ workflows, db: on.db, project: on.project });
  const visit = told.isError ? 2 : 3;
  expect((await statusOf(again, id)).visit).toBe(visit);
});

test("a file that is replaced while the server runs: the new one is used, as another process does", async () => {
  const { on, id } = await atWork();
  const backup = `${on.db}.backup`;
  const file = new Database(on.db);
  file.run(`VACUUM INTO '${backup}'`);
  file.close();
  await advance(on, { id, stepId: "2-right" }); // after the backup: restoring it takes this back
  for (const suffix of ["-wal", "-shm"]) rmSync(`${on.db}${suffix}`, { force: true });
  renameSync(backup, on.db);
  const other = await connect({ workflows, db: on.db, project: on.project });
  const told = await advance(on, { id, stepId: "2-right" });
  if (told.isError) expectError(told, "PERSISTENCE_ERROR");
  await advance(on, { id, stepId: "2-right" }, { details: "again" });
  expect((await statusOf(other, id)).visit).toBe(3);
});
