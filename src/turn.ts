/** Whose work the current visit of a run waits for. */
import { z } from "zod";
import { Digest } from "./approval.ts";
import { BranchCounts, countWords, openOf } from "./branch.ts";
import { oneLine } from "./words.ts";

/** What the turn is about. A turn of the agent is about a step; those of persons say why they must act. */
export const TurnKind = z.enum([
  "step",
  "server_step",
  "time",
  "visits",
  "deadline",
  "paused",
  "model",
  "approval",
  "denied",
  "branching",
  "branches",
  "joining",
  "unfit",
]);
export type TurnKind = z.infer<typeof TurnKind>;

/** A request for a person's yes, and the yes itself until the step is handed out by it. */
export const Request = z.object({
  /** Another one each time it is asked. */
  approval_id: z.string(),
  /** From then on the request is over, and the next look asks anew. */
  expires_at: z.string().optional(),
  /** Why it is asked again. */
  again: z.string().optional(),
  yes: z.object({ hash: z.string(), shown: z.array(Digest), by: z.string(), at: z.string() }).optional(),
});
export type Request = z.infer<typeof Request>;

/** Times are ISO 8601, UTC, milliseconds. */
export const Turn = z.object({
  of: z.enum(["agent", "server", "branches", "clock", "person"]),
  kind: TurnKind,
  since: z.string(),
  /** What is waited for, in words for a person. */
  message: z.string().optional(),
  /** When the clock moves the run on: the end of a wait or of the agent's time, the server's next look. */
  until: z.string().optional(),
  /** Why the server did not do its step, so that the agent does. */
  unchecked: z.string().optional(),
  /** Of kind `approval`: `message` is then what the person is asked. While a yes is not spent the turn is the server's. */
  approval: Request.optional(),
  /** Of branches, and of the server that joins them: how they stand. */
  branches: BranchCounts.optional(),
  /** The branches of the visit are joined already: their results are the agent's to work with, also after a wait. */
  joined: z.literal(true).optional(),
});
export type Turn = z.infer<typeof Turn>;

/** What a run waits for that is not the agent's to do, as answers tell it. */
export interface Waiting extends Pick<Turn, "kind" | "since" | "message" | "until">, Partial<Omit<Request, "yes">> {
  /** What a person is asked. */
  ask?: string | undefined;
  /** Somebody said yes, and the step is handed out by the next call. */
  approved_at?: string | undefined;
  branches?: BranchCounts | undefined;
}

/** The same as answers tell it; null while it is the agent's turn, and when the run is over. */
export function waitingFor({ turn }: { turn: Turn | null }): Waiting | null {
  if (!turn || turn.of === "agent") return null;
  const { kind, since, message, until, approval, branches } = turn;
  const counts = branches ? { branches } : {};
  if (!approval) return { kind, since, ...(message ? { message } : {}), ...(until ? { until } : {}), ...counts };
  const { yes, ...request } = approval;
  return { kind, ...request, ask: message, since, ...(yes ? { approved_at: yes.at } : {}) };
}

/** The same in a list: what for, and no more. */
export function waitingKind({ turn }: { turn: Turn | null }): WaitingKind | null {
  if (!turn || turn.of === "agent") return null;
  const { kind, approval, branches } = turn;
  return { kind, ...(approval?.yes ? { approved_at: approval.yes.at } : {}), ...(branches ? { branches } : {}) };
}

type WaitingKind = Pick<Waiting, "kind" | "approved_at" | "branches">;

/** `paused`, `server step`, `2 of 5 branches open`: what is waited for, where a line has room for a word. */
export function waitsWords({ kind, approved_at, branches }: WaitingKind): string {
  if (kind === "branches" && branches) return `${openOf(branches)} of ${branches.total} branches open`;
  return approved_at ? "approved" : kind.replace("_", " ");
}

/** Longest of what a person is asked, in that line, in characters. */
const MAX_ASK = 300;

/** Whose turn it is and what for, in a line for whoever asked out of turn. */
export function turnWords(turn: Turn): string {
  const { of, kind, message, until, approval, branches } = turn;
  if (of === "branches" && branches) return `for its branches (${countWords(branches)})`;
  if (approval?.yes) return `approved at ${approval.yes.at}; the next resume_workflow hands the step out`;
  if (approval) return `for a person's approval (${oneLine(message ?? "", MAX_ASK)})`;
  if (of === "person") return message ?? "for a person";
  if (of === "clock") return `the clock runs; the step is handed out at ${until ?? "a set time"}`;
  return of === "server" ? `the server does this step${message ? ` (${message})` : ""}` : `for the agent (${kind})`;
}

/** What ends by `orchestrator release` alone. */
export const RELEASED: ReadonlySet<string> = new Set<TurnKind>(["visits", "deadline", "denied"]);

/** Suspended by something that only a person can settle: a model's suspension and a pause end with the next resume. */
export function waitsForPerson({ turn }: { turn: Turn | null }): boolean {
  return turn?.of === "person" && turn.kind !== "model" && turn.kind !== "paused";
}

/** Whether the run goes on by itself: nobody is asked for anything. An approved step is there for whoever resumes. */
export function goesOnByItself({ turn }: { turn: Turn | null }): boolean {
  return turn?.of === "clock" || (turn?.of === "server" && turn.kind !== "approval");
}

/** From when on the run goes on without an agent or a person; null if it never does. */
export function dueAt({ of, kind, until, since }: Turn): string | null {
  return until ?? (of === "server" && kind !== "approval" ? since : null);
}
