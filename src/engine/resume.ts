/** Resuming: an agent that lost its memory, its connection or its place finds back, and nothing is skipped on the way. */
import { AppError } from "../errors.ts";
import {
  currentStep,
  type Instance,
  type InstanceSummary,
  isFinal,
  type Pending,
  type Store,
  stepIdOf,
  waitsForPerson,
} from "../instance.ts";
import type { JsonObject } from "../json.ts";
import type { IncomingReport, Report } from "../report.ts";
import { demandsProof, weakened } from "../rules/demands.ts";
import { bringBack, retireKept } from "../rules/report.ts";
import { goOn, repin } from "../rules/steer.ts";
import { resolveStepName } from "../workflow.ts";
import { advance } from "./advance.ts";
import { arrive, decide, modelFailed, questionOf } from "./decide.ts";
import { askFor, handedOut, type Outcome, type Position } from "./outcome.ts";
import { type Caller, commit, type Loaded, lastDecision, load, type Parts, stamp } from "./parts.ts";
import { prove, unprovenBy } from "./prove.ts";
import { gatherRecap } from "./recap.ts";
import { findDefinition } from "./start.ts";
import { locate, needsStepId } from "./visits.ts";

/** Live instances that are listed where there is not exactly one. */
const MAX_LISTED = 10;
/** Counting instances of other projects stops here. */
const MAX_COUNTED = 1_000;
/** Statuses of a report that only says hello. */
const GREETINGS = new Set(["resuming", "clarification_provided"]);

export interface ResumeInput {
  instance_id?: string | undefined;
  assumed_current_step_name?: string | undefined;
  report?: IncomingReport | undefined;
  context_updates: JsonObject;
  use_latest?: boolean | undefined;
}

/** There is not exactly one live instance to resume. */
export interface Unclear {
  live: InstanceSummary[];
  elsewhere: number;
}

/** Hands out where the instance is, with a recap; see "Resuming" in the architecture document for the order of its rules. */
export async function resume(parts: Parts, input: ResumeInput, caller: Caller): Promise<Outcome | Unclear> {
  const found = input.instance_id ?? (await onlyLive(parts));
  if (typeof found !== "string") return found;
  const pinnedTo = await load(parts, found);
  const place = await placeOf(pinnedTo, input);
  const loaded = input.use_latest ? await toLatest(parts, pinnedTo, caller) : pinnedTo;
  const before = loaded.instance;
  const outcome = await proceed(parts, { ...loaded, input, place }, caller);
  const { position, unused_report } = place;
  const recap = await gatherRecap(parts, {
    store: loaded.store,
    before,
    after: outcome.instance,
    position,
    unused_report,
  });
  const did = outcome.did === "noted" ? "handed_out" : outcome.did;
  return { ...outcome, ...(await stillChecking(parts, loaded.store, outcome)), did, recap };
}

/** The checks of a report that an agent without memory may not know of; they go on meanwhile. */
async function stillChecking(
  { attempts }: Parts,
  store: Store,
  { instance, checks }: Outcome,
): Promise<Pick<Outcome, "checks_running">> {
  const found = checks.length > 0 ? await attempts.running(store, instance) : null;
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
}

async function proceed(
  parts: Parts,
  at: Loaded & { input: ResumeInput; place: Place },
  caller: Caller,
): Promise<Outcome> {
  const { store, input, place } = at;
  if (isFinal(at.instance.status)) return handedOut(parts, at, { decision: await lastDecision(at) });
  if (waitsForPerson(at.instance)) return handedOut(parts, at);
  const moment = { actor: caller.actor, now: stamp(parts) };
  const waits = at.instance.status === "SUSPENDED";
  const instance = waits ? await commit(store, goOn(at.instance, moment)) : at.instance;
  const context_updates = place.unused_report ? {} : input.context_updates;
  if (place.report) {
    return advance(parts, { instance_id: instance.instance_id, report: place.report, context_updates }, caller);
  }
  const greeting = place.unused_report ? undefined : greetingOf(instance, input.report);
  const change = bringBack(instance, { report: greeting, context_updates }, moment);
  const now = { ...at, instance: change ? await commit(store, change) : instance };
  if (now.instance.pending) return decideKept(parts, { ...now, kept: now.instance.pending }, caller);
  return reconcile(parts, { ...now, position: place.position }, caller);
}

/**
 * A kept report has proven what was demanded when it came; where that is not what is demanded now, it proves it now. One
 * that does not becomes a note, and the step is handed out again: who resumes may not know what it reported.
 */
async function decideKept(parts: Parts, at: Loaded & { kept: Pending }, caller: Caller): Promise<Outcome> {
  const pending = await prove(parts, { ...at, pending: at.kept }, caller).catch((error) => {
    const unproven = unprovenBy(error);
    if (unproven === null) throw error;
    return { unproven };
  });
  if ("unproven" in pending) {
    const change = retireKept(at.instance, { actor: caller.actor, now: stamp(parts) });
    return handedOut(parts, { ...at, instance: await commit(at.store, change) }, pending);
  }
  if ("running" in pending) return handedOut(parts, at, { did: "checking", checks_running: pending.running });
  return decide(parts, { ...at, pending }, caller);
}

