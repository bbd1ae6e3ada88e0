/** One entry of a history: in short on the timeline, and whole (`/runs/ID/entry?seq=N`) when somebody opens it. */
import type { CheckResult } from "../check.ts";
import { AppError } from "../errors.ts";
import type { HistoryEntry, Instance } from "../instance.ts";
import type { ContextPatch } from "../json.ts";
import { Badge, type Look } from "./badge.tsx";
import { Opener } from "./dialogs.tsx";
import { deciderWords, dotOf, endWords, saidOf } from "./entry-words.ts";
import { DIALOGS } from "./run-dialogs.tsx";
import { Code, Line, Mono, Text, Value } from "./text.tsx";
import { Ago, exactTime, tookWords } from "./time.tsx";
import type { Markup, View } from "./view.ts";

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
        <span class="num muted small">{kind === "visit" ? `visit ${visit}` : ""}</span>
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
          → <b>{decision.to_visit ? `back to visit ${decision.to_visit}, ` : ""}</b>
          <b>
            <Line of={decision.next_step} />
          </b>{" "}
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

/** A fragment: all of the entry. Rejects with INVALID_INPUT if the run has no such entry. */
export async function entryPart(
  view: View,
  { instance_id, seq }: { instance_id: string; seq: number },
): Promise<Markup> {
  const asked = { instance_id, history_limit: 1, history_before: seq + 1 };
  const { instance, history } = await view.engine.status(asked);
  const [entry] = history;
  if (entry?.seq !== seq) throw noEntry(instance_id, seq);
  return <Whole view={view} instance={instance} entry={entry} />;
}

function Whole({ instance, entry }: EntryProps) {
  const { seq, kind, visit, step_id, actor, started_at, ended_at, report, decision, evidence = [], head } = entry;
  const changes = Object.entries(entry.context_patch);
  return (
    <div class="card">
      <dl class="facts small">
        <dt>By</dt>
        <dd>
          <Text of={actor} />
        </dd>
        <dt>From, to</dt>
        <dd>
          {exactTime(started_at)}, {exactTime(ended_at)}
        </dd>
        <dt>Step id</dt>
        <dd>
          <Mono of={step_id} />
        </dd>
        {head && (
          <>
            <dt>Git HEAD then</dt>
            <dd>
              <Mono of={head} />
            </dd>
          </>
        )}
      </dl>
      {report && <Part name="Report" of={report} />}
      {evidence.map((result, check) => (
        <Output instance_id={instance.instance_id} seq={seq} check={check} result={result} />
      ))}
      {decision && <Part name="Decision" of={decision} />}
      {changes.length > 0 && <h3>Context, by what this visit changed</h3>}
      {changes.map(([key, { before, after }]) => (
        <Key name={key} before={before} after={after} />
      ))}
      {kind === "visit" && (
        <div class="actions">
          {instance.turn !== null && (
            <Opener
              opens={DIALOGS.rewind}
              fields={{ to_visit: visit }}
              said={`visit ${visit}, ${entry.step_name}`}
              look="tiny"
            >
              Rewind to this visit
            </Opener>
          )}
          <Opener
            opens={DIALOGS.fork}
            fields={{ at_visit: visit }}
            said={`visit ${visit}, ${entry.step_name}`}
            look="tiny"
          >
            Fork at this visit
          </Opener>
        </div>
      )}
    </div>
  );
}

function Part({ name, of }: { name: string; of: unknown }) {
  return (
    <>
      <h3>{name}</h3>
      <Value of={of} />
    </>
  );
}

function Key({ name, before, after }: { name: string; before: unknown; after: unknown }) {
  return (
    <>
      <p>
        <Mono of={name} /> {before === undefined ? "was set" : after === undefined ? "was removed" : "was changed"}
      </p>
      {before !== undefined && (
        <details>
          <summary class="small">Before</summary>
          <Value of={before} />
        </details>
      )}
      {after !== undefined && <Value of={after} />}
    </>
  );
}

/** What the program of a check, or of the server's step, printed: fetched when it is opened. */
function Output({
  instance_id,
  seq,
  check,
  result,
}: {
  instance_id: string;
  seq: number;
  check: number;
  result: CheckResult;
}) {
  if (!result.output) return null;
  const whole = `/api/runs/${encodeURIComponent(instance_id)}/output?seq=${seq}&check=${check}`;
  return (
    <>
      <h3>
        Output of <Text of={result.check} />
      </h3>
      <Code of={result.output} label={`The end of what ${result.check} printed`} />
      {result.output_file && (
        <details data-src={whole}>
          <summary class="small">All that it printed</summary>
        </details>
      )}
    </>
  );
}

function noEntry(instance_id: string, seq: number): AppError {
  return new AppError("INVALID_INPUT", `Run "${instance_id}" has no entry ${seq}.`, {
    hint: "Open the run again: its timeline has all entries.",
  });
}
