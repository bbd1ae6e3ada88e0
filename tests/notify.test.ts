/** `--notify`: the program that tells a person runs once for each wait, and no call ever feels it. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { notifyWords } from "../src/check-settings.ts";
import { createNotifier } from "../src/checks/notifier.ts";
import type { Instance } from "../src/instance.ts";
import { noticeOf } from "../src/notice.ts";
import type { Turn } from "../src/turn.ts";
import { advance, type Caller, startRun } from "./support/calls.ts";
import { expectGone, oddSeconds, processesWith } from "./support/checking.ts";
import { type Connection, connect } from "./support/client.ts";
import { TRANSPORTS } from "./support/either.ts";
import { chooses } from "./support/endpoint.ts";
import { connectInProcess } from "./support/in-process.ts";
import { endpointThat, judged, modelEnv } from "./support/model-run.ts";
import { clock, MINUTE, SHIP } from "./support/serving.ts";
import { runBare, startBare, waitFor } from "./support/stdio.ts";
import { scratchDir, workflowFiles, writeFiles } from "./support/workspace.ts";

const workflows = scratchDir();
writeFiles(workflows, {
  ...workflowFiles("LIMITED", { Work: { extras: ["max_visits: 1", "next: Work"] } }),
  ...workflowFiles("ASKED", {
    Work: { extras: ["next: Deploy"] },
    Deploy: { extras: ['approval: {ask: "Deploy {{ context.version }}?", expires: 1h}'], ...SHIP },
  }),
  ...workflowFiles("FIRST", { Deploy: { extras: ["approval: true"], ...SHIP } }),
  ...workflowFiles("TIMED", { Work: { extras: ["deadline: 1s"], ...SHIP } }),
  ...workflowFiles("PLAIN", { Work: SHIP }),
});

/** Notes what it is told, a line each time, and its whole environment. */
const NOTE = `env > env.$ORCHESTRATOR_RUN
printf '%s|' "$ORCHESTRATOR_RUN" "$ORCHESTRATOR_WORKFLOW" "$ORCHESTRATOR_STEP" "$ORCHESTRATOR_KIND" >> told
printf '%s\\n' "$ORCHESTRATOR_ASK" >> told`;

/** A project whose server tells by the script. */
function telling(script = NOTE) {
  const project = scratchDir();
  writeFiles(project, { "tell.sh": script });
  return { workflows, project, args: ["--notify", "sh tell.sh"] };
}

/** The lines that are written whole. */
function toldIn(project: string): string[] {
  const file = join(project, "told");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
}

/** Starts a run and leads it to where it waits for a person; the last answer. */
async function wait(on: Caller) {
  return advance(on, await startRun(on, "LIMITED"));
}

/** The warning about what became of a notice. */
function warningOf(on: Connection): Promise<{ why: string; exit_code?: number; output?: string }> {
  const line = () =>
    on
      .stderr()
      .split("\n")
      .find((each) => each.includes("--notify") && each.endsWith("}"));
  return waitFor(() => line(), "the warning", 10_000).then((found) => JSON.parse(found));
}

for (const [name, serve] of Object.entries(TRANSPORTS)) {
  test(`over ${name} a person is told of a limit, an approval and a deadline, and of nothing that is no wait for them`, async () => {
    const at = telling();
    const on = await serve(at);
    const limited = await startRun(on, "LIMITED");
    await advance(on, limited);
    const asked = await startRun(on, "ASKED");
    await advance(on, asked, { updates: { version: "1.2" } });
    const first = (await on.call("start_workflow", { workflow_name: "FIRST" })).data.instance_id;
    const timed = await startRun(on, "TIMED");
    const plain = await startRun(on, "PLAIN");
    await advance(on, plain, { status: "paused", message: "lunch" });
    await on.call("resume_workflow", { instance_id: plain.id });
    await advance(on, plain);
    const resume = async () => (await on.call("resume_workflow", { instance_id: timed.id })).data.status;
    while ((await resume()) !== "SUSPENDED") await Bun.sleep(50);
    await waitFor(() => toldIn(at.project).length >= 4, "all that is told");
    expect(toldIn(at.project)).toHaveLength(4);
    expect(toldIn(at.project)).toEqual(
      expect.arrayContaining([
        `${limited.id}|LIMITED|Work|visits|step "Work" was entered 2 times, and its limit is 1`,
        `${asked.id}|ASKED|Deploy|approval|Deploy 1.2?`,
        `${first}|FIRST|Deploy|approval|May step "Deploy" be done?`,
        `${timed.id}|TIMED|Work|deadline|step "Work": no report came within 1 s`,
      ]),
    );
    const [, link] = /^ORCHESTRATOR_URL=(.*)$/m.exec(readFileSync(join(at.project, `env.${limited.id}`), "utf8")) ?? [];
    if (name === "HTTP") expect(link).toMatch(new RegExp(`^http://127.0.0.1:\\d+/runs/${limited.id}$`));
    else expect(link).toBeUndefined();
  });
}

