/** One run in a list of runs. */
import { basename } from "node:path";
import type { InstanceSummary } from "../instance.ts";
import { RunBadge } from "./badge.tsx";
import { Line, Mono } from "./text.tsx";
import { Ago } from "./time.tsx";

/** Of a list `<ul class="runs">`, inside its item. */
export function RunRow({ run, now }: { run: InstanceSummary; now: Date }) {
  const { instance_id, workflow_name, step_name, visit, project, updated_at, forked_from } = run;
  return (
    <div class="run">
      <span class="state">
        <RunBadge run={run} />
      </span>
      <span class="name">
        <a href={`/runs/${encodeURIComponent(instance_id)}`}>
          <Line of={workflow_name} most={100} />
        </a>{" "}
        <span class="id muted small">
          <Mono of={instance_id} />
          {forked_from && " · fork"}
        </span>
      </span>
      <span class="at">
        <span class="sr">Step: </span>
        <Line of={step_name} most={100} /> <span class="muted small">visit {visit}</span>
      </span>
      <span class="where muted cut">
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
