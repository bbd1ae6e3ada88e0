/** The entries of a run's history, the newest first, and `/runs/ID/timeline?before=SEQ`: older ones, for the script to put below them. */
import type { HistoryEntry, Instance } from "../instance.ts";
import { Entry } from "./entry.tsx";
import { gapWords } from "./entry-words.ts";
import type { Markup, View } from "./view.ts";

interface TimelineProps {
  view: View;
  instance: Instance;
  /** The oldest first, as the engine gives them. */
  history: HistoryEntry[];
}

export function Timeline(props: TimelineProps): Markup {
  return (
    <ol class="line" id="timeline">
      <Entries {...props} />
    </ol>
  );
}

/** A fragment, not a page: a list of the older ones. */
export async function timelinePart(
  view: View,
  { instance_id, before, limit }: { instance_id: string; before?: number | undefined; limit: number },
): Promise<Markup> {
  const found = await view.engine.status({ instance_id, history_limit: limit, history_before: before });
  return <Timeline view={view} instance={found.instance} history={found.history} />;
}

function Entries({ view, instance, history }: TimelineProps): Markup {
  const items = history.flatMap((entry, at) => {
    const gap = gapWords(history[at - 1], entry);
    const item = <Entry view={view} instance={instance} entry={entry} />;
    return gap === null ? [item] : [<Gap seq={entry.seq} words={gap} />, item];
  });
  const first = history[0]?.seq ?? 1;
  return (
    <>
      {items.toReversed()}
      {first > 1 && <Older instance_id={instance.instance_id} before={first} />}
    </>
  );
}

function Gap({ seq, words }: { seq: number; words: string }) {
  return (
    <li class="entry e-gap" id={`gap-${seq}`} data-seq={`gap-${seq}`}>
      {words}
    </li>
  );
}

/** Without a script it leads to a page of the older ones. */
function Older({ instance_id, before }: { instance_id: string; before: number }) {
  const run = `/runs/${encodeURIComponent(instance_id)}`;
  return (
    <li class="entry e-gap" data-more={`${run}/timeline?before=${before}`}>
      <a href={`${run}?before=${before}`}>Older entries</a>
    </li>
  );
}