test("a person is told if the clock leads there in the background", async () => {
  const { project, args } = telling();
  const time = clock();
  const on = await connectInProcess({ workflows: [workflows], project, notify: args[1] }, { now: time.now });
  const run = await startRun(on, "TIMED");
  time.pass(MINUTE);
  await on.app.engine.sweep();
  await waitFor(() => toldIn(project).length > 0, "what is told");
  expect(toldIn(project)).toEqual([expect.stringContaining(`${run.id}|TIMED|Work|deadline|`)]);
});

test("a person is told of a request, of the one that follows it once it is over, and that their no leads nowhere", async () => {
  const { project, args } = telling();
  const time = clock();
  const on = await connectInProcess({ workflows: [workflows], project, notify: args[1] }, { now: time.now });
  const run = await startRun(on, "ASKED");
  await advance(on, run, { updates: { version: "1.2" } });
  const told = async (count: number) => {
    await waitFor(() => toldIn(project).length >= count, `notice ${count}`);
    return toldIn(project).map((line) => line.split("|")[3]);
  };
  expect(await told(1)).toEqual(["approval"]);
  time.pass(61 * MINUTE);
  const { visit, approval_id, hash, shown } = await on.app.engine.bound(run.id);
  expect(await told(2)).toEqual(["approval", "approval"]);
  const no = { instance_id: run.id, visit, approval_id, hash, shown, yes: false, comment: "not today" };
  await on.app.engine.decide(no, { actor: "cli" });
  expect(await told(3)).toEqual(["approval", "approval", "denied"]);
});

test("a person is told if a model suspends the run", async () => {
  const endpoint = endpointThat(
    chooses("Test", { status_suggestion: "SUSPENDED", reasoning: "The user must see it." }),
  );
  const { project, args } = telling();
  const on = await connect({ workflows: judged(), project, args, env: modelEnv(endpoint) });
  const run = await startRun(on, "JUDGED");
  await advance(on, run);
  await waitFor(() => toldIn(project).length > 0, "what is told");
  expect(toldIn(project)).toEqual([`${run.id}|JUDGED|Test|model|The user must see it.`]);
  expect(readFileSync(join(project, `env.${run.id}`), "utf8")).not.toContain("sk-test-key");
});

test("the same wait is told once, whoever calls again, resumes or shares the database", async () => {
  const at = telling();
  const on = await connect(at);
  const start = { workflow_name: "FIRST", request_id: "one" };
  const first = (await on.call("start_workflow", start)).data.instance_id;
  const run = await startRun(on, "LIMITED");
  const beside = await connect({ ...at, db: on.db });
  await Promise.all([on, beside, on, beside].map((each) => advance(each, run)));
  for (const each of [on, beside]) {
    await each.call("start_workflow", start);
    await advance(each, run);
    for (const instance_id of [run.id, first]) {
      await each.call("resume_workflow", { instance_id });
      await advance(each, { id: instance_id }, { status: "failure" });
      await each.call("get_workflow_status", { instance_id });
    }
  }
  await on.close();
  await beside.close();
  const again = await connect({ ...at, db: on.db });
  await again.call("resume_workflow", { instance_id: run.id });
  await again.close();
  expect(
    toldIn(at.project)
      .map((line) => line.split("|")[0])
      .sort(),
  ).toEqual([first, run.id].sort());
});

test("what an agent says is no command, whatever stands in it", async () => {
  const at = telling();
  const on = await connect(at);
  const version = `"; touch a; $(touch b) \`touch c\` ' | touch d & \u001b[31m\u0007\u202e\n\r\t-rf ${"x".repeat(400)}`;
  const run = await startRun(on, "ASKED");
  await advance(on, run, { updates: { version } });
  await waitFor(() => toldIn(at.project).length > 0, "what is told");
  const [line = "", ...more] = toldIn(at.project);
  expect(more).toEqual([]);
  const ask = line.split("|").slice(4).join("|");
  expect(ask).toStartWith(`Deploy "; touch a; $(touch b) \`touch c\` ' | touch d & \\u001b[31m\\u0007\\u202e -rf xxx`);
  expect(ask).toHaveLength(300);
  for (const file of "abcd") expect(existsSync(join(at.project, file))).toBe(false);
});

