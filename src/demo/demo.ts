/**
 * `orchestrator demo`: drives REFACTOR_WITH_TESTS for real, as an MCP client and its agent would: in a scratch git
 * repository, with tests that the server runs and an agent that only claims they pass, a repair, and a server that is
 * killed and found again in the middle.
 */
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NEW_NAME, OLD_NAME, writeProject } from "./scratch-project.ts";
import { createScreen, type Screen } from "./screen.ts";
import { workOf } from "./scripted-agent.ts";
import {
  messageOf,
  type Seen,
  type Server,
  type ServerCommand,
  type StepAnswer,
  startServer,
} from "./server-process.ts";
import { createWorkbench, hasGit, testCommand, testLines, type Workbench } from "./workbench.ts";

const WORKFLOW = "REFACTOR_WITH_TESTS";

/** The workflow's loops are bounded; this only ends a demo whose workflow was edited into an endless one. */
const MAX_VISITS = 40;

/** The server is killed once it saw a step of its own fail, or after this many reports if all goes well. */
const KILL_AFTER = 4;

export interface DemoOptions {
  /** How this program is started again as a server. */
  server: ServerCommand;
  /** Takes a line for standard output. */
  print: (line: string) => void;
  /** Whether ANSI colours are welcome. */
  color: boolean;
  /** For the programs that the demo runs; see `workbench.ts` for what is passed on. */
  env: Record<string, string | undefined>;
  /** Leave the scratch directory for a look around. Default: remove it. */
  keep?: boolean;
  /** Ends the demo before its next step, and tidies up. */
  stop?: AbortSignal;
}

/** Where the demo stands. */
interface Run {
  options: DemoOptions;
  screen: Screen;
  bench: Workbench;
  scratch: string;
  server: Server;
  answer: StepAnswer;
  reports: number;
  /** Who decided each step, in order. */
  deciders: string[];
  trail: string[];
  /** How each of the server's own steps ended. */
  looked: string[];
  /** The number of reports after which the server was killed. */
  killedAfter: number | null;
}

/** Runs the demo; resolves to the exit code: 0 when the rename was committed, 1 when anything else happened. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const screen = createScreen(options.print, options.color);
  if (!(await hasGit(options.env))) {
    screen.failure("The demo needs git, which was not found. Install git, then run the demo again.");
    return 1;
  }
  let scratch: string | undefined;
  try {
    scratch = await realpath(await mkdtemp(join(tmpdir(), "orchestrator-demo-")));
    return await play(options, { screen, scratch });
  } catch (error) {
    screen.failure(`The demo failed: ${messageOf(error)}`);
    return 1;
  } finally {
    if (scratch !== undefined) await tidyUp(scratch, { screen, keep: options.keep === true });
  }
}

async function tidyUp(scratch: string, { screen, keep }: { screen: Screen; keep: boolean }): Promise<void> {
  if (keep) return screen.fact("kept", scratch);
  await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
}

async function play(options: DemoOptions, { screen, scratch }: { screen: Screen; scratch: string }): Promise<number> {
  const began = performance.now();
  const bench = await makeProject(options, { screen, scratch });
  introduce(screen, scratch);
  const server = await launch(options, scratch);
  const run: Run = {
    options,
    screen,
    bench,
    scratch,
    server,
    answer: await begin(server),
    reports: 0,
    deciders: [],
    trail: [],
    looked: [],
    killedAfter: null,
  };
  try {
    screen.fact("server", `pid ${server.pid}, MCP over stdio`);
    screen.fact("run", `${run.answer.instance_id}, started without any context`);
    await follow(run);
    return await conclude(run, performance.now() - began);
  } finally {
    await run.server.close();
  }
}

async function makeProject(options: DemoOptions, at: { screen: Screen; scratch: string }): Promise<Workbench> {
  const project = join(at.scratch, "shop");
  await mkdir(project);
  await writeProject(project);
  const bench = createWorkbench({ project, env: options.env, screen: at.screen });
  for (const args of [
    ["init", "-b", "main", "--template="],
    ["add", "--all"],
    ["commit", "-m", "A small shop"],
  ]) {
    const ran = await bench.git(args, { quiet: true });
    if (ran.exitCode !== 0) throw new Error(`git ${args[0]} did not work in the scratch project: ${ran.output.trim()}`);
  }
  return bench;
}

function introduce(screen: Screen, scratch: string): void {
  screen.line(`An agent renames ${OLD_NAME} to ${NEW_NAME}, led by the workflow ${WORKFLOW}.`);
  screen.line("A script plays the agent; the server, the edits, the test runs and the commit are real.");
  screen.line();
  screen.fact("project", join(scratch, "shop"));
}

function launch(options: DemoOptions, scratch: string): Promise<Server> {
  return startServer({
    ...options.server,
    project: join(scratch, "shop"),
    db: join(scratch, "state.sqlite"),
    test: testCommand(),
  });
}

async function begin(server: Server): Promise<StepAnswer> {
  try {
    return await server.call("start_workflow", { workflow_name: WORKFLOW });
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Does the steps that the server hands out, until the run ends. */
async function follow(run: Run): Promise<void> {
  while (run.answer.status === "RUNNING") {
    if (run.options.stop?.aborted) throw new Error("it was told to stop.");
    if (run.reports >= MAX_VISITS) throw new Error(`The workflow did not end within ${MAX_VISITS} visits.`);
    if (run.answer.decision_required !== undefined) {
      throw new Error("The server asks the agent to choose the next step; the demo's agent only follows routes.");
    }
    await doStep(run);
    const due = run.looked.at(-1) === "failed" || run.reports >= KILL_AFTER;
    if (due && run.killedAfter === null && run.answer.status === "RUNNING") await killAndResume(run);
  }
}

