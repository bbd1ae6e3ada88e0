/** Checks from the executable, over both transports: what passes, what is refused and what may not be looked at. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { advance, expectRefused, historyOf, startRun } from "./support/calls.ts";
import { connect } from "./support/client.ts";
import { TRANSPORTS } from "./support/either.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const FILES = {
  ...workflowFiles("PROVE", {
    Work: {
      extras: ["checks:", "  - run: sh check.sh", "    timeout: 5", "  - file: out/report.txt"],
      routes: ["`report.status == 'failure'` → Work", "otherwise → FINISH"],
    },
  }),
  ...workflowFiles("NAMED", {
    Work: { extras: ["checks: [{command: test}, {run: 'true'}]"], routes: ["otherwise → Again"] },
    Again: { extras: ["checks: [{command: test}]"], routes: ["otherwise → FINISH"] },
  }),
  ...workflowFiles("CHANGES", {
    Work: { extras: ["checks: [{changed: 'src/**'}]"], routes: ["otherwise → Next"] },
    Next: { extras: ["checks: [{changed: 'src/**'}]"], routes: ["otherwise → FINISH"] },
  }),
};
const workflows = scratchDir();
writeFiles(workflows, FILES);

/** A project whose check passes once `good` exists, and prints a lot before it fails. */
function project(): string {
  const path = scratchDir();
  const script =
    'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done; echo "1 of 3 tests failed: test_a"; test -e good';
  writeFiles(path, { "check.sh": script });
  return path;
}

for (const [transport, open] of Object.entries(TRANSPORTS)) {
  describe(`over ${transport}`, () => {
    test("a check that fails refuses the report with the end of its output; repaired, it is kept as evidence", async () => {
      const on = await open({ workflows, project: project(), args: ["--allow-checks"] });
      const run = await startRun(on, "PROVE");
      for (const form of [run.told.text, run.told.data.rules]) {
        expect(form).toContain(
          `After your report the server runs: sh check.sh; it looks at: file out/report.txt, in ${on.project}. You need not run it yourself.`,
        );
      }
      const refused = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      expect(refused.text).toContain("`sh check.sh` failed: exited with 1; nothing moved");
      expect(refused.text).toContain("line 4999\n1 of 3 tests failed: test_a");
      expect(refused.text).not.toContain("line 1\n");
      expect(refused.text.length).toBeLessThan(4_000);
      expect(refused.data.details).toMatchObject({ check: "sh check.sh", exit_code: 1 });
      writeFileSync(join(on.project, "good"), "");
      const noFile = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      expect(noFile.text).toContain("file out/report.txt");
      writeFiles(on.project, { "out/report.txt": "x" });
      const done = await advance(on, run);
      expect(done.data.status).toBe("COMPLETED");
      expect(done.text).not.toContain("Unchecked");
      const [entry] = await historyOf(on, run.id);
      expect(entry?.evidence).toEqual([
        {
          check: "sh check.sh",
          outcome: "passed",
          exit_code: 0,
          milliseconds: expect.any(Number),
          output: expect.any(String),
          output_file: expect.stringContaining(`.files/${run.id}/1-sh-check-sh-`),
        },
        { check: "file out/report.txt", outcome: "passed" },
      ]);
    });

    test("a failure has to prove nothing and takes its own path", async () => {
      const on = await open({ workflows, project: project(), args: ["--allow-checks"] });
      const run = await startRun(on, "PROVE");
      const told = await advance(on, run, { status: "failure" });
      expect(told.data.next_step.step_id).toBe("2-work");
      expect((await historyOf(on, run.id))[0]?.evidence).toEqual([]);
    });

    test("--command allows itself; what may not run is said, recorded as unchecked, and named at the end", async () => {
      const path = project();
      const on = await open({ workflows, project: path, args: ["--command", "test=sh check.sh"] });
      const run = await startRun(on, "NAMED");
      for (const form of [run.told.text, run.told.data.rules]) {
        expect(form).toContain(`After your report the server runs: test (sh check.sh), in ${on.project}.`);
        expect(form).toContain("Not checked by the server: true (the server was started without --allow-checks)");
      }
      await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      writeFileSync(join(path, "good"), "");
      const second = await advance(on, run);
      expect(second.data.next_step.step_name).toBe("Again");
      const done = await advance(on, { id: run.id, stepId: "2-again" });
      for (const form of [done.text, done.data.rules]) {
        expect(form).toContain("Unchecked by the server: Work (visit 1).");
      }
      const [first] = await historyOf(on, run.id);
      expect(first?.evidence).toMatchObject([
        { check: "test", outcome: "passed" },
        { check: "true", outcome: "unchecked", reason: expect.stringContaining("--allow-checks") },
      ]);
    });

    test("changed: git must show a change since the step was handed out, by this very visit", async () => {
      const path = scratchDir();
      mkdirSync(join(path, "src"));
      writeFileSync(join(path, "src/a.txt"), "one");
      const git = (...args: string[]) => {
        const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        expect(Bun.spawnSync(["git", ...identity, ...args], { cwd: path }).exitCode).toBe(0);
      };
      git("init", "-q");
      git("add", "-A");
      git("commit", "-qm", "begin");
      writeFileSync(join(path, "src/a.txt"), "dirty before");
      const on = await open({ workflows, project: path, args: ["--allow-checks"] });
      const run = await startRun(on, "CHANGES");
      const refused = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      expect(refused.text).toContain("src/**");
      git("commit", "-qam", "what was there");
      await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
      writeFileSync(join(path, "src/b.txt"), "new");
      const second = await advance(on, run);
      expect(second.data.next_step.step_name).toBe("Next");
      const at = { id: run.id, stepId: "2-next" };
      await expectRefused(on, run.id, () => advance(on, at), "CHECK_FAILED");
      rmSync(join(path, "src/a.txt"));
      expect((await advance(on, at)).data.status).toBe("COMPLETED");
    });
  });
}