test("the program is given none of the server's environment but what programs need", async () => {
  const at = telling();
  const secrets = { AI_SERVICE_API_KEY: "s3cret", HTTP_AUTH_TOKEN: "s3cret", GITHUB_TOKEN: "s3cret", LANG: "C" };
  const on = await connect({ ...at, env: { PATH: process.env["PATH"] ?? "", ...secrets } });
  const { instance_id } = (await wait(on)).data;
  const file = join(at.project, `env.${instance_id}`);
  await waitFor(() => toldIn(at.project).length > 0, "what is told");
  const names = readFileSync(file, "utf8").match(/^\w+(?==)/gm) ?? [];
  const told = ["ASK", "CHECK", "KIND", "ROOT", "RUN", "STEP", "WORKFLOW"].map((each) => `ORCHESTRATOR_${each}`);
  const needed = ["HOME", "LANG", "LOGNAME", "NO_COLOR", "PATH", "PWD", "SHELL", "TERM", "USER"];
  const ofShells = ["_", "SHLVL", "OLDPWD"];
  expect(names).toEqual(expect.arrayContaining([...told, "LANG", "PATH"]));
  expect(names.filter((each) => ![...told, ...needed, ...ofShells].includes(each))).toEqual([]);
  expect(readFileSync(file, "utf8")).not.toContain("s3cret");
});

for (const [what, { script, args, told }] of Object.entries({
  "that fails": {
    script: "echo no network >&2; exit 3",
    told: { why: "it exited with 3", exit_code: 3, output: "no network" },
  },
  "that is not there": {
    args: ["--notify", "no-such-program"],
    told: { why: 'there is no program "no-such-program"' },
  },
  "that ends itself": { script: "kill -KILL $$", told: { why: "it exited with 137", exit_code: 137 } },
  "that prints 10 MB": {
    script: "head -c 10000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1",
    told: {
      why: "it exited with 1",
      exit_code: 1,
      output: expect.stringMatching(/^… \([\d,]+ bytes before this\)\n[\s\S]{0,600}the end$/),
    },
  },
} as Record<string, { script?: string; args?: string[]; told: object }>)) {
  test(`a program ${what} is a warning in the log, and nothing to the call`, async () => {
    const on = await connect({ ...telling(script), ...(args ? { args } : {}) });
    const answer = await wait(on);
    expect(answer.data).toMatchObject({ status: "SUSPENDED", waiting_for: { kind: "visits" } });
    expect(await warningOf(on)).toMatchObject({ level: "warn", instance_id: answer.data.instance_id, ...told });
  });
}

test("a program that hangs holds up no call, and ends with the server, which ends in time", async () => {
  const seconds = oddSeconds();
  const at = telling(`trap '' TERM; sleep ${seconds}`);
  const db = join(scratchDir(), "state.sqlite");
  const bare = startBare({
    cwd: at.project,
    args: ["serve", "--db", db, "--workflows", workflows, ...at.args],
  });
  await bare.shakeHands();
  const began = performance.now();
  const { result } = await bare.ask("tools/call", { name: "start_workflow", arguments: { workflow_name: "LIMITED" } });
  const { instance_id } = result.structuredContent;
  const report = { step_id: "1-work", status: "success" };
  await bare.ask("tools/call", { name: "advance_workflow", arguments: { instance_id, report } });
  expect(performance.now() - began).toBeLessThan(2_000);
  await waitFor(() => processesWith(`sleep ${seconds}`).length > 0, "the program");
  const told = performance.now();
  bare.child.stdin.end();
  expect(await bare.exited).toMatchObject({ code: 0 });
  expect(performance.now() - told).toBeLessThan(2_500);
  expect(processesWith(`sleep ${seconds}`)).toEqual([]);
  expect(bare.stderr()).toContain('"why":"the server ended"');
});

test("a program that needs a moment is left that moment when the server ends", async () => {
  const at = telling(`sleep 0.5\n${NOTE}`);
  const on = await connect(at);
  await wait(on);
  await on.close();
  await waitFor(() => toldIn(at.project).length > 0, "what is told");
});

test("a server that is killed leaves nothing of a program that runs", async () => {
  const seconds = oddSeconds();
  const on = await connect(telling(`sleep ${seconds} & sleep ${seconds}`));
  await wait(on);
  await waitFor(() => processesWith(`sleep ${seconds}`).length > 0, "the program");
  await on.kill();
  await expectGone(`sleep ${seconds}`);
});

