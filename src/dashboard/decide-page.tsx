/** `/runs/ID/decide`: what waits for a person, with all that a yes is bound to. */
import { visible } from "../words.ts";
import { Layout } from "./layout.tsx";
import type { Markup, View } from "./view.ts";

export async function decidePage(view: View, instance_id: string): Promise<Markup> {
  const { instance } = await view.engine.status({ instance_id, history_limit: 0 });
  return (
    <Layout title={`Decide: ${instance.workflow_name}`} view={view} follows={{ run: instance_id }}>
      <h1>{visible(instance.step_name)}</h1>
      <p>{visible(instance.turn?.message ?? "Nothing is asked of you here.")}</p>
    </Layout>
  );
}
