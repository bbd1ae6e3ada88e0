/** The runs that wait for a person, as cards: what is asked, since when, and the way to decide it. */
import type { Asking } from "../overview.ts";
import { waitsForPerson } from "../turn.ts";
import { RunBadge } from "./badge.tsx";
import { Line, Mono } from "./text.tsx";
import { Ago, Since } from "./time.tsx";

export function AskingCards({ asking, now }: { asking: Asking[]; now: Date }) {
  const asks = asking.filter(waitsForPerson);
  const paused = asking.filter((each) => !waitsForPerson(each));
  return (
    <>
      {asks.length > 0 && (
        <section class="section" aria-labelledby="asking">
          <h2 id="asking">Waits for you</h2>
          <ul class="cards">
            {asks.map((run) => (
              <Card run={run} now={now} />
            ))}
          </ul>
        </section>
      )}
      {paused.length > 0 && (
        <details id="paused">
          <summary>{paused.length === 1 ? "1 run is paused" : `${paused.length} runs are paused`}</summary>
          <ul class="cards">
            {paused.map((run) => (
              <Card run={run} now={now} />
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Card({ run, now }: { run: Asking; now: Date }) {
  const { instance_id, workflow_name, step_name, turn, branch } = run;
  const address = `/runs/${encodeURIComponent(instance_id)}`;
  const asks = waitsForPerson(run);
  const title = `asking-${instance_id}`;
  return (
    <li class={asks ? "card asks" : "card"} id={title} aria-labelledby={`${title}-step`}>
      <div class="head">
        <RunBadge run={run} />
        <span class="muted small">
          for <Since at={turn.since} now={now} />
        </span>
      </div>
      <h3 id={`${title}-step`}>
        <Line of={step_name} most={100} />
      </h3>
      {turn.message && (
        <p>
          <Line of={turn.message} most={300} />
        </p>
      )}
      <p class="muted small">
        <Line of={workflow_name} /> <Mono of={instance_id} />
        {branch && ` · branch ${branch.number} of ${branch.total}`}
        {turn.approval?.expires_at && (
          <>
            {" · expires "}
            <Ago at={turn.approval.expires_at} now={now} />
          </>
        )}
      </p>
      <p class="actions">
        {turn.kind === "approval" && (
          <a class="button main" href={`${address}/decide`}>
            Decide
            <span class="sr">
              {" "}
              on <Line of={step_name} most={100} />
            </span>
          </a>
        )}
        <a class={asks && turn.kind !== "approval" ? "button main" : "button"} href={address}>
          Open the run
          <span class="sr">
            {" "}
            at <Line of={step_name} most={100} />
          </span>
        </a>
      </p>
    </li>
  );
}
