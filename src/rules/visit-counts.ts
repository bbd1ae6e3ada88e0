/** What an instance remembers of its visits to each step: how often, which failed, and what checks proved. Pure. */
import { proves } from "../check.ts";
import type { HistoryEntry, Instance } from "../instance.ts";

/** Most visits that ended unchecked and are remembered for each step: the latest ones. */
const MAX_UNCHECKED = 20;

/** The counts of visits after one is over; how it ended is remembered until the run's end names it. */
export function afterVisit(
  visits: Instance["visits"],
  { step_name, visit, evidence, report }: Pick<HistoryEntry, "step_name" | "visit" | "evidence" | "report">,
): Instance["visits"] {
  const now = visits[step_name];
  if (!now || !report) return visits; // without a report the visit was left, not ended
  if (!evidence) {
    const { failed: _before, ...rest } = now;
    return { ...visits, [step_name]: report.status === "failure" ? { ...rest, failed: visit } : rest };
  }
  const { count, last, unchecked = [] } = now;
  const skipped = evidence.some(({ outcome }) => outcome === "unchecked");
  const all = skipped ? [...unchecked, visit].slice(-MAX_UNCHECKED) : unchecked;
  const end = proves(evidence) ? { proven: visit } : skipped ? {} : { failed: visit };
  return { ...visits, [step_name]: { count, last, ...(all.length > 0 ? { unchecked: all } : {}), ...end } };
}

/** The counts after a rewind: what was proven before may not hold for the project as it is now. */
export function afterRewind(visits: Instance["visits"]): Instance["visits"] {
  const all = Object.entries(visits).map(([name, { proven, ...rest }]) => {
    return [name, proven === undefined ? rest : { ...rest, proven_before_rewind: proven }] as const;
  });
  return Object.fromEntries(all);
}
