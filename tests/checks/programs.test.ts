/** Programs as checks: how they are started, what is told of them, what they get. */
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { MAX_OUTPUT } from "../../src/check.ts";
import { readConfig } from "../../src/config.ts";
import { createTestChecker, looking, run, runScript } from "../support/checking.ts";
import { scratchDir, writeFiles } from "../support/workspace.ts";

const project = scratchDir();
writeFiles(project, { "file.txt": "x", "tool.sh": "#!/bin/sh\necho tool in $PWD\n", "src/a.ts": "" });
chmodSync(join(project, "tool.sh"), 0o755);

const OUTCOMES: [name: string, words: string[], told: object][] = [
  ["one that exits with 0 passes", ["true"], { outcome: "passed", exit_code: 0 }],
  ["one that exits with 1 fails", ["false"], { outcome: "failed", exit_code: 1, reason: "exited with 1" }],
  ["any other code is told", ["sh", "-c", "exit 77"], { outcome: "failed", exit_code: 77, reason: "exited with 77" }],
  ["a signal is told", ["sh", "-c", "kill -KILL $$"], { exit_code: 137, reason: "was ended by SIGKILL" }],
  ["so it is when the signal goes to the group", ["sh", "-c", "kill 0; sleep 9"], { reason: "was ended by SIGTERM" }],
  ["even the one that nobody survives", ["sh", "-c", "kill -9 0"], { reason: "was ended by SIGKILL" }],
  ["a program that is nowhere", ["no-such-program"], { reason: 'there is no program "no-such-program"' }],
  ["nor at its path", ["./nowhere/tool"], { reason: 'there is no program "./nowhere/tool"' }],
  ["one that may not be executed", ["./file.txt"], { reason: '"./file.txt" is not executable' }],
  ["a directory", ["./src"], { reason: '"./src" is no program but a directory' }],
  ["an empty word", [""], { reason: 'there is no program ""' }],
  ["a path is relative to the project", ["./tool.sh"], { outcome: "passed", output: `tool in ${project}` }],
  [
    "both outputs are told in order",
    ["sh", "-c", "echo a; echo b >&2; echo c"],
    { outcome: "passed", output: "a\nb\nc" },
  ],
  [
    "they can be opened by name",
    ["sh", "-c", "echo a >/dev/stderr; echo b >/dev/stdout"],
    { outcome: "passed", output: "a\nb" },
  ],
  ["input is empty", ["sh", "-c", "cat; readlink /proc/self/fd/0"], { outcome: "passed", output: "/dev/null" }],
  ["it may change its directory", ["sh", "-c", "cd /; pwd"], { outcome: "passed", output: "/" }],
  ["it may close its outputs", ["sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 3"], { exit_code: 3 }],
];

test.each(OUTCOMES)("%s", async (_, words, told) => {
  const result = await createTestChecker().look(run(words), looking(project));
  expect(result).toMatchObject({ check: words.join(" "), outcome: "failed", ...told });
  expect(result.milliseconds).toBeGreaterThanOrEqual(0);
  if (!("output" in told)) expect(result.output).toBeUndefined();
});

test("a project directory that is gone fails the check", async () => {
  const result = await createTestChecker().look(run(["true"]), looking(join(project, "gone")));
  expect(result).toMatchObject({ outcome: "failed", reason: `the project's directory ${project}/gone is not there` });
});

test("what cannot be started at all is told, not thrown", async () => {
  const result = await createTestChecker().look(run(["true", "x".repeat(4_000_000)]), looking(project));
  expect(result.outcome).toBe("failed");
  expect(result.reason).toMatch(/^it could not be looked at: .+$/);
});

test("a command runs what whoever started the server named", async () => {
  const commands = new Map([["greet", { text: "echo 'a  b'", words: ["echo", "a  b"] }]]);
  const checker = createTestChecker({ allowed: false, commands });
  const result = await checker.look({ kind: "command", name: "greet", timeout: 9 }, looking(project));
  expect(result).toMatchObject({ check: "greet", outcome: "passed", output: "a  b" });
  const unknown = await checker.look({ kind: "command", name: "other", timeout: 9 }, looking(project));
  expect(unknown).toMatchObject({ outcome: "failed", reason: 'there is no command "other"' });
});

