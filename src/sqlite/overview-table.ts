/** The store's part for people who look at many runs. */
import type { Status } from "../instance.ts";
import {
  type Counts,
  countsOf,
  Held,
  MAX_COUNTED,
  type Move,
  Refused,
  SAMPLED_ENTRIES,
  SAMPLED_OF_RUN,
  SAMPLED_RUNS,
  type Sample,
} from "../overview.ts";
import type { Store } from "../store.ts";
import { waitsForPerson } from "../turn.ts";
import { listStatement } from "./list-statement.ts";
import {
  ASKING_COLUMNS,
  facetStatement,
  OVERVIEW_STATEMENTS,
  searchedTo,
  searchStatement,
} from "./overview-statements.ts";
import { askingFromRow, type Row, summaryFromRow } from "./rows.ts";
import { SAMPLED_COLUMNS, sampledEntry, sampledRun } from "./sampled-rows.ts";

interface Statements {
  row(sql: string, values: Row): Row | null;
  rows(sql: string, values: Row): Row[];
  /** All that is read in it is of one moment. What SQLite refuses becomes PERSISTENCE_ERROR. */
  read<T>(operation: () => T): Promise<T>;
}

type Methods =
  | "search"
  | "asking"
  | "counts"
  | "facets"
  | "moves"
  | "forks"
  | "held"
  | "refused"
  | "sample"
  | "revision";

/** Its methods of the store, on the store's own statements. */
export function createOverviewTable({ row, rows, read }: Statements): Pick<Store, Methods> {
  /** Another one for each connection, whose counters begin anew. */
  const connection = crypto.randomUUID();

  function asking(project: string | null, limit: number) {
    const first =
      project === null
        ? rows(OVERVIEW_STATEMENTS.asking, { limit })
        : rows(OVERVIEW_STATEMENTS.askingOfProject, { project, limit });
    const those = first.map(askingFromRow);
    if (those.length >= limit) return those;
    const newest = rows(...listStatement({ project, status: "SUSPENDED", branches: true, limit }, ASKING_COLUMNS));
    const others = newest.map(askingFromRow).filter((each) => !waitsForPerson(each));
    return [...those, ...others].slice(0, limit);
  }

  function counts(project: string | null): Counts {
    const count = (status: Status) => {
      const [sql, values] = listStatement({ project, status, limit: MAX_COUNTED + 1 }, "created_at, instance_id");
      return Number(row(`SELECT COUNT(*) AS n FROM (${sql})`, values)?.["n"]);
    };
    return countsOf(count);
  }

  function sample(workflow_name: string, project: string | null): Sample {
    const newest = { project, workflow_name, branches: true, limit: SAMPLED_RUNS };
    const found = rows(...listStatement(newest, SAMPLED_COLUMNS.run));
    const all: Sample = { runs: found.map(sampledRun), entries: [], cut: false, held: [], refused: [] };
    let left = SAMPLED_ENTRIES;
    for (const { instance_id = null, copied = 0 } of found) {
      const limit = Math.min(left, SAMPLED_OF_RUN);
      const some = rows(OVERVIEW_STATEMENTS.sampledEntries, { instance_id, from: copied ?? 0, limit: limit + 1 });
      all.cut ||= some.length > limit;
      const taken = some.slice(0, limit).reverse().map(sampledEntry);
      all.entries.push(...taken);
      left -= taken.length;
      all.held.push(...rows(OVERVIEW_STATEMENTS.sampledHeld, { instance_id }).map(countFromRow));
      all.refused.push(...rows(OVERVIEW_STATEMENTS.sampledRefused, { instance_id }).map(countFromRow));
    }
    return all;
  }

  return {
    search: (query) =>
      read(() => {
        const runs = rows(...searchStatement(query)).map(summaryFromRow);
        if (runs.length >= query.limit) return { runs, to: null };
        const [to, older] = rows(...searchedTo(query));
        return { runs, to: to && older ? placeOf(to) : null };
      }),
    asking: ({ project, limit }) => read(() => asking(project, limit)),
    counts: (project) => read(() => counts(project)),
    facets: (project) =>
      read(() => {
        const names = (statement: [string, Row]) => rows(...statement).map(({ name }) => String(name));
        const workflows = names(facetStatement("workflow_name", project));
        return { workflows, projects: names(facetStatement("project", null)) };
      }),
    moves: (instance_id) => read(() => rows(OVERVIEW_STATEMENTS.moves, { instance_id }).map(moveFromRow)),
    forks: (instance_id, limit) =>
      read(() => rows(OVERVIEW_STATEMENTS.forks, { instance_id, limit }).map(summaryFromRow)),
    held: (instance_id) => read(() => rows(OVERVIEW_STATEMENTS.held, { instance_id }).map((each) => Held.parse(each))),
    refused: (instance_id, limit) =>
      read(() =>
        rows(OVERVIEW_STATEMENTS.refused, { instance_id, limit })
          .map((each) => Refused.parse(each))
          .reverse(),
      ),
    sample: ({ workflow_name, project }) => read(() => sample(workflow_name, project)),
    revision: () =>
      read(() => {
        const seen = row("SELECT data_version, total_changes() AS own FROM pragma_data_version", {});
        return `${connection} ${seen?.["data_version"]} ${seen?.["own"]}`;
      }),
  };
}

function countFromRow({ step_name, count }: Row) {
  return { step_name: String(step_name), count: Number(count) };
}

function placeOf(row: Row) {
  return { created_at: String(row["created_at"]), instance_id: String(row["instance_id"]) };
}

function moveFromRow({ visit, step_name, next_step, to_visit, status }: Row): Move {
  return {
    visit: Number(visit),
    step_name: String(step_name),
    next_step: String(next_step),
    to_visit: to_visit == null ? null : Number(to_visit),
    status: status == null ? null : String(status),
  };
}