test.each([
  ["a | b", 'which cannot be started: "|" is for a shell'],
  ["", "which cannot be started: it names no program"],
  ["sh -c 'x", "which cannot be started: a quote is not closed"],
  ["tell $ORCHESTRATOR_ASK", 'which cannot be started: "$ORCHESTRATOR_ASK" is for a shell'],
])("--notify %p stops the start, and says why", async (value, why) => {
  const bare = startBare({ cwd: scratchDir(), args: ["serve", "--notify", value] });
  expect(await bare.exited).toMatchObject({ code: 1 });
  expect(bare.stderr()).toContain(`INVALID_INPUT: --notify is "${value}", ${why}.`);
  expect(bare.stderr()).toContain(`write --notify "sh -c '…'"`);
});

test("--notify is explained by serve, belongs to it alone, and is refused where no program can be run", async () => {
  const cwd = scratchDir();
  expect((await runBare({ cwd, args: ["serve", "--help"] })).stdout).toMatch(/--notify COMMAND +\S/);
  expect(await runBare({ cwd, args: ["instances", "--notify", "true"] })).toMatchObject({ code: 2 });
  expect(() => notifyWords("true", "win32")).toThrow("programs are run on POSIX systems only");
});

/** A notifier of this process, what it logged, and a way to tell `count` runs. */
function notifier(script: string, limitMs?: number) {
  const project = scratchDir();
  const logged: Record<string, unknown>[] = [];
  const log = (fields: Record<string, unknown>, message: string) => void logged.push({ ...fields, message });
  const environment = { PATH: process.env["PATH"] ?? "" };
  const notifies = createNotifier({
    words: ["sh", "-c", script],
    project,
    environment,
    link: () => null,
    log: { debug: () => {}, info: log, warn: log, error: log },
    ...(limitMs === undefined ? {} : { limitMs }),
  });
  const tell = (count: number) => {
    for (let n = 1; n <= count; n++) {
      const instance_id = `run_${n}`;
      const about = { instance_id, root_id: instance_id, workflow_name: "W", step_name: "S" };
      notifies.tell({ ...about, kind: "visits", ask: "" });
    }
  };
  return { project, logged, notifies, tell };
}

test("a program that takes too long is ended, with all that it started", async () => {
  const seconds = oddSeconds();
  const { logged, notifies, tell } = notifier(`echo begun; sleep ${seconds} & wait`, 300);
  tell(1);
  await waitFor(() => logged.length > 0, "the warning");
  expect(logged).toMatchObject([{ instance_id: "run_1", why: "it did not end within 0.3 s", output: "begun" }]);
  await expectGone(`sleep ${seconds}`);
  await notifies.close();
});

test("eight programs run at once, a hundred notices wait in line, and further ones are dropped with a warning", async () => {
  const script = "echo $ORCHESTRATOR_RUN >> told; while ! test -e go; do sleep 0.02; done";
  const { project, logged, notifies, tell } = notifier(script);
  tell(110);
  await waitFor(() => toldIn(project).length >= 8, "eight programs");
  expect(logged.map(({ instance_id }) => instance_id)).toEqual(["run_109", "run_110"]);
  expect(toldIn(project)).toHaveLength(8);
  writeFiles(project, { go: "" });
  await waitFor(() => toldIn(project).length >= 108, "all others", 20_000);
  await notifies.close();
  expect(new Set(toldIn(project)).size).toBe(108);
  expect(logged).toHaveLength(2);
}, 30_000);

const since = "2026-01-01T00:00:00.000Z";
const approval = (approval_id: string): Turn => ({
  of: "person",
  kind: "approval",
  since,
  message: "Go?",
  approval: { approval_id },
});
const person = (kind: "visits" | "denied" | "paused"): Turn => ({ of: "person", kind, since, message: "why" });
const agent: Turn = { of: "agent", kind: "step", since };

test.each<[string, Turn | null, Turn | null, boolean]>([
  ["an approval is asked", agent, approval("1.1"), true],
  ["the same stays", approval("1.1"), approval("1.1"), false],
  ["it is asked again", approval("1.1"), approval("1.2"), true],
  ["it is denied", approval("1.1"), person("denied"), true],
  ["one gate follows another", person("visits"), approval("1.1"), true],
  ["the same limit stays", person("visits"), person("visits"), false],
  ["the user paused", agent, person("paused"), false],
  ["a paused run meets a gate", person("paused"), approval("1.1"), true],
  ["the agent goes on", approval("1.1"), agent, false],
  ["the run ended", approval("1.1"), null, false],
])("whether a person is told: %s", (_what, before, after, told) => {
  // The rule reads no other field.
  const at = (turn: Turn | null, visit = 1) =>
    ({ instance_id: "run_1", workflow_name: "W", step_name: "S", visit, turn }) as Instance;
  expect(noticeOf(at(before), at(after)) !== null).toBe(told);
  if (after?.of === "person" && after.kind !== "paused") expect(noticeOf(at(before), at(after, 2))).not.toBeNull();
});