/**
 * A client that is ahead or lost: where routes decide, its claim counts for nothing; else a model, told both positions,
 * chooses among what may follow, and the current step itself means that it is handed out again. Without a model, or
 * where it fails, the agent gets the step with the choice. Nobody goes past a step that has to prove something.
 */
async function reconcile(
  parts: Parts,
  at: Loaded & { position: Position | undefined },
  caller: Caller,
): Promise<Outcome> {
  const { workflow, instance, position } = at;
  const step = currentStep(workflow, instance);
  const lost = position !== undefined && position.relation !== "behind";
  const stays = step && (step.routes.length > 0 || step.next?.length === 1 || demandsProof(step));
  if (!step || !lost || stays) return handedOut(parts, at);
  const model = parts.deciders.find((decider) => decider.asksOutside);
  const pending = { report: helloOf(instance, position), context_updates: {}, received_at: stamp(parts), asked: false };
  const question = questionOf({ ...at, pending, step, assumed: position.assumed });
  const verdict = model && (await model.decide(question, caller));
  if (verdict && "passed" in verdict && parts.onModelFailure === "error") {
    const hint = `For the step as it is: resume_workflow {"instance_id":"${instance.instance_id}"}.`;
    throw modelFailed(verdict.passed, { kept: "", hint });
  }
  if (!verdict || "passed" in verdict) return handedOut(parts, at, { ask: askFor(workflow, step) });
  const { decision } = verdict;
  if (decision.next_step === instance.step_name) return handedOut(parts, at, { decision });
  return arrive(parts, { ...at, pending, decision, kind: "resume" }, caller);
}

function helloOf(instance: Instance, { assumed, relation }: Position): Report {
  return { step_id: stepIdOf(instance), status: "resuming", message: `client is ${relation}: it assumes "${assumed}"` };
}

async function onlyLive(parts: Parts): Promise<string | Unclear> {
  const store = await parts.store();
  const live = await store.list({ project: parts.project, live: true, limit: MAX_LISTED });
  const [first, ...others] = live;
  if (first && others.length === 0) return first.instance_id;
  return { live, elsewhere: await store.countElsewhere(parts.project, MAX_COUNTED) };
}

async function toLatest(parts: Parts, loaded: Loaded, caller: Caller): Promise<Loaded> {
  const { store, instance } = loaded;
  const latest = await findDefinition(parts, instance.workflow_name);
  if (latest.hash === instance.definition) return loaded;
  const { hash, workflow, trusted } = latest;
  const less = weakened({ hash, workflow: loaded.workflow, trusted: loaded.trusted }, latest);
  if (less.length > 0) throw weakerError(instance, less);
  const change = repin(instance, latest, { actor: caller.actor, now: stamp(parts) });
  return { store, instance: await commit(store, change), workflow, trusted };
}

/** STEP_NOT_ALLOWED: a person must agree to files that demand less. */
function weakerError({ instance_id, workflow_name }: Instance, less: string[]): AppError {
  return new AppError(
    "STEP_NOT_ALLOWED",
    `The current files of "${workflow_name}" demand less than this run's definition (${less.join("; ")}); nothing changed.`,
    {
      hint: `Go on with the pinned definition: resume_workflow {"instance_id":"${instance_id}"}. If the user wants the new files: \`orchestrator release ${instance_id} --use-latest\` in a terminal of their own, with this server's --workflows and --db.`,
      details: { weakened: less },
    },
  );
}

/** Compares where the client thinks it is with where the instance is; a report counts only for the current visit. */
async function placeOf(loaded: Loaded, { assumed_current_step_name: assumed, report }: ResumeInput): Promise<Place> {
  const position = assumed === undefined ? undefined : await positionOf(loaded, assumed);
  if (!report || isGreeting(report)) return { position, unused_report: false };
  if (report.step_id === undefined && position) return { position, unused_report: true };
  const step_id = report.step_id ?? (assumed === undefined ? undefined : stepIdOf(loaded.instance));
  const about = await locate(loaded, step_id);
  if (about.kind === "decided") return { position, unused_report: true };
  if (about.kind === "unknown") throw needsStepId(loaded.instance, step_id);
  return { position, report: { ...report, step_id }, unused_report: false };
}

function isGreeting({ status, next_step }: IncomingReport): boolean {
  return status === undefined ? next_step === undefined : GREETINGS.has(status.toLowerCase());
}

async function positionOf(at: Loaded, assumed: string): Promise<Position | undefined> {
  const { instance, workflow } = at;
  const about = await locate(at, assumed);
  const name = resolveStepName(workflow, assumed);
  if (about.kind === "current" || name === instance.step_name) return undefined;
  const visited = name !== undefined && Object.hasOwn(instance.visits, name);
  if (about.kind === "decided" || visited) return { assumed: name ?? assumed, relation: "behind" };
  return { assumed: name ?? assumed, relation: name === undefined ? "unknown" : "ahead" };
}

function greetingOf(instance: Instance, report: IncomingReport | undefined): Report | undefined {
  if (!report) return undefined;
  return { ...report, step_id: stepIdOf(instance), status: report.status ?? "resuming" };
}

/** Whether the answer is a step, or a list of what could be resumed. */
export function isUnclear(answer: Outcome | Unclear): answer is Unclear {
  return "live" in answer;
}
