/** What an entry of a history is about, in words and in a look. Pure. */
import type { HistoryEntry } from "../instance.ts";
import { happened } from "../mcp/run-text.ts";
import { duration, oneLine } from "../words.ts";

/** How the dot before an entry looks. */
export type Dot = "done" | "fail" | "ask" | "run" | "note";

/** Longest name of a report's status, in characters; older databases may hold any text. */
const MAX_STATUS = 40;
/** Shorter breaks are no gap, in milliseconds. */
const GAP_MS = 15 * 60_000;

const DECIDERS: Record<string, string> = {
  route: "by rule",
  model: "by the model",
  agent: "by the agent",
  resume: "by a resume",
  rewind: "by a rewind",
  person: "by a person",
  timer: "by the clock",
};

/** `by rule`, `by the model`, `by a person`. */
export function deciderWords(decided_by: string): string {
  return DECIDERS[decided_by] ?? `by ${decided_by}`;
}

export function dotOf({ kind, report, decision, ruling, evidence }: HistoryEntry): Dot {
  if (kind === "approval" || ruling) return "ask";
  if (decision?.decided_by === "timer" || decision?.status === "FAILED") return "fail";
  if (kind !== "visit") return "note";
  if (report?.status === "failure" || evidence?.some(({ outcome }) => outcome === "failed")) return "fail";
  return "done";
}

/** How its visit ended, in a word or two; of an entry that ends none, what happened. */
export function endWords(entry: HistoryEntry): string {
  const { kind, report, decision } = entry;
  if (decision?.status === "CANCELLED") return "run cancelled";
  if (kind !== "visit") return happened(entry);
  if (report) return oneLine(report.status, MAX_STATUS);
  return decision?.decided_by === "timer" ? "time over" : "ended";
}

/** What the report says first; empty if it says nothing. */
export function saidOf({ report }: Pick<HistoryEntry, "report">): string {
  const said = report?.error ?? report?.message ?? report?.details ?? report?.result ?? "";
  return typeof said === "string" ? said : JSON.stringify(said);
}

/** `2 h passed`, where nothing was written for long between two entries; null if it was not long. */
export function gapWords(before: HistoryEntry | undefined, entry: HistoryEntry): string | null {
  if (!before) return null;
  const passed = Date.parse(entry.ended_at) - Date.parse(before.ended_at);
  if (passed < GAP_MS) return null;
  const of = before.turn?.of;
  const why = of === "person" ? ", waiting for a person" : of === "clock" ? ", waiting for the clock" : "";
  return `${duration(passed)} passed${why}`;
}
