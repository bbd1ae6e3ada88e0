/** The recap of a resumed run in a few lines. What agents reported is quoted data: one line each, cut. */
import type { Above, BranchesDone, Outcome, ProjectState, Recap } from "../engine/outcome.ts";
import { SERVER } from "../engine/serve.ts";
import { effectiveAssumptions, effectiveContext, type HistoryEntry, isFinal, type Status } from "../instance.ts";
import { between, oneLine, quoted } from "../words.ts";
import { recalledLine } from "./assumptions.ts";
import { itemWords } from "./branch-words.ts";
import { took } from "./checked.ts";
import { contextLine } from "./context-view.ts";
import { forkRecapLine } from "./fork-words.ts";
import { briefStaleLines } from "./stale-words.ts";

const MAX_QUOTE = 120;
/** Longest status that is shown; older databases may hold any text. */
const MAX_STATUS = 40;
const MAX_GOAL = 300;
const MAX_REASON = 300;
/** Modified files that are named, and characters of a commit's id. */
const MAX_FILES = 5;
const ID_LENGTH = 7;

/** `begins`: its first word. */
export function recapText(
  { instance, workflow, unproven, checks_running, stale }: Outcome,
  recap: Recap,
  begins = "Resumed",
): string {
  const since = recap.last_report_at
    ? `last report ${between(recap.last_report_at, recap.now)} ago`
    : "nothing reported yet";
  const { above = [] } = recap;
  const top = above[0] ?? { instance, workflow };
  const assumed = [...above.map((each) => each.instance), instance].flatMap(effectiveAssumptions);
  const lines = [
    `${begins} ${top.workflow.name} · ${top.instance.instance_id} · ${since}`,
    top.workflow.goal && `Goal: ${oneLine(top.workflow.goal, MAX_GOAL)}`,
    forkRecapLine(top.instance, recap.project?.head.now ?? null),
    positionLine(recap),
    recap.paused &&
      `It was paused ${between(recap.paused.ended_at, recap.now)} ago because the user wanted to stop: ${saying(recap.paused) || "nothing was said"}.`,
    recap.taken_back && takenBackLine(recap.taken_back, recap.now),
    recap.unused_report && "The report that came along is not about a step that is yours now, and was not used.",
    recap.late && `Reported too late, and not used: ${recap.late.map(visitWords).join("; ")}`,
    unproven && `The report that was kept is only a note now: ${oneLine(unproven, MAX_REASON)}`,
    ...above.flatMap(aboveLines),
    recap.recent.length > 0 && `${above.length > 0 ? "This branch" : "Done"}: ${doneLine(recap)}`,
    recap.branches && endedLine(recap.branches),
    !isFinal(instance.status) && recalledLine(assumed),
    `Context: ${contextLine(effectiveContext(instance))}`,
    projectLine(recap.project),
    ...(isFinal(instance.status) ? [] : briefStaleLines(instance, stale)),
    checks_running ? checkingLine(checks_running) : halfDoneLine({ recap, running: instance.turn?.of === "agent" }),
  ];
  return lines.filter(Boolean).join("\n");
}

function takenBackLine({ ended_at, decision }: HistoryEntry, now: string): string {
  const { to_visit, reasoning = "" } = decision ?? {};
  return `A person took the run back ${between(ended_at, now)} ago, to what visit ${to_visit} began with: ${quoted(reasoning, MAX_REASON)}. What came after it does not count.`;
}

function checkingLine({ checks }: NonNullable<Outcome["checks_running"]>): string {
  const names = oneLine(checks.join(" | "), MAX_QUOTE);
  return `The step below was reported as done, and the server checks it now (${names}): change nothing; in about a minute report it again.`;
}

function positionLine({ position, recent }: Recap): string {
  if (!position) return "";
  const name = `"${oneLine(position.assumed, MAX_QUOTE)}"`;
  if (position.relation === "ahead")
    return `You thought you were at ${name}: the run is not there yet. Nothing is skipped.`;
  if (position.relation === "unknown") return `You thought you were at ${name}: this workflow has no such step.`;
  const at = recent.findLastIndex((entry) => entry.step_name === position.assumed);
  const missed = recent.slice(at + 1).map((entry) => entry.step_name);
  const since = at >= 0 && missed.length > 0 ? ` Since then: ${missed.join(" → ")}.` : "";
  const what = isMissed(recent[at]) ? "its deadline passed" : "that is already done";
  return `You thought you were at ${name}: ${what}.${since}`;
}

/** What was done in a run before the branch that is handed out, and in its branches so far. */
function aboveLines(above: Above, index: number): string[] {
  const done =
    above.recent.length > 0 ? [`${index > 0 ? `${above.workflow.name} d` : "D"}one: ${doneLine(above)}`] : [];
  return [...done, branchesLine(above.branches)];
}

