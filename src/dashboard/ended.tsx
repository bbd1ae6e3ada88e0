/** How a run ended, and why, at the top of its page. */
import type { HistoryEntry, Instance } from "../instance.ts";
import { deciderWords, saidOf } from "./entry-words.ts";
import { Line, Text } from "./text.tsx";
import { Ago } from "./time.tsx";

/** Characters of a report, and of a reason. */
const MAX_SAID = 600;

const HEADS: Record<string, string> = { COMPLETED: "Completed", FAILED: "Failed", CANCELLED: "Cancelled" };

interface EndedProps {
  instance: Pick<Instance, "status" | "completed_at">;
  /** The newest entries, the oldest first. */
  history: HistoryEntry[];
  now: Date;
}

export function Ended({ instance: { status, completed_at }, history, now }: EndedProps) {
  const head = HEADS[status];
  if (!head) return null;
  const last = history.findLast(({ decision }) => decision !== null);
  const said = last ? saidOf(last) : "";
  return (
    <section class={`card${status === "FAILED" ? " bad" : ""}`} aria-labelledby="ended">
      <h2 id="ended">
        {head}
        {last && (
          <>
            {" "}
            at <Line of={last.step_name} most={100} />
          </>
        )}
      </h2>
      {said && (
        <p>
          <Line of={said} most={MAX_SAID} />
        </p>
      )}
      <p class="muted small">
        {completed_at && <Ago at={completed_at} now={now} />}
        {last && (
          <>
            {", by "}
            <Text of={last.actor} />
          </>
        )}
        {last?.decision && (
          <>
            {`, ${deciderWords(last.decision.decided_by)}`}
            {last.decision.reasoning && ": "}
            <Line of={last.decision.reasoning} most={MAX_SAID} />
          </>
        )}
      </p>
    </section>
  );
}
