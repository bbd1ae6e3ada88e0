/** The branches of a run as a tree, and `/runs/ID/branches`: those of one of them, fetched when somebody opens it. */
import type { Below, Hanging } from "../engine/below.ts";
import { itemWords } from "../mcp/branch-words.ts";
import { RunBadge } from "./badge.tsx";
import { Line } from "./text.tsx";
import type { Markup, View } from "./view.ts";

/** Longest reason for which a branch ended, in characters. */
const MAX_ERROR = 200;

export function BranchTree({ below }: { below: Below }) {
  const { step_name, visit, total, shown } = below;
  return (
    <>
      <p class="muted small">
        <Line of={step_name} />, visit {visit}: {shown.length < total ? `${shown.length} of ${total}` : total} branches
      </p>
      <ul class="runs">
        {shown.map((each) => (
          <li id={`branch-${each.instance_id}`}>
            <BranchRow branch={each} />
          </li>
        ))}
      </ul>
    </>
  );
}

function BranchRow({ branch }: { branch: Hanging }) {
  const {
    instance_id,
    number,
    item,
    status,
    workflow_name,
    step_name,
    visit,
    waiting_for = null,
    error,
    branched,
  } = branch;
  const run = `/runs/${encodeURIComponent(instance_id)}`;
  return (
    <>
      <div class="branch">
        <RunBadge run={{ status, waiting_for }} />
        <a href={run}>
          {number}. <Line of={itemWords(item)} most={80} />
        </a>
        <span class="muted small">
          <Line of={workflow_name} most={60} /> at <Line of={step_name} most={60} />, visit {visit}
          {error && ": "}
          {error && <Line of={error} most={MAX_ERROR} />}
        </span>
      </div>
      {branched && (
        <details id={`below-${instance_id}`} data-src={`${run}/branches`}>
          <summary class="small">
            Its branches<span class="sr"> of branch {number}</span>
          </summary>
        </details>
      )}
    </>
  );
}

/** A fragment. */
export async function branchesPart(view: View, instance_id: string): Promise<Markup> {
  const { below } = await view.engine.status({ instance_id, history_limit: 0, branches: "near" });
  return below ? <BranchTree below={below} /> : <p class="muted">It has none.</p>;
}
