/** A step that the server does: what its program's end means, and who does the step where the server may not. Pure. */
import type { Ruling } from "../approval.ts";
import type { CheckResult } from "../check.ts";
import type { Decision } from "../decision.ts";
import { type Change, type Instance, stepIdOf } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import type { Report } from "../report.ts";
import type { Turn } from "../turn.ts";
import { FAIL, type ResultField, type Step } from "../workflow.ts";
import { change, entry, type Moment } from "./change.ts";
import { landing } from "./landing.ts";
import { after, standing } from "./turns.ts";
import { afterVisit } from "./visit-counts.ts";

/** Most characters of the program's output in the report; the file has all of it. */
const MAX_OUTPUT_END = 2_000;

/** The report that a program's end is, and what it sets in the context. */
export function servedReport(instance: Instance, { sets = {} }: Step, looked: CheckResult) {
  const { outcome, reason, exit_code, milliseconds, output, output_file } = looked;
  const result: Record<ResultField, unknown> = {
    exit_code: exit_code ?? null,
    milliseconds: milliseconds ?? null,
    output_file: output_file ?? null,
    output_end: output?.slice(-MAX_OUTPUT_END) ?? null,
  };
  const report: Report = {
    step_id: stepIdOf(instance),
    status: outcome === "passed" ? "success" : "failure",
    result,
    ...(reason ? { error: reason } : { message: `exit ${exit_code ?? 0}` }),
  };
  const context_updates: JsonObject = Object.fromEntries(
    Object.entries(sets).map(([key, field]) => [key, result[field]]),
  );
  return { report, context_updates };
}

/** When the server looks again; null if what it saw ends the step. */
export function nextLook(
  { until_passes }: Step,
  { turn }: Instance,
  seen: CheckResult & { now: string },
): string | null {
  if (!until_passes || !turn || seen.outcome === "passed") return null;
  const { every, at_most, while_exit } = until_passes;
  const code = seen.exit_code;
  if (while_exit && (code === undefined || !while_exit.includes(code))) return null;
  const last = after(turn.since, at_most);
  if (seen.now >= last) return null;
  const next = after(seen.now, every);
  if (next > last) return last;
  return next;
}

/** The server looks again at that time; `message` says what it saw. */
export function lookAgain(instance: Instance, { until, message }: { until: string; message: string }): Change {
  const { turn } = instance;
  return change(instance, [], { turn: turn && { ...turn, until, message } });
}

/** The server may not do its step: the agent does it, by the step's instructions. */
export function handOver(instance: Instance, unchecked: string, moment: Moment): Change {
  const turn: Turn = { of: "agent", kind: "step", since: moment.now, unchecked };
  const line = entry(instance, { kind: "move", turn }, moment);
  return change(instance, [line], { ...standing(turn), updated_at: moment.now });
}

/** Where nobody can be refused, what may not be written ends the run as failed; it says why. */
export function fall(
  instance: Instance,
  why: string,
  { report, evidence, ruling, ...moment }: Moment & { report?: Report; evidence?: CheckResult[]; ruling?: Ruling },
): Change {
  const decision: Decision = { decided_by: "route", next_step: FAIL, reasoning: why, status: "FAILED" };
  const line = entry(
    instance,
    { kind: "visit", report, decision, evidence, ruling, started_at: instance.visit_started_at },
    moment,
  );
  const visits = afterVisit(instance.visits, line);
  const end = landing({ ...instance, visits }, decision, { now: moment.now, turn: null });
  return change(instance, [line], { ...end, pending: null, updated_at: moment.now });
}
