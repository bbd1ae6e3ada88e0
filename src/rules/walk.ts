/** The way that a run took through its workflow, as its decisions tell it. Pure. */
import type { Move, Walk, Way } from "../overview.ts";

/** A visit of a run: the visit before it on the live path, and the move that led from there. */
interface Entered {
  before: number;
  move: Move | null;
}

/** The moves of the live path, counted, and all rewinds; in the order in which each way was gone first. `moves` is whole. */
export function walkOf(moves: Move[]): Walk {
  const visits = new Map<number, Entered>([[1, { before: 0, move: null }]]);
  let current = 1;
  for (const move of moves) {
    const { visit, to_visit, status } = move;
    if (status === "CANCELLED") continue; // it ends where it is
    current = visit + 1; // FINISH and FAIL are no visit, but nothing comes behind them
    const again = to_visit === null ? undefined : visits.get(to_visit);
    visits.set(current, again ?? { before: visit, move });
  }
  const path: Move[] = [];
  for (let at = current; at > 0; ) {
    const entered = visits.get(at);
    if (entered?.move) path.push(entered.move);
    at = entered?.before ?? 0;
  }
  const rewinds = moves.filter(({ to_visit }) => to_visit !== null);
  return [...counted(path.reverse(), {}), ...counted(rewinds, { rewind: true })];
}

function counted(moves: Move[], more: Pick<Way, "rewind">): Way[] {
  const ways = new Map<string, Way>();
  for (const { step_name: from, next_step: to } of moves) {
    const key = JSON.stringify([from, to]);
    const way = ways.get(key) ?? { from, to, count: 0, ...more };
    ways.set(key, { ...way, count: way.count + 1 });
  }
  return [...ways.values()];
}
