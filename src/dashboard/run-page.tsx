/** `/runs/ID`: one run. */
import { visible } from "../words.ts";
import { Layout } from "./layout.tsx";
import { Timeline } from "./timeline.tsx";
import type { Markup, View } from "./view.ts";

/** Entries of the history that a page shows at once. */
export const TIMELINE_LIMIT = 50;

/** Rejects with INSTANCE_NOT_FOUND, as the other two do. */
export async function runPage(view: View, instance_id: string): Promise<Markup> {
  const { instance, history } = await view.engine.status({ instance_id, history_limit: TIMELINE_LIMIT });
  const { workflow_name, step_name, status } = instance;
  return (
    <Layout title={`${workflow_name}, ${instance_id}`} view={view} follows={{ run: instance_id }}>
      <h1>{visible(workflow_name)}</h1>
      <p>
        {status}: {visible(step_name)}
      </p>
      <Timeline view={view} instance={instance} history={history} />
    </Layout>
  );
}
