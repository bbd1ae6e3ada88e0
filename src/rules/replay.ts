/** An instance rebuilt from its start and its history: the check that its row tells the truth, and the way back of a rewind. */
import type { HistoryEntry, Instance, Start } from "../instance.ts";
import { applyPatch } from "../json.ts";
import { enter, landing } from "./landing.ts";
import { afterVisit } from "./visit-counts.ts";

/** The parts of an instance that its history determines. */
export type Replayed = Pick<
  Instance,
  "definition" | "status" | "step_name" | "visit" | "visits" | "context" | "last_seq"
>;

/** `history` is whole, or up to some visit, oldest first. */
export function replay(start: Start, history: HistoryEntry[]): Replayed {
  let state: Replayed = {
    definition: start.definition,
    status: "RUNNING",
    ...enter({ visits: {} }, start.first_step, { visit: 1, now: start.started_at }),
    context: start.context,
    last_seq: 0,
  };
  const visitsAt = new Map([[1, state.visits]]);
  for (const line of history) {
    const { decision } = line;
    const wakes = (line.kind === "resume" || line.kind === "approval") && state.status === "SUSPENDED";
    const goesOn = wakes ? { status: "RUNNING" as const } : {};
    const visits = afterVisit(visitsAt.get(decision?.to_visit ?? state.visit) ?? state.visits, line);
    const next = decision ? landing({ ...state, visits }, decision, line.ended_at) : goesOn;
    const context = applyPatch(state.context, line.context_patch);
    state = { ...state, ...next, definition: line.definition, context, last_seq: line.seq };
    visitsAt.set(state.visit, state.visits);
  }
  return state;
}
