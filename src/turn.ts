/** Whose work the current visit of a run waits for. */
import { z } from "zod";

/** What the turn is about. A turn of the agent is about a step; those of persons say why they must act. */
export const TurnKind = z.enum(["step", "server_step", "time", "visits", "deadline", "paused", "model", "approval"]);
export type TurnKind = z.infer<typeof TurnKind>;

/** Times are ISO 8601, UTC, milliseconds. */
export const Turn = z.object({
  of: z.enum(["agent", "server", "clock", "person"]),
  kind: TurnKind,
  since: z.string(),
  /** What is waited for, in words for a person. */
  message: z.string().optional(),
  /** When the clock moves the run on: the end of a wait or of the agent's time, the server's next look. */
  until: z.string().optional(),
  /** Why the server did not do its step, so that the agent does. */
  unchecked: z.string().optional(),
});
export type Turn = z.infer<typeof Turn>;

/** What a run waits for that is not the agent's to do, as answers tell it. */
export type Waiting = Omit<Turn, "of" | "unchecked">;

/** The same as answers tell it; null while it is the agent's turn, and when the run is over. */
export function waitingFor({ turn }: { turn: Turn | null }): Waiting | null {
  if (!turn || turn.of === "agent") return null;
  const { of: _of, unchecked: _unchecked, ...waiting } = turn;
  return waiting;
}

/** The same in a list: what for, and no more. */
export function waitingKind({ turn }: { turn: Turn | null }): Pick<Waiting, "kind"> | null {
  return turn && turn.of !== "agent" ? { kind: turn.kind } : null;
}

/** `paused`, `server step`: what is waited for, where a line has room for a word. */
export function waitsWords({ kind }: Pick<Waiting, "kind">): string {
  return kind.replace("_", " ");
}

/** Whose turn it is and what for, in a line for whoever asked out of turn. */
export function turnWords(turn: Turn): string {
  const { of, kind, message, until } = turn;
  if (of === "person") return message ?? "for a person";
  if (of === "clock") return `the clock runs; the step is handed out at ${until ?? "a set time"}`;
  return of === "server" ? `the server does this step${message ? ` (${message})` : ""}` : `for the agent (${kind})`;
}

/** What ends by `orchestrator release` alone. */
export const RELEASED: ReadonlySet<string> = new Set<TurnKind>(["visits", "deadline"]);

/** Suspended by something that only a person can settle: a model's suspension and a pause end with the next resume. */
export function waitsForPerson({ turn }: { turn: Turn | null }): boolean {
  return turn?.of === "person" && turn.kind !== "model" && turn.kind !== "paused";
}

/** From when on the run goes on without an agent or a person; null if it never does. */
export function dueAt({ of, until, since }: Turn): string | null {
  return until ?? (of === "server" ? since : null);
}
