/** One run as text, for an agent's status and for a person's terminal: the same lines, with more of each for the person. */
import type { Ruling } from "../approval.ts";
import type { Below } from "../engine/below.ts";
import { type HistoryEntry, type Instance, stepIdOf } from "../instance.ts";
import type { JsonObject } from "../json.ts";
import { turnWords } from "../turn.ts";
import { oneLine } from "../words.ts";
import { assumptionsLine, type assumptionsWithin } from "./assumptions.ts";
import { forkedWords } from "./fork-words.ts";
import { saying } from "./recap-text.ts";
import { hangsWords, treeLines } from "./tree-words.ts";

/** Longest status that is shown; older databases may hold any text. */
const MAX_STATUS = 40;
/** Longest reasoning, and longest list of checks, of one entry. */
const MAX_REASONING = 200;
/** Longest list of what is waived. */
const MAX_WAIVED = 1_000;

export interface Run {
  instance: Instance;
  context: JsonObject;
  pending_report: unknown;
  assumptions: ReturnType<typeof assumptionsWithin>;
  /** Each entry in words, the oldest first. */
  history: string[];
  below: Below | null;
}

export function runText(run: Run): string {
  const { instance, context, history } = run;
  const lines = [
    headText(run),
    `context: ${JSON.stringify(context)}`,
    `history (${history.length} of ${instance.last_seq} entries):`,
    ...history,
  ];
  return lines.join("\n");
}

/** All but context and history. For a person the project is named. */
export function headText(
  { instance, pending_report, assumptions, below }: Omit<Run, "context" | "history">,
  { person } = { person: false },
): string {
  const { status, workflow_name, instance_id, step_name, visit, created_at, updated_at, completed_at, turn } = instance;
  const at = status === "RUNNING" ? `at ${step_name} (${stepIdOf(instance)})` : `visit ${visit}`;
  const lines = [
    [status, workflow_name, instance_id, at, ...(person ? [instance.project] : [])].join(" · "),
    `created ${created_at}, updated ${updated_at}${completed_at ? `, completed ${completed_at}` : ""}`,
    hangsWords(instance),
    forkedWords(instance),
    instance.unattended && "unattended: the user cannot be asked",
    assumptionsLine(assumptions),
    turn && turn.of !== "agent" && `waits: ${turnWords(turn)}`,
    waivedLine(instance),
    ...(below ? treeLines(below) : []),
    pending_report && `report kept, not decided: ${JSON.stringify(pending_report)}`,
  ];
  return lines.filter(Boolean).join("\n");
}

/** `Waived by a person for this visit: test (flaky network)`; empty if nothing is. */
export function waivedLine({ waived }: Pick<Instance, "waived">): string {
  if (waived.length === 0) return "";
  const words = waived.map(({ what, reason }) => `${what} (${reason})`);
  return `Waived by a person for this visit: ${oneLine(words.join("; "), MAX_WAIVED)}`;
}

/** `Run Unit Tests (4-run-unit-tests) failure "exit 1" → Attempt Auto Fix`, and why unless a route decided. */
export function entryLine(entry: HistoryEntry): string {
  const { kind, step_name, step_id, report, evidence, decision } = entry;
  const what = kind === "visit" ? step_name : `${happened(entry)} at ${step_name}`;
  const said = report && [oneLine(report.status, MAX_STATUS), saying(entry)];
  const why =
    decision &&
    decision.decided_by !== "route" &&
    `, by ${decision.decided_by}: ${oneLine(decision.reasoning, MAX_REASONING)}`;
  const chosen = decision && `→ ${decision.next_step}${why || ""}`;
  const looked = evidence?.map(({ check, outcome, reason }) => `${check} ${outcome}${reason ? ` (${reason})` : ""}`);
  const checked = looked && looked.length > 0 && `[checks: ${oneLine(looked.join(", "), MAX_REASONING)}]`;
  return [`${what} (${step_id})`, ...(said ?? []), checked, chosen].filter(Boolean).join(" ");
}

/** What a person decided, or became of it. */
function rulingWords(ruling: Ruling): string {
  switch (ruling.kind) {
    case "approved":
    case "denied":
      return ruling.kind;
    case "opened":
      return "approval spent";
    case "void":
      return `asked again (${oneLine(ruling.why, MAX_REASONING)})`;
    case "forked":
      return `forked from ${ruling.instance_id} (what is above is that run's)`;
    case "waived":
      return `waived ${oneLine(ruling.what, MAX_REASONING)} (${oneLine(ruling.reason, MAX_REASONING)})`;
    default:
      return ruling satisfies never;
  }
}

/** What an entry that ends no visit is about, in a word or two. */
export function happened({ kind, turn, decision, report, step_id, ruling }: HistoryEntry): string {
  if (kind === "note" && report && report.step_id !== step_id) return `late report of ${report.step_id}`;
  if (ruling) return rulingWords(ruling);
  if (kind === "approval") return "released";
  if (kind === "move" && report) return `heard of ${report.step_id}`;
  if (kind !== "move" || decision || !turn) return turn?.kind === "paused" ? "paused" : kind;
  if (turn.unchecked !== undefined) return "handed to the agent";
  if (turn.kind === "branches") return "branches begun";
  if (turn.kind === "joining") return "branches over";
  return turn.kind === "deadline" ? "deadline over" : turn.of === "server" ? "given to the server" : "wait over";
}
