/** What was kept from happening in a run: stops and edits that hooks of a client refused, and reports that the engine did. */
import type { Held, Refused } from "../overview.ts";
import { Line, Mono, Text } from "./text.tsx";
import { Ago } from "./time.tsx";
import type { View } from "./view.ts";

/** Most reports of a run that are listed; all are counted. */
const MAX_LISTED = 100;

export function Prevented({ held, refused, view }: { held: Held[]; refused: Refused[]; view: View }) {
  if (held.length + refused.length === 0) return null;
  const stops = held.filter(({ kind }) => kind === "stop").length;
  const counts = [count(stops, "stop"), count(held.length - stops, "edit"), count(refused.length, "report")];
  return (
    <details class="card" id="prevented">
      <summary>Prevented: {counts.filter(Boolean).join(", ")}</summary>
      <ul class="plain">
        {held.map(({ kind, path, step_name, client, held_at }) => (
          <li class="small">
            {kind === "stop" ? "a stop" : "an edit"} {path && <Mono of={path} />} at <Line of={step_name} />{" "}
            <span class="muted">
              (<Text of={client} />, <Ago at={held_at} now={view.now} />)
            </span>
          </li>
        ))}
        {refused.slice(-MAX_LISTED).map((each) => (
          <li class="small">
            a report at visit {each.visit}, <Line of={each.step_name} />: <Why of={each} />{" "}
            <span class="muted">
              (<Ago at={each.refused_at} now={view.now} />)
            </span>
          </li>
        ))}
        {refused.length > MAX_LISTED && <li class="small muted">The last {MAX_LISTED} reports are shown.</li>}
      </ul>
    </details>
  );
}

export function Why({ of: { code, reason } }: { of: Refused }) {
  return (
    <>
      <Mono of={code} /> <Text of={reason} />
    </>
  );
}

function count(number: number, word: string): string {
  return number === 0 ? "" : `${number} ${word}${number === 1 ? "" : "s"}`;
}
