/**
 * Whose turn it is: a visit that is entered passes its gates, in their order, and is then done by the server or by the
 * agent. Opening one gate never opens the next. Pure.
 */
import type { Instance } from "../instance.ts";
import type { Turn, TurnKind } from "../turn.ts";
import type { Step } from "../workflow.ts";

/** In the order in which a visit passes them. A model's wish to suspend counts as one. */
const GATES = ["visits", "model", "time"] as const;
type Gate = (typeof GATES)[number];

/** What a visit meets where it is entered. */
interface Entry {
  /** How often the step was entered on the live path, this time included. */
  count: number;
  now: string;
  /** Why a model wants the run to wait there. */
  suspends?: string | undefined;
}

/** The turn of a visit that is entered. */
export function turnAtEntry(step: Step | undefined, entry: Entry): Turn {
  return firstOf(GATES, step, entry);
}

/** The turn once what the run waits for is settled: the gates behind that one, and then who does the step. */
export function turnBehind(kind: TurnKind, step: Step | undefined, now: string): Turn {
  const gates: readonly TurnKind[] = GATES;
  const passed = gates.indexOf(kind);
  return firstOf(passed < 0 ? [] : GATES.slice(passed + 1), step, { count: 0, now });
}

function firstOf(gates: readonly Gate[], step: Step | undefined, entry: Entry): Turn {
  for (const gate of gates) {
    const closed = CLOSED[gate](step, entry);
    if (closed) return closed;
  }
  const doer = step?.run ? ({ of: "server", kind: "server_step" } as const) : ({ of: "agent", kind: "step" } as const);
  return { ...doer, since: entry.now };
}

const CLOSED: Record<Gate, (step: Step | undefined, entry: Entry) => Turn | null> = {
  visits(step, { count, now }) {
    const most = step?.max_visits;
    if (!step || most === undefined || count <= most) return null;
    const message = `step "${step.name}" was entered ${count} times, and its limit is ${most}`;
    return { of: "person", kind: "visits", since: now, message };
  },
  model(_step, { suspends, now }) {
    return suspends === undefined ? null : { of: "person", kind: "model", since: now, message: suspends };
  },
  time(step, { now }) {
    return step?.wait ? { of: "clock", kind: "time", since: now, until: after(now, step.wait) } : null;
  },
};

/** The status of a live run: it is suspended while a person must act. */
export function standing(turn: Turn): Pick<Instance, "turn" | "status"> {
  return { turn, status: turn.of === "person" ? "SUSPENDED" : "RUNNING" };
}

/** The time that many seconds later. */
export function after(now: string, seconds: number): string {
  return new Date(Date.parse(now) + seconds * 1_000).toISOString();
}
