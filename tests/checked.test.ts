/** What the server saw when it looked is shown, over both transports, and all that a program printed is kept in a file. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { advance, expectRefused, historyOf, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { TRANSPORTS } from "./support/either.ts";
import { EXECUTABLE } from "./support/executable.ts";
import { connectHttp, serveHttp } from "./support/http.ts";
import { waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("TESTED", {
    Test: { extras: ["checks: [{command: test}]"], routes: ["otherwise → Again"] },
    Again: { extras: ["checks: [{command: test}, {run: 'true'}]"], routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("GUARDED", {
    Work: { extras: ["checks: [{unchanged: 'tests/**'}]"], routes: ["otherwise → Review"] },
    Review: { extras: ["edits: none"], routes: ["otherwise → Write"] },
    Write: { extras: ["edits: [docs/**, notes.md]"], routes: ["otherwise → FINISH"] },
  }),
});

/** A project whose test passes once `good` exists; it prints 10,000 lines. */
function project(): string {
  const path = scratchDir();
  const script = 'i=0; while [ $i -lt 10000 ]; do echo "line $i"; i=$((i+1)); done; echo "2 of 2 seen"; test -e good';
  writeFiles(path, { "check.sh": script });
  return path;
}

function repository(): string {
  const path = scratchDir();
  writeFiles(path, { "src/a.ts": "a", "tests/a.test.ts": "a", ".gitignore": "*.log\n" });
  expect(Bun.spawnSync(["git", "init", "-q"], { cwd: path }).exitCode).toBe(0);
  return path;
}

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const LINES = Array.from({ length: 10_000 }, (_, n) => `line ${n}\n`).join("");
const TEST = ["--command", "test=sh check.sh"];

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    test("a refusal and the next answer say what the server saw, and name the file that has all of it", async () => {
      const on = await open({ workflows, project: project(), args: TEST });
      const run = await startRun(on, "TESTED");
      for (const form of [run.told.text, run.told.data.rules]) {
        expect(form).toContain("After your report the server runs: test (sh check.sh), in ");
        expect(form).toContain("You need not run it yourself.");
        expect(form).not.toContain("..");
      }
      const file = join(`${on.db}.files`, run.id, "1-test.log");
      const refused = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      expect(refused.text).toContain(`2 of 2 seen\nThe whole output: ${file}\nNext: `);
      expect(refused.data.details).toMatchObject({
        output_file: file,
        checked: [{ check: "test", command: "sh check.sh", outcome: "failed", exit_code: 1, output_file: file }],
      });
      expect(readFileSync(file, "utf8")).toBe(`${LINES}2 of 2 seen\n`);
      expect([modeOf(file), modeOf(dirname(file)), modeOf(`${on.db}.files`)]).toEqual(["600", "700", "700"]);
      writeFileSync(join(on.project, "good"), "");
      const told = await advance(on, run);
      const facts = `\\(sh check.sh, exit 0, \\d+ m?s; last line: "2 of 2 seen"; output: ${file}\\)`;
      expect(told.text).toMatch(new RegExp(`^Checked by the server: test passed ${facts}\nStep 2 of 2`));
      expect(told.data.checked).toEqual([
        {
          check: "test",
          command: "sh check.sh",
          outcome: "passed",
          exit_code: 0,
          milliseconds: expect.any(Number),
          output_file: file,
          output_end: expect.stringMatching(/line 9999\n2 of 2 seen$/),
        },
      ]);
      for (const form of [told.text, told.data.rules]) {
        expect(form).toMatch(/After your report the server runs: test \(sh check\.sh, \d+ m?s last time\), in /);
        expect(form).toContain("Not checked by the server: true (the server was started without --allow-checks)");
      }
      const again = await advance(on, run);
      expect(again.data).toMatchObject({ replayed: true, checked: [{ check: "test", output_file: file }] });
      const done = await advance(on, { id: run.id, stepId: "2-again" });
      expect(done.text).toContain("; true unchecked (the server was started without --allow-checks)\nCOMPLETED");
      expect((await historyOf(on, run.id))[0]?.evidence).toMatchObject([{ output_file: file }]);
      expect(readdirSync(dirname(file)).sort()).toEqual(["1-test.log", "2-test.log"]);
    });

    test("unchanged: a file that changed since the hand-out refuses the report and is named; taken back, it passes", async () => {
      const on = await open({ workflows, project: repository(), args: ["--allow-checks"] });
      const run = await startRun(on, "GUARDED");
      expect(run.told.data.rules).toContain("After your report the server looks at: unchanged tests/**, in ");
      writeFiles(on.project, { "src/a.ts": "A", "tests/a.test.ts": "A", "tests/b.test.ts": "b" });
      const refused = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      const why = "git shows changes since the step was handed out: tests/a.test.ts, tests/b.test.ts;";
      expect(refused.text).toContain(why);
      writeFiles(on.project, { "tests/a.test.ts": "a" });
      Bun.spawnSync(["rm", join(on.project, "tests/b.test.ts")]);
      expect((await advance(on, run)).text).toStartWith("Checked by the server: unchanged tests/** passed\n");
    });

    test("edits: the step says where it may change files, and whatever else changes is named", async () => {
      const on = await open({ workflows, project: repository(), args: ["--allow-checks"] });
      const run = await startRun(on, "GUARDED");
      const review = await advance(on, run);
      for (const form of [review.text, review.data.rules]) {
        expect(form).toContain("Change no files in this step. The server looks at that.");
      }
      const paths = Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`new/${n}.ts`, "x"]));
      writeFiles(on.project, { ...paths, "any.log": "ignored" });
      const at = { id: run.id, stepId: "2-review" };
      const refused = await expectRefused(on, run.id, () => advance(on, at), "CHECK_FAILED");
      expect(refused.text).toContain("`edits none` failed: Change no files in this step: in ");
      expect(refused.text).toContain(": new/0.ts, new/1.ts, new/2.ts, new/3.ts, new/4.ts (+2); nothing moved");
      Bun.spawnSync(["rm", "-r", join(on.project, "new")]);
      const write = await advance(on, at);
      expect(write.text).toContain("Change files only in docs/** | notes.md. The server looks at that.");
      writeFiles(on.project, { "docs/deep/a.md": "a", "notes.md": "n", "docs.md": "no" });
      const third = { id: run.id, stepId: "3-write" };
      const outside = await expectRefused(on, run.id, () => advance(on, third), "CHECK_FAILED");
      expect(outside.text).toContain("handed out: docs.md; nothing moved");
      Bun.spawnSync(["rm", join(on.project, "docs.md")]);
      expect((await advance(on, third)).data.status).toBe("COMPLETED");
    });
  });
}

