/** A person says yes or no to a step before it is handed out. Pure. */
import type { Digest, Ruling } from "../approval.ts";
import type { Decision } from "../decision.ts";
import { AppError } from "../errors.ts";
import type { Change, Instance } from "../instance.ts";
import { RELEASED, type Request, type Turn, turnWords } from "../turn.ts";
import { oneLine } from "../words.ts";
import { findStep, type Step, type Workflow } from "../workflow.ts";
import { change, entry, type Line, type Moment } from "./change.ts";
import { move } from "./move.ts";
import { standing, turnAskedAnew, turnBehind } from "./turns.ts";

/** Longest comment of a no, in characters. */
export const MAX_COMMENT = 1_000;

/** A yes to one request, and all that it is bound to. */
export interface Yes {
  approval_id: string;
  hash: string;
  shown: Digest[];
}

/** A no; where it leads, unless the run then waits. */
export interface No {
  approval_id: string;
  comment: string;
  shown: Digest[];
  to: Pick<Decision, "next_step" | "reasoning" | "notes"> | null;
}

/** The request at which the run stands, whether somebody said yes or not; null if it stands at none. */
export function requestOf({ turn }: Pick<Instance, "turn">): Request | null {
  return turn?.kind === "approval" ? (turn.approval ?? null) : null;
}

/** A yes is kept until the step is handed out by it. Throws INVALID_INPUT if that request is not open. */
export function approve(
  workflow: Workflow,
  instance: Instance,
  { approval_id, hash, shown }: Yes,
  moment: Moment,
): Change {
  const { turn, request } = openRequest(instance, approval_id);
  const { actor: by, now: at } = moment;
  const runs = findStep(workflow, instance.step_name)?.run !== undefined;
  const given: Turn = {
    ...turn,
    of: "server",
    ...(runs ? { until: at } : {}), // its server need not be called
    approval: { ...request, yes: { hash, shown, by, at } },
  };
  const ruling: Ruling = { kind: "approved", approval_id, hash, shown };
  return turned(instance, { kind: "approval", turn: given, ruling }, moment);
}

/** The yes is spent: the step is its doer's. Throws INVALID_INPUT if there is none. */
export function open(workflow: Workflow, instance: Instance, moment: Moment): Change {
  const request = requestOf(instance);
  if (!request?.yes) throw overError(instance);
  const turn = turnBehind("approval", stepAt(workflow, instance), { instance, now: moment.now });
  const ruling: Ruling = { kind: "opened", approval_id: request.approval_id };
  return turned(instance, { kind: "move", turn, ruling }, moment);
}

/** The request, or the yes to it, is over without being spent: a person is asked again. */
export function askAnew(workflow: Workflow, instance: Instance, why: string, moment: Moment): Change {
  const request = requestOf(instance);
  if (!request) throw overError(instance);
  const turn = turnAskedAnew(stepAt(workflow, instance), { instance, now: moment.now, again: why });
  const ruling: Ruling = { kind: "void", approval_id: request.approval_id, why };
  return turned(instance, { kind: "move", turn, ruling }, moment);
}

/**
 * A no ends the visit if it leads somewhere; else the run waits for the person to release or cancel it. It takes back a yes that
 * is not spent. Throws INVALID_INPUT if that request is not open, and what `move` throws.
 */
export function deny(workflow: Workflow, instance: Instance, { to, ...no }: No, moment: Moment): Change {
  if (requestOf(instance)?.approval_id !== no.approval_id) throw overError(instance);
  const ruling: Ruling = { kind: "denied", ...no };
  const said = no.comment ? `: ${oneLine(no.comment, MAX_COMMENT)}` : "";
  if (!to) {
    const message = `step "${instance.step_name}" was denied by ${moment.actor}${said}`;
    const turn: Turn = { of: "person", kind: "denied", since: moment.now, message };
    return turned(instance, { kind: "approval", turn, ruling }, moment);
  }
  const reasoning = `denied by ${moment.actor}${said} (${to.reasoning})`;
  const decision: Decision = { decided_by: "person", ...to, reasoning };
  return move(workflow, instance, { ...moment, decision, context_updates: {}, ruling });
}

function turned(instance: Instance, line: Line & { turn: Turn }, moment: Moment): Change {
  return change(instance, [entry(instance, line, moment)], { ...standing(line.turn), updated_at: moment.now });
}

function stepAt(workflow: Workflow, { step_name }: Instance): Step | undefined {
  return findStep(workflow, step_name);
}

function openRequest(instance: Instance, approval_id: string): { turn: Turn; request: Request } {
  const { turn } = instance;
  const request = requestOf(instance);
  if (!turn || !request || request.yes || request.approval_id !== approval_id) throw overError(instance);
  return { turn, request };
}

/** INVALID_INPUT: nobody is asked that; what the run waits for instead. */
export function overError({ instance_id, status, turn }: Pick<Instance, "instance_id" | "status" | "turn">): AppError {
  const has = turn?.of === "agent" ? "the agent has the step" : turn && turnWords(turn);
  const message = `Instance "${instance_id}" does not wait for that approval (${status}${has ? `: ${has}` : ""}); nothing changed.`;
  const hint =
    turn && RELEASED.has(turn.kind)
      ? `\`orchestrator release ${instance_id}\` shows why it waits, and asks you.`
      : `\`orchestrator show ${instance_id}\` says where it is; \`orchestrator approvals\` lists what waits.`;
  return new AppError("INVALID_INPUT", message, { hint });
}
