/** The entries of a run's history, and `/runs/ID/timeline?before=SEQ`: older ones, for the script to put below them. */
import type { HistoryEntry, Instance } from "../instance.ts";
import { visible } from "../words.ts";
import type { Markup, View } from "./view.ts";

interface TimelineProps {
  view: View;
  instance: Instance;
  /** The oldest first, as the engine gives them. */
  history: HistoryEntry[];
}

export function Timeline({ history }: TimelineProps): Markup {
  return (
    <ol reversed>
      {history.toReversed().map(({ seq, visit, step_name, kind }) => (
        <li value={seq}>
          {kind}, visit {visit}: {visible(step_name)}
        </li>
      ))}
    </ol>
  );
}

/** A fragment, not a page. */
export async function timelinePart(
  view: View,
  { instance_id, before, limit }: { instance_id: string; before?: number | undefined; limit: number },
): Promise<Markup> {
  const found = await view.engine.status({ instance_id, history_limit: limit, history_before: before });
  return <Timeline view={view} instance={found.instance} history={found.history} />;
}
