/** A step that the server does: its program runs as one attempt, and whoever ran it writes down what became of it. */
import { type CheckResult, labelOf } from "../check.ts";
import { AppError } from "../errors.ts";
import { currentStep, type Pending } from "../instance.ts";
import { move } from "../rules/move.ts";
import { fall, lookAgain, nextLook, servedReport } from "../rules/serve.ts";
import { oneLine } from "../words.ts";
import type { Program, Step } from "../workflow.ts";
import { type Call, momentOf, openCall, write } from "./call.ts";
import { decideByRule } from "./decide.ts";
import type { Caller } from "./parts.ts";

/** How the history names the server, where nobody called it. */
export const SERVER = "server";

/** Most characters of a program's name where it is told how a look went. */
const MAX_LABEL = 80;
/** How often, and how long apart in milliseconds, a result is tried to be written. */
const MAX_TRIES = 30;
const PAUSE_MS = 1_000;

/** Why this server may not do the server step at which the run stands; null if it may. */
export function whyNotServed({ parts, current, workflow, trusted }: Call): string | null {
  const program = currentStep(workflow, current)?.run;
  if (!program) return null;
  if (current.project !== parts.project) return `this server is for the project ${parts.project}`;
  return parts.checker.refusal(program, trusted);
}

/** Runs the program of the server step at which the run stands, or waits for whoever runs it; resolves when it is over. */
export async function serve(call: Call, attention: Caller): Promise<void> {
  const { parts, store, current, trusted } = call;
  const step = currentStep(call.workflow, current);
  if (!step?.run) return;
  const checks = [step.run];
  const commit = async ([looked]: CheckResult[]) => {
    if (looked) await writeDown(call, looked);
  };
  const proof = { store, instance: current, checks, trusted, patience: Number.POSITIVE_INFINITY, commit };
  await parts.attempts.prove(proof, attention);
}

/** Whatever holds up the database, the result waits for it: the program is not run again for that. */
async function writeDown(call: Call, looked: CheckResult): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await writeOnce(call, looked);
    } catch (error) {
      const passes = error instanceof AppError && (error.code === "CONFLICT" || error.code === "PERSISTENCE_ERROR");
      if (!passes || tries >= MAX_TRIES) throw error;
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
  const moment = momentOf(call);
  const until = nextLook(step, current, { ...looked, now: moment.now });
  if (until) {
    await write(call, lookAgain(current, { until, message: lookWords(step.run, looked, moment.now) }));
    return;
  }
  await end(call, { step, looked });
}

async function end(call: Call, { step, looked }: { step: Step; looked: CheckResult }): Promise<void> {
  const { current, workflow } = call;
  const moment = momentOf(call);
  const { report, context_updates } = servedReport(current, step, looked);
  const pending: Pending = { report, context_updates, received_at: moment.now, asked: false };
  try {
    const decision = await decideByRule(call, { step, pending });
    await write(call, move(workflow, current, { ...pending, ...moment, decision, evidence: [looked] }));
  } catch (error) {
    if (!isLimit(error)) throw error;
    await write(call, fall(current, error.message, { ...moment, report }));
  }
}

/** Whether the error says that the run itself allows no such change: nobody is there who could send another report. */
export function isLimit(error: unknown): error is AppError {
  return error instanceof AppError && (error.code === "INVALID_INPUT" || error.code === "STEP_NOT_ALLOWED");
}

/** `gh pr checks: exited with 8 at 14:02:11 UTC` */
function lookWords(program: Program, { reason, command }: CheckResult, now: string): string {
  return `${oneLine(command ?? labelOf(program), MAX_LABEL)}: ${reason ?? "not yet"} at ${now.slice(11, 19)} UTC`;
}
