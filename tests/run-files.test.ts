/** A run has a place for its files: named by instructions, told at the start and on resume, for this user alone, gone with its run. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createRunFiles } from "../src/checks/run-files.ts";
import { advance, startRun, statusOf } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
const WRITE = "Write the log to {{ run.files }}/test.log, not to {{ run.id }}.";
const onwards = (name: string) => [`otherwise → ${name}`];
writeFiles(workflows, {
  ...workflowFiles("KEEPS", {
    Look: { instructions: "Look at {{ context.what }}.", routes: onwards("Write") },
    Write: { instructions: WRITE, routes: onwards("Print") },
    Print: {
      extras: ["template: liquid"],
      instructions: "{% assign at = run.files %}Print {{ at }}/{{ context.what }}. {{ run.visit }}",
      routes: onwards("FINISH"),
    },
  }),
  ...workflowFiles("KEEPS_NONE", { Only: { instructions: "No files.", routes: onwards("FINISH") } }),
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const at = (id: string, stepId: string) => ({ id, stepId });
const show = (db: string, id: string, ...more: string[]) =>
  Bun.spawnSync([EXECUTABLE, "show", id, "--db", db, ...more]).stdout.toString();
const prune = (db: string) =>
  Bun.spawnSync([EXECUTABLE, "prune", "--older-than", "0m", "--db", db], { cwd: scratchDir(), stderr: "pipe" });

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    test("a workflow that names it is told it at the start and on resume, and its instructions hold it", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "KEEPS", { context: { what: "{{ run.files }}" } });
      const place = join(`${on.db}.files`, run.id, "files");
      expect(run.told.data.files).toBe(place);
      expect(run.told.text).toEndWith(`\nFiles of this run belong in ${place}`);
      expect(run.told.data.next_step.instructions).toBe("Look at {{ run.files }}.");
      expect([modeOf(place), modeOf(join(place, "..")), modeOf(`${on.db}.files`)]).toEqual(["700", "700", "700"]);
      const write = await advance(on, run);
      const filled = `Write the log to ${place}/test.log, not to {{ run.id }}.`;
      expect(write.data.next_step.instructions).toBe(filled);
      expect(write.data).not.toHaveProperty("files");
      expect(write.text).toContain(`\n\n${filled}\n\n---\n`);
      writeFileSync(join(place, "test.log"), "x");
      chmodSync(place, 0o755);
      const resumed = await on.call("resume_workflow", {});
      expect(resumed.data).toMatchObject({ files: place, next_step: { instructions: filled } });
      expect(resumed.text).toEndWith(`\nFiles of this run belong in ${place}`);
      expect(modeOf(place)).toBe("700");
      expect((await statusOf(on, run.id)).next_step.instructions).toBe(filled);
      const status = await on.call("get_workflow_status", { instance_id: run.id });
      expect(status.data.files).toBe(place);
      expect(status.text).toContain(`\nFiles of the run: ${place}\n`);
      expect(show(on.db, run.id)).toContain(`Files of the run: ${place}\n`);
      expect(show(on.db, run.id)).toContain(filled);
      expect(JSON.parse(show(on.db, run.id, "--json"))).toMatchObject({ files: place, instructions: filled });
      const print = await advance(on, at(run.id, "2-write"));
      expect(print.data.next_step.instructions).toBe(`Print ${place}/{{ run.files }}. 3`);
      expect((await advance(on, at(run.id, "3-print"))).data).toMatchObject({ status: "COMPLETED" });
      const late = await on.call("resume_workflow", { instance_id: run.id });
      expect(late.data).toMatchObject({ status: "COMPLETED", files: place });
    });

    test("a workflow that does not name it has none, unless it is there", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "KEEPS_NONE");
      const place = join(`${on.db}.files`, run.id, "files");
      const resumed = await on.call("resume_workflow", {});
      expect([run.told.text, run.told.data, resumed.text, resumed.data].join()).not.toContain(".files");
      for (const { data } of [run.told, resumed]) expect(data).not.toHaveProperty("files");
      expect(existsSync(`${on.db}.files`)).toBe(false);
      expect(await statusOf(on, run.id)).not.toHaveProperty("files");
      expect(JSON.parse(show(on.db, run.id, "--json")).files).toBeNull();
      mkdirSync(place, { recursive: true });
      expect((await on.call("resume_workflow", {})).data.files).toBe(place);
    });

    test("whatever stands in its place is left alone, and the answer comes and says so", async () => {
      const on = await open({ workflows });
      const run = await startRun(on, "KEEPS", { context: { what: "w" } });
      const kept = `${on.db}.files`;
      const levels = [kept, join(kept, run.id), join(kept, run.id, "files")];
      const away = scratchDir();
      for (const level of levels) {
        for (const put of [(path: string) => symlinkSync(away, path), (path: string) => writeFileSync(path, "mine")]) {
          renameSync(level, `${level}.aside`);
          put(level);
          const fault = `${level} is no directory`;
          const told = await on.call("resume_workflow", { instance_id: run.id });
          expect(told.data).toMatchObject({ status: "RUNNING", files_fault: fault });
          expect(told.data).not.toHaveProperty("files");
          expect(told.text).toEndWith(`\nNo place for files of this run: ${fault}`);
          expect(JSON.parse(show(on.db, run.id, "--json")).files).toBeNull();
          rmSync(level);
          renameSync(`${level}.aside`, level);
        }
      }
      expect(readdirSync(away)).toEqual([]);
      const last = levels[2] ?? "";
      rmSync(last, { recursive: true });
      symlinkSync(away, last);
      const why = `there is no place for files of the run: ${last} is no directory`;
      for (const [stepId, faults, instructions] of [
        ["1-look", `{{ run.files }}: ${why}`, WRITE],
        [
          "2-write",
          `line 1 of the instructions, {% assign at = run.files %}: ${why}`,
          "{% assign at = run.files %}Print",
        ],
      ] as const) {
        const told = await advance(on, at(run.id, stepId));
        expect(told.data.next_step.template_faults).toEqual([expect.stringContaining(faults)]);
        expect(told.data.next_step.instructions).toStartWith(instructions);
        expect(told.text).toContain(`Not filled in, left as the workflow's author wrote it: ${faults}`);
      }
      expect(readdirSync(away)).toEqual([]);
      rmSync(last);
      const told = await on.call("resume_workflow", { instance_id: run.id });
      expect(told.data.next_step.instructions).toBe(`Print ${last}/w. 3`);
    });
  });
}

test.each(["/proc/none", "/no/such/parent/db.files"])(
  "a place that cannot be made (%s) is a fault with its path",
  async (path) => {
    const files = createRunFiles(() => path);
    expect(await files.open("run_a")).toEqual({ fault: expect.stringMatching(new RegExp(`^E[A-Z]+: .*${path}`)) });
    expect(await files.find("run_a")).toBeNull();
  },
);

test("a server that others can reach offers no place, and says what to take where instructions name it", async () => {
  const args = ["--host", "0.0.0.0", "--project", scratchDir()];
  const { url, db } = await serveHttp({ workflows, env: { HTTP_AUTH_TOKEN: "secret" }, args });
  const here = url.replace("0.0.0.0", "127.0.0.1");
  const on = await connectHttp(here, { authorization: "Bearer secret" });
  const run = await startRun(on, "KEEPS", { context: { what: "w" } });
  const write = await advance(on, run);
  const far = "there is no place for files of the run: it is on the server's machine; take a directory of your own";
  expect(write.data.next_step).toMatchObject({ instructions: WRITE, template_faults: [`{{ run.files }}: ${far}`] });
  expect(write.text).toContain(far);
  mkdirSync(join(`${db}.files`, run.id, "files"), { recursive: true });
  const resumed = await on.call("resume_workflow", { instance_id: run.id });
  const print = await advance(on, at(run.id, "2-write"));
  expect(print.data.next_step.template_faults).toEqual([expect.stringContaining(far)]);
  const status = await on.call("get_workflow_status", { instance_id: run.id });
  const resource = await on.client.readResource({ uri: `instance://${run.id}` });
  for (const { data } of [run.told, resumed]) {
    expect(data).not.toHaveProperty("files");
    expect(data).not.toHaveProperty("files_fault");
  }
  expect(JSON.stringify([run.told, write, resumed, print, status, resource])).not.toContain(`${db}.files`);
});

test("prune takes 10,000 files with their run, closed directories too, follows no link, and leaves live runs", async () => {
  const on = await connect({ workflows });
  const [ended, live] = [await startRun(on, "KEEPS"), await startRun(on, "KEEPS")];
  const away = scratchDir();
  writeFiles(away, { "precious.txt": "p" });
  for (const { id } of [ended, live]) {
    const place = join(`${on.db}.files`, id, "files");
    for (let n = 0; n < 5_000; n++) writeFileSync(join(place, `${n}.txt`), "x");
    mkdirSync(join(place, "cache/module"), { recursive: true });
    for (let n = 0; n < 5_000; n++) writeFileSync(join(place, `cache/module/${n}.txt`), "x");
    symlinkSync(away, join(place, "link"));
    for (const closed of ["cache/module", "cache"]) chmodSync(join(place, closed), 0o500);
  }
  for (const stepId of ["1-look", "2-write", "3-print"]) await advance(on, at(ended.id, stepId));
  const began = performance.now();
  const { exitCode, stderr } = prune(on.db);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(readdirSync(`${on.db}.files`)).toEqual([live.id]);
  expect(readdirSync(join(`${on.db}.files`, live.id, "files"))).toHaveLength(5_002);
  expect(readdirSync(away)).toEqual(["precious.txt"]);
  chmodSync(join(`${on.db}.files`, live.id, "files/cache"), 0o700); // for whoever removes this directory after the test
  chmodSync(join(`${on.db}.files`, live.id, "files/cache/module"), 0o700);
});

test("what the server keeps there replaces a link that somebody put in its place, and leaves alone where that leads", async () => {
  const [directory, elsewhere] = [scratchDir(), join(scratchDir(), "mine.txt")];
  writeFileSync(elsewhere, "mine");
  const files = createRunFiles(() => directory);
  const place = await files.open("run_1");
  if ("fault" in place) throw new Error(place.fault);
  symlinkSync(elsewhere, join(place.path, "results.json"));
  const path = await files.keep("run_1", "results.json", [1]);
  expect(await Bun.file(path ?? "").json()).toEqual([1]);
  expect(await Bun.file(elsewhere).text()).toBe("mine");
});
