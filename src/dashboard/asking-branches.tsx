/** The branches of a run that wait for a person, named where the run stands: it goes on only with them. */
import type { Hanging } from "../engine/below.ts";
import { itemWords } from "../mcp/branch-words.ts";
import { waitsWords } from "../turn.ts";
import { Line } from "./text.tsx";

export function AskingBranches({ shown }: { shown: Hanging[] }) {
  const asking = shown.filter(({ status }) => status === "SUSPENDED");
  if (asking.length === 0) return null;
  return (
    <div class="notice asks">
      {asking.map(({ instance_id, number, item, waiting_for }) => (
        <p>
          <a href={`/runs/${encodeURIComponent(instance_id)}`}>
            Branch {number}, <Line of={itemWords(item)} most={80} />
          </a>{" "}
          waits{waiting_for ? `: ${waitsWords(waiting_for)}` : ""}
        </p>
      ))}
    </div>
  );
}
