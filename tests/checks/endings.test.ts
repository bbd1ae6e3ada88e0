/** However a check ends, nothing that it started is left running. Processes are looked for in /proc: Linux only. */
import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import {
  createTestChecker,
  expectGone,
  looking,
  newAttempt,
  oddSeconds,
  processesWith,
  run,
  runScript,
} from "../support/checking.ts";
import { waitFor } from "../support/stdio.ts";
import { scratchDir } from "../support/workspace.ts";

const project = scratchDir();
const CHECKER = join(import.meta.dir, "../../src/checks/checker.ts");

/** Ways in which a script leaves a process behind that sleeps for `$1` seconds. */
const LEFT: [string, (seconds: string) => string][] = [
  ["a child that holds the output open", (seconds) => `sleep ${seconds} & echo done`],
  ["a child that closed everything", (seconds) => `sleep ${seconds} <&- >&- 2>&- & echo done`],
  ["a child that ignores SIGTERM and SIGHUP", (seconds) => `(trap '' TERM HUP; sleep ${seconds}) & echo done`],
  ["a daemon in a session of its own", (seconds) => `setsid sleep ${seconds} >&- 2>&- & echo done`],
  [
    "a daemon that holds the output open",
    (seconds) => `(setsid sh -c 'sleep ${seconds} & sleep ${seconds}' &); echo done`,
  ],
];

