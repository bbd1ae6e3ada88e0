/** `/`: the runs, newest first. */
import { Layout } from "./layout.tsx";
import type { RunsQuery } from "./queries.ts";
import { RunRow } from "./run-row.tsx";
import type { Markup, View } from "./view.ts";

export async function runsPage(view: View, query: RunsQuery): Promise<Markup> {
  const { status, workflow: workflow_name, cursor } = query;
  const page = await view.engine.list({ status, workflow_name, cursor, all_projects: true, limit: 50 });
  return (
    <Layout title="Runs" view={view} follows="list">
      <h1>Runs</h1>
      <ul class="runs">
        {page.instances.map((run) => (
          <li id={run.instance_id}>
            <RunRow run={run} now={view.now} />
          </li>
        ))}
      </ul>
    </Layout>
  );
}