test("a server that others can reach names no file, in no form of any answer", async () => {
  const env = { HTTP_AUTH_TOKEN: "secret" };
  const path = project();
  const { url, db } = await serveHttp({ workflows, env, args: ["--host", "0.0.0.0", "--project", path, ...TEST] });
  const here = url.replace("0.0.0.0", "127.0.0.1");
  const on = { ...(await connectHttp(here, { authorization: "Bearer secret" })), project: path, db };
  const run = await startRun(on, "TESTED");
  const refused = await advance(on, run);
  expect(refused.data).toMatchObject({ error_code: "CHECK_FAILED", details: { checked: [{ outcome: "failed" }] } });
  writeFileSync(join(path, "good"), "");
  const told = await advance(on, run);
  expect(told.data.checked).toMatchObject([{ check: "test", outcome: "passed" }]);
  const status = await on.call("get_workflow_status", { instance_id: run.id, history: "full" });
  expect(status.data.history[0].evidence).toMatchObject([{ outcome: "passed" }]);
  const resource = await on.client.readResource({ uri: `instance://${run.id}` });
  expect(JSON.stringify([refused, told, status, resource])).not.toContain(".files");
  expect(existsSync(join(`${db}.files`, run.id, "1-test.log"))).toBe(true);
  rmSync(`${db}.files`, { recursive: true });
  writeFileSync(`${db}.files`, "somebody's file");
  const unkept = await advance(on, { id: run.id, stepId: "2-again" });
  expect(unkept.data.checked).toMatchObject([{ outcome: "passed" }, { outcome: "unchecked" }]);
  expect(JSON.stringify(unkept)).not.toContain(".files");
});

