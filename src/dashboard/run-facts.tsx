/** What a run is: its project, its times, what it hangs below, and what was forked from it. */
import type { Snapshot } from "../engine/read.ts";
import type { InstanceSummary } from "../instance.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { Line, Mono, Text } from "./text.tsx";
import { Ago, Since } from "./time.tsx";
import type { View } from "./view.ts";

export function RunFacts({ view, snapshot, forks }: { view: View; snapshot: Snapshot; forks: InstanceSummary[] }) {
  const { instance, files } = snapshot;
  const { instance_id, project, created_at, completed_at, branch, forked_from, unattended, workflow_name } = instance;
  return (
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">The run</h2>
      <dl class="facts small">
        <dt>Id</dt>
        <dd>
          <Mono of={instance_id} />
        </dd>
        <dt>Workflow</dt>
        <dd>
          <a href={`/workflows/${encodeURIComponent(workflow_name)}`}>
            <Line of={workflow_name} />
          </a>
        </dd>
        <dt>Project</dt>
        <dd>
          <Mono of={project} />
        </dd>
        <dt>Began</dt>
        <dd>
          <Ago at={created_at} now={view.now} />
        </dd>
        <dt>{completed_at ? "Ended" : "Lasts"}</dt>
        <dd>{completed_at ? <Ago at={completed_at} now={view.now} /> : <Since at={created_at} now={view.now} />}</dd>
        {branch && (
          <>
            <dt>Branch</dt>
            <dd>
              <a href={`/runs/${encodeURIComponent(branch.parent_id)}`}>
                <Text of={hangsWords({ branch })} />
              </a>
            </dd>
          </>
        )}
        {forked_from && (
          <>
            <dt>Forked from</dt>
            <dd>
              <a href={`/runs/${encodeURIComponent(forked_from.instance_id)}`}>
                <Mono of={forked_from.instance_id} />
              </a>{" "}
              at visit {forked_from.visit}
            </dd>
          </>
        )}
        {forks.length > 0 && (
          <>
            <dt>Forks</dt>
            <dd>
              {forks.map((fork) => (
                <div>
                  <a href={`/runs/${encodeURIComponent(fork.instance_id)}`}>
                    <Mono of={fork.instance_id} />
                  </a>{" "}
                  at visit {fork.forked_from?.visit}
                </div>
              ))}
            </dd>
          </>
        )}
        {unattended && (
          <>
            <dt>Unattended</dt>
            <dd>The user cannot be asked.</dd>
          </>
        )}
        {files && (
          <>
            <dt>Its files</dt>
            <dd>
              <Mono of={files} />
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
