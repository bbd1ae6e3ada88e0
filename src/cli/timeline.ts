/** A run's history as a person reads it: a line for each visit, and below it all that was said, seen and changed there. */
import { SERVER } from "../engine/serve.ts";
import type { HistoryEntry, Instance } from "../instance.ts";
import { happened } from "../mcp/run-text.ts";
import { type Refused, refusedAt } from "../overview.ts";
import { turnWords } from "../turn.ts";
import { between, duration, oneLine, visible } from "../words.ts";
import { detailLines, MAX_REASONING } from "./entry-details.ts";
import { paint, type Screen } from "./screen.ts";

/** From then on it is said for how long nothing happened, in milliseconds. */
const IDLE_MS = 30 * 60_000;
/** Longest name of a step, and longest status, of one line: databases of older versions may hold any text. */
const MAX_NAME = 200;
/** Behind the clock's column. */
export const INDENT = " ".repeat(10);

export interface Past {
  instance: Instance;
  /** Whole, oldest first. */
  history: HistoryEntry[];
  /** What was refused, oldest first. */
  refused: Refused[];
  now: string;
}

interface Visit {
  visit: number;
  step_name: string;
  entries: HistoryEntry[];
  started_at: string;
  /** Who reported it, if that is said: the server, or another client than before. */
  by?: string;
}

/** Not to be escaped again: it has its colours. */
export function timelineLines({ instance, history, refused, now }: Past, screen: Screen): string[] {
  const clock = createClock(screen);
  const lines = visitsOf(instance, history).flatMap((each) =>
    visitLines(each, { instance, refused, now, clock, screen }),
  );
  return [...lines, ...endLines(instance, clock, screen)];
}

/** Entries of a visit follow each other; the current one may have none. */
function visitsOf(instance: Instance, history: HistoryEntry[]): Visit[] {
  const visits: Visit[] = [];
  let started_at = instance.created_at;
  let client = "";
  const begin = (visit: number, step_name: string): Visit => {
    const isOpen = instance.turn !== null && visit === instance.visit;
    return { visit, step_name, entries: [], started_at: isOpen ? instance.visit_started_at : started_at };
  };
  for (const entry of history) {
    const { visit, step_name, decision, report, actor } = entry;
    if (visits.at(-1)?.visit !== visit) visits.push(begin(visit, step_name));
    const last = visits.at(-1);
    last?.entries.push(entry);
    if (!last || !decision) continue;
    last.started_at = entry.started_at;
    if (report && actor !== client) last.by = actor;
    if (report && actor !== SERVER) client = actor;
    started_at = entry.ended_at;
  }
  const { turn, visit, step_name } = instance;
  return turn && visits.at(-1)?.visit !== visit ? [...visits, begin(visit, step_name)] : visits;
}

interface At {
  instance: Instance;
  refused: Refused[];
  now: string;
  clock: Clock;
  screen: Screen;
}

function visitLines({ visit, step_name, entries, started_at, by }: Visit, at: At): string[] {
  const { instance, refused, now, clock, screen } = at;
  const ended = entries.find(({ decision }) => decision);
  const name = paint(oneLine(step_name, MAX_NAME), "1", screen);
  const how = ended ? endWords(ended, { by, screen }) : openWords(instance, now, screen);
  const head = `${String(visit).padStart(3)} ${name}  ${how}`;
  const lines = [...clock.line(started_at, head), ...refusedLines(refusedAt(refused, visit), screen)];
  for (const entry of entries) {
    const ends = entry === ended;
    if (!ends || entries.length > 1)
      lines.push(...clock.line(entry.ended_at, `    ${ends ? endedWord(entry) : eventWords(entry)}`));
    else lines.push(...clock.gap(entry.ended_at));
    lines.push(...detailLines(entry, { ...screen, ends }));
  }
  return lines;
}

/** `refused 2×: CHECK_FAILED test: exited with 1`, of the last one. */
function refusedLines(found: ReturnType<typeof refusedAt>, screen: Screen): string[] {
  if (!found) return [];
  const { times, last } = found;
  return [
    `${INDENT}    ${paint(`refused ${times}×`, "33", screen)}: ${oneLine(`${last.code} ${last.reason}`, MAX_REASONING)}`,
  ];
}

