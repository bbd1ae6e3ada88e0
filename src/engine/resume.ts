/** Resuming: an agent that lost its memory, its connection or its place finds back, and nothing is skipped on the way. */
import { AppError } from "../errors.ts";
import { currentStep, type HistoryEntry, type Instance, isFinal, type Pending, stepIdOf } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import type { IncomingReport, Report } from "../report.ts";
import { demandsProof, weakened } from "../rules/demands.ts";
import { refuseServed } from "../rules/refusals.ts";
import { waitsForPerson } from "../turn.ts";
import { resolveStepName } from "../workflow.ts";
import { advanceBy, keepLate } from "./advance.ts";
import { renewed } from "./approvals.ts";
import { type Call, happen, openCall } from "./call.ts";
import { arrive, decide, modelFailed, questionOf } from "./decide.ts";
import { expire } from "./expire.ts";
import { noVisit } from "./kin.ts";
import { theLive, type Unclear } from "./live.ts";
import { askFor, handedOut, type Outcome, type Position, withChecked } from "./outcome.ts";
import { type Caller, type Parts, stamp } from "./parts.ts";
import { whereNext } from "./places.ts";
import { prove, unprovenBy } from "./prove.ts";
import { lastDecision } from "./read.ts";
import { gatherRecap } from "./recap.ts";
import { findDefinition } from "./start.ts";
import { moveTo } from "./steer.ts";
import { locate } from "./visits.ts";

/** Statuses of a report that only says hello. */
const GREETINGS = new Set(["resuming", "clarification_provided"]);

export interface ResumeInput {
  instance_id?: string | undefined;
  assumed_current_step_name?: string | undefined;
  report?: IncomingReport | undefined;
  context_updates: JsonObject;
  use_latest?: boolean | undefined;
}

/**
 * Hands out where the instance is, with a recap; see "Resuming" in the architecture document for the order of its
 * rules. Throws INVALID_INPUT for a report about no visit, AI_SERVICE_ERROR, CONFLICT; with `use_latest` also
 * STEP_NOT_ALLOWED, DEFINITION_NOT_FOUND, DEFINITION_INVALID; for a report that ends the visit, also the codes of
 * `advance`.
 */
export async function resume(parts: Parts, input: ResumeInput, caller: Caller): Promise<Outcome | Unclear> {
  const found = input.instance_id === undefined ? await theLive(parts) : { instance_id: input.instance_id };
  if ("live" in found) return found;
  const { instance_id, ...others } = found;
  const named = await expired(await openCall(parts, instance_id, caller));
  const onLatest = input.use_latest ? await toLatest(named) : named;
  const there = await down(onLatest);
  const place = await placeOf(there, input);
  const call = place.late && input.report ? await keepLate(there, place.late, input.report) : there;
  const outcome = await proceed(call, { input, place });
  const { position } = place;
  const unused_report = place.unused_report || (place.report !== undefined && !isTaken(outcome, call.current));
  const resumed = onLatest.current.instance_id;
  const recap = await gatherRecap(call, {
    before: call.current,
    after: outcome.instance,
    position,
    unused_report,
    resumed,
  });
  const did = outcome.did === "noted" ? "handed_out" : outcome.did;
  return { ...outcome, ...others, ...(await stillChecking(call, outcome)), did, recap };
}

async function expired(call: Call): Promise<Call> {
  return (await expire(call)) ?? call;
}

/** The call about the one branch that is open below the run, or below that one; the run itself if there is none. */
async function down(call: Call): Promise<Call> {
  const next = call.current.turn?.of === "branches" ? await whereNext(call) : null;
  return next ? down(await expired(next)) : call;
}

/** Whether a report that came along was taken: it ended the visit, or it is the agent's turn, who is told of it. */
function isTaken({ instance: { visit, status, turn } }: Outcome, before: Instance): boolean {
  return (
    visit !== before.visit ||
    turn?.of === "agent" ||
    (isFinal(status) && !isFinal(before.status)) ||
    turn?.kind === "paused"
  );
}