describe.skipIf(process.platform !== "linux")("nothing is left", () => {
  test.each(LEFT)("%s is ended with the program", async (_, script) => {
    const seconds = oddSeconds();
    const { outcome, output, milliseconds = 0 } = await runScript(script(seconds), project);
    expect({ outcome, output }).toEqual({ outcome: "passed", output: "done" });
    expect(milliseconds).toBeLessThan(2_000);
    await expectGone(`sleep ${seconds}`);
  });

  test.each(LEFT)("%s is ended when the program fails", async (_, script) => {
    const seconds = oddSeconds();
    const { reason } = await runScript(`${script(seconds)}; exit 4`, project);
    expect(reason).toBe("exited with 4");
    await expectGone(`sleep ${seconds}`);
  });

  test("one that took the mark away and holds the output open does not hold up the result", async () => {
    const script =
      "env -u ORCHESTRATOR_CHECK setsid sleep 4 & while ! pgrep -x sleep >/dev/null; do :; done; echo done";
    const { outcome, output, milliseconds = 0 } = await runScript(script, project);
    expect({ outcome, output }).toEqual({ outcome: "passed", output: "done" });
    expect(milliseconds).toBeLessThan(3_000);
  });

  test("one that does not end is ended at its time limit, with its daemons", async () => {
    const seconds = oddSeconds();
    const script = `setsid sleep ${seconds} & sleep ${seconds} & echo begun; wait`;
    const result = await createTestChecker().look(run(["sh", "-c", script], 1), looking(project));
    expect(result).toMatchObject({ outcome: "failed", reason: "did not end within 1 s", output: "begun" });
    expect(result.exit_code).toBeUndefined();
    expect(result.milliseconds).toBeLessThan(2_000);
    await expectGone(`sleep ${seconds}`);
  });

  test("it is asked first: it may say a last word", async () => {
    const script = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.01; done";
    const result = await createTestChecker().look(run(["sh", "-c", script], 1), looking(project));
    expect(result).toMatchObject({ outcome: "failed", reason: "did not end within 1 s" });
    expect(result.output).toEndWith("bye");
  });

  test("one that does not listen is ended two seconds later", async () => {
    const seconds = oddSeconds();
    const script = `trap '' TERM HUP INT; sleep ${seconds}; sleep ${seconds}`;
    const result = await createTestChecker().look(run(["sh", "-c", script], 1), looking(project));
    expect(result.reason).toBe("did not end within 1 s");
    expect(result.milliseconds).toBeGreaterThanOrEqual(2_900);
    expect(result.milliseconds).toBeLessThan(5_000);
    await expectGone(`sleep ${seconds}`);
  });

  test("an endless flood is ended at its time limit", async () => {
    const mark = `y${oddSeconds()}`;
    const result = await createTestChecker().look(run(["yes", mark], 1), looking(project));
    expect(result.reason).toBe("did not end within 1 s");
    expect(result.output).toContain(mark);
    await expectGone(mark);
  });

  test("stopped in the middle, all of it ends at once", async () => {
    const seconds = oddSeconds();
    const stop = new AbortController();
    const script = `trap '' TERM; setsid sleep ${seconds} & sleep ${seconds} & echo begun; wait`;
    const looked = runScript(script, project, { signal: stop.signal });
    await waitFor(() => processesWith(`sleep ${seconds}`).length >= 3, "the program and its children");
    const begun = performance.now();
    stop.abort();
    const result = await looked;
    expect(result).toMatchObject({ outcome: "failed", reason: "stopped" });
    expect(performance.now() - begun).toBeLessThan(1_000);
    await expectGone(`sleep ${seconds}`);
  });

  test("stopped before, nothing is started", async () => {
    const mark = oddSeconds();
    const result = await runScript(`echo ${mark}`, project, { signal: AbortSignal.abort() });
    expect(result).toEqual({ check: `sh -c echo ${mark}`, outcome: "failed", reason: "stopped" });
  });

  test("what bears another attempt's mark stays", async () => {
    const seconds = oddSeconds();
    const attempt = newAttempt();
    const env = { PATH: process.env["PATH"], ORCHESTRATOR_CHECK: `${attempt}0` };
    const longer = spawn("sleep", [seconds], { env });
    const same = spawn("sleep", [seconds], { env: { ...env, ORCHESTRATOR_CHECK: attempt } });
    try {
      await Promise.all([once(longer, "spawn"), once(same, "spawn")]);
      const ended = once(same, "exit");
      await createTestChecker().endLeftovers(attempt);
      expect(await ended).toEqual([null, "SIGKILL"]);
      expect(longer.exitCode ?? longer.signalCode).toBeNull();
    } finally {
      longer.kill("SIGKILL");
      same.kill("SIGKILL");
    }
  });

  /** A process that looks at one script, and may be killed. */
  function startServer(script: string, attempt: string) {
    const code = `
      const { createChecker } = await import(${JSON.stringify(CHECKER)});
      const environment = { PATH: process.env.PATH };
      const files = { output: () => ({ add() {}, end: async () => ({}), discard: async () => {} }) };
      const checker = createChecker({ allowed: true, commands: new Map(), environment, changes: {}, files });
      const check = { kind: "run", text: "", words: ["sh", "-c", ${JSON.stringify(script)}], timeout: 60 };
      const at = { project: ${JSON.stringify(project)}, baseline: null, attempt: ${JSON.stringify(attempt)} };
      await checker.look(check, { ...at, signal: new AbortController().signal });`;
    return spawn(process.execPath, ["-e", code], { env: { PATH: process.env["PATH"] }, stdio: "ignore" });
  }

  test.each(["SIGKILL", "SIGTERM"] as const)("the server ended by %s takes the program with it", async (signal) => {
    const seconds = oddSeconds();
    const server = startServer(`trap '' TERM HUP; sleep ${seconds} & sleep ${seconds}; :`, newAttempt());
    await waitFor(() => processesWith(`sleep ${seconds}`).length >= 3, "the program");
    server.kill(signal);
    await expectGone(seconds);
  });

  test("a daemon that outlived the server is ended by the next one", async () => {
    const seconds = oddSeconds();
    const attempt = newAttempt();
    const server = startServer(`setsid sleep ${seconds} & wait`, attempt);
    await waitFor(() => processesWith(`sleep ${seconds}`).length >= 2, "the daemon");
    server.kill("SIGKILL");
    await waitFor(
      () => processesWith("orchestrator-check").every((pid) => !processesWith(attempt).includes(pid)),
      "the guard's end",
    );
    await createTestChecker().endLeftovers(attempt);
    await expectGone(`sleep ${seconds}`);
  });
});
