/** Whatever goes wrong, a hook says nothing and exits 0: a client would take a failure for a refusal. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { answerHook } from "../src/cli/hook-answer.ts";
import { HOOK_CLIENTS, HOOK_EVENTS } from "../src/hook.ts";
import { editedFiles } from "../src/hooks/edited.ts";
import { readInput } from "../src/hooks/input.ts";
import { startRun } from "./support/calls.ts";
import { type Connection, connect } from "./support/client.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { callHook, saying, transcriptOf } from "./support/hook.ts";
import { connectInProcess } from "./support/in-process.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, workflowFiles("NONE", { Plan: { extras: ["edits: none"] }, Ship: {} }));

const SILENT = { code: 0, stdout: "", stderr: "" };

type Server = Pick<Connection, "call" | "db" | "project">;

async function there(): Promise<{ on: Server; transcript: string }> {
  return startedOn(await connectInProcess({ workflows: [workflows] }));
}

async function startedOn<S extends Server>(on: S): Promise<{ on: S; transcript: string }> {
  return { on, transcript: transcriptOf([(await startRun(on, "NONE")).told]) };
}

test.each([
  ["nothing", ""],
  ["no JSON", "stop it"],
  ["half of an object", '{"cwd":"/'],
  ["a list", "[]"],
  ["null", "null"],
  ["no directory", "{}"],
  ["a directory that is none", '{"cwd":7}'],
  ["a directory with a NUL", '{"cwd":"/\\u0000"}'],
  ["bytes that are no text", new Uint8Array([0xff, 0xfe, 0x00, 0x7b])],
  ["very deep JSON", `{"cwd":"/","x":${"[".repeat(200_000)}`],
  ["20 MB", `{"cwd":"/","x":"${"y".repeat(20_000_000)}"}`],
] as const)("%s on standard input", async (_, says) => {
  const { on } = await there();
  for (const event of HOOK_EVENTS) expect(await callHook({ event, db: on.db, says })).toEqual(SILENT);
});

test("an unknown event, no event, an unknown client, unknown words", async () => {
  const { on, transcript } = await there();
  const says = saying("claude", "stop", { cwd: on.project, transcript });
  for (const event of ["session-end", "", "STOP", "--stop", "--db", "--help-me"])
    expect(await callHook({ event, db: on.db, says })).toEqual(SILENT);
  for (const client of ["cursor", "", "--db"])
    expect(await callHook({ event: "stop", client, db: on.db, says })).toEqual(SILENT);
});

test("a database that is missing is not made, and neither is one that is no database of ours", async () => {
  const { on, transcript } = await there();
  const dir = scratchDir();
  writeFileSync(join(dir, "text.sqlite"), "no database at all, but a text");
  new Database(join(dir, "other.sqlite")).run("CREATE TABLE instances (a)");
  mkdirSync(join(dir, "directory.sqlite"));
  Bun.spawnSync(["mkfifo", join(dir, "pipe.sqlite")]);
  symlinkSync("nowhere", join(dir, "link.sqlite"));
  const before = readdirSync(dir).sort();
  const files = [...before, "missing.sqlite", "missing/state.sqlite"];
  for (const file of files)
    for (const event of HOOK_EVENTS) {
      const says = saying("claude", event, { cwd: on.project, transcript });
      expect([file, await callHook({ event, db: join(dir, file), says })]).toEqual([file, SILENT]);
    }
  expect(readdirSync(dir).sort()).toEqual(before);
});

test("a database that another process holds is not waited for: a stop passes, an edit is refused still", async () => {
  const { on, transcript } = await there();
  const db = new Database(on.db);
  db.run("BEGIN IMMEDIATE");
  const call = (event: "stop" | "before-edit") =>
    callHook({ event, db: on.db, says: saying("claude", event, { cwd: on.project, transcript }) });
  const began = performance.now();
  expect(await call("stop")).toEqual(SILENT);
  expect((await call("before-edit")).stdout).toContain("may change no files of the project");
  expect(performance.now() - began).toBeLessThan(2_000);
  db.run("ROLLBACK");
  db.close();
  expect((await call("stop")).stdout).toContain("is not reported");
});

test("a database whose log or index was taken away is left as it is", async () => {
  const { on, transcript } = await startedOn(await connect({ workflows }));
  const dir = dirname(on.db);
  const call = () =>
    callHook({ event: "stop", db: on.db, says: saying("claude", "stop", { cwd: on.project, transcript }) });
  rmSync(`${on.db}-shm`);
  expect(await call()).toEqual(SILENT);
  rmSync(`${on.db}-wal`);
  expect(await call()).toEqual(SILENT);
  expect(readdirSync(dir)).toEqual(["state.sqlite"]);
});

test("a database of an older version is read, and not brought to this one", async () => {
  const { on, transcript } = await there();
  const db = new Database(on.db);
  db.run("DROP TABLE held");
  db.run("PRAGMA user_version = 5");
  const call = (event: "stop" | "session-start") =>
    callHook({ event, db: on.db, says: saying("claude", event, { cwd: on.project, transcript }) });
  expect(await call("stop")).toEqual(SILENT);
  expect((await call("session-start")).stdout).toContain("NONE at step");
  expect(db.query("PRAGMA user_version").get()).toEqual({ user_version: 5 });
  db.close();
});

test("once all servers have ended the file alone is read, and nothing is left beside it", async () => {
  const { on, transcript } = await startedOn(await connect({ workflows }));
  await on.close();
  const says = saying("claude", "session-start", { cwd: on.project, transcript });
  const before = readdirSync(dirname(on.db));
  expect((await callHook({ event: "session-start", db: on.db, says })).stdout).toContain("NONE at step");
  expect(readdirSync(dirname(on.db))).toEqual(before);
});

test("a transcript that is none: a directory, a pipe, a device, missing, relative, no text", async () => {
  const { on } = await there();
  const dir = scratchDir();
  Bun.spawnSync(["mkfifo", join(dir, "pipe")]);
  const odd = [dir, join(dir, "pipe"), "/dev/zero", join(dir, "missing"), "session.jsonl", "", "\0", 7, null, { a: 1 }];
  for (const transcript_path of odd) {
    const says = { cwd: on.project, transcript_path };
    expect([transcript_path, await callHook({ event: "stop", db: on.db, says })]).toEqual([transcript_path, SILENT]);
  }
});

test("a client that never ends what it says is answered after a second", async () => {
  const { on, transcript } = await there();
  const child = Bun.spawn([EXECUTABLE, "hook", "stop", "--db", on.db], { stdin: "pipe", stdout: "pipe" });
  child.stdin.write(JSON.stringify(saying("claude", "stop", { cwd: on.project, transcript })));
  await child.stdin.flush();
  expect(await child.stdout.text()).toContain('"decision":"block"');
  expect(await child.exited).toBe(0);
});

test("a client that does not read the answer, or says nothing at all", async () => {
  const { on, transcript } = await there();
  const says = JSON.stringify(saying("claude", "session-start", { cwd: on.project, transcript }));
  const command = `echo '${says}' | { "$0" hook session-start --db "$1"; echo $? >&2; } | true; "$0" hook stop <&-; echo $?`;
  const { stdout } = Bun.spawnSync(["sh", "-c", command, EXECUTABLE, on.db], { stdout: "pipe", stderr: "pipe" });
  expect(String(stdout)).toBe("0\n");
});

test("settings that cannot be used", async () => {
  const { on, transcript } = await there();
  const says = saying("claude", "stop", { cwd: on.project, transcript });
  for (const env of [{ WORKFLOW_PROJECT_DIR: "/no/such" }, { WORKFLOW_PROJECT_DIR: "${HOME}" }])
    expect(await callHook({ event: "stop", db: on.db, says, env })).toEqual(SILENT);
  expect(await callHook({ event: "stop", db: "postgres://host/db", says })).toEqual(SILENT);
  expect(existsSync(join(on.project, "postgres:"))).toBe(false);
});

test("any JSON, a hundred times each moment: nothing or an answer in form, and exit 0, which one in ten is asked for", async () => {
  const { on, transcript } = await there();
  const good = {
    ...saying("claude", "before-edit", { cwd: on.project, transcript }),
    ...saying("copilot", "stop", { cwd: on.project }),
  };
  const odd = fc.oneof(fc.jsonValue(), fc.string(), fc.constant("stop"), fc.constant(on.project));
  const says = fc
    .record(
      Object.fromEntries(Object.entries(good).map(([name, value]) => [name, fc.oneof(fc.constant(value), odd)])),
      { requiredKeys: [] },
    )
    .chain((told) =>
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(JSON.stringify(told)) },
        fc.constant(JSON.stringify(told).slice(1)),
        fc.json(),
      ),
    );
  const all = fc.sample(
    fc.record({ says, event: fc.constantFrom(...HOOK_EVENTS), client: fc.constantFrom(...HOOK_CLIENTS) }),
    { numRuns: 500, seed: 7 },
  );
  for (const { says, event, client } of all) {
    const line = await answerHook([event, "--client", client, "--db", on.db], new Blob([says]).stream());
    if (line !== "") expect(Object.keys(JSON.parse(line)).length).toBeGreaterThan(0);
  }
  for (let from = 0; from < all.length; from += 100) {
    const some = all.slice(from, from + 10).map((each) => callHook({ ...each, db: on.db }));
    for (const { code, stdout, stderr } of await Promise.all(some)) {
      expect([code, stderr]).toEqual([0, ""]);
      if (stdout !== "") expect(Object.keys(JSON.parse(stdout)).length).toBeGreaterThan(0);
    }
  }
});

test("reading what a client says throws nothing but for text that is no JSON", () => {
  const at = { client: "claude", event: "stop" } as const;
  fc.assert(fc.property(fc.jsonValue(), (value) => void readInput(JSON.stringify(value), at)));
  fc.assert(
    fc.property(
      fc.string(),
      fc.jsonValue(),
      (tool, input) => void [...editedFiles(tool, input), ...editedFiles("edit", input)],
    ),
  );
});
