/** An instance rebuilt from its start and its history: the check that its row tells the truth, and the way back of a rewind. */
import { Waiver } from "../approval.ts";
import { assume } from "../assumption.ts";
import type { Decision } from "../decision.ts";
import type { HistoryEntry, Instance, Start } from "../instance.ts";
import { applyPatch } from "../json.ts";
import type { Turn } from "../turn.ts";
import { enter, landing } from "./landing.ts";
import { standing } from "./turns.ts";
import { afterFork, afterVisit } from "./visit-counts.ts";

/** The parts of an instance that its history determines. A turn as it began: what the clock does with it stands in the row alone. */
export type Replayed = Pick<
  Instance,
  | "definition"
  | "status"
  | "turn"
  | "step_name"
  | "visit"
  | "visits"
  | "waived"
  | "context"
  | "assumptions"
  | "last_seq"
>;

/** `history` is whole, or up to some visit, oldest first. */
export function replay(start: Start, history: HistoryEntry[]): Replayed {
  let state: Replayed = {
    definition: start.definition,
    ...standing(start.turn ?? agents(start.started_at)),
    ...enter({ visits: {} }, start.first_step, { visit: 1, now: start.started_at }),
    context: start.context,
    assumptions: [],
    last_seq: 0,
  };
  const entered = new Map([[1, state]]);
  for (const line of history) {
    const { decision } = line;
    const back = decision?.to_visit === undefined ? undefined : entered.get(decision.to_visit);
    const visits = afterVisit((back ?? state).visits, line);
    const assumptions = back?.assumptions ?? assume(state.assumptions, line);
    const next = decision
      ? landing({ ...state, visits }, decision, {
          now: line.ended_at,
          turn: line.turn ?? older(decision, line.ended_at),
        })
      : { ...turned(state, line), ...waivedBy(state, line), ...forkedBy(state, line, entered) };
    const context = applyPatch(state.context, line.context_patch);
    state = { ...state, ...next, definition: line.definition, context, assumptions, last_seq: line.seq };
    if (!entered.has(state.visit)) entered.set(state.visit, state);
  }
  const isCopy = state.last_seq <= (start.forked_from?.copied ?? -1); // of a fork, up to a visit before it
  return isCopy ? { ...state, visits: afterFork(state.visits) } : state;
}

/** In a fork nothing counts that was proven or waived before, wherever it is taken back to. */
function forkedBy({ visits }: Replayed, { ruling }: HistoryEntry, entered: Map<number, Replayed>): Partial<Replayed> {
  if (ruling?.kind !== "forked") return {};
  for (const [visit, then] of entered) entered.set(visit, { ...then, visits: afterFork(then.visits) });
  return { visits: afterFork(visits), waived: [] };
}

/** What an entry without a decision does to the turn. Those of versions before 0.3.0 do not say that they end a suspension. */
function turned({ status }: Replayed, { kind, turn, ended_at }: HistoryEntry): Partial<Replayed> {
  if (turn) return standing(turn);
  const wakes = (kind === "resume" || kind === "approval") && status === "SUSPENDED";
  return wakes ? standing(agents(ended_at)) : {};
}

/** What a person waived of the visit holds for the definition that demands it. */
function waivedBy({ waived, definition }: Replayed, { ruling, ...line }: HistoryEntry): Partial<Replayed> {
  if (line.definition !== definition) return { waived: [] };
  return ruling?.kind === "waived" ? { waived: [...waived, Waiver.parse(ruling)] } : {};
}

/** The turn that a decision of a version before 0.3.0 leads to: its own words say that it suspends. */
function older({ status, waiting_for, reasoning }: Decision, since: string): Turn {
  if (status !== "SUSPENDED") return agents(since);
  const kind = waiting_for?.kind === "max_visits" ? "visits" : "model";
  return { of: "person", kind, since, message: waiting_for?.message ?? reasoning };
}

function agents(since: string): Turn {
  return { of: "agent", kind: "step", since };
}
