/** Whose turn it is in a run, what for, and until when: a sentence; below it the report that nobody decided yet. */
import type { Snapshot } from "../engine/read.ts";
import { currentStep, type Pending } from "../instance.ts";
import { type Turn, turnWords } from "../turn.ts";
import type { Program } from "../workflow.ts";
import { saidOf } from "./entry-words.ts";
import { Line, Mono, Text } from "./text.tsx";
import { Ago, Since } from "./time.tsx";

/** Characters of a kept report. */
const MAX_SAID = 600;

export function Standing({ snapshot, now }: { snapshot: Pick<Snapshot, "instance" | "workflow">; now: Date }) {
  const { instance, workflow } = snapshot;
  const { turn, pending, visit_started_at } = instance;
  if (!turn) return null;
  const run = currentStep(workflow, instance)?.run;
  return (
    <>
      <p>
        <Whose turn={turn} pending={pending} run={run} now={now} />
        <span class="muted">
          , for <Since at={turn.of === "person" ? turn.since : visit_started_at} now={now} />
        </span>
        {turn.of !== "clock" && turn.until && <Until turn={turn} until={turn.until} now={now} />}
      </p>
      {turn.unchecked !== undefined && (
        <p class="notice">
          The server did not do this step: <Text of={turn.unchecked} />
        </p>
      )}
      {pending && <Kept pending={pending} />}
    </>
  );
}

interface WhoseProps {
  turn: Turn;
  pending: Pending | null;
  run: Program | undefined;
  now: Date;
}

function Whose({ turn, pending, run, now }: WhoseProps) {
  if (turn.of === "agent") {
    if (!pending) return <>The agent works on it</>;
    return pending.asked ? <>The agent has to choose what follows its report</> : <>What follows is being decided</>;
  }
  if (turn.of === "clock" && turn.until) {
    return (
      <>
        It waits for the clock, and is handed out <Ago at={turn.until} now={now} />
      </>
    );
  }
  if (turn.of === "server" && turn.kind === "server_step" && run) {
    return (
      <>
        The server runs{" "}
        {turn.message ? (
          <Text of={`it again: ${turn.message}`} />
        ) : (
          <Mono of={run.kind === "run" ? run.text : run.name} />
        )}
      </>
    );
  }
  const words = turnWords(turn);
  return <Text of={words.startsWith("for ") ? `It waits ${words}` : `It waits: ${words}`} />;
}

function Until({ turn, until, now }: { turn: Turn; until: string; now: Date }) {
  return (
    <>
      . {turn.of === "agent" ? "Its time is over" : "The server looks again"} <Ago at={until} now={now} />
    </>
  );
}

function Kept({ pending: { report } }: { pending: Pending }) {
  const said = saidOf({ report });
  return (
    <p class="notice">
      Its report is kept: <b>{report.status}</b>
      {said && (
        <>
          , <Line of={said} most={MAX_SAID} />
        </>
      )}
    </p>
  );
}
