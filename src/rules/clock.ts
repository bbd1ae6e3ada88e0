/** The clock moves a run on: a wait is over, the agent's time for a step is over, the server has to look again. Pure. */
import type { Decision } from "../decision.ts";
import type { Change, Instance } from "../instance.ts";
import type { Report } from "../report.ts";
import type { Turn } from "../turn.ts";
import { exactly } from "../words.ts";
import { findStep, type Step, type Workflow } from "../workflow.ts";
import { change, entry, type Moment } from "./change.ts";
import { move } from "./move.ts";
import { pass } from "./steer.ts";
import { after, standing } from "./turns.ts";

/** What the clock ends at that moment: a wait, or the agent's time for its step; null if nothing. */
export function ranOut({ turn, pending }: Instance, now: string): "wait" | "deadline" | null {
  if (!turn?.until || turn.until > now) return null;
  if (turn.of === "clock") return "wait";
  return turn.of === "branches" || (turn.of === "agent" && !pending) ? "deadline" : null;
}

/** A step with a deadline is handed out: from now on its time runs. Null if it has none, or it runs already. */
export function startClock(step: Step | undefined, instance: Instance, now: string): Change | null {
  const { turn } = instance;
  const seconds = step?.deadline?.after;
  if (turn?.of !== "agent" || turn.until || instance.pending || !seconds) return null;
  return change(instance, [], { turn: { ...turn, until: after(now, seconds) } });
}

/**
 * The wait or the deadline is over. A deadline leads to the step that its definition names, else the run waits for a person.
 * `late` is a report that came too late: it becomes a note. Throws INVALID_INPUT if no visit is left.
 */
export function runOut(
  workflow: Workflow,
  instance: Instance,
  { late, ...moment }: Moment & { late?: Report },
): Change {
  if (instance.turn?.of === "clock") return pass(workflow, instance, { kind: "move", ...moment });
  const noted = late ? noteLate(instance, late, moment) : change(instance, [], {});
  const ended = miss(workflow, noted.instance, moment);
  return { instance: ended.instance, entries: [...noted.entries, ...ended.entries] };
}

/** A report that came too late, as a note of the visit at which the run is now. It sets nothing. */
export function noteLate(instance: Instance, report: Report, moment: Moment): Change {
  const line = entry(instance, { kind: "note", report }, moment);
  return change(instance, [line], { notes: instance.notes + 1, updated_at: moment.now });
}

function miss(workflow: Workflow, instance: Instance, moment: Moment): Change {
  const { deadline } = findStep(workflow, instance.step_name) ?? {};
  const reasoning = `no report came within ${exactly(deadline?.after ?? 0)}`;
  if (deadline?.then) {
    const { until } = instance.turn ?? {};
    const decision: Decision = {
      decided_by: "timer",
      next_step: deadline.then,
      reasoning,
      ...(until ? { deadline: until } : {}),
    };
    return move(workflow, instance, { ...moment, decision, context_updates: {} });
  }
  const message = `step "${instance.step_name}": ${reasoning}`;
  const { branches, joined } = instance.turn ?? {};
  const stood = { ...(branches ? { branches } : {}), ...(joined ? { joined } : {}) };
  const turn: Turn = { of: "person", kind: "deadline", since: moment.now, message, ...stood };
  return change(instance, [entry(instance, { kind: "move", turn }, moment)], {
    ...standing(turn),
    updated_at: moment.now,
  });
}
