/** `/workflows` and `/workflows/NAME`: what can be started, and how past runs of it went. */
import { visible } from "../words.ts";
import { Layout } from "./layout.tsx";
import type { Markup, View } from "./view.ts";

export async function workflowsPage(view: View): Promise<Markup> {
  const { workflows } = await view.engine.catalog();
  return (
    <Layout title="Workflows" view={view}>
      <h1>Workflows</h1>
      <ul>
        {[...workflows.keys()].map((name) => (
          <li>
            <a href={`/workflows/${encodeURIComponent(name)}`}>{visible(name)}</a>
          </li>
        ))}
      </ul>
    </Layout>
  );
}

/** Null if there is none of that name, and no run of it either. */
export async function workflowPage(view: View, name: string): Promise<Markup | null> {
  const found = (await view.engine.catalog()).workflows.get(name);
  if (!found) return null;
  return (
    <Layout title={name} view={view}>
      <h1>{visible(name)}</h1>
    </Layout>
  );
}
