/** `/runs/ID/branches`: the branches of a run as rows, for the list of runs to put below it. */
import type { Hanging } from "../engine/below.ts";
import { jsonText } from "../json.ts";
import { RunBadge } from "./badge.tsx";
import { Line, Mono } from "./text.tsx";
import type { Markup, View } from "./view.ts";

/** A part, not a page: those that are open and those that began last. Rejects with INSTANCE_NOT_FOUND. */
export async function branchesPart(view: View, instance_id: string): Promise<Markup> {
  const { below } = await view.engine.status({ instance_id, history_limit: 0, branches: "near" });
  if (!below || below.shown.length === 0) return <p class="muted">It has no branches now.</p>;
  const { shown, total } = below;
  return (
    <>
      <ul class="runs" aria-label="Branches">
        {shown.map((branch) => (
          <li>
            <Row branch={branch} />
          </li>
        ))}
      </ul>
      {shown.length < total && (
        <p class="muted small">
          {shown.length} of {total} are shown: the open ones, and those that began last.
        </p>
      )}
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
          {number}. <Line of={typeof item === "string" ? item : jsonText(item)} most={80} />
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