/** One step: the work, the report, the answer, and what the server did by itself before it answered. */
async function doStep(run: Run): Promise<void> {
  const { screen, answer } = run;
  const step = answer.next_step;
  if (!step) throw new Error(`The run is ${answer.status}, but no step was handed out.`);
  const work = workOf(step.step_name);
  if (!work) throw new Error(`The demo's agent does not know the step "${step.step_name}".`);

  screen.heading(`${step.visit ?? run.reports + 1} · ${step.step_name}`);
  run.trail.push(step.step_name);
  const { status, details, updates } = await work(run.bench, await run.server.context(answer.instance_id));
  screen.report(status, details);
  run.answer = await run.server.call("advance_workflow", {
    instance_id: answer.instance_id,
    report: { step_id: step.step_id, status, [status === "failure" ? "error" : "details"]: details },
    context_updates: updates,
  });
  run.reports += 1;
  for (const { check, ...seen } of run.answer.checked) showSeen(screen, `looked at ${check}`, seen);
  showDecision(run);
  for (const { step_name, visit, ...seen } of run.answer.server_did) {
    screen.heading(`${visit} · ${step_name} · by the server`);
    run.trail.push(step_name);
    run.looked.push(seen.outcome);
    showSeen(screen, "ran the tests", seen);
  }
}

function showSeen(screen: Screen, what: string, { outcome, exit_code, milliseconds, output_end = "" }: Seen): void {
  const facts = [outcome, exit_code !== undefined && `exit ${exit_code}`, milliseconds && `${milliseconds} ms`];
  screen.seen(outcome === "passed", `${what}: ${facts.filter(Boolean).join(", ")}`, testLines(output_end));
}

function showDecision(run: Run): void {
  const { decision, next_step, server_did } = run.answer;
  if (!decision) return;
  run.deciders.push(decision.decided_by);
  run.screen.next(
    server_did[0]?.step_name ?? next_step?.step_name ?? run.answer.status,
    `decided by ${decision.decided_by}: ${decision.reasoning}`,
  );
}

/** The server dies without warning, the agent forgets all; one call without any argument brings both back. */
async function killAndResume(run: Run): Promise<void> {
  const { screen, answer: before } = run;
  run.killedAfter = run.reports;
  const context = await run.server.context(before.instance_id);
  await run.server.kill();
  screen.event(`kill -9 ${run.server.pid}: the server is gone, and the agent forgets everything`);
  run.server = await launch(run.options, run.scratch);
  screen.fact("server", `pid ${run.server.pid}, a new process on the same database`);
  run.answer = await run.server.call("resume_workflow", {});
  screen.fact("call", "resume_workflow {}");
  screen.quote(recapText(run.answer.recap));
  const same =
    run.answer.next_step?.step_id === before.next_step?.step_id &&
    Bun.deepEquals(await run.server.context(before.instance_id), context);
  if (!same) throw new Error("After the kill the run is not where it was: another step, or another context.");
}

function recapText(recap: unknown): string {
  return typeof recap === "string" ? recap : JSON.stringify(recap ?? null, null, 2);
}

async function conclude(run: Run, milliseconds: number): Promise<number> {
  const { screen, bench } = run;
  const log = (await bench.git(["log", "--oneline"], { quiet: true })).stdout.trim().split("\n");
  const dirty = (await bench.git(["status", "--porcelain"], { quiet: true })).stdout.trim();
  const proven = run.looked.join() === "passed,failed,passed";
  const good =
    run.answer.status === "COMPLETED" && log.length === 2 && dirty === "" && run.killedAfter !== null && proven;
  const byRoute = run.deciders.filter((decider) => decider === "route").length;

  screen.heading(run.answer.status);
  const seconds = (milliseconds / 1000).toFixed(1);
  screen.fact("visits", `${run.trail.length} in ${seconds} s, ${run.looked.length} of them by the server`);
  screen.fact("path", run.trail.join(" → "));
  screen.fact(
    "routes",
    `${byRoute} of the agent's ${run.deciders.length} reports decided by routes in the workflow's text, no model asked`,
  );
  screen.fact("tests", `run by the server alone: ${run.looked.join(", then ")}`);
  if (run.killedAfter !== null) {
    screen.fact(
      "kill -9",
      `after report ${run.killedAfter}; found again by one call, at the same step with the same context`,
    );
  }
  for (const [index, line] of log.entries()) screen.fact(index === 0 ? "git log" : "", line);
  if (!good) screen.failure("The rename was not committed as it should have been; see above.");
  return good ? 0 : 1;
}
