/** What clients were answered, and whether the database still holds it: once, in order, whole. */
import { Database } from "bun:sqlite";
import { stepIdAt } from "../client/room.ts";

/** One run as its client knows it. A call that was cut off by a death may have been done or not. */
export interface Run {
  id: string;
  /** Visits whose advance was answered. */
  visits: number;
  /** Notes that were answered, by their text. */
  notes: string[];
  /** Whether anything was sent since it was last checked. */
  touched: boolean;
}

interface HistoryRow {
  seq: number;
  kind: string;
  step_id: string;
  report: string;
}

/** What is reported of a visit: of many lengths, so that rows cover one page and several. */
export function detailsOf(visit: number): string {
  return `did ${visit} ${"x".repeat((visit * 397) % 3_000)}`;
}

export function updatesOf(visit: number): Record<string, number> {
  return { last: visit, [`key_${visit % 7}`]: visit };
}

/** What is missing, doubled, out of order or damaged; what a cut-off call did is taken into the runs. */
export function check(db: string, runs: Run[]): string[] {
  const file = new Database(db, { readonly: true });
  try {
    const { integrity_check } = file.query<{ integrity_check: string }, []>("PRAGMA integrity_check").get() ?? {};
    const damage = integrity_check === "ok" ? [] : [`integrity_check: ${integrity_check}`];
    return [...damage, ...runs.filter((run) => run.touched).flatMap((run) => checkRun(file, run))];
  } catch (error) {
    return [`the database cannot be read: ${error}`];
  } finally {
    file.close();
  }
}

function checkRun(file: Database, run: Run): string[] {
  const row = file
    .query<{ visit: number; last_seq: number; context: string; started: string | null }, [string]>(
      `SELECT visit, last_seq, context, (SELECT first_step FROM starts WHERE instance_id = i.instance_id) AS started
       FROM instances AS i WHERE instance_id = ?`,
    )
    .get(run.id);
  if (!row) return [`${run.id}: its start was answered and is gone`];
  const history = file
    .query<HistoryRow, [string]>("SELECT seq, kind, step_id, report FROM history WHERE instance_id = ? ORDER BY seq")
    .all(run.id);
  const visits = history.filter((entry) => entry.kind === "visit");
  const notes = history.filter((entry) => entry.kind === "note").map(detailsIn);
  const wrong: string[] = [];
  const must = (holds: boolean, what: string) => {
    if (!holds) wrong.push(`${run.id}: ${what}`);
  };
  must(row.started === "Left", "the record of its start is gone");
  must(visits.length >= run.visits, `${run.visits} advances were answered, ${visits.length} are there`);
  must(visits.length <= run.visits + 1, `${visits.length} advances are there, at most ${run.visits + 1} were made`);
  must(row.visit === visits.length + 1, `the row is at visit ${row.visit}, its history has ${visits.length}`);
  must(row.last_seq === history.length, `the row counts ${row.last_seq} entries, the history has ${history.length}`);
  must(
    history.every((entry, index) => entry.seq === index + 1),
    "the history has gaps",
  );
  must(
    visits.every((entry, index) => entry.step_id === stepIdAt(index + 1)),
    "the visits are out of order",
  );
  must(
    visits.every((entry, index) => detailsIn(entry) === detailsOf(index + 1)),
    "a report is not what was sent",
  );
  must(Bun.deepEquals(JSON.parse(row.context), contextAfter(visits.length)), `the context is ${row.context}`);
  must(new Set(notes).size === notes.length, "a note is there twice");
  must(
    run.notes.every((note) => notes.includes(note)),
    "a note that was answered is gone",
  );
  run.visits = visits.length;
  run.touched = false;
  return wrong;
}

function contextAfter(visits: number): Record<string, number> {
  const all = Array.from({ length: visits }, (_, index) => updatesOf(index + 1));
  return Object.assign({}, ...all);
}

function detailsIn({ report }: HistoryRow): string {
  return JSON.parse(report).details;
}
