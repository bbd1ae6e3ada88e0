/** `/runs/ID/entry?seq=N`: one entry of a history whole, fetched when somebody opens it. A fragment. */
import type { CheckResult } from "../check.ts";
import { AppError } from "../errors.ts";
import type { HistoryEntry, Instance } from "../instance.ts";
import { visible } from "../words.ts";
import { Opener } from "./dialogs.tsx";
import { DIALOGS } from "./run-dialogs.tsx";
import { Code, Mono, Text, Value } from "./text.tsx";
import { exactTime } from "./time.tsx";
import type { Markup, View } from "./view.ts";

/** Rejects with INVALID_INPUT if the run has no such entry. */
export async function entryPart(
  view: View,
  { instance_id, seq }: { instance_id: string; seq: number },
): Promise<Markup> {
  const asked = { instance_id, history_limit: 1, history_before: seq + 1 };
  const { instance, history } = await view.engine.status(asked);
  const [entry] = history;
  if (entry?.seq !== seq) throw noEntry(instance_id, seq);
  return <Whole instance={instance} entry={entry} />;
}

function Whole({ instance, entry }: { instance: Instance; entry: HistoryEntry }) {
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

/** Each field on a line of its own; texts with their line breaks. */
function Part({ name, of }: { name: string; of: object }) {
  return (
    <>
      <h3>{name}</h3>
      {Object.entries(of).flatMap(([key, value]) => (value === "" ? [] : <Field name={key} value={value} />))}
    </>
  );
}

function Field({ name, value }: { name: string; value: unknown }) {
  const isShort = typeof value !== "object" && !String(value).includes("\n");
  return (
    <div class="small">
      <span class="muted">{visible(name)}</span> {isShort ? <Text of={String(value)} /> : <Value of={value} />}
    </div>
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