test("changed: what was changed before newer files are taken still counts, and a glob of theirs counts from then on", async () => {
  const path = scratchDir();
  writeFiles(path, { "src/a.txt": "one", "docs/a.md": "one" });
  expect(Bun.spawnSync(["git", "init", "-q"], { cwd: path }).exitCode).toBe(0);
  const own = scratchDir();
  const step = (globs: string[]) => ({
    extras: [`checks: [${globs.map((glob) => `{changed: '${glob}'}`).join(", ")}]`],
  });
  writeFiles(own, workflowFiles("MOVES", { Work: step(["src/**"]) }));
  const on = await connect({ workflows: own, project: path, args: ["--allow-checks"] });
  const run = await startRun(on, "MOVES");
  writeFiles(path, { "src/a.txt": "two", "docs/a.md": "two" });
  writeFiles(own, workflowFiles("MOVES", { Work: step(["src/**", "docs/**"]) }));
  await Bun.sleep(1_000); // edits are picked up within a second
  await on.call("resume_workflow", { use_latest: true });
  const claim = () => advance(on, run, { next_step: "FINISH" });
  const refused = await expectRefused(on, run.id, claim, "CHECK_FAILED");
  expect(refused.text).toContain("git shows no change in docs/**");
  writeFiles(path, { "docs/a.md": "three" });
  expect((await claim()).data.status).toBe("COMPLETED");
});

test("a check that is a long script leaves room for the end of its output", async () => {
  const own = scratchDir();
  const script = [
    "  - shell: true",
    "    run: |",
    ...Array(200).fill(`      : ${"x".repeat(40)}`),
    "      echo the end; false",
  ];
  writeFiles(own, workflowFiles("LONG", { Work: { extras: ["checks:", ...script] } }));
  const on = await connect({ workflows: own, args: ["--allow-checks"] });
  const run = await startRun(on, "LONG");
  const refused = await expectRefused(on, run.id, () => advance(on, run, { next_step: "FINISH" }), "CHECK_FAILED");
  expect(refused.text).toContain("failed: exited with 1; nothing moved. The end of its output:\nthe end\n");
  expect(refused.text.length).toBeLessThan(1_000);
  const told = run.told.text.split("\n").find((line) => line.startsWith("After your report"));
  expect(told?.length).toBeLessThan(600);
});

test("without any permission all is unchecked, and the answer says what to start the server with", async () => {
  const on = await connect({ workflows, project: project() });
  const run = await startRun(on, "NAMED");
  expect(run.told.text).toContain("--command test=");
  await advance(on, run);
  const done = await advance(on, { id: run.id, stepId: "2-again" });
  expect(done.data.status).toBe("COMPLETED");
  expect(done.text).toContain("Unchecked by the server: Work (visit 1); Again (visit 2).");
});

test("a workflow that was merely found in ./workflows runs nothing, whatever is allowed; named, it does", async () => {
  const path = project();
  writeFiles(join(path, "workflows"), FILES);
  const flags = ["--allow-checks", "--command", "test=sh check.sh"];
  const found = await connect({ project: path, cwd: path, args: flags });
  const run = await startRun(found, "NAMED");
  expect(run.told.text).toContain("Not checked by the server");
  expect(run.told.text).toContain("--workflows");
  expect((await advance(found, run)).data.next_step.step_name).toBe("Again");
  expect((await historyOf(found, run.id))[0]?.evidence).toMatchObject([
    { outcome: "unchecked" },
    { outcome: "unchecked" },
  ]);
  const named = await connect({ project: path, workflows: join(path, "workflows"), db: found.db, args: flags });
  const other = await startRun(named, "NAMED");
  await expectRefused(named, other.id, () => advance(named, other), "CHECK_FAILED");
  const same = { id: run.id, stepId: "2-again" };
  await expectRefused(named, run.id, () => advance(named, same), "CHECK_FAILED");
  const again = await connect({ project: path, cwd: path, db: found.db, args: flags });
  const third = await startRun(again, "NAMED");
  await again.kill();
  const restarted = await connect({ project: path, cwd: path, db: found.db, args: flags });
  expect((await advance(restarted, third)).data.next_step.step_name).toBe("Again");
});

