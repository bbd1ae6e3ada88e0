/** The way that a run took through its workflow, as its decisions tell it. Pure. */
import type { Move, Walk, Way } from "../overview.ts";

/** A visit of a run: the visit before it on the live path, and the move that led from there. */
interface Entered {
  before: number;
  move: Move | null;
}

/**
 * The moves of the live path, counted, and all rewinds; those from one step stand together, in the order
 * in which each was gone first. `moves` is whole.
 */
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
  const ways = new Map<string, Map<string, Way>>();
  for (const { step_name: from, next_step: to } of moves) {
    const there = ways.get(from) ?? new Map<string, Way>();
    ways.set(from, there);
    const way = there.get(to);
    if (way) way.count += 1;
    else there.set(to, { from, to, count: 1, ...more });
  }
  return [...ways.values()].flatMap((there) => [...there.values()]);
}