/** `✓ success (mcp:claude-code/2.1), 12 min → Run Tests, by route: otherwise` */
export function endWords(entry: HistoryEntry, { by, screen }: { by: string | undefined; screen: Screen }): string {
  const { decision, started_at, ended_at } = entry;
  if (!decision) return "";
  const { next_step, decided_by, reasoning, status, to_visit } = decision;
  const steered = status === "CANCELLED" || to_visit !== undefined;
  const who = by === undefined ? "" : ` (${oneLine(by, MAX_NAME)})`;
  const to = status === "CANCELLED" ? "" : ` → ${oneLine(next_step, MAX_NAME)}`;
  const why = `${steered ? byWhom(entry) : `by ${decided_by}`}: ${oneLine(reasoning, MAX_REASONING)}`;
  return `${markOf(entry, screen)}${who}, ${lasted(started_at, ended_at)}${to}, ${why}`;
}

function byWhom({ actor }: HistoryEntry): string {
  return `by ${oneLine(actor, MAX_NAME)}`;
}

/** How a visit ended, by a sign and a word. */
function markOf({ report, decision, ruling }: HistoryEntry, screen: Screen): string {
  if (decision?.status === "CANCELLED") return paint("■ cancelled", "33", screen);
  if (decision?.to_visit !== undefined) return paint(`↩ rewound to visit ${decision.to_visit}`, "33", screen);
  if (ruling?.kind === "denied") return paint("✗ denied", "31", screen);
  if (report === null) return paint(decision?.decided_by === "timer" ? "✗ time over" : "✗ not reported", "31", screen);
  if (report.status === "success") return paint("✓ success", "32", screen);
  return report.status === "failure" ? paint("✗ failure", "31", screen) : oneLine(report.status, MAX_NAME);
}

/** What a live run does at its visit, and for how long. */
export function openWords({ turn, visit_started_at }: Instance, now: string, screen: Screen): string {
  const what = !turn || turn.of === "agent" ? "… in work" : `… waits: ${oneLine(turnWords(turn), MAX_REASONING)}`;
  return paint(`${what}, for ${between(visit_started_at, now)}`, turn?.of === "person" ? "33" : "36", screen);
}

/** Below other lines of the visit: what follows is of its end. */
function endedWord({ report }: HistoryEntry): string {
  return report ? "reported" : "left";
}

/** `paused, by mcp:claude-code/2.1` */
export function eventWords(entry: HistoryEntry): string {
  return visible(`${happened(entry)}, ${byWhom(entry)}`);
}

/** `31 ms`, `12 min`. */
function lasted(from: string, to: string): string {
  const milliseconds = Math.max(0, Date.parse(to) - Date.parse(from));
  return milliseconds < 1_000 ? `${milliseconds} ms` : duration(milliseconds);
}

function endLines(instance: Instance, clock: Clock, screen: Screen): string[] {
  const { completed_at } = instance;
  return completed_at ? clock.line(completed_at, `    ${finalWords(instance, screen)}`) : [];
}

/** `COMPLETED after 5 h` */
export function finalWords({ status, created_at, completed_at }: Instance, screen: Screen): string {
  const words = paint(status, status === "COMPLETED" ? "1;32" : "1;31", screen);
  return `${words} after ${lasted(created_at, completed_at ?? created_at)}`;
}

export interface Clock {
  /** The line behind its time of day, below the day if that is another one, and how long nothing happened before. */
  line(at: string, words: string): string[];
  /** How long nothing happened until then, if it was long. */
  gap(at: string): string[];
}

export function createClock(screen: Screen): Clock {
  let day = "";
  let before = Number.NaN;
  const gap = (at: string) => {
    const idle = Date.parse(at) - before;
    before = Date.parse(at);
    return idle >= IDLE_MS ? [paint(`${INDENT}    ⋯ nothing for ${duration(idle)}`, "2", screen)] : [];
  };
  return {
    gap,
    line(at, words) {
      const [date = "", time = ""] = at.split("T");
      const idle = gap(at);
      const days = date === day ? [] : [paint(date, "1", screen)];
      day = date;
      return [...idle, ...days, `${paint(time.slice(0, 8), "2", screen)}  ${words}`];
    },
  };
}
