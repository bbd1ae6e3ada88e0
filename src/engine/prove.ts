/** What a report must prove before anyone decides by it: the values of `produces`, and the checks that the server looks at. */
import { type Check, type CheckResult, type Evidence, kindOf, labelOf } from "../check.ts";
import { decidedByRule } from "../decision.ts";
import { AppError } from "../errors.ts";
import { currentStep, type Instance, type Pending } from "../instance.ts";
import { claims, demandsOf } from "../rules/demands.ts";
import { keyName, whyKeyWaived, whyWaived } from "../rules/waive.ts";
import { oneLine } from "../words.ts";
import type { Program, Step } from "../workflow.ts";
import { lookAll, type Running } from "./attempts.ts";
import type { Call } from "./call.ts";
import { type Demanded, judgeValues } from "./values.ts";

/** Most characters of a check's name in the answer that refuses a report: a script of its own may be one. */
const MAX_LABEL = 200;
/** Most characters of a program's output in the answer that refuses a report. */
const MAX_SHOWN_OUTPUT = 2_000;

/**
 * The report with its values in their types and what the checks showed; or the checks that still run. A report of a
 * failure need not prove anything. Throws INCOMPLETE_REPORT or CHECK_FAILED, having changed nothing, or CONFLICT if the
 * visit ended meanwhile.
 */
export async function prove(call: Call, said: Pending): Promise<Pending | { running: Running }> {
  const { evidence: known, ...pending } = said;
  const step = currentStep(call.workflow, call.current);
  if (!step) return pending;
  if (!claims(pending.report.status)) return step.checks || step.run ? { ...pending, evidence: [] } : pending;
  const produces = demandsOf(step);
  const { context_updates, unset } = produces ? produced(call, { produces, pending }) : { ...pending, unset: [] };
  if (step.run) return { ...pending, context_updates, evidence: [unserved(step.run, call.current), ...unset] };
  if (!step.checks) return { ...pending, context_updates, ...(unset.length > 0 ? { evidence: unset } : {}) };
  const found = await looked(call, { step, checks: step.checks, known });
  if ("running" in found) return found;
  return { ...pending, context_updates, evidence: [...found.evidence, ...unset] };
}

/**
 * What the checks show that nobody waived; or that they still run. What is known already is not looked at again. Throws
 * CHECK_FAILED, or CONFLICT if the visit ended meanwhile.
 */
async function looked(
  call: Call,
  { step, checks, known }: { step: Step; checks: Check[]; known: Evidence | undefined },
): Promise<{ evidence: Evidence } | { running: Running }> {
  const { current } = call;
  const demanded = checks.filter((check) => whyWaived(current, labelOf(check)) === undefined);
  const seen = (evidence: Evidence) =>
    current.waived.length > 0 ? withWaived(checks, { evidence, current }) : evidence;
  if (known && demanded.every((check) => outcomeIn(known, check) === "passed")) return { evidence: seen(known) };
  for (;;) {
    const found = demanded.length > 0 ? await look(call, { step, checks: demanded }) : { evidence: [] };
    if ("running" in found) return found;
    const failed = found.evidence.find(({ outcome, check }) => outcome === "failed" && !whyWaived(current, check));
    if (failed) throw checkFailed(failed, seen(found.evidence));
    // An attempt that began before something was waived may have ended there.
    if (demanded.every((check) => outcomeIn(found.evidence, check))) return { evidence: seen(found.evidence) };
  }
}

function outcomeIn(evidence: Evidence, check: Check): CheckResult["outcome"] | undefined {
  return evidence.find((each) => each.check === labelOf(check))?.outcome;
}

/** What was seen, in the order of the definition, and of a check that was waived why nobody looked. */
function withWaived(checks: Check[], { evidence, current }: { evidence: Evidence; current: Instance }): Evidence {
  return checks.flatMap((check) => {
    const label = labelOf(check);
    const reason = whyWaived(current, label);
    return reason === undefined ? evidence.filter((each) => each.check === label).slice(0, 1) : [waived(label, reason)];
  });
}

function waived(check: string, reason: string): CheckResult {
  return { check, outcome: "waived", reason };
}

/** What the history says of a server step that the agent did in its place. */
function unserved(program: Program, { turn }: Instance): CheckResult {
  return { check: labelOf(program), outcome: "unchecked", reason: turn?.unchecked ?? "the agent did it" };
}

