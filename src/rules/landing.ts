/**
 * What a decision sets in the row: the step that is entered and whose turn it is there, or the end of the run, and the
 * counts of visits.
 */
import type { Decision } from "../decision.ts";
import type { Instance } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import type { Turn } from "../turn.ts";
import { FAIL, FINISH, findStep, type Step, type Workflow } from "../workflow.ts";
import { standing, turnAtEntry } from "./turns.ts";
import { afterRewind } from "./visit-counts.ts";

/**
 * What the decision sets in the row. After a rewind `from` holds the counts of the visit that it leads back to: what came
 * since is not on the live path any more. `turn` is whose it is at the step that is entered; a decision that ends the run
 * has none.
 */
export function landing(
  from: Pick<Instance, "visits" | "visit">,
  decision: Decision,
  { now, turn }: { now: string; turn: Turn | null },
) {
  const { next_step, status } = decision;
  if (status === "CANCELLED") return { ...over(status, now) };
  const visits = decision.to_visit ? afterRewind(from.visits) : from.visits;
  if (next_step === FINISH) return { ...over("COMPLETED", now), step_name: FINISH, visits };
  if (status === "FAILED" && next_step === FAIL) return { ...over(status, now), step_name: FAIL, visits };
  const visit = from.visit + 1;
  const entered = enter({ visits }, next_step, { visit, now });
  const there = decision.to_visit ? again(from, entered) : entered;
  if (status === "FAILED") return { ...there, ...over(status, now) };
  return { ...there, ...standing(turn ?? { of: "agent", kind: "step", since: now }), completed_at: null };
}

function over<Final extends "COMPLETED" | "FAILED" | "CANCELLED">(status: Final, now: string) {
  return { status, completed_at: now, turn: null, waived: [] };
}

/** The decision in the form that is kept: one for FAIL, unless that is a step of an older definition, ends the run as failed. */
export function settled(workflow: Workflow, decision: Decision): Decision {
  const fails = decision.next_step === FAIL && !findStep(workflow, FAIL);
  return fails ? { ...decision, status: "FAILED" } : decision;
}

/** Whose turn it is where a decision leads; null if it ends the run. `count` as of the entry of its step. */
export function turnAfter(
  workflow: Workflow,
  { next_step, status, reasoning }: Decision,
  entered: Omit<Parameters<typeof turnAtEntry>[1], "suspends">,
): Turn | null {
  if (next_step === FINISH || status === "FAILED" || status === "CANCELLED") return null;
  return turnAtEntry(findStep(workflow, next_step), {
    ...entered,
    suspends: status === "SUSPENDED" ? reasoning : undefined,
  });
}

/** What a turn adds to the entry that leads to it: that it is the agent's is not said. */
export function told(turn: Turn | null): { turn?: Turn } {
  return turn && turn.of !== "agent" ? { turn } : {};
}

/** What is taken out of the context where a step is entered: what the server will set there anew. */
export function cleared(step: Step | undefined): JsonObject {
  return Object.fromEntries(Object.keys(step?.sets ?? {}).map((key) => [key, null]));
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
  return { step_name, visit: at.visit, visit_started_at: at.now, visits, notes: 0, baseline: null, waived: [] };
}
