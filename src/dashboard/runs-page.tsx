/** `/`: the runs, newest first. */
import { visible } from "../words.ts";
import { Layout } from "./layout.tsx";
import type { RunsQuery } from "./queries.ts";
import type { Markup, View } from "./view.ts";

export async function runsPage(view: View, query: RunsQuery): Promise<Markup> {
  const { status, workflow: workflow_name, cursor } = query;
  const page = await view.engine.list({ status, workflow_name, cursor, all_projects: true, limit: 50 });
  return (
    <Layout title="Runs" view={view} follows="list">
      <h1>Runs</h1>
      <ul>
        {page.instances.map(({ instance_id, workflow_name, status, step_name }) => (
          <li>
            <a href={`/runs/${instance_id}`}>{visible(workflow_name)}</a> {status}: {visible(step_name)}
          </li>
        ))}
      </ul>
    </Layout>
  );
}
