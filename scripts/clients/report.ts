/** What was found, as tables and lines for a terminal. */
import type { ClientKind, Way } from "./client-kind.ts";
import type { Drive } from "./drive.ts";
import type { Findings } from "./findings.ts";
import { versionOf } from "./install.ts";

/** One client over one transport. */
export interface Row {
  kind: ClientKind;
  transport: Way;
  run: Drive;
  found: Findings;
}

export function reached(rows: Row[]): string {
  const head = ["client", "over", "tools", "server instructions", "an answer", "an error", "scenes as they must be"];
  return table(
    head,
    rows.map(({ kind, transport, found }) => [
      `${kind.name} ${versionOf(kind.package)}`,
      transport,
      found.tools,
      found.instructions,
      found.success,
      found.error,
      found.scenes,
    ]),
  );
}

export function spoke(rows: Row[]): string {
  const head = ["client", "over", "opened with", "declares", "asks for", "took"];
  return table(
    head,
    rows.map(({ kind, transport, run, found }) => [
      kind.name,
      transport,
      found.opened,
      found.declares,
      found.asks,
      `${(run.milliseconds / 1000).toFixed(1)} s`,
    ]),
  );
}

export function nameOf({ kind, transport }: Row): string {
  return `${kind.name} over ${transport}`;
}

/** What is worth a line, and no fault of ours. */
export function notesOf(row: Row): string[] {
  const { asked, left } = row.run;
  return [
    ...(asked.length > 0 ? [`note  ${nameOf(row)} asked for ${asked.join(", ")}: refused`] : []),
    ...left.map((words) => `note  ${nameOf(row)} left a process running, ended since: ${words.slice(0, 120)}`),
  ];
}

function table(head: string[], rows: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}
