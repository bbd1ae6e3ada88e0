/** A step that the server does: its program runs as one attempt, and whoever ran it writes down what became of it. */
import { type CheckResult, labelOf } from "../check.ts";
import { AppError } from "../errors.ts";
import { currentStep, type Instance, type Pending } from "../instance.ts";
import { nextLook, servedReport } from "../rules/serve.ts";
import { oneLine } from "../words.ts";
import type { Program, Step } from "../workflow.ts";
import { type Call, happen, momentOf, openCall } from "./call.ts";
import { decideByRule } from "./decide.ts";
import type { Caller } from "./parts.ts";

/** How the history names the server, where nobody called it. */
export const SERVER = "server";

/** Most characters of a program's name where it is told how a look went. */
const MAX_LABEL = 80;
/** How long apart a result is tried to be written, in milliseconds. */
const PAUSE_MS = 1_000;

/** Why this server may not do the server step at which the run stands; null if it may. */
export function whyNotServed({ parts, current, workflow, trusted }: Call): string | null {
  const program = currentStep(workflow, current)?.run;
  if (!program) return "the step has no program";
  if (current.project !== parts.project) return `this server is for the project ${parts.project}`;
  return parts.checker.refusal(program, trusted);
}

/**
 * Runs the program of the server step at which the run stands, or waits for whoever runs it. Resolves when it is over, or to
 * false if another process still runs it. Throws CONFLICT if the step is over, or not due any more.
 */
export async function serve(call: Call, attention: Caller): Promise<boolean> {
  const { parts, store, current, trusted } = call;
  const step = currentStep(call.workflow, current);
  if (!step?.run) return false;
  const checks = [step.run];
  const commit = async ([looked]: CheckResult[], signal: AbortSignal) => {
    if (looked) await writeDown(call, looked, signal);
  };
  const wanted = ({ turn }: Instance) => Bun.deepEquals(turn, current.turn, true);
  const proof = { store, instance: current, checks, trusted, patience: Number.POSITIVE_INFINITY, commit, wanted };
  return "evidence" in (await parts.attempts.prove(proof, attention));
}

/** Whatever holds up the database, the result waits for it as long as this process serves: no program runs again for that. */
async function writeDown(call: Call, looked: CheckResult, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await writeOnce(call, looked);
    } catch (error) {
      const passes = error instanceof AppError && (error.code === "CONFLICT" || error.code === "PERSISTENCE_ERROR");
      if (!passes || signal.aborted) throw error;
      if (error.code === "PERSISTENCE_ERROR") await Bun.sleep(PAUSE_MS);
    }
  }
}

async function writeOnce({ parts, caller, current: begun }: Call, looked: CheckResult): Promise<void> {
  const call = await openCall(parts, begun.instance_id, caller);
  const { current, workflow } = call;
  const step = currentStep(workflow, current);
  const same =
    current.visit === begun.visit && current.definition === begun.definition && current.turn?.of === "server";
  if (!same || !step?.run) return;
  const { now } = momentOf(call);
  const until = nextLook(step, current, { ...looked, now });
  if (until) {
    await happen(call, { kind: "looked", until, message: lookWords(step.run, looked, now) });
    return;
  }
  await end(call, { step, looked });
}

async function end(call: Call, { step, looked }: { step: Step; looked: CheckResult }): Promise<void> {
  const { report, context_updates } = servedReport(call.current, step, looked);
  const pending: Pending = { report, context_updates, received_at: momentOf(call).now, asked: false };
  try {
    const decision = await decideByRule(call, { step, pending });
    await happen(call, { kind: "decided", ending: { ...pending, decision, evidence: [looked] } });
  } catch (error) {
    if (!isLimit(error)) throw error;
    await happen(call, { kind: "fell", why: error.message, report, evidence: [looked] });
  }
}

const LIMITS: ReadonlySet<string> = new Set(["INVALID_INPUT", "STEP_NOT_ALLOWED", "INCOMPLETE_REPORT"]);

/** Whether the error says that the run itself allows no such change: nobody is there who could send another report. */
export function isLimit(error: unknown): error is AppError {
  return error instanceof AppError && LIMITS.has(error.code);
}

/** `gh pr checks: exited with 8 at 14:02:11 UTC` */
function lookWords(program: Program, { reason, command }: CheckResult, now: string): string {
  return `${oneLine(command ?? labelOf(program), MAX_LABEL)}: ${reason ?? "not yet"} at ${now.slice(11, 19)} UTC`;
}