/** The checks that still run for a report of which an agent without memory may not know. */
async function stillChecking(
  { parts, store }: Call,
  { instance, checks }: Outcome,
): Promise<Pick<Outcome, "checks_running">> {
  const found = checks.length > 0 ? await parts.attempts.running(store, instance) : null;
  if (!found) return {};
  const looked = checks.filter(({ refusal }) => refusal === null).map(({ label }) => label);
  return { checks_running: { checks: looked, started_at: found.started_at } };
}

interface Place {
  /** Undefined: the client is where the instance is, or says nothing. */
  position?: Position | undefined;
  /** The report that ends the current visit. */
  report?: IncomingReport | undefined;
  unused_report: boolean;
  /** The visit that the report is about, if its deadline ended it. */
  late?: HistoryEntry;
}

async function proceed(found: Call, { input, place }: { input: ResumeInput; place: Place }): Promise<Outcome> {
  const call = await takenUp(found, input);
  const { status, turn } = call.current;
  if (isFinal(status)) return handedOut(call, { decision: await lastDecision(call) });

  if (waitsForPerson(call.current)) return handedOut(await renewed(call));
  const context_updates = place.unused_report ? {} : input.context_updates;
  if (turn?.of === "agent" || turn?.of === "person") refuseServed(call.workflow, call.current, context_updates);
  const awake = status === "SUSPENDED" ? await happen(call, { kind: "resumed" }) : call;
  if (awake.current.turn?.of !== "agent") return handedOut(awake);
  if (place.report) return advanceBy(awake, { report: place.report, context_updates });
  const greeting = place.unused_report ? undefined : greetingOf(awake.current, input.report);
  const ready = await happen(awake, { kind: "brought back", report: greeting, context_updates });
  const kept = ready.current.pending;
  return kept ? decideKept(ready, kept) : reconcile(ready, place.position);
}

/** A branch that is resumed by its id is not handed out as new any more. */
async function takenUp(call: Call, { instance_id }: ResumeInput): Promise<Call> {
  const { branch, status } = call.current;
  return branch && instance_id === call.current.instance_id && !isFinal(status)
    ? happen(call, { kind: "taken up" })
    : call;
}

/**
 * A kept report proved what was demanded when it came; if other things are demanded now, or at the end of the run, it must
 * prove these. If it does not, it becomes a note and the step is handed out again: the agent that resumes may not know what was reported.
 */
async function decideKept(call: Call, kept: Pending): Promise<Outcome> {
  try {
    const proven = await prove(call, kept);
    if ("running" in proven) return handedOut(call, { did: "checking", checks_running: proven.running });
    return withChecked(await decide(call, proven), proven.evidence);
  } catch (error) {
    const unproven = unprovenBy(error);
    if (unproven === null) throw error;
    const latest = await openCall(call.parts, call.current.instance_id, call.caller); // it may have been kept anew
    return handedOut(await happen(latest, { kind: "retired" }), { unproven });
  }
}

/**
 * Answers a client that is ahead or lost. If routes decide, its claim counts for nothing. Else a model, told both
 * positions, chooses among what may follow; if it chooses the current step, that is handed out again. Without a model,
 * or if it fails, the agent gets the step with the choice. Nobody goes past a step that has to prove something.
 */