test("the end of a run names guarded steps that ended as a failure, or were proven before a rewind only", async () => {
  const directory = scratchDir();
  const steps = {
    Test: { extras: ["checks: [{file: proof}]"], routes: ["otherwise → Commit"] },
    Commit: { routes: ["`report.status == 'failure'` → Test", "otherwise → FINISH"] },
  };
  writeFiles(directory, workflowFiles("W", steps));
  const on = await connect({ workflows: directory, args: ["--allow-checks"] });
  const failed = await startRun(on, "W");
  await advance(on, failed, { status: "failure" });
  const ended = await advance(on, { id: failed.id, stepId: "2-commit" });
  for (const form of [ended.text, ended.data.rules]) expect(form).toContain("Ended as a failure: Test (visit 1).");
  writeFileSync(join(on.project, "proof"), "x");
  const rewound = await startRun(on, "W");
  await advance(on, rewound);
  await advance(on, { id: rewound.id, stepId: "2-commit" }, { status: "failure" });
  await on.call("rewind_workflow", { instance_id: rewound.id, to_visit: 2 });
  const done = await advance(on, { id: rewound.id, stepId: "4-commit" });
  expect(done.text).toContain("Proven before a rewind or fork only: Test (visit 1).");
  const good = await startRun(on, "W");
  await advance(on, good, { status: "failure" });
  await advance(on, { id: good.id, stepId: "2-commit" }, { status: "failure" });
  await advance(on, { id: good.id, stepId: "3-test" });
  expect((await advance(on, { id: good.id, stepId: "4-commit" })).text).toEndWith("Tell the user the outcome.");
});

test("what checks print does not crowd a status: its end is there, and where the rest is", async () => {
  const path = project();
  writeFiles(path, { good: "", "out/report.txt": "x" });
  const on = await connect({ workflows, project: path, args: ["--allow-checks"] });
  const run = await startRun(on, "PROVE");
  await advance(on, run);
  const { data } = await on.call("get_workflow_status", { instance_id: run.id, history: "full" });
  const [{ output }] = data.history[0].evidence;
  expect(output).toEndWith("1 of 3 tests failed: test_a");
  expect(output.length).toBeLessThan(300);
  expect(data.cut).toContain(`orchestrator show ${run.id}`);
});

test("a step that was handed out by a server that may not look: what changed since is unchecked, not guessed", async () => {
  const path = scratchDir();
  writeFiles(path, { "src/a.txt": "one" });
  Bun.spawnSync(["git", "init", "-q"], { cwd: path });
  const blind = await connect({ workflows, project: path });
  const run = await startRun(blind, "CHANGES");
  const seeing = await connect({ workflows, project: path, db: blind.db, args: ["--allow-checks"] });
  expect((await advance(seeing, run)).data.next_step.step_name).toBe("Next");
  expect((await historyOf(seeing, run.id))[0]?.evidence).toMatchObject([{ outcome: "unchecked" }]);
  await expectRefused(seeing, run.id, () => advance(seeing, { id: run.id, stepId: "2-next" }), "CHECK_FAILED");
});

test("if git cannot tell, a changed check fails and says so", async () => {
  const on = await connect({ workflows, project: scratchDir(), args: ["--allow-checks"] });
  const run = await startRun(on, "CHANGES");
  const refused = await expectRefused(on, run.id, () => advance(on, run), "CHECK_FAILED");
  expect(refused.text).toContain("is the project a git repository?");
});

test("WORKFLOW_ALLOW_CHECKS allows them too, and the program sees none of the server's secrets", async () => {
  const path = scratchDir();
  writeFiles(path, { "check.sh": "env > seen.txt", "out/report.txt": "x" });
  const secrets = { AI_SERVICE_API_KEY: "sk-1", HTTP_AUTH_TOKEN: "sk-2", OPENAI_API_KEY: "sk-3", GITHUB_TOKEN: "sk-4" };
  const env = { PATH: process.env["PATH"] ?? "", HOME: path, WORKFLOW_ALLOW_CHECKS: "1", ...secrets };
  const on = await connect({ workflows, project: path, env });
  const run = await startRun(on, "PROVE", { context: { PATH: "/nowhere", LD_PRELOAD: "x.so" } });
  expect((await advance(on, run, { status: "failure" })).isError).toBe(false);
  const told = await advance(on, { id: run.id, stepId: "2-work" });
  expect(told.data.status).toBe("COMPLETED");
  const seen = readFileSync(join(path, "seen.txt"), "utf8");
  expect(seen).toContain("PATH=");
  for (const word of ["sk-", "LD_PRELOAD", "/nowhere"]) expect(seen).not.toContain(word);
});
