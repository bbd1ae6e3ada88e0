/** The state of a run, or of anything else, as a word beside a shape: colour is never alone in saying it. */
import type { InstanceSummary } from "../instance.ts";
import { waitsWords } from "../turn.ts";

/** What a badge looks like; each has a shape of its own. */
export type Look = "run" | "ask" | "wait" | "pause" | "done" | "fail" | "off";

/** Drawn in a square of 16. */
const SHAPES: Record<Look, string> = {
  run: "M5 3.2v9.6l7.5-4.8z",
  ask: "M8 1.6 15 14H1z",
  wait: "M3.5 2h9L8 8l4.5 6h-9L8 8z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  done: "m2.2 8.4 1.7-1.7 2.7 2.7 5.5-5.6 1.7 1.7-7.2 7.3z",
  fail: "m3.2 4.6 1.4-1.4L8 6.6l3.4-3.4 1.4 1.4L9.4 8l3.4 3.4-1.4 1.4L8 9.4l-3.4 3.4-1.4-1.4L6.6 8z",
  off: "M3 6.8h10v2.4H3z",
};

export function Badge({ look, word }: { look: Look; word: string }) {
  return (
    <span class={`badge b-${look}`}>
      <Shape look={look} />
      {word}
    </span>
  );
}

export function Shape({ look }: { look: Look }) {
  return (
    <svg class="shape" viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
      <path d={SHAPES[look]} />
    </svg>
  );
}

/** That of a run. */
export function RunBadge({ run }: { run: Pick<InstanceSummary, "status" | "waiting_for"> }) {
  return <Badge {...stateOf(run)} />;
}

/** How the state of a run looks, and the word for it. */
export function stateOf({ status, waiting_for }: Pick<InstanceSummary, "status" | "waiting_for">): {
  look: Look;
  word: string;
} {
  if (status === "COMPLETED") return { look: "done", word: "completed" };
  if (status === "FAILED") return { look: "fail", word: "failed" };
  if (status === "CANCELLED") return { look: "off", word: "cancelled" };
  if (!waiting_for) return { look: "run", word: "running" };
  if (status === "RUNNING") return { look: "wait", word: WAITS[waiting_for.kind] ?? waitsWords(waiting_for) };
  return { look: LOOKS[waiting_for.kind] ?? "ask", word: WORDS[waiting_for.kind] ?? waitsWords(waiting_for) };
}

/** Of what is suspended but asks nobody. */
const LOOKS: Record<string, Look> = { paused: "pause", model: "pause" };

/** What goes on by itself, if the kind alone would not say it. */
const WAITS: Record<string, string> = { time: "waits for the clock", server_step: "the server works" };

/** What a person is to do, where the kind alone would not say it. */
const WORDS: Record<string, string> = {
  approval: "needs approval",
  denied: "denied: needs release",
  visits: "too many visits: needs release",
  deadline: "overdue: needs release",
  model: "suspended by the model",
};