async function reconcile(call: Call, position: Position | undefined): Promise<Outcome> {
  const { parts, workflow, current } = call;
  const step = currentStep(workflow, current);
  const lost = position !== undefined && position.relation !== "behind";
  const stays = step && (step.routes.length > 0 || step.next?.length === 1 || demandsProof(step));
  if (!step || !lost || stays) return handedOut(call);
  const model = parts.deciders.find((decider) => decider.asksOutside);
  const report = helloOf(current, position);
  const pending = { report, context_updates: {}, received_at: stamp(parts), asked: false };
  const question = questionOf(call, { pending, step, assumed: position.assumed });
  const verdict = model && (await model.decide(question, call.caller));
  if (verdict && "passed" in verdict && parts.onModelFailure === "error") {
    const hint = `For the step as it is: resume_workflow {"instance_id":"${current.instance_id}"}.`;
    throw modelFailed(verdict.passed, { kept: "", hint });
  }
  if (!verdict || "passed" in verdict) return handedOut(call, { ask: askFor(workflow, step) });
  const { decision } = verdict;
  if (decision.next_step === current.step_name) return handedOut(call, { decision });
  return arrive(call, { pending, decision, kind: "resume" }).catch((error) => {
    if (unprovenBy(error) === null) throw error;
    return handedOut(call); // nobody reported anything that could be refused
  });
}

function helloOf(current: Instance, { assumed, relation }: Position): Report {
  return { step_id: stepIdOf(current), status: "resuming", message: `client is ${relation}: it assumes "${assumed}"` };
}

async function toLatest(call: Call): Promise<Call> {
  const { parts, current, workflow, trusted } = call;
  const latest = await findDefinition(parts, current.workflow_name);
  if (latest.hash === current.definition) return call;
  const less = weakened({ hash: current.definition, workflow, trusted }, latest);
  if (less.length > 0) throw weakerError(current, less);
  return moveTo(call, latest);
}

/** STEP_NOT_ALLOWED: a person must agree to files that demand less. */
function weakerError({ instance_id, workflow_name }: Instance, less: string[]): AppError {
  return new AppError(
    "STEP_NOT_ALLOWED",
    `The current files of "${workflow_name}" demand less than this run's definition, or run more (${less.join("; ")}); nothing changed.`,
    {
      hint: `Go on with the pinned definition: resume_workflow {"instance_id":"${instance_id}"}. If the user wants the new files: \`orchestrator release ${instance_id} --use-latest\` in a terminal of their own, with this server's --workflows and --db.`,
      details: { weakened: less },
    },
  );
}

/** Compares where the client thinks it is with where the instance is; a report counts only for the current visit. */
async function placeOf(call: Call, { assumed_current_step_name: assumed, report }: ResumeInput): Promise<Place> {
  const position = assumed === undefined ? undefined : await positionOf(call, assumed);
  if (!report || isGreeting(report)) return { position, unused_report: false };
  const step_id = report.step_id ?? (position ? assumed : assumed && stepIdOf(call.current));
  const about = await locate(call, step_id);
  if (about.kind === "decided" && about.entry.decision?.decided_by === "timer")
    return { position, unused_report: true, late: about.entry };
  if (about.kind === "decided" || (report.step_id === undefined && position)) return { position, unused_report: true };
  if (about.kind === "unknown") throw await noVisit(call, step_id);
  return { position, report: { ...report, step_id }, unused_report: false };
}

function isGreeting({ status, next_step }: IncomingReport): boolean {
  return status === undefined ? next_step === undefined : GREETINGS.has(status.toLowerCase());
}

async function positionOf(call: Call, assumed: string): Promise<Position | undefined> {
  const { current, workflow } = call;
  const about = await locate(call, assumed);
  const name = resolveStepName(workflow, assumed);
  if (about.kind === "current" || name === current.step_name) return undefined;
  const visited = name !== undefined && Object.hasOwn(current.visits, name);
  if (about.kind === "decided" || visited) return { assumed: name ?? assumed, relation: "behind" };
  return { assumed: name ?? assumed, relation: name === undefined ? "unknown" : "ahead" };
}

function greetingOf(current: Instance, report: IncomingReport | undefined): Report | undefined {
  if (!report) return undefined;
  return { ...report, step_id: stepIdOf(current), status: report.status ?? "resuming" };
}

/** Whether the answer is a step, or a list of what could be resumed. */
export function isUnclear(answer: Outcome | Unclear): answer is Unclear {
  return "live" in answer;
}
