/** `/runs/ID`: one run. All is drawn from the definition that it is pinned to: files that were edited since change nothing. */
import { effectiveAssumptions, type Instance } from "../instance.ts";
import { waitingKind } from "../turn.ts";
import { RunBadge, stateOf } from "./badge.tsx";
import { Branches } from "./branches.tsx";
import { Context } from "./context.tsx";
import { CurrentStep } from "./current-step.tsx";
import { Opener } from "./dialogs.tsx";
import { Ended } from "./ended.tsx";
import { Layout } from "./layout.tsx";
import { Prevented } from "./prevented.tsx";
import { HistoryQuery, parsed } from "./queries.ts";
import { DIALOGS, RunDialogs } from "./run-dialogs.tsx";
import { RunFacts } from "./run-facts.tsx";
import { RunGraph } from "./run-graph.tsx";
import { Line, Text } from "./text.tsx";
import { Timeline } from "./timeline.tsx";
import type { Markup, View } from "./view.ts";

/** Rejects with INSTANCE_NOT_FOUND, as its parts do. */
export async function runPage(view: View, instance_id: string): Promise<Markup> {
  const { engine } = view;
  const { before, limit } = parsed(HistoryQuery, Object.fromEntries(view.url.searchParams));
  const asked = { instance_id, history_limit: limit, history_before: before, branches: "near" as const };
  const [snapshot, walk, forks, held, refused, stale] = await Promise.all([
    engine.status(asked),
    engine.walk(instance_id),
    engine.forks(instance_id),
    engine.held(instance_id),
    engine.refused(instance_id),
    engine.stale(instance_id),
  ]);
  const { instance, history, below } = snapshot;
  const summary = { status: instance.status, waiting_for: waitingKind(instance) };
  return (
    <Layout
      title={`${instance.workflow_name}, ${instance_id}`}
      view={view}
      follows={{ run: instance_id }}
      news={`${stateOf(summary).word}, at ${instance.step_name}, visit ${instance.visit}`}
    >
      <div class="head">
        <h1>
          <Line of={instance.workflow_name} />
        </h1>
        <RunBadge run={summary} />
        <div class="actions">
          <Opener
            opens={DIALOGS.fork}
            fields={forkFields(instance)}
            said={instance.turn ? `visit ${instance.visit}, ${instance.step_name}` : "its last visit"}
          >
            Fork…
          </Opener>
          {instance.turn && (
            <Opener opens={DIALOGS.cancel} look="danger">
              Cancel…
            </Opener>
          )}
        </div>
      </div>
      <div class="columns">
        <div>
          {before === undefined && <Ended instance={instance} history={history} now={view.now} />}
          <CurrentStep view={view} snapshot={snapshot} stale={stale} refused={refused} />
          <RunGraph snapshot={snapshot} walk={walk} />
          {below && (
            <section class="section" aria-labelledby="branches">
              <h2 id="branches">Branches</h2>
              <Branches below={below} />
            </section>
          )}
          <section class="section" aria-labelledby="history">
            <h2 id="history">Timeline</h2>
            {before !== undefined && (
              <p>
                <a href={`/runs/${encodeURIComponent(instance_id)}`}>To the newest entries</a>
              </p>
            )}
            {history.length === 0 && <p class="muted">Nothing was reported yet.</p>}
            <Timeline view={view} instance={instance} history={history} />
          </section>
        </div>
        <div>
          <RunFacts view={view} snapshot={snapshot} forks={forks} />
          <Context instance={instance} />
          <Assumptions instance={instance} />
          <Prevented held={held} refused={refused} view={view} />
          <details id="recap" class="card" data-src={`/runs/${encodeURIComponent(instance_id)}/recap`}>
            <summary>Recap, to copy for an agent</summary>
          </details>
        </div>
      </div>
      <RunDialogs view={view} instance={instance} />
    </Layout>
  );
}

/** Without a visit a final run is forked at its last one. */
function forkFields({ turn, visit }: Instance) {
  return turn ? { at_visit: visit } : {};
}

function Assumptions({ instance }: { instance: Instance }) {
  const all = effectiveAssumptions(instance);
  if (all.length === 0) return null;
  return (
    <section class="card" aria-labelledby="assumed">
      <h2 id="assumed">Decided on the user's behalf</h2>
      <ul class="plain">
        {all.map(({ text, visit }) => (
          <li class="small">
            <Text of={text} /> <span class="muted">visit {visit}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
