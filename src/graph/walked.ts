/** The path that a run took through its workflow, from its history. Pure. */
import type { HistoryEntry, Instance } from "../instance.ts";
import type { Walked } from "./model.ts";

/** All that was walked, also what a rewind took back. `history`: from its first entry on, or the part that is to be drawn. */
export function walkedOf(
  instance: Pick<Instance, "step_name" | "visit">,
  history: readonly Pick<HistoryEntry, "step_name" | "visit" | "decision">[],
): Walked {
  const steps = new Map(history.map(({ visit, step_name }) => [visit, step_name]));
  const { step_name, visit } = instance;
  if (!steps.has(visit)) steps.set(visit, step_name);
  const visits = Map.groupBy(steps.values(), (name) => name);
  const moves = history.flatMap(({ step_name: from, decision }) =>
    decision && decision.status !== "CANCELLED" ? [JSON.stringify([from, decision.next_step])] : [],
  );
  const taken = [...Map.groupBy(moves, (move) => move)].map(([move, all]) => {
    const [from, to]: [string, string] = JSON.parse(move);
    return { from, to, count: all.length };
  });
  return {
    visits: Object.fromEntries([...visits].map(([name, all]) => [name, all.length])),
    taken,
    current: step_name,
  };
}