test("output that cannot be kept fails no check, and the answer says so", async () => {
  const on = await connect({ workflows, project: project(), args: TEST });
  writeFileSync(join(on.project, "good"), "");
  const run = await startRun(on, "TESTED");
  writeFileSync(`${on.db}.files`, "somebody's file");
  const told = await advance(on, run);
  expect(told.text).toContain(`output not kept: ${on.db}.files is no directory)`);
  expect(told.data.checked).toMatchObject([{ outcome: "passed", output_fault: expect.any(String) }]);
  expect(readFileSync(`${on.db}.files`, "utf8")).toBe("somebody's file");
});

test("prune removes the files of the runs that it deletes, and of no others", async () => {
  const on = await connect({ workflows, project: project(), args: TEST });
  writeFileSync(join(on.project, "good"), "");
  const [ended, live] = [await startRun(on, "TESTED"), await startRun(on, "TESTED")];
  for (const { id } of [ended, live]) await advance(on, { id, stepId: "1-test" });
  await advance(on, { id: ended.id, stepId: "2-again" });
  mkdirSync(join(`${on.db}.files`, "not-of-a-run"));
  const prune = Bun.spawnSync([EXECUTABLE, "prune", "--older-than", "0m", "--db", on.db], { cwd: scratchDir() });
  expect(prune.exitCode).toBe(0);
  expect(readdirSync(`${on.db}.files`).sort()).toEqual([live.id, "not-of-a-run"].sort());
});

test("with more than 1 GB in all the oldest files go first", async () => {
  const on = await connect({ workflows, project: project(), args: TEST });
  const run = await startRun(on, "TESTED");
  const old = join(`${on.db}.files`, "run_aaaaaaaaaaaa");
  mkdirSync(old, { recursive: true });
  for (const name of ["1-a.log", "2-b.log", "3-c.log"]) {
    writeFileSync(join(old, name), ""); // holes take no room on the disk
    truncateSync(join(old, name), 400_000_000);
    Bun.spawnSync(["touch", "-d", `2026-01-0${name[0]}`, join(old, name)]);
  }
  writeFiles(join(old, "files"), { "of-the-agent.txt": "older" });
  Bun.spawnSync(["touch", "-d", "2026-01-01", join(old, "files/of-the-agent.txt")]);
  await advance(on, run);
  await waitFor(() => !existsSync(join(old, "1-a.log")), "the end of the oldest");
  expect(readdirSync(old).sort()).toEqual(["2-b.log", "3-c.log", "files"]);
  expect(existsSync(join(old, "files/of-the-agent.txt"))).toBe(true);
  expect(existsSync(join(`${on.db}.files`, run.id, "1-test.log"))).toBe(true);
});

test("of a flood the beginning and the end are kept, within 10 MB", async () => {
  const path = scratchDir();
  writeFiles(path, { "check.sh": "echo first; head -c 30000000 /dev/zero | tr '\\0' x; echo; echo last" });
  const on = await connect({ workflows, project: path, args: TEST });
  const run = await startRun(on, "TESTED");
  const [{ output_file }] = (await advance(on, run)).data.checked;
  const text = readFileSync(output_file, "utf8");
  expect(text.length).toBeLessThanOrEqual(10_000_000);
  expect(text.length).toBeGreaterThan(9_999_000);
  expect(text).toStartWith("first\nxxx");
  expect(text).toEndWith("xxx\nlast\n");
  const left = Number(/\n… \(([\d,]+) bytes left out\)\n/.exec(text)?.[1]?.replaceAll(",", ""));
  expect(text.replace(/\n….*\n/, "").length + left).toBe(30_000_012);
});

test("without git, edits is unchecked, and unchanged fails as what it asks for cannot be told", async () => {
  const on = await connect({ workflows, args: ["--allow-checks"] });
  const run = await startRun(on, "GUARDED");
  const refused = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
  expect(refused.text).toContain("is the project a git repository?");
  const own = scratchDir();
  writeFiles(own, workflowFiles("REVIEW", { Review: { extras: ["edits: none", "next: FINISH"] } }));
  const other = await connect({ workflows: own, args: ["--allow-checks"] });
  const done = await advance(other, await startRun(other, "REVIEW"));
  expect(done.text).toContain("Checked by the server: edits none unchecked (git cannot tell what changes here)");
  expect(done.text).toContain("Unchecked by the server: Review (visit 1).");
});