/** If the error says that a report proves too little: what it lacks, in a line. Else null. */
export function unprovenBy(error: unknown): string | null {
  if (!(error instanceof AppError)) return null;
  const { code, details = {} } = error;
  if (code === "CHECK_FAILED") return `the server's check \`${details["check"]}\` failed: ${details["reason"]}`;
  return code === "INCOMPLETE_REPORT" ? `in its context_updates ${[details["faults"]].flat().join("; ")}` : null;
}

/** Checks that may take long are an attempt of their own; others are looked at on the spot. */
async function look(
  { parts, caller, store, current, trusted }: Call,
  { step, checks }: { step: Step; checks: Check[] },
): Promise<{ evidence: Evidence } | { running: Running }> {
  const slow = checks.some((check) => kindOf(check).mayTakeLong && parts.checker.refusal(check, trusted) === null);
  if (slow) {
    const mayAsk = parts.deciders.some((decider) => decider.asksOutside) && !decidedByRule(step);
    const patience = mayAsk ? parts.patience.callBeforeModel : parts.patience.call;
    return parts.attempts.prove({ store, instance: current, checks, trusted, patience }, caller);
  }
  const { instance_id, visit, project, baseline } = current;
  const { signal } = new AbortController();
  const looking = { instance_id, visit, project, baseline, attempt: parts.newId(), signal };
  return { evidence: await lookAll(parts.checker, { checks, trusted }, looking, caller) };
}

interface Produced {
  produces: Demanded;
  pending: Pending;
}

/**
 * The report's values in their types, and what it need not set because a person waived that: such a key is unset then.
 * Throws INCOMPLETE_REPORT that lists what is missing or wrong.
 */
function produced({ parts, current }: Call, { produces, pending }: Produced) {
  const { context_updates } = pending;
  const said = Object.entries(context_updates).filter(([, value]) => value !== null);
  const set = Object.fromEntries(said);
  const unset = Object.keys(produces).flatMap((key) => {
    const reason = Object.hasOwn(set, key) ? undefined : whyKeyWaived(current, key);
    return reason === undefined ? [] : [{ key, reason }];
  });
  const left = unset.map(({ key }) => key);
  const { value, faults } = judgeValues(parts.schemas, { demanded: produces, except: left }, set);
  if (faults.length > 0) throw incomplete(faults, { current, pending, keys: Object.keys(produces) });
  const removed = Object.fromEntries(left.map((key) => [key, null]));
  return {
    context_updates: { ...context_updates, ...value, ...removed },
    unset: unset.map(({ key, reason }) => waived(keyName(key), reason)),
  };
}

function incomplete(faults: string[], said: { current: Instance; pending: Pending; keys: string[] }): AppError {
  const { current, pending, keys } = said;
  const old = keys.filter((key) => Object.hasOwn(current.context, key) && !Object.hasOwn(pending.context_updates, key));
  const earlier =
    old.length > 0
      ? `\n(What the context holds as ${old.join(", ")} was set before this report; give its own value.)`
      : "";
  return new AppError(
    "INCOMPLETE_REPORT",
    `nothing changed. In context_updates of this report: ${faults.join("; ")}.${earlier}`,
    {
      hint: 'the same advance_workflow call with it set. If you have no value, the step is not done: do it, or report "failure".',
      details: { faults },
    },
  );
}

/** The last lines, as many as an answer has room for; the evidence of a check that passed keeps more. */
function endOf(output: string): string {
  if (output.length <= MAX_SHOWN_OUTPUT) return output;
  const end = output.slice(-MAX_SHOWN_OUTPUT);
  return `…${end.slice(Math.max(0, end.indexOf("\n")))}`;
}

/** The file that has all of the output stands in the details alone: whoever words the error knows who may be told of it. */
function checkFailed(failed: CheckResult, evidence: Evidence): AppError {
  const { reason, output, exit_code, output_file, output_fault } = failed;
  const check = oneLine(failed.check, MAX_LABEL);
  const end = output ? ` The end of its output:\n${endOf(output)}` : "";
  return new AppError("CHECK_FAILED", `the server's check \`${check}\` failed: ${reason}; nothing moved.${end}`, {
    hint: 'repair the cause and send the report again. If it cannot be repaired in this step, report "failure" with what you saw.',
    details: { check, reason, exit_code, output_file, output_fault, checked: evidence.map(withoutOutput) },
  });
}

function withoutOutput({ output: _shown, ...result }: CheckResult): CheckResult {
  return { ...result, check: oneLine(result.check, MAX_LABEL) };
}
