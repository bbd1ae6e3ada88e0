/** `/`: the runs, newest first, above them those that wait for a person. */
import { type InstanceSummary, Status } from "../instance.ts";
import { type Counts, MAX_COUNTED, type Overview } from "../overview.ts";
import { waitsForPerson } from "../turn.ts";
import { AskingCards } from "./asking.tsx";
import { Filters } from "./filters.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { Layout } from "./layout.tsx";
import type { RunsQuery } from "./queries.ts";
import { RunRow } from "./run-row.tsx";
import { exactTime } from "./time.tsx";
import type { Markup, View } from "./view.ts";

/** Runs on a page. */
const LIMIT = 50;

export async function runsPage(view: View, query: RunsQuery): Promise<Markup> {
  const { engine, now } = view;
  const { status, workflow: workflow_name, live, text, cursor, project = null } = query;
  const [page, asking, counts, facets] = await Promise.all([
    engine.overview({ project, status, workflow_name, live, text, cursor, limit: LIMIT }),
    cursor === undefined ? engine.waiting(project) : [],
    engine.counts(project),
    engine.facets(),
  ]);
  const asked = asking.filter(waitsForPerson).length;
  return (
    <Layout title={asked > 0 ? `(${asked}) Runs` : "Runs"} view={view} follows="list" news={newsOf(asked)}>
      <div class="head">
        <h1>Runs</h1>
        {!isNone(counts) && <StatusLinks counts={counts} query={query} />}
      </div>
      <AskingCards asking={asking} now={now} />
      {isNone(counts) ? (
        <FirstSteps />
      ) : (
        <>
          <Filters query={query} facets={facets} />
          <List page={page} now={now} />
          <Pages page={page} query={query} />
        </>
      )}
    </Layout>
  );
}

function newsOf(asked: number): string {
  if (asked === 0) return "No run waits for you.";
  return asked === 1 ? "One run waits for you." : `${asked} runs wait for you.`;
}

function isNone({ status }: Counts): boolean {
  return Object.values(status).every((count) => count === 0);
}

const WORDS: Record<Status, string> = {
  RUNNING: "running",
  SUSPENDED: "suspended",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
};

function StatusLinks({ counts, query }: { counts: Counts; query: RunsQuery }) {
  const { cursor, ...rest } = query;
  return (
    <ul class="counts" aria-label="By status">
      {Status.options.map((status) => (
        <li>
          <a
            href={addressOf(query.status === status ? { ...rest, status: undefined } : { ...rest, status })}
            aria-current={query.status === status ? "true" : undefined}
          >
            <b>{counted(counts.status[status], counts)}</b> {WORDS[status]}
          </a>
        </li>
      ))}
    </ul>
  );
}

function counted(count: number, { more }: Counts): string {
  return more && count >= MAX_COUNTED ? `${MAX_COUNTED}+` : String(count);
}

function List({ page, now }: { page: Overview; now: Date }) {
  if (page.runs.length === 0) return <p class="notice">No run is like that{page.searched_to ? " so far" : ""}.</p>;
  return (
    <ul class="runs" id="runs" aria-label="Runs">
      {page.runs.map((run) => (
        <li id={run.instance_id}>
          <RunRow run={run} now={now} />
          <Branches run={run} />
        </li>
      ))}
    </ul>
  );
}

/** Folded: fetched when opened. */
function Branches({ run: { instance_id, waiting_for } }: { run: InstanceSummary }) {
  if (!waiting_for?.branches) return null;
  const { total, completed, failed, cancelled } = waiting_for.branches;
  const ended = completed + failed + cancelled;
  return (
    <details data-live data-src={`/runs/${encodeURIComponent(instance_id)}/branches`}>
      <summary>
        {total} branches, {ended} ended{failed > 0 ? `, ${failed} of them failed` : ""}
      </summary>
    </details>
  );
}

function Pages({ page, query }: { page: Overview; query: RunsQuery }) {
  const { next_cursor, searched_to } = page;
  const { cursor, ...rest } = query;
  if (!next_cursor && !cursor) return null;
  return (
    <nav class="pages" aria-label="Pages">
      {cursor && (
        <a class="button" href={addressOf(rest)}>
          Newest
        </a>
      )}
      {next_cursor && (
        <a class="button" href={addressOf({ ...rest, cursor: next_cursor })} rel="next">
          {searched_to ? "Search older runs" : "Older"}
        </a>
      )}
      {searched_to && <span class="muted small">Searched back to {exactTime(searched_to)}.</span>}
    </nav>
  );
}

function addressOf({ live, ...texts }: RunsQuery): string {
  const given = Object.entries({ ...texts, live: live ? "1" : undefined });
  const wishes = given.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));
  return wishes.length > 0 ? `/?${new URLSearchParams(wishes)}` : "/";
}