/** `Audit Modules: 1 money.js ✓ → 2 slug.js ✗ "no tests found" → 3 names.js in work; 2 not begun` */
function branchesLine({ step_name, last, counts }: BranchesDone): string {
  const { begun, completed, failed, cancelled, total } = counts;
  const words = last.map(branchWords);
  const earlier = begun - last.length;
  const left = total - Math.max(begun, completed + failed + cancelled);
  const named = `${earlier > 0 ? `(${earlier} earlier) … → ` : ""}${words.join(" → ")}`;
  return `${step_name}: ${named}${left > 0 ? `; ${left} not begun` : ""}`;
}

/** Of branches that the answer lists itself as long as they are open: `Ended: 1 money.js ✓ → 3 names.js ✓`. */
function endedLine({ last }: BranchesDone): string {
  const words = last.filter(({ status }) => isFinal(status)).map(branchWords);
  return words.length > 0 ? `Ended: ${words.join(" → ")}` : "";
}

function branchWords({ number, item, status, error }: BranchesDone["last"][number]): string {
  return [number, itemWords(item), MARKS[status], error && quoted(error, MAX_QUOTE)].filter(Boolean).join(" ");
}

const MARKS: Record<Status, string> = {
  COMPLETED: "✓",
  FAILED: "✗",
  CANCELLED: "cancelled",
  RUNNING: "in work",
  SUSPENDED: "waits",
};

function doneLine({ recent, decided }: Pick<Recap, "recent" | "decided">): string {
  const omitted = decided - recent.length;
  return (omitted > 0 ? `(${omitted} earlier) … → ` : "") + recent.map(visitWords).join(" → ");
}

/** Whether the visit ended by its deadline: nobody did it. */
function isMissed(entry: HistoryEntry | undefined): boolean {
  return entry?.report === null && entry.decision?.decided_by === "timer";
}

/** `4 Run Unit Tests ✗ "exit 1: NameError"` */
function visitWords(entry: HistoryEntry): string {
  const { visit, step_name, report, decision } = entry;
  if (entry.ruling?.kind === "denied") {
    const { comment } = entry.ruling;
    return `${visit} ${step_name} denied${comment ? ` ${quoted(comment, MAX_QUOTE)}` : ""}`;
  }
  if (decision && isMissed(entry)) return `${visit} ${step_name} ✗ ${quoted(decision.reasoning, MAX_QUOTE)}`;
  const mark =
    report?.status === "success"
      ? "✓"
      : report?.status === "failure"
        ? "✗"
        : `(${oneLine(report?.status ?? "?", MAX_STATUS)})`;
  return [visit, step_name, mark, waivedWords(entry), saying(entry)].filter(Boolean).join(" ");
}

/** `(waived by a person: test)`; empty if nothing was. */
function waivedWords({ evidence = [] }: HistoryEntry): string {
  const names = evidence.filter(({ outcome }) => outcome === "waived").map(({ check }) => check);
  return names.length > 0 ? `(waived by a person: ${oneLine(names.join(", "), MAX_QUOTE)})` : "";
}

/** What a report says first, as one quoted line, or how the server's program ended; empty for nothing. */
export function saying({ report, actor, evidence }: HistoryEntry): string {
  const [seen] = actor === SERVER ? (evidence ?? []) : [];
  if (seen?.exit_code !== undefined) return `exit ${seen.exit_code}, ${took(seen.milliseconds ?? 0)}`;
  const said = report?.error ?? report?.message ?? report?.details ?? report?.result ?? "";
  return said === "" ? "" : quoted(typeof said === "string" ? said : JSON.stringify(said), MAX_QUOTE);
}

/** `Project: git HEAD is still 4b825dc; modified: src/money.js, audit/money.md (+3).` */
function projectLine(project: ProjectState | null): string {
  if (!project) return "";
  const { head, modified } = project;
  const now = head.now.slice(0, ID_LENGTH);
  const moved = head.before !== null && head.before !== head.now;
  const where = moved
    ? `git HEAD moved from ${head.before?.slice(0, ID_LENGTH)} to ${now}`
    : `git HEAD is ${head.before === null ? "" : "still "}${now}`;
  return `Project: ${where}${modified ? `; ${modifiedWords(modified)}` : ""}.`;
}

function modifiedWords(paths: string[]): string {
  if (paths.length === 0) return "nothing modified";
  const named = paths.slice(0, MAX_FILES).map((path) => oneLine(path, MAX_QUOTE));
  const more = paths.length > MAX_FILES ? ` (+${paths.length - MAX_FILES})` : "";
  return `modified: ${named.join(", ")}${more}`;
}

function halfDoneLine({ recap, running }: { recap: Recap; running: boolean }): string {
  if (!running || !recap.handed_out_at) return "";
  const ago = between(recap.handed_out_at, recap.now);
  return `The step below is open for ${ago} and not reported: you may have done part of it. Look (git status, git diff) before redoing anything.`;
}
