/** What an instance remembers of its visits to each step: how often, which failed, and what checks proved. Pure. */
import { type Evidence, proves } from "../check.ts";
import type { HistoryEntry, Instance } from "../instance.ts";
import { oneLine } from "../words.ts";

/** Most visits that ended unchecked, and most waivers, that are remembered for each step: the latest ones. */
const MAX_UNCHECKED = 20;
/** Characters by which a check is known again: a script of its own may be one. */
const MAX_KEY = 80;

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
  const { count, last, unchecked = [], waived = [], took: before } = now;
  const skipped = evidence.some(({ outcome }) => outcome === "unchecked");
  const all = skipped ? [...unchecked, visit].slice(-MAX_UNCHECKED) : unchecked;
  const letOff = [...waived, ...waivedIn(evidence, visit)].slice(-MAX_UNCHECKED);
  const open = skipped || evidence.some(({ outcome }) => outcome === "waived");
  const end = proves(evidence) ? { proven: visit, ...filesOf(evidence) } : open ? {} : { failed: visit };
  const took = before || ran(evidence).length > 0 ? { took: { ...before, ...Object.fromEntries(ran(evidence)) } } : {};
  const left = { ...(all.length > 0 ? { unchecked: all } : {}), ...(letOff.length > 0 ? { waived: letOff } : {}) };
  return { ...visits, [step_name]: { count, last, ...left, ...end, ...took } };
}

function waivedIn(evidence: Evidence, visit: number) {
  return evidence.flatMap(({ check, outcome, reason = "" }) =>
    outcome === "waived" ? [{ what: oneLine(check, MAX_KEY), reason, visit }] : [],
  );
}

function filesOf(evidence: Evidence): { project_files?: string } {
  const project_files = evidence.at(-1)?.project_files;
  return project_files === undefined ? {} : { project_files };
}

function ran(evidence: Evidence): [key: string, milliseconds: number][] {
  return evidence.flatMap(({ check, milliseconds }) =>
    milliseconds === undefined ? [] : [[oneLine(check, MAX_KEY), milliseconds]],
  );
}

/** How long the check's program took the last time in this run, at whichever step, in milliseconds. */
export function lastTook(visits: Instance["visits"], check: string): number | undefined {
  const key = oneLine(check, MAX_KEY);
  const seen = Object.values(visits).filter(({ took }) => took && Object.hasOwn(took, key));
  return seen.sort((one, other) => other.last - one.last)[0]?.took?.[key];
}

/** The counts after a rewind: what was proven before may not hold for the project as it is now. */
export function afterRewind(visits: Instance["visits"]): Instance["visits"] {
  const all = Object.entries(visits).map(([name, { proven, ...rest }]) => {
    return [name, proven === undefined ? rest : { ...rest, proven_before_rewind: proven }] as const;
  });
  return Object.fromEntries(all);
}

/** The counts in a fork: what was proven or waived in the run that it came from is neither here. */
export function afterFork(visits: Instance["visits"]): Instance["visits"] {
  const all = Object.entries(visits).map(
    ([name, { proven, proven_before_rewind: before, project_files: _, waived = [], unchecked = [], ...rest }]) => {
      const open = [...new Set([...unchecked, ...waived.map(({ visit }) => visit)])].sort((one, other) => one - other);
      const left = open.length > 0 ? { unchecked: open.slice(-MAX_UNCHECKED) } : {};
      const once = proven ?? before;
      return [name, { ...rest, ...left, ...(once === undefined ? {} : { proven_before_rewind: once }) }] as const;
    },
  );
  return Object.fromEntries(all);
}

/** A visit whose proof holds for the project as it was then. */
export interface Proof {
  step_name: string;
  visit: number;
  project_files: string;
}

/**
 * The last proof of each step of the live path, the oldest first, without those that nothing hangs on any more: of the step
 * which is worked on now, and of programs that all passed again later, at whichever step.
 */
export function proofsOf({
  visits,
  turn,
  step_name: current,
}: Pick<Instance, "visits" | "turn" | "step_name">): Proof[] {
  const all = Object.entries(visits).flatMap(
    ([step_name, { proven, proven_before_rewind, project_files, took = {} }]) => {
      const visit = proven ?? proven_before_rewind;
      return visit === undefined ? [] : [{ step_name, visit, project_files, programs: Object.keys(took) }];
    },
  );
  const proofs = all.flatMap(({ step_name, visit, project_files, programs }) => {
    const again = turn !== null && step_name === current;
    const later = all.filter((each) => each.visit > visit);
    const anew =
      programs.length > 0 && later.some((each) => programs.every((program) => each.programs.includes(program)));
    return project_files === undefined || again || anew ? [] : [{ step_name, visit, project_files }];
  });
  return proofs.sort((one, other) => one.visit - other.visit);
}
