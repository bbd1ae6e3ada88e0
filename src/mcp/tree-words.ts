/** The branches of a run in lines and as fields, for whoever reads it. */
import type { Below, Hanging } from "../engine/below.ts";
import { type Instance, isFinal } from "../instance.ts";
import { waitsWords } from "../turn.ts";
import { oneLine, quoted } from "../words.ts";
import { branchPlace, itemView, itemWords } from "./branch-words.ts";
import { fitItems } from "./fit.ts";

/** Longest reason for which a branch ended, and longest of what one waits for, in characters. */
const MAX_WHY = 200;

/** `branch 3 of 7 of Audit Modules: names.js, of run_7k…`; empty for a root. */
export function hangsWords({ branch }: Pick<Instance, "branch">): string {
  return branch ? `${branchPlace({ branch })}, of ${branch.parent_id}` : "";
}

/** `Audit Modules (visit 2), 3 of 7 branches:`, and a line for each of them, theirs below it. */
export function treeLines({ step_name, visit, total, shown }: Below, depth = 0): string[] {
  const indent = "  ".repeat(depth);
  const some = shown.length < total ? `${shown.length} of ${total}` : total;
  const lines = shown.flatMap((each) => [
    `${indent}  ${hangingLine(each)}`,
    ...(each.branches ? treeLines(each.branches, depth + 2) : []),
  ]);
  return [`${indent}${step_name} (visit ${visit}), ${some} branches:`, ...lines];
}

/** `3 names.js · RUNNING · MODULE_AUDIT · run_a3… · at Judge Module, visit 2` */
function hangingLine(hanging: Hanging): string {
  const { number, item, status, workflow_name, instance_id, step_name, visit, waiting_for, error } = hanging;
  const state = waiting_for ? `${status} (${waitsWords(waiting_for)})` : status;
  const at = isFinal(status) ? "" : ` · at ${step_name}, visit ${visit}`;
  return `${number} ${itemWords(item)} · ${state}${error ? ` ${quoted(error, MAX_WHY)}` : ""} · ${workflow_name} · ${instance_id}${at}`;
}

/** As many as there is room for: those that are open first, then those that began last. */
export function belowWithin(below: Below | null, mostBytes: number): Below | null {
  if (!below) return null;
  const first = [...below.shown].sort((one, other) => rank(one) - rank(other) || other.number - one.number);
  const { shown } = fitItems(first.map(brief), mostBytes);
  return { ...below, shown: shown.sort((one, other) => one.number - other.number) };
}

function rank({ status }: Hanging): number {
  return isFinal(status) ? 1 : 0;
}

function brief({ item, error, waiting_for, ...hanging }: Hanging): Hanging {
  const asked = waiting_for?.ask ?? waiting_for?.message;
  const waits = waiting_for && {
    kind: waiting_for.kind,
    since: waiting_for.since,
    ...(asked ? { ask: oneLine(asked, MAX_WHY) } : {}),
  };
  return {
    ...hanging,
    item: itemView(item),
    ...(error ? { error: oneLine(error, MAX_WHY) } : {}),
    ...(waits ? { waiting_for: waits } : {}),
  };
}

/** The branches that wait for something that no agent does, as the parent's `waiting_for` names them. */
export function waitingBranches(below: Below | null) {
  const waits = (below?.shown ?? []).flatMap(({ number, instance_id, waiting_for }) =>
    waiting_for ? [{ number, instance_id, kind: waiting_for.kind }] : [],
  );
  return waits.length > 0 ? { waiting: waits } : {};
}
