/** A person is told that a run begins to wait for them. */
import type { Instance } from "./instance.ts";
import type { TurnKind } from "./turn.ts";
import { oneLine } from "./words.ts";

/** Which run waits, where and what for. Each is one line, and nothing in it steers a terminal. */
export interface Notice {
  instance_id: string;
  /** The run at the top of its tree: itself, unless it is a branch. */
  root_id: string;
  workflow_name: string;
  step_name: string;
  kind: TurnKind;
  /** What is asked, or why a person must act. An agent's words may stand in it. */
  ask: string;
}

/** Passes notices on. A call neither waits for one nor hears of what becomes of it. */
export interface Notifier {
  tell(notice: Notice): void;
  /** What was told has a moment left from now on. */
  end(): void;
  /** Does the same; resolves when nothing runs any more. */
  close(): Promise<void>;
}

const MAX_NAME = 200;
const MAX_ASK = 300;

/** What a person is told of a write; null if it begins no wait for them. A pause is what the user wanted: nobody is told. */
export function noticeOf(before: Instance | null, now: Instance): Notice | null {
  const { instance_id, workflow_name, step_name, turn, branch } = now;
  const root_id = branch?.root_id ?? instance_id;
  if (turn?.of !== "person" || turn.kind === "paused" || (before && waitOf(before) === waitOf(now))) return null;
  const [workflow, step] = [oneLine(workflow_name, MAX_NAME), oneLine(step_name, MAX_NAME)];
  const ask = askLine(turn.message ?? "");
  return { instance_id, root_id, workflow_name: workflow, step_name: step, kind: turn.kind, ask };
}

/** Another one for each wait: one that is asked again, or at another visit, is another. */
function waitOf({ visit, turn }: Instance): string | null {
  return turn?.of === "person" ? `${visit} ${turn.kind} ${turn.approval?.approval_id ?? ""}` : null;
}

/** Cut again once what would steer is written as escapes, which are longer. */
function askLine(message: string): string {
  return oneLine(oneLine(message, MAX_ASK), MAX_ASK - 1);
}
