/** One run in a list of runs. */
import { basename } from "node:path";
import type { InstanceSummary } from "../instance.ts";
import { RunBadge } from "./badge.tsx";
import { Line, Mono } from "./text.tsx";
import { Ago } from "./time.tsx";

/** Of a list `<ul class="runs">`, inside its item. `number`: of a branch. */
export function RunRow({ run, now, number }: { run: InstanceSummary; now: Date; number?: number }) {
  const { instance_id, workflow_name, step_name, visit, project, updated_at } = run;
  return (
    <div class="run">
      <span class="state">
        <RunBadge run={run} />
      </span>
      <span class="name">
        <a href={`/runs/${encodeURIComponent(instance_id)}`}>
          {number === undefined ? "" : `${number}. `}
          <Line of={workflow_name} />
        </a>{" "}
        <span class="id muted small">
          <Mono of={instance_id} />
        </span>
      </span>
      <span class="at">
        <span class="sr">Step: </span>
        <Line of={step_name} most={100} /> <span class="muted small">visit {visit}</span>
      </span>
      <span class="where muted cut" title={project}>
        <span class="sr">Project: </span>
        <Line of={basename(project) || project} most={60} />
      </span>
      <span class="when muted small">
        <span class="sr">Last change: </span>
        <Ago at={updated_at} now={now} />
      </span>
    </div>
  );
}
