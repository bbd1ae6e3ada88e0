/** One entry of a history on the timeline, in short; entry-part.tsx has it whole. */
import type { CheckResult } from "../check.ts";
import type { HistoryEntry, Instance } from "../instance.ts";
import type { ContextPatch } from "../json.ts";
import { Badge, type Look } from "./badge.tsx";
import { deciderWords, dotOf, endWords, saidOf } from "./entry-words.ts";
import { Line } from "./text.tsx";
import { Ago, tookWords } from "./time.tsx";
import type { View } from "./view.ts";

/** Characters of a report, and of a value, on the timeline; keys of the context that are named there. */
const MAX_SAID = 600;
const MAX_VALUE = 120;
const MAX_KEYS = 8;

interface EntryProps {
  view: View;
  instance: Instance;
  entry: HistoryEntry;
}

export function Entry({ view, instance, entry }: EntryProps) {
  const { seq, kind, visit, step_name, started_at, ended_at, decision, evidence = [], report } = entry;
  const said = saidOf(entry);
  const took = Date.parse(ended_at) - Date.parse(started_at);
  return (
    <li class={`entry e-${dotOf(entry)}`} id={`entry-${seq}`} data-seq={seq}>
      <div class="entry-head">
        {kind === "visit" && <span class="muted small">visit {visit}</span>}
        <b>
          <Line of={step_name} />
        </b>
        <span>
          <Line of={endWords(entry)} />
        </span>
        <span class="when">
          {kind === "visit" && `took ${tookWords(took)} · `}
          <Ago at={ended_at} now={view.now} />
        </span>
      </div>
      {said && (
        <p>
          <Line of={said} most={MAX_SAID} />
        </p>
      )}
      {ruling(entry)}
      {evidence.length > 0 && <Checks evidence={evidence} />}
      {decision && (
        <p>
          {decision.status !== "CANCELLED" && (
            <>
              → <b>{decision.to_visit ? `back to visit ${decision.to_visit}, ` : ""}</b>
              <b>
                <Line of={decision.next_step} />
              </b>{" "}
            </>
          )}
          <span class="muted">
            {deciderWords(decision.decided_by)}
            {decision.reasoning && ": "}
            <Line of={decision.reasoning} most={MAX_SAID} />
          </span>
        </p>
      )}
      {report?.assumptions?.map((text) => (
        <p class="small">
          <span class="muted">Assumed: </span>
          <Line of={text} most={MAX_SAID} />
        </p>
      ))}
      <Changed patch={entry.context_patch} />
      <details id={`details-${seq}`} data-src={`/runs/${encodeURIComponent(instance.instance_id)}/entry?seq=${seq}`}>
        <summary class="small">
          Details<span class="sr"> of entry {seq}</span>
        </summary>
      </details>
    </li>
  );
}

/** What a person said with it. */
function ruling({ ruling: said }: HistoryEntry) {
  if (said?.kind !== "denied" || said.comment === "") return null;
  return (
    <p>
      <Line of={said.comment} most={MAX_SAID} />
    </p>
  );
}

const OUTCOMES: Record<CheckResult["outcome"], Look> = {
  passed: "done",
  failed: "fail",
  unchecked: "wait",
  waived: "off",
};

function Checks({ evidence }: { evidence: CheckResult[] }) {
  return (
    <ul class="checks">
      {evidence.map(({ check, outcome, command, exit_code, milliseconds, reason }) => (
        <li>
          <Badge look={OUTCOMES[outcome]} word={outcome} /> <Line of={check} />{" "}
          <span class="muted small">
            {command !== undefined && command !== check && (
              <>
                <Line of={command} />{" "}
              </>
            )}
            {exit_code !== undefined && `exit ${exit_code} `}
            {milliseconds !== undefined && `in ${tookWords(milliseconds)} `}
            {reason && <Line of={reason} most={MAX_SAID} />}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** `set version: "1.2.0" · removed draft`. */
function Changed({ patch }: { patch: ContextPatch }) {
  const changes = Object.entries(patch);
  if (changes.length === 0) return null;
  const left = changes.length - MAX_KEYS;
  return (
    <p class="small">
      <span class="muted">Context: </span>
      {changes.slice(0, MAX_KEYS).map(([key, { after }], at) => (
        <>
          {at > 0 && " · "}
          {after === undefined ? "removed " : ""}
          <code>
            <Line of={key} most={MAX_VALUE} />
          </code>
          {after === undefined ? "" : " = "}
          {after !== undefined && <Line of={JSON.stringify(after)} most={MAX_VALUE} />}
        </>
      ))}
      {left > 0 && ` · ${left} more`}
    </p>
  );
}
