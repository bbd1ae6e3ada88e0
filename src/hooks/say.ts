/** What hooks say, to the agent and in one paragraph. Names and reports are data of others: one line each, cut and quoted. Pure. */
import type { HookEvent, HookRun, HookTurn, LastReport } from "../hook.ts";
import { between, oneLine, quoted } from "../words.ts";

/** Longest name and quotation, in characters, and most runs that are named. */
const MAX_NAME = 120;
const MAX_SAID = 160;
const MAX_RUNS = 5;

/** A run and its last report. */
export interface Told {
  run: HookRun;
  last: LastReport | null;
}

interface At {
  event: HookEvent;
  now: string;
}

/** Which runs are live, at which step, and the call that goes on. Ids are left out: a session is known by those in it. */
export function liveRuns(all: readonly Told[], { event, now }: At): string {
  const named = all.slice(0, MAX_RUNS).map((told) => runWords(told, now));
  const more = all.length > MAX_RUNS ? ` There are ${all.length - MAX_RUNS} more.` : "";
  const head = all.length === 1 ? "A workflow run is live" : `${all.length} workflow runs are live`;
  const where = event === "session-start" ? "in this project" : "in this session";
  return `[orchestrator] ${head} ${where}: ${named.join("; ")}.${more} ${nextWords(all, event)}`;
}

function nextWords(all: readonly Told[], event: HookEvent): string {
  const isAwaited = all.some(({ run }) => run.turn.of !== "person"); // resuming would end a pause that the user asked for
  if (event === "after-compaction" && isAwaited)
    return "The context was compacted: call resume_workflow {} now, before anything else.";
  return "If the user wants to go on with it, call resume_workflow {}.";
}

/** `REFACTOR at step "Run Tests", visit 4, which waits for a person; last report 12 min ago: "Write Tests", success, "12 tests"` */
function runWords({ run, last }: Told, now: string): string {
  const { workflow_name, step_name, visit, turn } = run;
  const waits = waitsFor(turn);
  const place = `${oneLine(workflow_name, MAX_NAME)} at step ${quoted(step_name, MAX_NAME)}, visit ${visit}`;
  return `${place}${waits && `, which ${waits}`}; ${last ? reportWords(last, now) : "nothing reported yet"}`;
}

function reportWords({ step_name, status, said, ended_at }: LastReport, now: string): string {
  const words = [quoted(step_name, MAX_NAME), oneLine(status, 40), said && quoted(said, MAX_SAID)];
  return `last report ${between(ended_at, now)} ago: ${words.filter(Boolean).join(", ")}`;
}

/** Empty while it is the agent's turn. */
function waitsFor({ of, kind }: HookTurn): string {
  if (of === "agent") return "";
  if (kind === "paused") return "is paused";
  if (of === "person") return "waits for a person";
  if (of === "clock") return "waits for the clock";
  return of === "branches" ? "waits for its branches" : "waits for the server";
}

/** Why the agent may not end its turn yet, and how it may. */
export function heldStop({ workflow_name, step_name, pending }: HookRun): string {
  const step = `Step ${quoted(step_name, MAX_NAME)} of ${oneLine(workflow_name, MAX_NAME)}`;
  const what =
    pending === "asked"
      ? `${step} is reported, but its next step is not chosen. Choose it: advance_workflow with report.next_step.`
      : `${step} is not reported. Report it with advance_workflow (a failure too; paused, if the user wants to stop here).`;
  return `${what} To ask the user, or because they said stop: stop again, you will not be held.`;
}

/** Why a file may not be changed, and where files may. */
export function heldEdit({ step_name }: HookRun, path: string, globs: readonly string[]): string {
  const step = `Step ${quoted(step_name, MAX_NAME)}`;
  const where =
    globs.length > 0
      ? `may change files only in ${oneLine(globs.join(" | "), 300)}`
      : "may change no files of the project";
  return `${step} of the workflow ${where}; ${quoted(path, 300)} was not changed. If that stands in the way, report it: advance_workflow with status failure.`;
}
