/**
 * What a decision sets in the row: the step that is entered, whether the instance waits or ends there, and the counts
 * of visits.
 */
import type { Decision, Waiting } from "../decision.ts";
import type { Instance, Status } from "../instance.ts";
import { FINISH, findStep, type Workflow } from "../workflow.ts";
import { heldAt } from "./demands.ts";
import { afterRewind } from "./visit-counts.ts";

/**
 * What the decision sets in the row; a model may enter a step and let the instance wait or fail there. After a rewind
 * `from` holds the counts of the visit that it leads back to: what came since is not on the live path any more.
 */
export function landing(from: Pick<Instance, "visits" | "visit">, decision: Decision, now: string) {
  const { next_step, reasoning } = decision;
  const status: Status = decision.status ?? "RUNNING";
  if (status === "CANCELLED") return { status, completed_at: now, waiting_for: null };
  const visits = decision.to_visit ? afterRewind(from.visits) : from.visits;
  if (next_step === FINISH) return { status: "COMPLETED" as const, step_name: FINISH, completed_at: now, visits };
  const waiting_for = status === "SUSPENDED" ? (decision.waiting_for ?? askedByModel(reasoning)) : null;
  const completed_at = status === "FAILED" ? now : null;
  const visit = from.visit + 1;
  const entered = enter({ visits }, next_step, { visit, now });
  return { ...(decision.to_visit ? again(from, entered) : entered), status, waiting_for, completed_at };
}

function askedByModel(message: string): Waiting {
  return { kind: "model", message };
}

/** The decision; if the step may not be entered once more without a person's leave, it lets the instance wait there. */
export function hold(workflow: Workflow, decision: Decision, count: number): Decision {
  const waiting_for = heldAt(findStep(workflow, decision.next_step), count);
  if (!waiting_for || decision.status === "FAILED") return decision;
  return { ...decision, status: "SUSPENDED", waiting_for };
}

/** How often the step was visited on the live path. */
export function countOf(visits: Instance["visits"], step_name: string): number {
  return Object.hasOwn(visits, step_name) ? (visits[step_name]?.count ?? 0) : 0;
}

/** A visit that is handed out again counts once. */
function again(from: Pick<Instance, "visits">, entered: ReturnType<typeof enter>): ReturnType<typeof enter> {
  const count = from.visits[entered.step_name]?.count ?? 1;
  const again = { ...entered.visits[entered.step_name], count, last: entered.visit };
  return { ...entered, visits: { ...entered.visits, [entered.step_name]: again } };
}

/** What changes by entering a step. */
export function enter(from: Pick<Instance, "visits">, step_name: string, at: { visit: number; now: string }) {
  const before = from.visits[step_name];
  const visits = { ...from.visits, [step_name]: { ...before, count: (before?.count ?? 0) + 1, last: at.visit } };
  return { step_name, visit: at.visit, visit_started_at: at.now, visits, notes: 0, baseline: null };
}
