/** Where a run stands: its step, whose turn it is, and what a person can do about it. */
import type { StaleProof } from "../engine/outcome.ts";
import type { Snapshot } from "../engine/read.ts";
import { demandsOf, instructionsOf } from "../mcp/current-step.ts";
import { waivedLine } from "../mcp/run-text.ts";
import { staleLines } from "../mcp/stale-words.ts";
import { type Refused, refusedAt } from "../overview.ts";
import { RELEASED } from "../turn.ts";
import { visible } from "../words.ts";
import { AskingBranches } from "./asking-branches.tsx";
import { Opener } from "./dialogs.tsx";
import { Why } from "./prevented.tsx";
import { DIALOGS } from "./run-dialogs.tsx";
import { Standing } from "./standing.tsx";
import { Block, Line, Mono, Text } from "./text.tsx";
import { Ago, Since } from "./time.tsx";
import type { View } from "./view.ts";

/** Longest name of a check, in characters. */
const MAX_NAME = 200;

interface Shown {
  view: View;
  snapshot: Snapshot;
  stale: StaleProof[];
  refused: Refused[];
}

export function CurrentStep({ view, snapshot, stale, refused }: Shown) {
  const { instance } = snapshot;
  const { turn, step_name, visit, notes, last_report_at } = instance;
  if (!turn) return null;
  const person = turn.of === "person";
  const instructions = instructionsOf(snapshot);
  const waived = waivedLine(instance);
  const no = refusedAt(refused, visit);
  return (
    <section class={`card${person ? " asks" : ""}`} aria-labelledby="now">
      <h2 id="now">
        Now: <Line of={step_name} />
      </h2>
      <Standing snapshot={snapshot} now={view.now} />
      {turn.branches && <AskingBranches shown={snapshot.below?.shown ?? []} />}
      {turn.kind === "approval" && !turn.approval?.yes && (
        <p>
          <a class="button main" href={`/runs/${encodeURIComponent(instance.instance_id)}/decide`}>
            See what is asked, and decide
          </a>
        </p>
      )}
      {RELEASED.has(turn.kind) && (
        <p>
          <Opener
            opens={DIALOGS.release}
            fields={{ seen: { version: instance.version, definition: instance.definition } }}
            look="main"
          >
            Release…
          </Opener>
        </p>
      )}
      {turn.kind === "paused" && (
        <p class="muted">
          The agent goes on with it when it is told to:{" "}
          <Mono of={`resume_workflow {"instance_id":"${instance.instance_id}"}`} />
        </p>
      )}
      <p class="muted small">
        visit {visit}, {notes === 1 ? "1 note" : `${notes} notes`},{" "}
        {last_report_at ? (
          <>
            last report <Since at={last_report_at} now={view.now} /> ago
          </>
        ) : (
          "nothing reported yet"
        )}
      </p>
      {no && (
        <p>
          Refused {no.times === "1" ? "once" : `${no.times} times`} at this visit; the last one{" "}
          <Ago at={no.last.refused_at} now={view.now} />: <Why of={no.last} />
        </p>
      )}
      {waived && (
        <p>
          <Text of={waived} />
        </p>
      )}
      {staleLines(instance, stale).map((line) => (
        <p class="notice">
          <Text of={line} />
        </p>
      ))}
      <Demands names={demandsOf(snapshot)} seen={{ visit, definition: instance.definition }} />
      {instructions && (
        <details id="instructions">
          <summary>Its instructions</summary>
          <Block of={instructions} />
        </details>
      )}
    </section>
  );
}

/** What the report has to prove; a person can waive it, so that a state that blocks has a way out that is not a lie. */
function Demands({ names, seen }: { names: string[]; seen: { visit: number; definition: string } }) {
  if (names.length === 0) return null;
  return (
    <details id="demands">
      <summary>Its report has to prove {names.length === 1 ? "1 thing" : `${names.length} things`}</summary>
      <ul class="checks">
        {names.map((what) => (
          <li>
            <Line of={what} most={MAX_NAME} />{" "}
            <Opener opens={DIALOGS.waive} fields={{ what, seen }} said={what} look="tiny">
              Waive…<span class="sr"> {visible(what)}</span>
            </Opener>
          </li>
        ))}
      </ul>
    </details>
  );
}
