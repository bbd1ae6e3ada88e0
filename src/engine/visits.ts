/** Which visit a report is about, and the errors for one that is about no open visit. */
import { AppError } from "../errors.ts";
import { type HistoryEntry, type Instance, isFinal, isTakenBack, stepIdOf } from "../instance.ts";
import { finalError } from "../rules/refusals.ts";
import { RELEASED, type TurnKind, turnWords, waitingFor } from "../turn.ts";
import { between, oneLine } from "../words.ts";
import type { Call } from "./call.ts";

/** Of a command that a person is to type: errors do not know how the server was started. */
const WITH_DB = "with this server's --db, if it has one";
/** Longest status that is shown; older databases may hold any text. */
const MAX_STATUS = 40;
/** Longest reason of a rewind, in characters. */
const MAX_REASON = 300;

export type About = { kind: "current" } | { kind: "decided"; entry: HistoryEntry } | { kind: "unknown" };

/**
 * Finds the visit that a `step_id` names; a step's name serves if the instance has visited it once.
 * Reads one entry by key, whatever the length of the history.
 */
export async function locate(
  { store, current }: Pick<Call, "store" | "current">,
  stepId: string | undefined,
): Promise<About> {
  if (!stepId) return { kind: "unknown" };
  const named = visitNamed(current, stepId);
  const visit = named ?? Number(/^(?:b\d+-)?(\d+)-/.exec(stepId)?.[1] ?? 0);
  if (visit === current.visit && stepId === (named ? current.step_name : stepIdOf(current))) return { kind: "current" };
  if (visit < 1 || visit > current.visit) return { kind: "unknown" };
  const entry = await store.decidedVisit(current.instance_id, visit);
  if (!entry || (entry.step_id !== stepId && named === undefined)) return { kind: "unknown" };
  return { kind: "decided", entry };
}

/**
 * The one visit of a step of that name; undefined if there is none, or several. After a rewind the counts are those of
 * the live path, so that a name says too little.
 */
function visitNamed({ visit, visits }: Instance, name: string): number | undefined {
  const counted = Object.values(visits).reduce((sum, { count }) => sum + count, 0);
  if (counted !== visit) return undefined;
  const found = Object.hasOwn(visits, name) ? visits[name] : undefined;
  return found?.count === 1 ? found.last : undefined;
}

/** INVALID_INPUT that names the current visit, or INSTANCE_FINAL if there is none. */
export function needsStepId(current: Instance, given: string | undefined): AppError {
  if (isFinal(current.status)) return finalError(current);
  const times = given && Object.hasOwn(current.visits, given) ? (current.visits[given]?.count ?? 0) : 0;
  const wrong = !given
    ? "report.step_id is missing"
    : times > 1
      ? `report.step_id "${given}" is a step that was visited ${times} times`
      : `report.step_id "${given}" is no visit of this instance`;
  return new AppError("INVALID_INPUT", `${wrong}; nothing changed.`, {
    hint: `The current visit is "${stepIdOf(current)}" (${current.step_name}). If the report is about it, send the same call with that step_id.`,
    details: { current_step_id: stepIdOf(current) },
  });
}

/** INSTANCE_SUSPENDED: what it waits for, and how it goes on. */
export function suspendedError(instance: Instance): AppError {
  const { instance_id, turn } = instance;
  const waiting_for = waitingFor(instance);
  const again = `resume_workflow {"instance_id":"${instance_id}"}`;
  const released = `; do not release it yourself. Once they ran \`orchestrator release ${instance_id}\` (${WITH_DB})`;
  const approved = `Tell the user that \`orchestrator approve ${instance_id}\` (${WITH_DB}) in a terminal of their own shows what it is about, and stop; do not approve it yourself. When they say it is approved: ${again}`;
  const hints: { [kind in TurnKind]?: string } = {
    server_step: `${again} waits for it and hands out what follows; it needs no report.`,
    time: `${again} when it is over; it needs no report before.`,
    approval: waiting_for?.approved_at ? `Its instructions: ${again}` : approved,
    paused: `If the user wants to go on: ${again}`,
  };
  const until = RELEASED.has(waiting_for?.kind ?? "") ? released : ". When it may go on";
  return new AppError(
    "INSTANCE_SUSPENDED",
    `The instance waits: ${turn ? turnWords(turn) : "for a person"}. Nothing changed.`,
    {
      hint: hints[turn?.kind ?? "step"] ?? `Tell the user and stop${until}: ${again}`,
      details: { waiting_for },
    },
  );
}

/** STALE_REPORT: the report came after the deadline of its step; it is only a note now. */
export function lateReport(
  current: Instance,
  { visit, step_name, until }: { visit: number; step_name: string; until: string },
  time: string,
): AppError {
  const where = isFinal(current.status)
    ? `The instance is ${current.status}.`
    : waitingFor(current)
      ? `The instance waits: ${current.turn && turnWords(current.turn)}.`
      : `Now at: ${current.step_name}, step_id ${stepIdOf(current)}.`;
  return new AppError(
    "STALE_REPORT",
    `the deadline of visit ${visit} (${step_name}) passed ${between(until, time)} ago; this report is kept as a note and decides nothing.\n${where}`,
    {
      hint: isFinal(current.status)
        ? "Tell the user the outcome; there is nothing more to call."
        : `resume_workflow {"instance_id":"${current.instance_id}"} says how it goes on.`,
      details: { decided_visit: visit, current_step_id: stepIdOf(current) },
    },
  );
}

/** Whether the error is such a one: a visit that a report ended has another STALE_REPORT, which says what that report was. */
export function isLateReport({ code, details = {} }: AppError): boolean {
  return code === "STALE_REPORT" && !Object.hasOwn(details, "reported_as");
}

/** STALE_REPORT: the visit is over; where the instance is now. */
export function staleReport(current: Instance, entry: HistoryEntry, time: string): AppError {
  const status = entry.report?.status ?? null;
  const left = isTakenBack(entry)
    ? `a person took the run back: ${oneLine(entry.decision?.reasoning ?? "", MAX_REASON)}`
    : "left by a rewind";
  const how = status === null ? left : `reported as ${oneLine(status, MAX_STATUS)}`;
  const where = isFinal(current.status)
    ? `The instance is ${current.status}.`
    : `Now at: ${current.step_name}, step_id ${stepIdOf(current)}.`;
  return new AppError(
    "STALE_REPORT",
    `visit ${entry.visit} (${entry.step_name}) is already decided (${how}, ${between(entry.ended_at, time)} ago); this report was not used.\n${where}`,
    {
      hint: isFinal(current.status)
        ? "Tell the user the outcome; there is nothing more to call."
        : `do that step. Its instructions: resume_workflow {"instance_id":"${current.instance_id}"}`,
      details: { decided_visit: entry.visit, reported_as: status, current_step_id: stepIdOf(current) },
    },
  );
}
