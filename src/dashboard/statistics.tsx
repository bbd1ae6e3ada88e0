/** How past runs of a workflow went, step by step. */
import type { Statistics, StepStatistics } from "../overview.ts";
import { duration } from "../words.ts";
import { Line } from "./text.tsx";
import { tookWords } from "./time.tsx";

interface Column {
  title: string;
  /** What is counted, for who asks. */
  means: string;
  of(step: StepStatistics): number | null;
  words?: (value: number) => string;
}

const COLUMNS: Column[] = [
  { title: "Visits", means: "that ended", of: ({ visits }) => visits },
  {
    title: "Usually",
    means: "how long half of its visits took at most",
    of: ({ median_ms }) => median_ms,
    words: tookWords,
  },
  { title: "Failed", means: "reported as failures, or over their deadline", of: ({ failures }) => failures },
  { title: "Repeated", means: "visits beyond the first in a run", of: ({ repeats }) => repeats },
  {
    title: "Refused",
    means: "reports that proved too little, chose what may not follow, came late or out of turn",
    of: ({ refused }) => refused,
  },
  { title: "Corrected", means: "reports that a later one replaced", of: ({ corrected }) => corrected },
  { title: "Held", means: "stops and edits that hooks refused", of: ({ held }) => held },
  { title: "Waited", means: "for a person or the clock, in all", of: ({ waited_ms }) => waited_ms, words: duration },
];

export function StatisticsTable({ statistics }: { statistics: Statistics }) {
  const { runs, steps } = statistics;
  if (runs === 0) return <p class="muted">No run of it yet.</p>;
  return (
    <>
      <p>{summary(statistics)}</p>
      {steps.length > 0 && (
        <section class="table-wrap" tabindex={0} aria-label="Steps of past runs">
          <table>
            <thead>
              <tr>
                <th scope="col">Step</th>
                {COLUMNS.map(({ title, means }) => (
                  <th scope="col" class="num" title={means}>
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {steps.map((step) => (
                <tr>
                  <th scope="row">
                    <Line of={step.step_name} most={100} />
                  </th>
                  {COLUMNS.map((column) => (
                    <Cell column={column} step={step} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      <Legend />
    </>
  );
}

function Legend() {
  return (
    <details id="counted" class="small">
      <summary>What is counted</summary>
      <dl class="facts">
        {COLUMNS.map(({ title, means }) => (
          <>
            <dt>{title}</dt>
            <dd>{means}</dd>
          </>
        ))}
      </dl>
    </details>
  );
}

function Cell({ column: { of, words = String }, step }: { column: Column; step: StepStatistics }) {
  const value = of(step);
  if (value === null || value === 0) return <td class="num zero">{value === null ? "–" : "0"}</td>;
  return <td class="num">{words(value)}</td>;
}

function summary({ runs, finished, failed, cancelled, live, duration_ms, cut }: Statistics): string {
  const parts = { completed: finished, failed, cancelled, "not ended": live };
  const counts = Object.entries(parts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []));
  const took = duration_ms
    ? ` Those that completed took ${tookWords(duration_ms.median)} (median), nine of ten at most ${tookWords(duration_ms.p90)}.`
    : "";
  const some = cut ? " Not every entry of their histories was looked at." : "";
  return `The newest ${runs === 1 ? "run" : `${runs} runs`}: ${counts.join(", ")}.${took}${some}`;
}