test("words of a shell are words, not commands", async () => {
  const dir = scratchDir();
  const hostile = ["$(touch x)", "; touch x", "`touch x`", "| touch x", "> x", "$HOME", "*", "'", '"', "-n", "\\"];
  const result = await createTestChecker().look(run(["printf", "<%s>\\n", ...hostile]), looking(dir));
  expect(result.output).toBe(hostile.map((word) => `<${word}>`).join("\n"));
  const named = await createTestChecker().look(run(["$(touch x)"]), looking(dir));
  expect(named.outcome).toBe("failed");
  expect(readdirSync(dir)).toEqual([]);
});

test("the environment is the allowed part of the server's, the directory and the mark; nothing is inherited", async () => {
  const secrets = { AI_SERVICE_API_KEY: "secret", HTTP_AUTH_TOKEN: "secret", GITHUB_TOKEN: "secret" };
  Object.assign(process.env, secrets);
  try {
    const { environment } = readConfig({}, { ...secrets, PATH: process.env["PATH"], LC_ALL: "C" }).checks;
    const checker = createTestChecker({ environment });
    const at = looking(project);
    const { output = "" } = await checker.look(run(["env"]), at);
    const shellsOwn = /^(_|SHLVL|OLDPWD)=/; // some shells add these
    const lines = output.split("\n").filter((line) => line && !shellsOwn.test(line));
    const expected = { ...environment, PWD: project, ORCHESTRATOR_CHECK: at.attempt };
    expect(lines.sort()).toEqual(
      Object.entries(expected)
        .map((pair) => pair.join("="))
        .sort(),
    );
    expect(output).not.toContain("secret");
  } finally {
    for (const name of Object.keys(secrets)) delete process.env[name];
  }
});

test("it is run and heard if PATH leads to its own tools alone", async () => {
  const checker = createTestChecker({ environment: { PATH: join(project, "src") } });
  const result = await checker.look(run(["/bin/sh", "-c", "echo $PATH"]), looking(project));
  expect(result).toMatchObject({ outcome: "passed", output: `${project}/src` });
});

test("only the three standard descriptors are open", async () => {
  const { output } = await runScript(
    "for fd in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; :",
    project,
  );
  expect(output).toBeUndefined();
});

test("colours and control characters are taken out, half characters replaced", async () => {
  const { output } = await runScript("printf '\\033[31mred\\033[0m\\a\\tx\\r\\n\\303\\244 \\377\\000end'", project);
  expect(output).toBe("red\tx\nä \uFFFDend");
});

test("binary output is told as text", async () => {
  const { outcome, output } = await runScript("head -c 3000 /dev/urandom", project);
  expect(outcome).toBe("passed");
  expect(output).not.toMatch(/[^\P{Cc}\n\t]/u);
});

test("of much output the end is told, under a line that says how much came before", async () => {
  const { output = "" } = await runScript("head -c 1234567 /dev/zero | tr '\\0' a; printf END", project);
  const [first, ...rest] = output.split("\n");
  expect(first).toBe("… (1,230,570 bytes before this)");
  expect(rest.join("\n")).toBe(`${"a".repeat(MAX_OUTPUT - 3)}END`);
});

test("exactly as much as is kept is told whole", async () => {
  const { output } = await runScript(`head -c ${MAX_OUTPUT} /dev/zero | tr '\\0' a`, project);
  expect(output).toBe("a".repeat(MAX_OUTPUT));
});

test("a flood is read to its end in little memory", async () => {
  await runScript("yes | head -c 1000000", project);
  const before = process.memoryUsage().rss;
  const { outcome, output = "" } = await runScript("yes | head -c 1000000000; echo END", project);
  expect(outcome).toBe("passed");
  expect(output).toStartWith("… (999,996,004 bytes before this)\n");
  expect(output).toEndWith("y\nEND");
  expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
});

test("twenty at once do not get in each other's way", async () => {
  const dir = scratchDir();
  mkdirSync(join(dir, "sub"));
  const results = await Promise.all(Array.from({ length: 20 }, (_, n) => runScript(`echo ${n}; exit ${n}`, dir)));
  expect(results.map(({ exit_code }) => exit_code)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(results.map(({ output }) => output)).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
});
