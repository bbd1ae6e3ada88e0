/** What a yes would be bound to, as a person reads it on a terminal. */
import { type DiffLine, diffLineOf, type Exhibit, emptyWords } from "../approval.ts";
import type { Bound } from "../engine/approvals.ts";
import { hangsWords } from "../mcp/tree-words.ts";
import { visible } from "../words.ts";
import { foreign, paint, type Screen } from "./screen.ts";

/** The colours of a diff's lines. */
const DIFF_COLORS: Record<DiffLine, string> = { file: "1", hunk: "36", added: "32", deleted: "31" };

function diffCode(line: string): string | undefined {
  const kind = diffLineOf(line);
  return kind && DIFF_COLORS[kind];
}

/** Not to be escaped again: it has its colours. */
export function boundText(bound: Bound, screen: Screen): string {
  const { instance_id, workflow_name, step_name, visit, project, ask, since, again, expires_at, shown, branch } = bound;
  const head = visible(`${instance_id}: step "${step_name}" of ${workflow_name}, visit ${visit}, in ${project}`);
  return [
    paint(head, "1", screen),
    ...(branch ? [visible(hangsWords({ branch }))] : []),
    `Asked since ${since}${expires_at ? `, over at ${expires_at}` : ""}:`,
    foreign(ask, screen),
    ...(again ? ["Asked again:", foreign(again, screen)] : []),
    ...shown.flatMap((exhibit) => ["", ...exhibitLines(exhibit, bound, screen)]),
    "",
  ].join("\n");
}

function exhibitLines(exhibit: Exhibit, bound: Bound, screen: Screen): string[] {
  const { what, fault, stat, text, bytes, changed_at } = exhibit;
  const diff = what === "changes" ? { codeOf: diffCode } : {};
  const empty = emptyWords(exhibit);
  return [
    paint(`${visible(what)}${changed_at ? `, changed at ${changed_at}` : ""}:`, "1", screen),
    ...(fault === undefined ? [] : [paint("Not all can be shown:", "1;33", screen), foreign(fault, screen)]),
    ...(stat ? [foreign(stat.trimEnd(), screen)] : []),
    ...(text === undefined ? [] : [foreign(text.replace(/\n$/, ""), screen, diff)]),
    ...(text !== undefined && bytes !== undefined ? [cutWords(exhibit, bytes, bound)] : []),
    ...(empty === null ? [] : [empty]),
  ];
}

/** How much is not shown, and where it is. */
function cutWords({ what, text = "" }: Exhibit, bytes: number, { instance_id, project }: Bound): string {
  const whole =
    what === "changes"
      ? `git in ${project} shows the rest`
      : what.startsWith("context.")
        ? `orchestrator show ${instance_id} shows the rest`
        : `the file is ${project}/${what}`;
  return visible(`… cut at ${Buffer.byteLength(text)} of ${bytes} bytes; ${whole}. A yes is to all of it.`);
}
