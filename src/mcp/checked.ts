/** What the server saw when it looked, in both forms of an answer. */
import type { CheckResult, Evidence } from "../check.ts";
import { duration, oneLine, quoted } from "../words.ts";
import { fitItems } from "./fit.ts";

/** Longest name of a check, and longest reason, in characters. */
const MAX_NAME = 120;
/** Of what a program printed, the end: its characters in the structured form, and of its last line in the text. */
const MAX_END = 300;
const MAX_LAST_LINE = 120;

/** A check as a field of the answer. */
export interface CheckedView {
  check: string;
  command?: string | undefined;
  outcome: CheckResult["outcome"];
  reason?: string | undefined;
  exit_code?: number | undefined;
  milliseconds?: number | undefined;
  output_file?: string | undefined;
  output_fault?: string | undefined;
  output_end?: string | undefined;
}

/** As many as there is room for, the first ones, and how many are left. */
export function checkedWithin(evidence: Evidence | undefined, mostBytes: number) {
  const { shown, left } = fitItems((evidence ?? []).map(checkedView), mostBytes);
  return { shown, left };
}

/** What was seen, as a field of the answer. */
export function checkedView({ check, outcome, reason, output, ...seen }: CheckResult): CheckedView {
  const { command, exit_code, milliseconds, output_file, output_fault } = seen;
  return {
    check: oneLine(check, MAX_NAME),
    command: command && oneLine(command, MAX_NAME),
    outcome,
    reason: reason && oneLine(reason, MAX_NAME),
    exit_code,
    milliseconds,
    output_file,
    output_fault,
    output_end: output?.slice(-MAX_END).toWellFormed(),
  };
}

/** `Checked by the server: test passed (npm test, exit 0, 23 s; output: /…/4-test.log)`; empty if nothing was looked at. */
export function checkedLine({ shown, left }: ReturnType<typeof checkedWithin>): string {
  if (shown.length === 0) return "";
  const more = left > 0 ? [`${left} more: get_workflow_status`] : [];
  return `Checked by the server: ${[...shown.map(checkedWords), ...more].join("; ")}`;
}

function checkedWords(view: CheckedView): string {
  const { check, command, outcome, reason, exit_code, milliseconds } = view;
  const facts = [
    command,
    exit_code !== undefined && `exit ${exit_code}`,
    milliseconds !== undefined && took(milliseconds),
    reason,
  ].filter(Boolean);
  const all = [facts.join(", "), lastLine(view), whereWhole(view)].filter(Boolean).join("; ");
  return `${check} ${outcome}${all && ` (${all})`}`;
}

/** The last line that a program printed; empty if it printed none. */
export function lastLine({ output_end }: Pick<CheckedView, "output_end">): string {
  const last = output_end?.trimEnd().split("\n").at(-1)?.trim();
  return last ? `last line: ${quoted(last, MAX_LAST_LINE)}` : "";
}

/** Where the whole output is, or why it is nowhere. */
export function whereWhole({ output_file, output_fault }: Pick<CheckedView, "output_file" | "output_fault">): string {
  if (output_file) return `output: ${output_file}`;
  return output_fault ? `output not kept: ${output_fault}` : "";
}

/** `640 ms`, `23 s`. */
export function took(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds} ms` : duration(milliseconds);
}
