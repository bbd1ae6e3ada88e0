/** backup and prune, while a server uses the file; what doctor says is wrong with it. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createBusyWait } from "../src/sqlite/busy.ts";
import { createSqliteUpkeep } from "../src/sqlite/file-upkeep.ts";
import { advance, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("W", { One: { routes: ["otherwise → FINISH"] } }));

function run(...args: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([EXECUTABLE, ...args], { cwd: scratchDir() });
  return { code: exitCode, out: String(stdout), err: String(stderr) };
}

test("a backup made while a server writes is a whole database, for this user alone, from which a run goes on", async () => {
  const on = await connect({ workflows });
  const { id } = await startRun(on, "W", { context: { who: "Ada" } });
  const copy = join(scratchDir(), "copy.sqlite");
  const writing = Promise.all(Array.from({ length: 50 }, () => startRun(on, "W")));
  expect(run("backup", copy, "--db", on.db)).toMatchObject({ code: 0, out: `${copy}\n` });
  await writing;
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  const restored = await connect({ workflows, db: copy, project: on.project });
  expect((await statusOf(restored, id)).context).toEqual({ who: "Ada" });
  expect((await advance(restored, { id, stepId: "1-one" })).data.status).toBe("COMPLETED");
});

test("a backup never overwrites a file, and leaves none behind if it fails", async () => {
  const on = await connect({ workflows });
  await startRun(on, "W");
  const precious = join(scratchDir(), "precious.txt");
  writeFileSync(precious, "mine");
  expect(run("backup", precious, "--db", on.db)).toMatchObject({ code: 1, out: "" });
  expect(readFileSync(precious, "utf8")).toBe("mine");
  expect(run("backup", join(scratchDir(), "no/such/dir.sqlite"), "--db", on.db).err).toContain("directory that exists");
  expect(run("backup", "--db", on.db).code).toBe(2);
});

test("a prune that is told to end says how many runs it deleted, and the next one deletes the rest", async () => {
  const on = await connect({ workflows });
  await advance(on, await startRun(on, "W"));
  const file = new Database(on.db);
  file.run("UPDATE instances SET completed_at = '2020-01-01T00:00:00.000Z'");
  const columns = file.query<{ name: string }, []>("PRAGMA table_info(instances)").all();
  const values = columns.map(({ name }) => (name === "instance_id" ? "'run_' || n" : name)).join(", ");
  file.run(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9999)
    INSERT INTO instances SELECT ${values} FROM instances, numbers`);
  const busy = createBusyWait();
  let asked = 0;
  const ending = createSqliteUpkeep(on.db, { ...busy, mayWait: () => ++asked < 3 });
  const told: string = await ending.prune("2021-01-01").then(String, (error) => error.message);
  const deleted = Number(/^Stopped after (\d+) runs were deleted/.exec(told)?.[1]);
  expect(deleted).toBeWithin(1, 10_000);
  expect(file.query("SELECT COUNT(*) AS n FROM instances").get()).toEqual({ n: 10_000 - deleted });
  expect(await createSqliteUpkeep(on.db, busy).prune("2021-01-01")).toBe(10_000 - deleted);
  file.close();
});

test("prune deletes what ended before, with its history, and nothing that is live", async () => {
  const on = await connect({ workflows });
  const [live, old, recent] = [await startRun(on, "W"), await startRun(on, "W"), await startRun(on, "W")];
  await advance(on, old);
  await advance(on, recent);
  const file = new Database(on.db);
  file.run("UPDATE instances SET completed_at = '2020-01-01T00:00:00.000Z' WHERE instance_id = ?", [old.id]);
  expect(run("prune", "--older-than", "30d", "--db", on.db)).toMatchObject({ code: 0 });
  const left = file.query<{ instance_id: string }, []>("SELECT instance_id FROM instances").all();
  expect(left.map((row) => row.instance_id).sort()).toEqual([live.id, recent.id].sort());
  for (const table of ["history", "starts"]) {
    const count = file.query<{ n: number }, [string]>(`SELECT COUNT(*) AS n FROM ${table} WHERE instance_id = ?`);
    expect(count.get(old.id)?.n).toBe(0);
    expect(count.get(recent.id)?.n).toBe(1);
  }
  file.close();
  expect((await advance(on, live)).data.status).toBe("COMPLETED");
  for (const age of ["", "soon", "30", "-1d"]) {
    expect(run("prune", `--older-than=${age}`, "--db", on.db).code).toBe(2);
  }
});

test("doctor finds a damaged database and says to restore it", async () => {
  const on = await connect({ workflows });
  await Promise.all(Array.from({ length: 200 }, () => startRun(on, "W", { context: { text: "x".repeat(2_000) } })));
  await on.close();
  const bytes = readFileSync(on.db);
  bytes.fill(0x7f, 40_000, 60_000);
  writeFileSync(on.db, bytes);
  const told = run("doctor", "--db", on.db);
  expect(told.code).toBe(1);
  expect(told.out).toMatch(/✗ database: .*damaged/);
  expect(told.out).toContain("backup");
});
