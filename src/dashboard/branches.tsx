/** The branches of a run as rows, and `/runs/ID/branches`: the same, fetched when somebody opens what they hang below. */
import type { Below, Hanging } from "../engine/below.ts";
import { itemWords } from "../mcp/branch-words.ts";
import { RunBadge } from "./badge.tsx";
import { Line, Mono } from "./text.tsx";
import type { Markup, View } from "./view.ts";

/** A part, not a page: those that are open and those that began last. Rejects with INSTANCE_NOT_FOUND. */
export async function branchesPart(view: View, instance_id: string): Promise<Markup> {
  const { below } = await view.engine.status({ instance_id, history_limit: 0, branches: "near" });
  if (!below || below.shown.length === 0) return <p class="muted">It has no branches now.</p>;
  return <Branches below={below} />;
}

export function Branches({ below: { step_name, visit, shown, total } }: { below: Below }) {
  return (
    <>
      <p class="muted small">
        <Line of={step_name} most={100} />, visit {visit}: {total} branches
        {shown.length < total ? `, ${shown.length} shown` : ""}
      </p>
      <ul class="runs" aria-label="Branches">
        {shown.map((branch) => (
          <li id={`branch-${branch.instance_id}`}>
            <Row branch={branch} />
            {branch.branched && (
              <details id={`below-${branch.instance_id}`} data-src={`${addressOf(branch.instance_id)}/branches`}>
                <summary class="small">
                  Its branches<span class="sr"> of branch {branch.number}</span>
                </summary>
              </details>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Row({ branch }: { branch: Hanging }) {
  const { instance_id, workflow_name, status, step_name, visit, number, item, waiting_for, error } = branch;
  return (
    <div class="run">
      <span class="state">
        <RunBadge run={{ status, waiting_for: waiting_for ?? null }} />
      </span>
      <span class="name">
        <a href={addressOf(instance_id)}>
          {number}. <Line of={itemWords(item)} most={80} />
        </a>{" "}
        <span class="id muted small">
          <Mono of={instance_id} />
        </span>
      </span>
      <span class="at">
        <span class="sr">Step: </span>
        <Line of={step_name} most={100} /> <span class="muted small">visit {visit}</span>
        {error && (
          <span class="muted small">
            {" "}
            <Line of={error} most={200} />
          </span>
        )}
      </span>
      <span class="where muted cut">
        <Line of={workflow_name} most={80} />
      </span>
    </div>
  );
}

function addressOf(instanceId: string): string {
  return `/runs/${encodeURIComponent(instanceId)}`;
}
