/** The dialog in which a client asks a person for a yes or no: its words and its form. Pure. */
import type { Exhibit } from "../../approval.ts";
import type { Bound } from "../../engine/approvals.ts";
import { MAX_COMMENT } from "../../rules/approve.ts";
import { oneLine, quoted } from "../../words.ts";

/** Most bytes of the words: more does not fit into a terminal's dialog. */
const MAX_MESSAGE_BYTES = 2_000;
const MAX_NAME = 200;
const MAX_SENTENCE = 400;
const MAX_VALUE = 120;
const MAX_STAT_LINES = 8;
const MAX_STAT_LINE = 100;
/** Characters of a digest that a person would compare. */
const DIGEST = 12;

/** Params of `elicitation/create`. */
export interface Dialog {
  mode: "form";
  message: string;
  requestedSchema: { type: "object"; properties: Record<string, object>; required: string[] };
}

/** `command` shows all that is bound, in a terminal, and decides there too. */
export function dialogOf(bound: Bound, { command, asksPin }: { command: string; asksPin: boolean }): Dialog {
  return {
    mode: "form",
    message: messageOf(bound, command),
    requestedSchema: {
      type: "object",
      // No default: what nobody chose decides nothing.
      properties: {
        decision: { type: "string", title: "Your decision", enum: ["approve", "deny"] },
        comment: { type: "string", title: "Comment (a no says why)", maxLength: MAX_COMMENT },
        ...(asksPin ? { pin: { type: "string", title: "Your PIN" } } : {}),
      },
      required: asksPin ? ["decision", "pin"] : ["decision"],
    },
  };
}

/** What agents wrote stands in quotation marks and on one line: nothing in it looks like words of the server. */
function messageOf(bound: Bound, command: string): string {
  const { workflow_name, step_name, visit, ask, again, shown } = bound;
  const head = [
    `Workflow ${oneLine(workflow_name, MAX_NAME)} asks before step "${oneLine(step_name, MAX_NAME)}" (visit ${visit}):`,
    oneLine(ask, MAX_SENTENCE),
    ...(again ? [`Asked again: ${oneLine(again, MAX_SENTENCE)}`] : []),
    ...(shown.length > 0 ? ["A yes is bound to:"] : []),
  ];
  const end = `All of it, whole: \`${command}\` in a terminal, which decides nothing before you type yes.`;
  const faulty = shown.filter(({ fault }) => fault !== undefined); // these first: they are not cut
  const whole = shown.filter(({ fault }) => fault === undefined);
  return withinBytes(head, [...faulty, ...whole].flatMap(exhibitLines), end).join("\n");
}

function withinBytes(head: string[], lines: string[], end: string): string[] {
  const bytes = (all: string[]) => Buffer.byteLength(all.join("\n"));
  const kept = [...lines];
  const whole = () => [...head, ...kept, ...(kept.length < lines.length ? ["…"] : []), end];
  while (kept.length > 0 && bytes(whole()) > MAX_MESSAGE_BYTES) kept.pop();
  return whole();
}

function exhibitLines(exhibit: Exhibit): string[] {
  const { what, fault, stat, text } = exhibit;
  const name = oneLine(what, MAX_NAME);
  if (fault === undefined) return [`- ${name}${factsOf(exhibit)}`, ...statLines(stat)];
  const why = oneLine(fault, MAX_NAME);
  if (text === undefined && stat === undefined) return [`- ${name}: ${why}`];
  return [`- ${name}${factsOf(exhibit)}; NOT ALL CAN BE SHOWN: ${why}`, ...statLines(stat)];
}

function factsOf({ what, digest, stat, text, bytes }: Exhibit): string {
  if (what.startsWith("context.") && text !== undefined) return ` = ${quoted(text, MAX_VALUE)}`;
  const size = bytes ?? (text === undefined ? undefined : Buffer.byteLength(text));
  const seen = digest ? digest.slice(0, DIGEST) : "nothing";
  return `: ${seen}${size === undefined || stat !== undefined ? "" : `, ${size} bytes`}`;
}

/** Of a long one the first files, and its sum, which is its last line. */
function statLines(stat = ""): string[] {
  const lines = stat.split("\n").filter((line) => line.trim() !== "");
  const shown =
    lines.length <= MAX_STAT_LINES ? lines : [...lines.slice(0, MAX_STAT_LINES - 2), "…", lines.at(-1) ?? ""];
  return shown.map((line) => `    ${oneLine(line, MAX_STAT_LINE)}`);
}
