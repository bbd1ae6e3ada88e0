/**
 * Whose turn it is: a visit that is entered passes its gates, in their order, and is then done by the server or by the
 * agent. Opening one gate never opens the next. Pure.
 */
import type { Instance } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { fillTemplate } from "../template.ts";
import type { Turn, TurnKind } from "../turn.ts";
import type { Approval, Step } from "../workflow.ts";

/** In the order in which a visit passes them. A model's wish to suspend counts as one. */
const GATES = ["visits", "model", "time", "approval"] as const;
type Gate = (typeof GATES)[number];

/** What a gate may look at. */
interface Entry {
  /** How often the step was entered on the live path, this time included. */
  count: number;
  now: string;
  /** As it is at the step, and where the history then is: what a person is asked hangs on both. */
  context: JsonObject;
  visit: number;
  seq: number;
  /** Why a model wants the run to wait there. */
  suspends?: string | undefined;
  /** Why a person is asked again. */
  again?: string;
  /** Its branches are joined already. */
  joined?: true | undefined;
}

/** The turn of a visit that is entered. */
export function turnAtEntry(step: Step | undefined, entry: Entry): Turn {
  return firstOf(GATES, step, entry);
}

/** The turn once what the run waits for is settled: the gates behind that one, and then who does the step. */
export function turnBehind(kind: TurnKind, step: Step | undefined, at: { instance: Instance; now: string }): Turn {
  const gates: readonly TurnKind[] = GATES;
  const passed = gates.indexOf(kind);
  return firstOf(passed < 0 ? [] : GATES.slice(passed + 1), step, entryOf(at.instance, at.now));
}

/** A person is asked again, or for the first time by a definition that did not ask before; else whoever does the step. */
export function turnAskedAnew(step: Step | undefined, at: { instance: Instance; now: string; again?: string }): Turn {
  const { again } = at;
  return firstOf(["approval"], step, { ...entryOf(at.instance, at.now), ...(again ? { again } : {}) });
}

function entryOf({ context, visit, last_seq, turn }: Instance, now: string): Entry {
  return { count: 0, now, context, visit, seq: last_seq + 1, joined: turn?.joined };
}

function firstOf(gates: readonly Gate[], step: Step | undefined, entry: Entry): Turn {
  for (const gate of gates) {
    const closed = CLOSED[gate](step, entry);
    if (closed) return closed;
  }
  return { ...doerOf(step, entry), since: entry.now };
}

/** Who does a step once its gates are open. */
function doerOf(step: Step | undefined, { joined }: Entry): Pick<Turn, "of" | "kind" | "joined"> {
  if (joined) return { of: "agent", kind: "step", joined };
  if (step?.run) return { of: "server", kind: "server_step" };
  return step?.branches ? { of: "server", kind: "branching" } : { of: "agent", kind: "step" };
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
  approval(step, entry) {
    return step?.approval ? requestOf(step.name, step.approval, entry) : null;
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

/** Most bytes of what a person is asked. */
const MAX_ASK_BYTES = 2_000;

function requestOf(step_name: string, { ask, expires }: Approval, { now, context, visit, seq, again }: Entry): Turn {
  const message = ask ? fillTemplate(ask, { context }, MAX_ASK_BYTES) : `May step "${step_name}" be done?`;
  const approval = {
    approval_id: `${visit}.${seq}`,
    ...(expires ? { expires_at: after(now, expires) } : {}),
    ...(again ? { again } : {}),
  };
  return { of: "person", kind: "approval", since: now, message, approval };
}
